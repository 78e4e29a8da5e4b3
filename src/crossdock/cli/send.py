"""`crossdock send`: puts a file or standard input into a running hub, as a system would."""

from __future__ import annotations

import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Annotated

import typer

from crossdock.cli.output import Exit, errors, refused
from crossdock.cli.place import Json
from crossdock.cli.terminal import neutral
from crossdock.core.errors import Deferred


class HubUnreachable(Deferred):
    """No hub answers at this address."""

    code = "send.hub_unreachable"
    hint = "Start it with `crossdock up`, or give its address with `--url` or CROSSDOCK_URL."


def send(
    system: Annotated[str, typer.Argument(help="The sending system, as the landscape calls it.")],
    channel: Annotated[str, typer.Argument(help="Its channel, for example `orders`.")],
    file: Annotated[Path, typer.Argument(help="The message; `-` reads standard input.")],
    url: Annotated[str, typer.Option(help="The hub.", envvar="CROSSDOCK_URL")] = "http://127.0.0.1:8400",
    header: Annotated[
        list[str] | None, typer.Option("--header", "-H", help="`Name: value`; for credentials use the environment.")
    ] = None,
    content_type: Annotated[str, typer.Option("--type", help="Content type.")] = "application/json",
    as_json: Json = False,
) -> None:
    """Send one message and print the hub's answer; exit code 1 when it was refused, 4 when the hub cannot be reached."""
    with errors(as_json):
        if not url.startswith(("http://", "https://")):
            raise refused("--url starts with http:// or https://", as_json, Exit.USAGE)
        try:
            body = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        except OSError as error:
            raise refused(f"cannot read {file}: {error.strerror}", as_json, Exit.USAGE) from None
        headers = {"content-type": content_type}
        for line in header or ():
            name, _, value = line.partition(":")
            headers[name.strip()] = value.strip()
        request = urllib.request.Request(f"{url.rstrip('/')}/in/{system}/{channel}", body, headers, method="POST")  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                print(neutral(answer.read().decode("utf-8", "replace")))
        except urllib.error.HTTPError as error:
            print(neutral(error.read().decode("utf-8", "replace")))
            raise typer.Exit(Exit.FAILED) from None
        except OSError as error:
            raise HubUnreachable(f"the hub at {url} cannot be reached: {getattr(error, 'reason', error)}") from None
