"""What the ledger holds about a person: every payload that names them, with the transaction it belongs to; reads only, decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from crossdock.ledger.payloads import ClaimStore, decode, unpack
from crossdock.ledger.session import Row, Session
from crossdock.ledger.states import OPEN_DELIVERIES, EventState, ExceptionState, MessageState

STEP: Final = 500
_OPEN: Final = {int(state) for state in OPEN_DELIVERIES}
_PENDING: Final = {int(EventState.PENDING), int(EventState.HELD), int(EventState.WAITING)}


@dataclass(slots=True)
class Held:
    """What names the subject: numbers by kind, those that are still needed, and the business keys concerned."""

    ids: dict[str, list[int]] = field(default_factory=dict)
    needed: dict[str, list[int]] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)
    claims: list[str] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        return {kind: len(found) for kind, found in self.ids.items() if found}


def find(
    session: Session,
    names: Sequence[str],
    claims: ClaimStore | None = None,
    shown: Callable[[str, int, str, bytes], None] | None = None,
) -> Held:
    """Everything whose payload has one of `names` in it (an address, a number, a full name), whatever its capitals.

    Reads every payload once: nothing of a payload is indexed, so that nothing of it rests outside. `shown` gets kind, number, key or
    system, and bytes of each. What a transaction under way, an open delivery or an unresolved exception needs is `needed`.
    """
    wanted = [each.encode().lower() for name in names if (each := name.strip())]
    found = Held()
    if not wanted:
        return found
    open_keys = {key for (key,) in session.rows("SELECT DISTINCT key FROM ledger_instance WHERE NOT finished")}
    states = ",".join(map(str, sorted(_OPEN)))
    open_keys |= {key for (key,) in session.rows(f"SELECT DISTINCT key FROM ledger_delivery WHERE state IN ({states})")}
    unresolved = session.rows(f"SELECT subject, subject_id, key FROM ledger_exception WHERE state<{int(ExceptionState.RESOLVED)}")
    open_keys |= {key for _, _, key in unresolved if key}
    excepted = {(subject, number) for subject, number, _ in unresolved}

    def take(kind: str, number: int, key: str, body: bytes, needed: bool) -> bool:
        low = body.lower()
        if not any(each in low for each in wanted):
            return False
        (found.needed if needed or (kind, number) in excepted else found.ids).setdefault(kind, []).append(number)
        if shown is not None:
            shown(kind, number, key, body)
        return True

    of_message: dict[int, set[str]] = {}
    for number, message, key, state, data in _pages(session, "ledger_event", "message_id, key, state, data"):
        of_message.setdefault(message, set()).add(key)
        if data and take("event", number, key, unpack(data), state in _PENDING or key in open_keys):
            found.keys.add(key)
    for number, system, state, encoding, body, claim in _pages(session, "ledger_message", "system, state, encoding, body, claim"):
        held = _body(encoding, body, claim, claims)
        needed = state == int(MessageState.RECEIVED) or not open_keys.isdisjoint(of_message.get(number, ()))
        if take("message", number, system, held, needed) and claim and number in found.ids.get("message", ()):
            found.claims.append(claim)
    attempts: dict[int, bytes] = {}
    for _, delivery, exchanges in _pages(session, "ledger_attempt", "delivery_id, exchanges"):
        if exchanges:
            attempts[delivery] = attempts.get(delivery, b"") + unpack(exchanges)
    for number, key, state, data, ack in _pages(session, "ledger_delivery", "key, state, data, ack"):
        body = b"".join(unpack(each) for each in (data, ack) if each) + attempts.get(number, b"")
        if body and take("delivery", number, key, body, state in _OPEN or key in open_keys):
            found.keys.add(key)
    for number, key, finished, state in _pages(session, "ledger_instance", "key, finished, state"):
        if state and take("instance", number, key, unpack(state), not finished):
            found.keys.add(key)
    for number, key, state, message, detail in _pages(session, "ledger_exception", "key, state, message, detail"):
        take("exception", number, key, f"{message} {detail}".encode(), state < int(ExceptionState.RESOLVED))
    return found


def _pages(session: Session, table: str, columns: str) -> Iterator[Row]:
    last = 0
    while rows := session.rows(f"SELECT id, {columns} FROM {table} WHERE id>? ORDER BY id LIMIT {STEP}", (last,)):
        yield from rows
        last = rows[-1][0]


def _body(encoding: int, body: Any, claim: str, claims: ClaimStore | None) -> bytes:
    if claim:
        try:
            return b"" if claims is None else claims.get(claim)
        except KeyError:
            return b""
    return b"" if body is None else decode(encoding, body)
