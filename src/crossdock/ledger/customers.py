"""Which orders of a shop the hub knows, for those who may only see these; decides nothing."""

from __future__ import annotations

from collections.abc import Sequence

from crossdock.ledger.session import Session

ROOM = "order"


def order_key(shop: str, number: str) -> str:
    """The business key of a shop's order."""
    return f"{ROOM}/{shop}/{number}"


def orders(session: Session, shop: str, after: str, limit: int) -> list[str]:
    """Order numbers of a shop in their order as text, beginning after `after`."""
    start = order_key(shop, "")
    rows = session.rows(
        "SELECT DISTINCT key FROM ledger_instance WHERE key>? AND key<? ORDER BY key LIMIT ?",
        (start + after, start[:-1] + "0", limit),  # "0" comes after "/"
    )
    return [str(key)[len(start) :] for (key,) in rows]


def named(session: Session, value: str, shops: Sequence[str]) -> list[tuple[str, str]]:
    """Shop and number of the orders of these shops that have `value` as one of their names (a waybill, an invoice, a return)."""
    found = []
    for (key,) in session.rows("SELECT DISTINCT key FROM ledger_reference WHERE value=? LIMIT 50", (value,)):
        room, _, rest = str(key).partition("/")
        shop, _, number = rest.partition("/")
        if room == ROOM and shop in shops and number:
            found.append((shop, number))
    return found
