"""What a supplier was told of purchase orders: the accepted deliveries to its system, newest version of each order; decides nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from crossdock.ledger.payloads import unpack
from crossdock.ledger.session import Session
from crossdock.ledger.states import DeliveryState, MessageState

TOLD: Final = ("purchase_order.send", "purchase_order.change", "purchase_order.cancel")
_NAMES: Final = ", ".join(f"'{name}'" for name in TOLD)
_FIELDS: Final = "d.id, d.system, d.name, d.key, d.data, d.settled_at"
_NEWEST: Final = (
    f"NOT EXISTS (SELECT 1 FROM ledger_delivery n WHERE n.key=d.key AND n.system=d.system AND n.id>d.id AND n.state={int(DeliveryState.ACCEPTED)} "
    f"AND n.name IN ({_NAMES}))"
)


@dataclass(frozen=True, slots=True)
class Told:
    """The newest version of an order a supplier was told: `id` of the delivery, what it did, the order as JSON, when (microseconds)."""

    id: int
    system: str
    name: str
    key: str
    order: dict[str, Any]
    at: int

    @property
    def number(self) -> str:
        """The order's number as the buyer writes it."""
        return str(self.order.get("number", ""))

    @property
    def cancelled(self) -> bool:
        """Whether the order was taken back."""
        return self.name == "purchase_order.cancel"


def orders(session: Session, systems: Sequence[str], before: int = 2**63 - 1, limit: int = 50) -> list[Told]:
    """Orders of some suppliers, the last told first; `before` is the `id` of the last one of the page before."""
    found: list[Told] = []
    for system in systems:
        rows = session.rows(
            f"SELECT {_FIELDS} FROM ledger_delivery d WHERE d.system=? AND d.name IN ({_NAMES}) AND d.state={int(DeliveryState.ACCEPTED)} "
            f"AND d.id<? AND {_NEWEST} ORDER BY d.id DESC LIMIT ?",
            (system, before, limit),
        )
        found += [_told(row) for row in rows]
    return sorted(found, key=lambda each: -each.id)[:limit]


def order(session: Session, system: str, keys: Sequence[str]) -> Told | None:
    """The newest version of an order of a supplier, by the business keys it may have; None when it was never told of it."""
    rows = session.rows_in(
        f"SELECT {_FIELDS} FROM ledger_delivery d WHERE d.key {{in}} AND d.name IN ({_NAMES}) AND d.state={int(DeliveryState.ACCEPTED)} "
        "ORDER BY d.id DESC LIMIT 200",
        list(keys),
    )
    return next((_told(row) for row in rows if row[1] == system), None)


def _told(row: Sequence[Any]) -> Told:
    number, system, name, key, data, at = row
    return Told(number, system, name, key, orjson.loads(unpack(data)).get("purchase_order") or {}, at or 0)


def states(session: Session, messages: Sequence[int]) -> dict[int, MessageState]:
    """What became of messages; those that retention has removed are left out."""
    rows = session.rows_in("SELECT id, state FROM ledger_message WHERE id {in}", list(messages))
    return {number: MessageState(state) for number, state in rows if state in set(MessageState)}
