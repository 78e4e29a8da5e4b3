"""The events of a system, from its callbacks and from its feed: one message each, whichever way it came; knows no event's content."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from crossdock.connectors.contracts.access import ContractApi
from crossdock.connectors.contracts.bodies import read_object
from crossdock.connectors.protocol import Inbound, PollResult
from crossdock.core.errors import PayloadMalformed, TargetUnavailable


def inbound(body: bytes) -> Inbound:
    """One callback as it came.

    The hash in the dedupe key makes an event whose two transports differ by a byte two messages; its event id still makes it one event.
    Raises `PayloadMalformed`.
    """
    event = read_object(body)
    identity, topic = event.get("id"), event.get("type")
    if not (isinstance(identity, str) and identity and isinstance(topic, str) and topic):
        raise PayloadMalformed("an event needs a text `id` and a text `type`")
    return Inbound(topic=topic, dedupe_key=f"{identity}:{_digest(body)}", body=body)


def feed_line(line: bytes) -> tuple[int, Inbound] | None:
    """One line of the feed with its sequence number (0 when it has none); None when it is not JSON.

    An event without identity is taken like the others, so that the feed goes on and a person sees it.
    """
    try:
        event = read_object(line)
    except PayloadMalformed:
        return None
    seq = event.get("seq")
    number = seq if isinstance(seq, int) else 0
    try:
        return number, inbound(line)
    except PayloadMalformed:
        return number, unreadable(line)


def unreadable(line: bytes) -> Inbound:
    """A line of the feed that is no event, as a message that `normalize` will refuse with its bytes kept."""
    return Inbound(topic="unreadable", dedupe_key=f"unreadable:{_digest(line)}", body=line)


def _digest(body: bytes) -> str:
    return hashlib.blake2b(body, digest_size=8).hexdigest()


async def poll(api: ContractApi, path: str, cursor: Mapping[str, Any], page: int, overlap: int) -> PollResult:
    """The next page of the feed at `path`. Cursor: `after`, the last sequence number seen; `overlap` numbers are read again.

    Raises `TargetUnavailable` when not even one line arrived whole, and what the API raises.
    """
    after = int(cursor.get("after", 0))
    answer = await api.get(path, {"after": str(max(0, after - overlap)), "limit": str(page)})
    lines = [line for line in answer.body.split(b"\n") if line.strip()]
    messages = []
    for number, line in enumerate(lines, start=1):
        found = feed_line(line)
        if found is None:
            if number < len(lines):
                messages.append(unreadable(line))
                continue
            # The last line was cut on the way: what came before is taken, the rest is asked for again from there.
            if not messages:
                raise TargetUnavailable("the event feed was cut off in its first line")
            return PollResult(messages, {"after": after}, more=True)
        seq, message = found
        after = max(after, seq)
        messages.append(message)
    return PollResult(messages, {"after": after}, more=len(lines) >= page)
