"""The story of one business transaction from the first byte to the last acknowledgement; reads only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from crossdock.core.version_changes import Change, changes
from crossdock.ledger.payloads import decode, unpack
from crossdock.ledger.session import Session
from crossdock.ledger.states import DeliveryState, EventState, ExceptionState, ExpectationState, MessageState

REMOVED: Final = "removed after its retention"
"""Shown where a payload was."""


VERSIONED: Final = frozenset(
    {
        "order.placed", "order.changed", "purchase_order.confirmed", "purchase_order.changed", "purchase_order.answered",
        "ship_notice.received", "supplier_invoice.received", "customer.changed", "product.changed",
    }
)  # fmt: skip
"""Events that each carry a whole version of one document; in other streams one fact follows another."""
CHANGES: Final = 100
"""Changed fields of a version that are listed."""


@dataclass(slots=True)
class Story:
    """Everything the ledger knows of one business key; times are microseconds since 1970, entries in order of time."""

    key: str
    references: list[tuple[str, str]] = field(default_factory=list)
    instances: list[dict[str, Any]] = field(default_factory=list)
    entries: list[dict[str, Any]] = field(default_factory=list)
    expectations: list[dict[str, Any]] = field(default_factory=list)


def find_keys(session: Session, text: str, limit: int = 20) -> list[str]:
    """Business keys that have `text` as their key, as the end of their key, as one of their references or as correlation id."""
    rows = session.rows("SELECT DISTINCT key FROM ledger_instance WHERE key=? LIMIT ?", (text, limit))
    rows += session.rows("SELECT DISTINCT key FROM ledger_reference WHERE value=? LIMIT ?", (text, limit))
    rows += session.rows("SELECT DISTINCT key FROM ledger_event WHERE key=? LIMIT ?", (text, limit))
    if not rows:
        rows += session.rows("SELECT DISTINCT key FROM ledger_instance WHERE correlation=? LIMIT ?", (text, limit))
        rows += session.rows("SELECT DISTINCT key FROM ledger_instance WHERE key LIKE ? LIMIT ?", (f"%/{text}", limit))
    return list(dict.fromkeys(key for (key,) in rows))[:limit]


def story(session: Session, key: str, *, payloads: bool = True) -> Story:
    """Collect the story of a key: messages, events, deliveries with every attempt, exceptions and expectations."""
    told = Story(key)
    told.references = [
        (s, v) for s, v in session.rows("SELECT scheme, value FROM ledger_reference WHERE key=? ORDER BY id", (key,))
    ]
    for flow, process, stage, finished, opened, updated, correlation in session.rows(
        "SELECT flow, process, stage, finished, opened_at, updated_at, correlation FROM ledger_instance WHERE key=? ORDER BY id",
        (key,),
    ):
        told.instances.append(
            {
                "flow": flow, "process": process, "stage": stage, "finished": bool(finished),
                "opened_at": opened, "updated_at": updated, "correlation": correlation,
            }
        )  # fmt: skip
    _events(session, told, payloads)
    _deliveries(session, told, payloads)
    _exceptions(session, told, payloads)
    told.expectations = [
        {"name": n, "due": due, "owner": o, "state": ExpectationState(state).name.lower(), "settled_at": at}
        for n, due, o, state, at in session.rows(
            "SELECT name, due, owner, state, settled_at FROM ledger_expectation WHERE key=? AND NOT silent ORDER BY due", (key,)
        )
    ]
    told.entries.sort(key=lambda entry: (entry["at"], entry["order"]))
    return told


def story_of_message(session: Session, subject: str, number: int) -> Story:
    """The story of a message that belongs to no transaction (yet), by its number or the number of an event it brought."""
    told = Story("")
    if subject == "event":
        found = session.rows("SELECT message_id FROM ledger_event WHERE id=?", (number,))
        subject, number = "message", found[0][0] if found else 0
    if subject == "message" and number:
        _messages(session, told, [number], payloads=True)
    return told


def _kept(data: bytes) -> Any:
    return orjson.loads(unpack(data)) if data else REMOVED


def _events(session: Session, told: Story, payloads: bool) -> None:
    messages: list[int] = []
    versions: dict[str, Any] = {}
    for number, message, kind, source, state, note, created, data, stream in session.rows(
        "SELECT id, message_id, type, source, state, note, created_at, data, stream FROM ledger_event WHERE key=? ORDER BY id",
        (told.key,),
    ):
        if message:
            messages.append(message)
        changed = _changed(versions, f"{stream}#{kind.split('.')[0]}", data, state) if stream and kind in VERSIONED else []
        if changed:
            more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
            note = f"{note + '; ' if note else ''}changed: {'; '.join(each.words() for each in changed[:3])}{more}"
        told.entries.append(
            {
                "at": created, "order": 1, "step": "event", "system": source, "what": kind, "outcome": EventState(state).name.lower(),
                "note": note, "number": number, "message": message,
                **({"canonical": _kept(data)} if payloads else {}),
                **({"changes": [{"path": c.path, "before": c.before, "after": c.after} for c in changed]} if changed else {}),
            }
        )  # fmt: skip
    _messages(session, told, list(dict.fromkeys(messages)), payloads)


def _changed(versions: dict[str, Any], stream: str, data: bytes, state: int) -> list[Change]:
    """What is different from the version before it in the same stream that took effect."""
    if not data:
        return []
    document = orjson.loads(unpack(data))
    before = versions.get(stream)
    if state == EventState.APPLIED:
        versions[stream] = document
    return list(changes(before, document))[:CHANGES] if isinstance(before, dict) else []


def _messages(session: Session, told: Story, numbers: list[int], payloads: bool) -> None:
    for row in session.rows_in(
        "SELECT id, system, channel, topic, received_at, state, size, correlation, mapping, encoding, body, claim "
        "FROM ledger_message WHERE id {in}",
        numbers,
    ):
        number, system, channel, topic, at, state, size, correlation, mapping, encoding, body, claim = row
        entry = {
            "at": at, "order": 0, "step": "received", "system": system, "what": f"{channel} {topic}".strip(),
            "outcome": MessageState(state).name.lower(), "note": f"{size} bytes, mapping {mapping}", "number": number,
            "correlation": correlation,
        }  # fmt: skip
        if payloads:
            entry["received"] = f"kept outside: {claim}" if claim else REMOVED
            if body is not None:
                entry["received"] = decode(encoding, body).decode("utf-8", "replace")
        told.entries.append(entry)


def _deliveries(session: Session, told: Story, payloads: bool) -> None:
    ids: list[int] = []
    names: dict[int, tuple[str, str]] = {}
    for number, command, name, system, state, created, settled, data, ack in session.rows(
        "SELECT id, command_id, name, system, state, created_at, settled_at, data, ack FROM ledger_delivery WHERE key=? ORDER BY id",
        (told.key,),
    ):
        ids.append(number)
        names[number] = (name, system)
        entry = {
            "at": created, "order": 2, "step": "command", "system": system, "what": name, "number": number,
            "outcome": DeliveryState(state).name.lower(), "note": command, "settled_at": settled,
        }  # fmt: skip
        if payloads:
            entry["mapped"] = _kept(data)
            entry["ack"] = orjson.loads(unpack(ack)) if ack else None
        told.entries.append(entry)
    for delivery, number, kind, at, micros_, outcome, code, message, exchanges in session.rows_in(
        "SELECT delivery_id, number, kind, started_at, micros, outcome, code, message, exchanges FROM ledger_attempt "
        "WHERE delivery_id {in} ORDER BY id",
        ids,
    ):
        name, system = names[delivery]
        entry = {
            "at": at, "order": 3, "step": "attempt", "system": system, "what": f"{name} {kind} {number}", "outcome": outcome,
            "note": f"{code} {message}".strip(), "seconds": micros_ / 1e6, "number": delivery,
        }  # fmt: skip
        if payloads and exchanges:
            entry["exchanges"] = [
                dict(zip(("method", "url", "status", "milliseconds", "sent", "answered"), each, strict=True))
                for each in orjson.loads(unpack(exchanges))
            ]
        told.entries.append(entry)


def _exceptions(session: Session, told: Story, payloads: bool) -> None:
    refused: list[int] = []
    for number, code, step, system, message, state, created, resolution, owner, subject, about, flow in session.rows(
        "SELECT id, code, step, system, message, state, created_at, resolution, owner, subject, subject_id, flow FROM ledger_exception "
        "WHERE key=? ORDER BY id",
        (told.key,),
    ):
        if subject == "message":
            refused.append(about)
        told.entries.append(
            {
                "at": created, "order": 4, "step": "exception", "system": system, "what": f"{step}: {code}",
                "outcome": ExceptionState(state).name.lower(), "note": f"{message} {resolution} (owner {owner or 'nobody'})",
                "number": number, "flow": flow,
            }
        )  # fmt: skip
    # a message that was refused brought no event, but it is about this key
    known = {entry["number"] for entry in told.entries if entry["step"] == "received"}
    _messages(session, told, [number for number in dict.fromkeys(refused) if number not in known], payloads)


@dataclass(frozen=True, slots=True)
class Received:
    """A message as it arrived; `claim` instead of a body when that is kept outside the database."""

    system: str
    channel: str
    content_type: str
    at: int
    size: int
    body: bytes
    claim: str


def received(session: Session, subject: str, number: int) -> Received | None:
    """The message an exception is about: its subject itself, or what its event came in. None when there is none."""
    if subject == "event":
        found = session.rows("SELECT message_id FROM ledger_event WHERE id=?", (number,))
        number = found[0][0] if found else 0
    elif subject != "message":
        return None
    for system, channel, content_type, at, size, encoding, body, claim in session.rows(
        "SELECT system, channel, content_type, received_at, size, encoding, body, claim FROM ledger_message WHERE id=?", (number,)
    ):
        return Received(system, channel, content_type, at, size, decode(encoding, body or b""), claim)
    return None
