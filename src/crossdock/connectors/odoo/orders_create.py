"""order.create: draft orders made exactly once by `load`, many in one call, read back and compared with the source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from crossdock.canonical.order import SalesOrder
from crossdock.connectors.odoo.catalogue import Catalogue, Found
from crossdock.connectors.odoo.client import OdooClient, Row
from crossdock.connectors.odoo.external_ids import ExternalIds
from crossdock.connectors.odoo.load import Loader
from crossdock.connectors.odoo.master_data import MasterData
from crossdock.connectors.odoo.order_rows import SHIPPING, OrderPlan, columns, differences, line_number, rows
from crossdock.connectors.odoo.partners import Partners
from crossdock.connectors.odoo.subject import order_key
from crossdock.connectors.odoo.values import canonical, label, number, places, rounded, text
from crossdock.core.commands import Command
from crossdock.core.errors import CrossdockError, EffectUnknown, Rejected, TargetRefused
from crossdock.core.outcomes import Accepted, Outcome

_HEAD = ("name", "state", "amount_total", "amount_tax", "currency_id", "order_line")
_LINE = ("order_id", "product_uom_qty", "price_subtotal")


class OrderCreation:
    """Makes sales orders."""

    def __init__(
        self, client: OdooClient, loader: Loader, catalogue: Catalogue, data: MasterData, partners: Partners, system: str
    ) -> None:
        self._client = client
        self._loader = loader
        self._catalogue = catalogue
        self._data = data
        self._partners = partners
        self._system = system

    async def create(self, command: Command) -> Accepted:
        """Make one order. Raises outcome errors."""
        order = canonical(SalesOrder, command.data.get("order"))
        try:
            return await self._one(command, order)
        except TargetRefused as error:
            if "No matching record" not in str(error.detail.get("answer")):
                raise
        self._catalogue.forget()  # a cached product or partner was deleted in Odoo
        self._partners.forget()
        return await self._one(command, order)

    async def _one(self, command: Command, order: SalesOrder) -> Accepted:
        (outcome,) = await self._write([command], [order], await self._catalogue.find(self._skus([order])))
        if not isinstance(outcome, Accepted):
            raise outcome
        return outcome

    async def create_many(self, commands: Sequence[Command]) -> list[Outcome]:
        """Make orders in as few calls as possible; those Odoo objects to are tried alone, so that each gets its own verdict."""
        outcomes: dict[int, Outcome] = {}
        orders: dict[int, SalesOrder] = {}
        for at, command in enumerate(commands):
            try:
                orders[at] = canonical(SalesOrder, command.data.get("order"))
            except Rejected as error:
                outcomes[at] = error
        found = await self._catalogue.find(self._skus(orders.values()))
        waiting = list(orders)
        while len(waiting) > 1:
            try:
                written = await self._write([commands[at] for at in waiting], [orders[at] for at in waiting], found)
            except Rejected as error:
                named = self._named(error, waiting, orders)
                if not named:
                    break
                for at in named:
                    outcomes[at] = await self._alone(commands[at])
                waiting = [at for at in waiting if at not in named]
                continue
            except CrossdockError as error:
                written = [error] * len(waiting)  # type: ignore[list-item]
            outcomes.update(zip(waiting, written, strict=True))
            waiting = []
        for at in waiting:
            outcomes[at] = await self._alone(commands[at])
        return [outcomes[at] for at in range(len(commands))]

    async def _alone(self, command: Command) -> Outcome:
        try:
            return await self.create(command)
        except CrossdockError as error:
            return error  # type: ignore[return-value]

    def _named(self, error: Rejected, waiting: Sequence[int], orders: Mapping[int, SalesOrder]) -> list[int]:
        """The orders whose rows Odoo names in a refusal of a whole batch; none when they are other rows than orders'."""
        if error.detail.get("call") != "sale.order/load":
            return []
        freight = 1 if self._client.options.freight_sku else 0
        blamed = set(error.detail.get("rows", ()))
        named, row = [], 0
        for at in waiting:
            shipping = orders[at].shipping
            height = len(orders[at].lines) + (freight if shipping is not None and shipping.amount else 0)
            if blamed & set(range(row, row + height)):
                named.append(at)
            row += height
        return named

    def _skus(self, orders: Iterable[SalesOrder]) -> list[str]:
        freight = [self._client.options.freight_sku] if self._client.options.freight_sku else []
        return [*freight, *(line.sku for order in orders for line in order.lines)]

    async def _write(self, commands: Sequence[Command], orders: Sequence[SalesOrder], found: Found) -> list[Outcome]:
        """Load orders whose SKUs are known; the others are refused one by one. Raises when Odoo refuses the batch."""
        ids = ExternalIds(self._client.options.xid_prefix, await self._client.company())
        problems = [found.problem(self._skus([order])) for order in orders]
        good = [at for at, problem in enumerate(problems) if problem is None]
        partners = await self._partners.ensure(ids, [(order_key(commands[at]), orders[at]) for at in good])
        plans = [await self._plan(order_key(commands[at]), orders[at], partners, found) for at in good]
        names = columns(plans)
        loaded = await self._loader.load("sale.order", names, [row for plan in plans for row in rows(ids, plan, names)])
        if len(loaded) != len(plans):
            raise EffectUnknown(f"Odoo took {len(plans)} orders and named {len(loaded)}", call="sale.order/load")
        acks = await self.acknowledge(ids, dict(zip(loaded, (plan.order for plan in plans), strict=True)))
        accepted = {at: acks[id_] for at, id_ in zip(good, loaded, strict=True)}
        return [accepted[at] if problem is None else problem for at, problem in enumerate(problems)]

    async def _plan(self, key: str, order: SalesOrder, partners: Mapping[str, Mapping[str, int]], found: Found) -> OrderPlan:
        options = self._client.options
        extra: dict[str, str] = {}
        pricelist = await self._data.pricelist(order.currency)
        if pricelist is not None:
            extra["pricelist_id/.id"] = str(pricelist)
        if options.warehouse:
            extra["warehouse_id/.id"] = str((await self._data.warehouse(options.warehouse)).id)
        carrier = self._data.carrier(order.service_level)
        if carrier is not None:
            extra["carrier_id/.id"] = str(carrier)
        units = {line.number: await self._data.unit(line.quantity.unit) for line in order.lines if line.quantity.unit != "C62"}
        return OrderPlan(key, order, partners[key], found.items, units, extra, found.items.get(options.freight_sku))

    async def acknowledge(self, ids: ExternalIds, orders: Mapping[int, SalesOrder]) -> dict[int, Outcome]:
        """Read orders back and compare each with its source. Raises when one of them cannot be read."""
        heads = await self._client.read("sale.order", list(orders), _HEAD)
        missing = set(orders) - set(heads)
        if missing:
            raise EffectUnknown("orders were made in Odoo and cannot be read back", ids=sorted(missing))
        line_ids = [id_ for head in heads.values() for id_ in head["order_line"]]
        lines = await self._client.read("sale.order.line", line_ids, _LINE)
        xids = await self._client.external_ids("sale.order.line", line_ids)
        acks: dict[int, Outcome] = {}
        for id_, order in orders.items():
            own = {ids.line_of(xids.get(line, "")): line for line in heads[id_]["order_line"]}
            named = {
                SHIPPING if key == SHIPPING else line_number(key): lines[line]
                for key, line in own.items()
                if key and line in lines
            }
            acks[id_] = self._verdict(id_, order, heads[id_], named, await self._data.rounding(order.currency))
        return acks

    def _verdict(self, id_: int, order: SalesOrder, head: Row, lines: Mapping[str, Row], unit: Decimal) -> Outcome:
        references = [[f"{self._system}:order", text(head["name"])], [f"{self._system}:order_id", str(id_)]]
        currency = label(head["currency_id"])
        if currency != order.currency:
            return TargetRefused(
                f"Odoo made {head['name']} in {currency}, the order is in {order.currency}; set a price list and delete the draft",
                erp_id=str(id_),
                expected=order.currency,
                found=currency,
            )
        lost = [line.number for line in order.lines if line.number not in lines]
        if lost:
            return TargetRefused(f"{head['name']} lacks lines {', '.join(lost)} in Odoo", erp_id=str(id_), lines=lost)
        return Accepted(
            {
                "erp_id": str(id_),
                "erp_number": text(head["name"]),
                "total": number(rounded(head["amount_total"], places(unit))),
                "currency": currency,
                "lines": {line.number: str(lines[line.number]["id"]) for line in order.lines},
                "customs": self._catalogue.customs(line.sku for line in order.lines),
                "discrepancies": differences(order, head, lines, unit, self._client.options.tolerance_per_line),
                "references": references,
            }
        )

    async def find(self, command: Command) -> Mapping[str, Any] | None:
        """The acknowledgement of an order that exists already, None when it does not."""
        order = canonical(SalesOrder, command.data.get("order"))
        ids = ExternalIds(self._client.options.xid_prefix, await self._client.company())
        id_ = await self._client.find(ids.order(order_key(command)), "sale.order", [["client_order_ref", "=", order.number]])
        if id_ is None:
            return None
        await self._catalogue.find(self._skus([order]))
        outcome = (await self.acknowledge(ids, {id_: order}))[id_]
        if not isinstance(outcome, Accepted):
            raise outcome
        return outcome.ack
