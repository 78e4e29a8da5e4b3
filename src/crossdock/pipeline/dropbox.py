"""Opens the SFTP drop-box of an environment: accounts from the partners' files, and every file through the hub's own door."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import orjson

from crossdock.core.errors import LandscapeInvalid
from crossdock.pipeline.gate import INSIDE
from crossdock.pipeline.runtime import Participant, Runtime
from crossdock.pipeline.server import Endpoint
from crossdock.transports.dropbox.server import Account, Dropbox
from crossdock.transports.dropbox.taking import Limits, Stored, Taker
from crossdock.transports.dropbox.transport import FILE_NAME, DropboxTransport, sender

if TYPE_CHECKING:
    from crossdock.pipeline.hub import Hub

log = logging.getLogger("crossdock.dropbox")

AGAIN_AFTER: Final = 5.0
"""Seconds between two attempts to listen: another worker on this machine may hold the address, and end."""
LATER: Final = frozenset({408, 429})


def open_dropbox(hub: Hub) -> Dropbox | None:
    """The drop-box of the hub's environment, not listening yet; None when it has none.

    Raises `LandscapeInvalid` for two accounts of one name, `Misconfigured` and `SecretMissing` for keys.
    """
    wanted = hub.landscape.environment.dropbox
    if wanted is None:
        return None
    return Dropbox(wanted.host, wanted.port, hub.runtime.secrets.get(wanted.host_key), accounts(hub.runtime, hub.door))


def accounts(runtime: Runtime, door: Endpoint) -> dict[str, Account]:
    """An account for every drop-box transport of every system."""
    found: dict[str, Account] = {}
    for participant, channel, transport in _boxes(runtime.participants):
        options = transport.options
        if options.user in found:
            raise LandscapeInvalid(f"two partners have the drop-box user {options.user!r}", user=options.user)
        limits = Limits(options.max_file_bytes, options.quota_bytes, options.quota_files)
        taker = Taker(transport.place, limits, partial(store, door, participant.name, channel, options.user))
        password = partial(transport.context.secret, "password") if options.password else None
        found[options.user] = Account(options.user, options.keys, taker, options.connections, password)
    return found


def _boxes(participants: Mapping[str, Participant]) -> Iterator[tuple[Participant, str, DropboxTransport]]:
    for participant in participants.values():
        transports: Mapping[str, Any] = getattr(participant.connector, "transports", None) or {}
        for name, transport in transports.items():
            if isinstance(transport, DropboxTransport):
                yield participant, name, transport


async def store(door: Endpoint, system: str, channel: str, user: str, name: str, body: bytes) -> Stored:
    """Give a file to the hub as a request of its own: the same checks, the same commit, the same place for what is refused."""
    answered: dict[str, Any] = {"status": 503, "body": b""}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            answered["status"] = message["status"]
        else:
            answered["body"] += message.get("body", b"")

    headers = [
        (FILE_NAME.encode(), quote(name).encode()),
        (b"content-type", b"application/octet-stream"),
        (b"content-length", str(len(body)).encode()),
    ]
    scope = {
        "type": "http", "method": "POST", "path": f"/in/{system}/{channel}", "query_string": b"", "headers": headers,
        "client": (sender(user), 0), INSIDE: True,
    }  # fmt: skip
    await door(scope, receive, send)
    status = int(answered["status"])
    if status < 300:
        return Stored(good=True)
    if status >= 500 or status in LATER:
        return Stored(good=False, final=False)
    return Stored(good=False, words=_words(answered["body"]))


def _words(body: bytes) -> str:
    try:
        return str(orjson.loads(body).get("detail") or "")
    except (orjson.JSONDecodeError, AttributeError):
        return ""


async def keep_open(box: Dropbox, again: float = AGAIN_AFTER) -> None:
    """Listen until cancelled; while the address is taken (by another worker of this hub), try again and again."""
    told = False
    while True:
        try:
            await box.start()
            break
        except OSError as error:
            if not told:
                log.warning("the drop-box does not listen yet: %s", error.strerror or type(error).__name__)
                told = True
        except Exception as error:  # the messages of all others go on
            if not told:
                log.exception("the drop-box cannot be opened: %s", type(error).__name__)
                told = True
        await asyncio.sleep(again)
    log.info("the drop-box listens on port %d, host key %s", box.port, box.host_key_line)
    try:
        await asyncio.Event().wait()
    finally:
        await box.stop()
