"""What the ledger holds of money: events that were told, commands that were carried out, and who disputes what; reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from crossdock.ledger.intake import dedupe_digest
from crossdock.ledger.payloads import unpack
from crossdock.ledger.session import Row, Session
from crossdock.ledger.states import DeliveryState, EventState, ExceptionState
from crossdock.ledger.traffic import number_at


@dataclass(frozen=True, slots=True)
class MoneyEvent:
    """An event: `id` in the ledger, type, source, business key, when it happened (microseconds), its payload."""

    id: int
    type: str
    source: str
    key: str
    occurred_at: int
    data: bytes


@dataclass(frozen=True, slots=True)
class MoneyDelivery:
    """An accepted delivery: `id` in the ledger, command, system, key, when it was settled (microseconds), data and acknowledgement."""

    id: int
    command: str
    name: str
    system: str
    key: str
    settled_at: int
    data: dict[str, Any]
    ack: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Movements:
    """What was found, oldest first. `forgotten` are records whose payload retention has removed."""

    events: tuple[MoneyEvent, ...]
    deliveries: tuple[MoneyDelivery, ...]
    forgotten: int


_EVENT = "id, type, source, key, occurred_at, data"
_DELIVERY = "id, command_id, name, system, key, settled_at, data, ack"


def movements(session: Session, types: Sequence[str], names: Sequence[str], since: int) -> Movements:
    """Everything told or done since a time (microseconds), and, of every transaction one of them belongs to, all that came before.

    Facts told again (duplicates) are left out. The window is found by record numbers, the rest by business key.
    """
    low = number_at(since)
    told, done = _of_types(types), _of_names(names)
    recent = session.rows(f"SELECT {_EVENT} FROM ledger_event WHERE id>=? AND {told} ORDER BY id", (low,))
    settled = session.rows(f"SELECT {_DELIVERY} FROM ledger_delivery WHERE settled_at>=? AND {done} ORDER BY id", (since,))
    # a transaction's key; what belongs to none (a statement, a payout) has a key of its own, and all of its kind would come with it
    keys = sorted({row[3] for row in recent if row[3] and not row[3].startswith("bank/")} | {row[4] for row in settled if row[4]})
    earlier = session.rows_in(f"SELECT {_EVENT} FROM ledger_event WHERE id<? AND {told} AND key {{in}}", keys, (low,))
    before = session.rows_in(
        f"SELECT {_DELIVERY} FROM ledger_delivery WHERE settled_at<? AND {done} AND key {{in}}", keys, (since,)
    )
    rows = sorted([*recent, *earlier])
    accepted = sorted([*settled, *before], key=lambda row: row[0])
    events = tuple(_event(row) for row in rows if row[5])
    deliveries = tuple(_delivery(row) for row in accepted if row[6])
    return Movements(events, deliveries, len(rows) + len(accepted) - len(events) - len(deliveries))


def last_told(session: Session, types: Sequence[str]) -> list[MoneyEvent]:
    """All events of some types whatever their age, oldest first; those whose payload retention removed are left out."""
    rows = session.rows(f"SELECT {_EVENT} FROM ledger_event WHERE {_of_types(types)} ORDER BY id")
    return [_event(row) for row in rows if row[5]]


def taken(session: Session, system: str, channel: str, keys: Sequence[str]) -> set[str]:
    """Which messages of a channel, by the sender's identity of them, are in the ledger already."""
    digests = {dedupe_digest(system, channel, key): key for key in keys}
    rows = session.rows_in("SELECT dedupe FROM ledger_message WHERE dedupe {in}", list(digests))
    return {digests[bytes(dedupe)] for (dedupe,) in rows}


def open_disputes(session: Session, prefix: str) -> list[tuple[int, str, str, dict[str, Any]]]:
    """Open exceptions whose code begins with `prefix`: number, code, message, detail."""
    rows = session.rows(
        f"SELECT id, code, message, detail FROM ledger_exception WHERE state<{int(ExceptionState.RESOLVED)} AND code LIKE ? ORDER BY id",
        (f"{prefix}%",),
    )
    return [(number, code, message, orjson.loads(detail) if detail else {}) for number, code, message, detail in rows]


def _event(row: Row) -> MoneyEvent:
    number, kind, source, key, occurred, data = row
    return MoneyEvent(number, kind, source, key, occurred, unpack(data))


def _delivery(row: Row) -> MoneyDelivery:
    number, command, name, system, key, settled, data, ack = row
    return MoneyDelivery(
        number, command, name, system, key, settled, orjson.loads(unpack(data)), orjson.loads(unpack(ack)) if ack else {}
    )


def _of_types(types: Sequence[str]) -> str:
    return f"type IN ({_quoted(types)}) AND state NOT IN ({int(EventState.DUPLICATE)},{int(EventState.STALE)})"


def _of_names(names: Sequence[str]) -> str:
    return f"name IN ({_quoted(names)}) AND state={int(DeliveryState.ACCEPTED)}"


def _quoted(names: Sequence[str]) -> str:
    """Names of the hub's own catalogues as SQL text."""
    return ", ".join("'" + name.replace("'", "") + "'" for name in names)
