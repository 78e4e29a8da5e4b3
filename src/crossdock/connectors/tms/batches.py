"""Milestones in bulk: pages of scans as they are told, one message each; what a page says more than once is taken once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import orjson
from pydantic import ValidationError

from crossdock.canonical.events import Event, Reference
from crossdock.canonical.shipment import Milestone
from crossdock.connectors.contracts.access import ContractApi
from crossdock.connectors.protocol import Inbound, PollResult
from crossdock.connectors.tms.mapping import Terms
from crossdock.core.errors import CrossdockError, PayloadMalformed, TargetUnavailable

TOPIC: Final = "shipment.milestones"
BAD_LINE: Final = "shipment.milestones.bad"
CHANNEL: Final = "milestones"
FIELDS: Final = ("tracking_number", "code", "at", "location", "description", "carrier_code", "carrier")


async def poll(api: ContractApi, path: str, cursor: Mapping[str, Any], page: int) -> PollResult:
    """The next page of scans as one message. Cursor: `after`, the last sequence number taken.

    A page whose last line was cut on the way is taken up to there. Raises `TargetUnavailable` when not even one line arrived whole.
    """
    after = int(cursor.get("after", 0))
    answer = await api.get(path, {"after": str(after), "limit": str(page)})
    lines = [line for line in answer.body.split(b"\n") if line.strip()]
    if not lines:
        return PollResult((), {"after": after})
    last = _seq(lines[-1])
    if last is None:
        lines.pop()
        last = _seq(lines[-1]) if lines else None
        if last is None:
            raise TargetUnavailable("the page of milestones was cut off in its first line")
    body = b"\n".join(lines) + b"\n"
    message = Inbound(TOPIC, hashlib.blake2b(body, digest_size=16).hexdigest(), body, "application/x-ndjson")
    return PollResult((message,), {"after": max(after, last)}, more=len(lines) >= page)


def events(body: bytes, system: str, terms: Terms) -> Sequence[Event]:
    """One event for every scan that can be read; the others are `bad_lines`."""
    made: dict[str, Event] = {}
    for line in body.split(b"\n"):
        if line.strip():
            try:
                event = _event(line, system, terms)
            except (CrossdockError, ValidationError):
                continue
            made.setdefault(event.id, event)
    return list(made.values())


def bad_lines(body: bytes, system: str, terms: Terms) -> Sequence[Inbound]:
    """The scans that cannot be read, each as a message of its own that is refused with its reason: one must not stop the others."""
    return list(_bad(body, system, terms))


def refuse(line: bytes, system: str, terms: Terms) -> Sequence[Event]:
    """The event of a line that could not be read before, should it be readable now; else raises why not."""
    return [_event(line, system, terms)]


def _bad(body: bytes, system: str, terms: Terms) -> Iterator[Inbound]:
    for line in body.split(b"\n"):
        if line.strip():
            try:
                _event(line, system, terms)
            except (CrossdockError, ValidationError):
                yield Inbound(BAD_LINE, hashlib.blake2b(line, digest_size=16).hexdigest(), line)


def _event(line: bytes, system: str, terms: Terms) -> Event:
    try:
        told = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise PayloadMalformed(f"not JSON: {error}") from None
    if not isinstance(told, dict) or not told.get("tracking_number"):
        raise PayloadMalformed("an object with a `tracking_number` is expected")
    said = str(told.get("code") or "")
    taken = {name: told[name] for name in FIELDS if told.get(name) is not None}
    taken |= {"code": terms.milestone(said), "carrier_code": taken.get("carrier_code") or said}
    if "carrier" in taken:
        taken["carrier"] = terms.carrier(str(taken["carrier"]))
    data = Milestone.model_validate(taken)
    place = "|".join((data.code, data.at.isoformat(), data.location, data.carrier_code))
    return Event(
        id=f"{system}/scan/{data.tracking_number}/{hashlib.blake2b(place.encode(), digest_size=8).hexdigest()}",
        type="shipment.delivered" if data.code == "delivered" else "shipment.milestone",
        source=system,
        key="",
        data=data,
        occurred_at=data.at,
        references=(Reference("tracking", data.tracking_number),),
    )


def _seq(line: bytes) -> int | None:
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    seq = found.get("seq") if isinstance(found, dict) else None
    return seq if isinstance(seq, int) and not isinstance(seq, bool) else None
