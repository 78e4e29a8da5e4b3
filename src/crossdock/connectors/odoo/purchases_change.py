"""purchase_order.update: what a supplier confirmed written on the purchase order by absolute values, so that repeating it changes nothing.

Three traps of Odoo 19 decide how it is written. A quantity written without the price and the day beside it makes Odoo take both anew from
the vendor's price list. A quantity lowered together with another day makes a transfer *back to the vendor* instead of a smaller receipt.
And neither a lock nor what was received already stops a call, as they stop a person. So quantities go first, with the price and the day
that are there; prices and days go second; and what may not be is refused here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from crossdock.canonical.purchase_order import PurchaseOrder, PurchaseOrderLine
from crossdock.connectors.odoo.client import OdooClient, Row, exact
from crossdock.connectors.odoo.master_data import MasterData
from crossdock.connectors.odoo.purchase_documents import CONFIRMED
from crossdock.connectors.odoo.subject import purchase_id
from crossdock.connectors.odoo.values import canonical, from_odoo, label, number, related, text, to_odoo
from crossdock.core.commands import Command
from crossdock.core.errors import TargetRefused
from crossdock.core.outcomes import Accepted

_ORDER: Final = ("name", "state", "locked", "partner_ref", "currency_id", "order_line")
_LINE: Final = ("product_id", "product_uom_id", "product_qty", "qty_received", "price_unit", "discount", "date_planned")
_PLACES: Final = Decimal("0.000001")
_NOON: Final = time(12)


@dataclass(slots=True)
class Plan:
    """What has to be done: `quantities` and `terms` (price, day) by Odoo line id; `applied` and `refused` by line number."""

    quantities: dict[int, dict[str, Any]] = field(default_factory=dict)
    terms: dict[int, dict[str, Any]] = field(default_factory=dict)
    head: dict[str, Any] = field(default_factory=dict)
    applied: list[str] = field(default_factory=list)
    refused: list[dict[str, str]] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        """Whether nothing is left to do."""
        return not (self.quantities or self.terms or self.head)

    def refuse(self, line: str, reason: str) -> None:
        """Remember that a line cannot be changed."""
        self.refused.append({"line": line, "reason": reason})


def plan_for(
    wanted: PurchaseOrder,
    previous: PurchaseOrder | None,
    head: Row,
    there: Mapping[int, Row],
    units: Mapping[int, str],
    zone: ZoneInfo,
) -> Plan:
    """Compare the wanted version with Odoo's lines; `units` are their units' Rec 20 codes by unit id.

    Only what differs between the previous version and the wanted one is touched, and only where Odoo still has the previous value: a person
    who changed it meanwhile is not overruled.
    """
    plan = Plan()
    before = {line.number: line for line in previous.lines} if previous is not None else {}
    for line in wanted.lines:
        row = there.get(int(line.number)) if line.number.isascii() and line.number.isdigit() else None
        if row is None:
            plan.refuse(line.number, "the order in Odoo has no such line (any more)")
            continue
        unit = units.get(related(row["product_uom_id"]) or 0, "")
        if unit and unit != line.quantity.unit:
            plan.refuse(line.number, f"the line is ordered in {unit}, not in {line.quantity.unit}")
            continue
        problem, quantity, terms = _line(line, before.get(line.number), row, zone)
        if problem:
            plan.refuse(line.number, problem)
            continue
        if quantity is not None:
            plan.quantities[row["id"]] = {
                "product_qty": quantity,
                "price_unit": row["price_unit"],
                "date_planned": row["date_planned"],
            }
        if terms:
            plan.terms[row["id"]] = terms
        plan.applied.append(line.number)
    theirs = wanted.supplier_order_number
    old = previous.supplier_order_number if previous is not None else ""
    if theirs and theirs != old and text(head["partner_ref"]) in ("", old):
        plan.head["partner_ref"] = theirs
    return plan


def _line(
    line: PurchaseOrderLine, old: PurchaseOrderLine | None, row: Row, zone: ZoneInfo
) -> tuple[str, Decimal | None, dict[str, Any]]:
    """Why the line cannot follow, or the quantity to write (None: as it is) and the terms to write."""
    here, received = exact(row["product_qty"]), exact(row["qty_received"])
    asked, asked_before = _quantity(line, received), _quantity(old, received) if old is not None else None
    quantity: Decimal | None = None
    if asked not in (asked_before, here):
        if asked_before not in (None, here):
            return _meanwhile("quantity", number(here)), None, {}
        if asked < received:
            return f"{number(received)} are received already", None, {}
        quantity = asked
    terms: dict[str, Any] = {}
    price, there = _price(line), _net(row)
    if price not in (None if old is None else _price(old), there):
        if old is not None and _price(old) != there:
            return _meanwhile("price", number(there)), None, {}
        terms["price_unit"] = price
        if row["discount"]:
            terms["discount"] = 0
    planned = from_odoo(row["date_planned"]) if row["date_planned"] else None
    day = planned.astimezone(zone).date() if planned is not None else None
    if line.delivery_date is not None and line.delivery_date not in (None if old is None else old.delivery_date, day):
        if old is not None and old.delivery_date not in (None, day):
            return _meanwhile("delivery day", str(day)), None, {}
        terms["date_planned"] = to_odoo(_at(line.delivery_date, planned, zone))
    return "", quantity, terms


def _quantity(line: PurchaseOrderLine, received: Decimal) -> Decimal:
    return {"cancelled": Decimal(0), "closed": received}.get(line.status, line.quantity.value)


def _price(line: PurchaseOrderLine) -> Decimal:
    return (line.unit_price.amount / (line.price_base or 1)).quantize(_PLACES)


def _net(row: Row) -> Decimal:
    gross = exact(row["price_unit"]) * (1 - exact(row["discount"]) / 100)
    return gross.quantize(_PLACES)


def _meanwhile(what: str, value: str) -> str:
    return f"the {what} was changed in Odoo meanwhile: it is {value} there"


def _at(day: date, planned: datetime | None, zone: ZoneInfo) -> datetime:
    """The new day at the hour that was planned."""
    hour = planned.astimezone(zone).time() if planned is not None else _NOON
    return datetime.combine(day, hour, zone)


class PurchaseChange:
    """Writes what suppliers confirmed."""

    def __init__(self, client: OdooClient, data: MasterData, system: str) -> None:
        self._client = client
        self._data = data
        self._system = system
        self._zone = ZoneInfo(client.options.delivery_zone)

    async def apply(self, command: Command) -> Accepted:
        """Bring the order to what was agreed; lines that cannot follow are listed in `refused`. Raises outcome errors."""
        id_ = purchase_id(command)
        head, plan = await self._compare(id_, command)
        if plan.empty:
            return Accepted(await self._ack(head, plan), repeated=True)
        if head["locked"] and not self._client.options.write_locked:
            raise TargetRefused(
                f"{head['name']} is locked in Odoo; unlock it there, or allow it with the option `write_locked`", erp_id=str(id_)
            )
        for step in (plan.quantities, plan.terms):
            if step:
                lines = [[1, line, values] for line, values in step.items()]
                await self._client.call("purchase.order", "write", ids=[id_], vals={"order_line": lines})
        if plan.head:
            await self._client.call("purchase.order", "write", ids=[id_], vals=plan.head)
        return Accepted(await self._ack(head, plan))

    async def find(self, command: Command) -> Mapping[str, Any] | None:
        """The acknowledgement when nothing of what was agreed is left to write, None otherwise."""
        head, plan = await self._compare(purchase_id(command), command)
        return await self._ack(head, plan) if plan.empty else None

    async def _compare(self, id_: int, command: Command) -> tuple[Row, Plan]:
        wanted = canonical(PurchaseOrder, command.data.get("purchase_order"))
        earlier = command.data.get("previous_purchase_order")
        previous = canonical(PurchaseOrder, earlier) if earlier else None
        head = await self._client.read_one("purchase.order", id_, _ORDER)
        if head["state"] not in CONFIRMED:
            what = "cancelled" if head["state"] == "cancel" else "not confirmed"
            raise TargetRefused(f"{head['name']} is {what} in Odoo", erp_id=str(id_), state=head["state"])
        if label(head["currency_id"]) != wanted.currency:
            raise TargetRefused(
                f"{head['name']} is in {label(head['currency_id'])}, not in {wanted.currency}",
                erp_id=str(id_),
                currency=wanted.currency,
            )
        rows = await self._client.read("purchase.order.line", head["order_line"], _LINE)
        units = await self._data.unit_codes(unit for row in rows.values() if (unit := related(row["product_uom_id"])) is not None)
        return head, plan_for(wanted, previous, head, rows, units, self._zone)

    async def _ack(self, head: Row, plan: Plan) -> dict[str, Any]:
        found = await self._transfers_back(head["id"]) if plan.quantities else []
        return {
            "applied": plan.applied,
            "refused": plan.refused,
            "discrepancies": found,
            "references": [["purchase:order", text(head["name"])], [f"{self._system}:purchase_order_id", str(head["id"])]],
        }

    async def _transfers_back(self, id_: int) -> list[dict[str, str]]:
        """Open transfers back to the vendor: nobody asked for them, and a person must cancel them."""
        domain = [
            ["purchase_line_id.order_id", "=", id_],
            ["location_dest_id.usage", "=", "supplier"],
            ["state", "not in", ["done", "cancel"]],
        ]
        rows: Sequence[Row] = await self._client.search_read("stock.move", domain, ["purchase_line_id", "product_uom_qty"])
        return [
            {
                "field": f"lines.{related(row['purchase_line_id'])}.returned",
                "expected": "0",
                "found": number(exact(row["product_uom_qty"])),
            }
            for row in rows
        ]
