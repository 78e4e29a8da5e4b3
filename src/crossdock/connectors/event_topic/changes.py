"""Changes of Odoo's tables as Debezium's PostgreSQL connector writes them, read as canonical events; knows no broker.

Source: Debezium 2.x/3.x, PostgreSQL connector, "Data change events": an envelope with `op` (c, u, d, r, t), `before`, `after`, `ts_ms` and
`source` (`schema`, `table`, `lsn`, `txId`, `snapshot`), alone or under `payload`. Taken are the tables whose rows alone say what happened.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from crossdock.canonical.events import Event, Position
from crossdock.canonical.product import Product
from crossdock.connectors.contracts.bodies import an_object, read_object
from crossdock.connectors.protocol import Inbound
from crossdock.core.errors import PayloadMalformed

NOTHING: Final = "change.ignored"


def _envelope(body: bytes) -> dict[str, Any]:
    found = read_object(body)
    inner = an_object(found["payload"]) if isinstance(found.get("payload"), dict) else found
    source = inner.get("source")
    if not (isinstance(inner.get("op"), str) and isinstance(source, dict) and isinstance(source.get("table"), str)):
        raise PayloadMalformed("a change record needs `op` and `source.table`")
    return inner


def inbound_change(body: bytes, place: str) -> Inbound:
    """A change record as a message; its place in the topic is its identity. Raises `PayloadMalformed`."""
    found = _envelope(body)
    topic = _TABLES[found["source"]["table"]][0] if found["source"]["table"] in _TABLES else NOTHING
    return Inbound(topic, place, body)


def change_of(body: bytes, system: str) -> Sequence[Event]:
    """The event of a change record; none for tables, deletions and truncations the hub takes nothing from. Raises `PayloadMalformed`."""
    found = _envelope(body)
    source = found["source"]
    reader = _TABLES.get(source["table"])
    row = found.get("after")
    if reader is None or found["op"] not in ("c", "u", "r") or not isinstance(row, dict):
        return ()
    return reader[1](row, source, system)


def _product(row: dict[str, Any], source: dict[str, Any], system: str) -> Sequence[Event]:
    sku = row.get("default_code")
    if not isinstance(sku, str) or not sku:
        return ()  # Odoo's own: nobody outside knows a product without a reference
    at = _moment(source.get("ts_ms"))
    said: dict[str, Any] = {"sku": sku, "name": _text(row.get("name")), "active": row.get("active") is not False}
    if row.get("weight") is not None:
        try:
            said["weight_kg"] = Decimal(str(row["weight"]))
        except InvalidOperation:
            raise PayloadMalformed("`weight` is no number") from None
    data = Product.model_validate(said)
    lsn = source.get("lsn")
    position = Position(f"{system}/{source['table']}/{row.get('id')}", int(lsn)) if isinstance(lsn, int) else None
    identity = f"{source['table']}:{row.get('id')}:{lsn if lsn is not None else source.get('ts_ms')}"
    return [Event(identity, "product.changed", system, f"product/{system}/{sku}", data, at, position=position)]


def _text(value: Any) -> str:
    """A text, also one that Odoo keeps per language (jsonb): English when there is, else the first."""
    if isinstance(value, str) and value.startswith("{"):
        value = read_object(value.encode())
    if isinstance(value, dict):
        return str(value.get("en_US") or next(iter(value.values()), ""))
    return value if isinstance(value, str) else ""


def _moment(value: Any) -> datetime:
    if not isinstance(value, int) or not 0 < value < 32_503_680_000_000:
        raise PayloadMalformed("`source.ts_ms` is the time of the change in milliseconds")
    return datetime.fromtimestamp(value / 1000, UTC)


_Reader = Callable[[dict[str, Any], dict[str, Any], str], Sequence[Event]]
_TABLES: Final[dict[str, tuple[str, _Reader]]] = {
    "product_product": ("product.changed", _product),
    "product_template": ("product.changed", _product),
}
"""Table: the event it tells and how."""
