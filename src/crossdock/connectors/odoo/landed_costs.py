"""landed_cost.create: freight spread over the goods it brought, once (module `stock_landed_costs`, goods at average cost or FIFO)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from crossdock.canonical.freight import FreightInvoice
from crossdock.canonical.values import Money
from crossdock.connectors.odoo.books import refuse_closed, refuse_foreign
from crossdock.connectors.odoo.buttons import pressed
from crossdock.connectors.odoo.catalogue import Catalogue
from crossdock.connectors.odoo.client import OdooClient, Row
from crossdock.connectors.odoo.external_ids import ExternalIds
from crossdock.connectors.odoo.load import Loader
from crossdock.connectors.odoo.master_data import MasterData
from crossdock.connectors.odoo.values import canonical, number, text
from crossdock.core.commands import Command
from crossdock.core.errors import SchemaInvalid, TargetRefused
from crossdock.core.outcomes import Accepted

_COST: Final = ("name", "state")
_COLUMNS: Final = (
    "id",
    "date",
    "picking_ids/.id",
    "vendor_bill_id/.id",
    "cost_lines/id",
    "cost_lines/product_id/.id",
    "cost_lines/name",
    "cost_lines/price_unit",
    "cost_lines/split_method",
)


class LandedCosts:
    """Spreads freight over goods."""

    def __init__(self, client: OdooClient, loader: Loader, catalogue: Catalogue, data: MasterData, system: str) -> None:
        self._client = client
        self._loader = loader
        self._catalogue = catalogue
        self._data = data
        self._system = system

    async def create(self, command: Command) -> Accepted:
        """Carry out `landed_cost.create`. Raises outcome errors."""
        invoice, transfers, amount = _given(command)
        there = await self._made(invoice, transfers)
        if there is None:
            there = await self._load(command, invoice, transfers, amount)
        row = await self._client.read_one("stock.landed.cost", there, _COST)
        if row["state"] == "done":
            return Accepted(self._ack(row), repeated=True)
        return Accepted(self._ack(await self._press(there)))

    async def find(self, command: Command) -> Mapping[str, Any] | None:
        """The acknowledgement when the cost is spread, None when it is not."""
        invoice, transfers, _ = _given(command)
        there = await self._made(invoice, transfers)
        row = None if there is None else await self._client.read_one("stock.landed.cost", there, _COST)
        return None if row is None or row["state"] != "done" else self._ack(row)

    async def _name(self, kind: str, invoice: FreightInvoice, transfers: list[int]) -> str:
        ids = ExternalIds(self._client.options.xid_prefix, await self._client.company())
        return ids.name(kind, invoice.carrier, invoice.number, "-".join(map(str, transfers)))

    async def _made(self, invoice: FreightInvoice, transfers: list[int]) -> int | None:
        """The cost made for these goods; looked for by its goods, because only who may see costs may ask for their external ids."""
        name = await self._name("landed", invoice, transfers)
        near = await self._client.call("stock.landed.cost", "search", domain=[["picking_ids", "in", transfers]])
        known = await self._client.external_ids("stock.landed.cost", near)
        return next((id_ for id_, xid in known.items() if xid == name), None)

    async def _load(self, command: Command, invoice: FreightInvoice, transfers: list[int], amount: Money) -> int:
        await refuse_foreign(self._data, amount, f"freight invoice {invoice.number}")
        await refuse_closed(self._client, invoice.issue_date, f"freight invoice {invoice.number}")
        await self._refuse_others(transfers)
        options = self._client.options
        sku = options.charge_sku or options.freight_sku
        if not sku:
            raise TargetRefused("freight is spread under the product of the option `charge_sku`, and there is none")
        item = (await self._catalogue.require([sku]))[sku]
        row = [
            await self._name("landed", invoice, transfers),
            invoice.issue_date.isoformat(),
            ",".join(map(str, transfers)),
            str(command.data.get("bill_id") or ""),
            await self._name("landed_line", invoice, transfers),
            str(item.id),
            f"{invoice.carrier} {invoice.number}",
            number(amount.amount),
            options.landed_cost_split,
        ]
        (id_,) = await self._loader.load("stock.landed.cost", _COLUMNS, [row])
        return id_

    async def _refuse_others(self, transfers: list[int]) -> None:
        """Raise for transfers that brought no goods: the cost of what left is not raised by the freight of its delivery."""
        rows = await self._client.read("stock.picking", transfers, ["name", "state", "picking_type_code"])
        waiting = [str(id_) for id_ in transfers if id_ not in rows or rows[id_]["state"] != "done"]
        if waiting:
            raise TargetRefused(
                f"transfers {', '.join(waiting)} are not done in Odoo: nothing to spread freight over", transfers=waiting
            )
        left = [text(row["name"]) for row in rows.values() if row["picking_type_code"] != "incoming"]
        if left:
            raise TargetRefused(f"{', '.join(left)} brought no goods: freight is spread over receipts only", transfers=left)

    async def _press(self, id_: int) -> Row:
        """Compute, validate, and believe only what is read afterwards."""
        button = await pressed(self._client, "stock.landed.cost", "compute_landed_cost", [id_])
        if button.trouble is None:
            button = await pressed(self._client, "stock.landed.cost", "button_validate", [id_])
        row = await self._client.read_one("stock.landed.cost", id_, _COST)
        if row["state"] != "done":
            raise button.failure("Odoo answered but did not spread the freight", landed_cost_id=str(id_))
        return row

    def _ack(self, row: Row) -> dict[str, Any]:
        return {
            "landed_cost_id": str(row["id"]),
            "landed_cost_number": text(row["name"]),
            "state": row["state"],
            "references": [[f"{self._system}:landed_cost_id", str(row["id"])]],
        }


def _given(command: Command) -> tuple[FreightInvoice, list[int], Money]:
    invoice = canonical(FreightInvoice, command.data.get("freight_invoice"))
    transfers = sorted({int(id_) for id_ in command.data.get("transfers") or () if str(id_).isdigit()})
    if not transfers:
        raise SchemaInvalid(
            "the landed cost has no goods", fields=[{"field": "transfers", "problem": "names no transfer of Odoo"}]
        )
    return invoice, transfers, canonical(Money, command.data.get("amount"))
