"""The `crossdock edi` commands: check, show, ack, guides. Knows files and the terminal, nothing of the hub."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from .ubl.cli import app as rules_app

if TYPE_CHECKING:
    from .check import GuideChoice
    from .policy import Policy

# what reads guides and messages is loaded by the commands that need it: every other command would wait for it
app = typer.Typer(
    name="edi",
    help="Check, show and acknowledge X12, EDIFACT, UBL, camt and MT940 files.",
    no_args_is_help=True,
)

app.add_typer(rules_app)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
GuideOption = Annotated[
    str, typer.Option("--guide", help="Also check documents against a guide: 'auto' for the starter guides, or a YAML file.")
]
PolicyOption = Annotated[str, typer.Option("--policy", help="How much faults weigh: default, tolerant or strict.")]


@app.command()
def check(
    paths: Annotated[list[Path], typer.Argument(help="Files or folders; '-' reads standard input.", metavar="PATH...")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON line a file.")] = False,
    guide: GuideOption = "",
    policy: PolicyOption = "default",
    notes: Annotated[bool, typer.Option("--notes", help="List notes too; they never change the verdict.")] = False,
) -> None:
    """Say of each file what it is and what is wrong with it.

    Ends with 0 when every file is ok, 1 when one has findings, 2 when one was refused.
    """
    from .check import check_file, check_stream

    choice, weights = _guide(guide), _policy(policy)
    worst = 0
    for path in _files(paths):
        if str(path) == "-":
            result = check_stream(sys.stdin.buffer, "-", guide=choice, policy=weights, notes=notes)
        else:
            result = check_file(path, guide=choice, policy=weights, notes=notes)
        worst = max(worst, ("ok", "findings", "refused").index(result["verdict"]))
        typer.echo(json.dumps(result, ensure_ascii=False) if as_json else _text(result))
    raise typer.Exit(worst)


@app.command()
def show(
    path: Annotated[Path, typer.Argument(help="The file.")],
    lines: Annotated[int, typer.Option("--lines", help="Stop after so many lines.")] = 2000,
    as_json: AsJson = False,
) -> None:
    """Print a message readably: who sent it to whom, its loops indented, its elements named."""
    from .show import show as show_lines

    try:
        if as_json:
            typer.echo(json.dumps({"file": str(path), "lines": list(show_lines(path, limit=lines))}, ensure_ascii=False))
            return
        for line in show_lines(path, limit=lines):
            typer.echo(line)
    except BrokenPipeError:
        raise typer.Exit(0) from None
    except OSError as error:
        _fail(f"{path} cannot be read: {error.strerror or error}", as_json)


@app.command()
def ack(
    path: Annotated[Path, typer.Argument(help="The file received.")],
    kind: Annotated[str, typer.Option("--type", help="997, 999 or TA1 (X12); CONTRL (EDIFACT). Default: 997 or CONTRL.")] = "",
    guide: GuideOption = "",
    policy: PolicyOption = "default",
    control_number: Annotated[int, typer.Option("--control-number", help="Number of the first interchange written.", min=1)] = 1,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file instead of the terminal.")] = None,
    as_json: AsJson = False,
) -> None:
    """Build the acknowledgement of a received file."""
    from .acknowledge import NothingToAcknowledge, acknowledge

    try:
        answer = acknowledge(
            path.read_bytes(),
            moment=datetime.now(UTC),
            control_number=control_number,
            kind=kind.upper(),
            guide=_guide(guide),
            policy=_policy(policy),
        )
        if output is not None:
            output.write_bytes(answer)
        if as_json:
            text = None if output else answer.decode("utf-8", "replace")
            typer.echo(json.dumps({"file": str(path), "output": str(output or ""), "acknowledgement": text}, ensure_ascii=False))
        elif output is None:
            typer.echo(answer.decode("utf-8", "replace"), nl=False)
    except OSError as error:
        _fail(f"{error.filename or path} cannot be read or written: {error.strerror or error}", as_json)
    except NothingToAcknowledge as error:
        _fail(f"{path}: {error}", as_json)


@app.command()
def guides(
    path: Annotated[
        Path | None, typer.Argument(help="A guide or a folder of guides to check; default: the starter guides.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List guides and say whether each can be used."""
    from .guides import GuideError, list_guides, load_guide

    broken = False
    told: list[dict[str, Any]] = []
    entries = [("", "", "", path)] if path is not None and path.is_file() else None
    try:
        for standard, document, release, file in entries or list(list_guides(path)):
            try:
                guide = load_guide(file, release)
                told.append(
                    {"standard": guide.standard, "document": guide.document, "release": guide.release, "title": guide.title}
                )
                if not as_json:
                    typer.echo(f"{guide.standard:<8} {guide.document:<7} {guide.release:<7} {guide.title}")
            except GuideError as error:
                broken = True
                told.append({"file": str(file), "problems": [str(each) for each in error.problems]})
                if as_json:
                    continue
                typer.echo(f"{standard:<8} {document:<7} {release:<7} {file}", err=True)
                for problem in error.problems:
                    typer.echo(f"  {problem}", err=True)
    except (GuideError, OSError) as error:
        _fail(str(error), as_json)
    if as_json:
        typer.echo(json.dumps(told, indent=2, ensure_ascii=False))
    if broken:
        raise typer.Exit(1)


def _files(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(p for p in path.rglob("*") if p.is_file())
        else:
            yield path


def _guide(name: str) -> GuideChoice:
    from .check import AUTO
    from .guides import GuideError, load_guide

    if name in ("", AUTO):
        return name or None
    try:
        return load_guide(name)
    except (GuideError, OSError) as error:
        _fail(f"guide {name} cannot be used: {error}")


def _policy(name: str) -> Policy:
    from .policy import DEFAULT, STRICT, TOLERANT

    policies = {policy.name: policy for policy in (DEFAULT, TOLERANT, STRICT)}
    if name not in policies:
        _fail(f"unknown policy {name!r}: use {', '.join(policies)}")
    return policies[name]


def _text(result: dict[str, Any]) -> str:
    head = f"{result['file']}: {result['verdict']} ({result['standard']} {result['type']}, {result['documents']} documents)"
    lines = [
        f"  byte {f['position']}: {f['segment']}{(f['element'] and format(f['element'], '02d')) or ''} {f['message']} [{f['code']}]"
        for f in result["findings"]
    ]
    return "\n".join([head, *lines])


def _fail(message: str, as_json: bool = False) -> NoReturn:
    if as_json:
        typer.echo(json.dumps({"error": {"code": "edi.refused", "message": message}}, ensure_ascii=False))
    else:
        typer.echo(message, err=True)
    raise typer.Exit(2)


def main() -> None:
    """Run the commands on their own, without the rest of the product."""
    app()
