"""Finds what people have a name for: business keys by any of their names, and exceptions of messages nobody could read; no scans."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from crossdock.ledger.ids import read
from crossdock.ledger.people import FIELDS, OpenException, exception_of, exceptions_by_id
from crossdock.ledger.session import Session
from crossdock.ledger.stakes import exception_identity
from crossdock.ledger.windows import Window

KINDS = ("order", "purchase", "fulfilment", "shipment", "invoice", "return", "product", "stock", "customer")
"""Kinds of business keys (`order/shop/1001`) tried with every system, where only the last part was given."""
MOST = 50


@dataclass(slots=True)
class Found:
    """What a name leads to."""

    keys: list[str] = field(default_factory=list)
    exceptions: list[OpenException] = field(default_factory=list)


def search(session: Session, text: str, systems: Iterable[str] = (), *, windows: Sequence[Window] | None = None) -> Found:
    """Everything called `text`: a business key or the end of one, a reference (shop order id, waybill), a correlation id, an exception's
    number, or a name in a message that could not be read. Names are matched whole, also in capitals and without a leading `#`.

    `systems` are the landscape's, for keys given without theirs. `windows` narrows the exceptions to what somebody may see.
    """
    text = text.strip()[:200]
    if not text:
        return Found()
    found = Found(keys_named(session, text, systems))
    exceptions = {each.id: each for each in _of_keys(session, found.keys)}
    exceptions |= {each.id: each for each in _of_messages(session, _spellings(text))}
    exceptions |= _numbered(session, text)
    found.exceptions = [each for each in sorted(exceptions.values(), key=lambda e: -e.id) if visible(each, windows)][:MOST]
    return found


def visible(each: OpenException, windows: Sequence[Window] | None) -> bool:
    """Whether an exception lies in one of the windows."""
    if windows is None:
        return True
    return any(
        (window.flows is None or each.flow in window.flows) and (window.systems is None or each.system in window.systems)
        for window in windows
    )


def keys_named(session: Session, text: str, systems: Iterable[str] = (), limit: int = 20) -> list[str]:
    """Business keys of which `text` is a name."""
    spellings = _spellings(text)
    candidates = [*spellings, *(f"{kind}/{system}/{each}" for each in spellings for kind in KINDS for system in systems)]
    rows = session.rows_in("SELECT DISTINCT key FROM ledger_reference WHERE value {in}", spellings)
    rows += session.rows_in("SELECT DISTINCT key FROM ledger_instance WHERE key {in}", candidates)
    if not rows:
        rows = session.rows_in("SELECT DISTINCT key FROM ledger_event WHERE key {in}", candidates)
    rows += session.rows_in("SELECT DISTINCT key FROM ledger_exception WHERE key {in}", candidates)  # refused before it began
    if not rows:
        rows = session.rows(
            "SELECT DISTINCT e.key FROM ledger_message m JOIN ledger_event e ON e.message_id=m.id WHERE m.correlation=? LIMIT 20",
            (text,),
        )
    return list(dict.fromkeys(key for (key,) in rows if key))[:limit]


def _spellings(text: str) -> list[str]:
    return list(dict.fromkeys((text, text.lstrip("#"), text.upper(), f"#{text}")))


def _of_keys(session: Session, keys: Sequence[str]) -> list[OpenException]:
    rows = session.rows_in(f"SELECT {FIELDS} FROM ledger_exception WHERE key {{in}} ORDER BY id DESC LIMIT {MOST}", keys)
    return [exception_of(row) for row in rows]


def _of_messages(session: Session, names: Sequence[str]) -> list[OpenException]:
    rows = session.rows_in(
        f"SELECT message_id FROM ledger_message_name WHERE value {{in}} ORDER BY message_id DESC LIMIT {MOST}", names
    )
    identities = [exception_identity("message", number) for (number,) in rows]
    return [
        exception_of(row) for row in session.rows_in(f"SELECT {FIELDS} FROM ledger_exception WHERE identity {{in}}", identities)
    ]


def _numbered(session: Session, text: str) -> dict[int, OpenException]:
    try:
        number = read(text)
    except ValueError:
        return {}
    return exceptions_by_id(session, [number]) if 0 < number < 2**63 else {}
