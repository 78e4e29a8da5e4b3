"""bill.create: a supplier's invoice or credit note as a draft in Odoo, once, its lines linked to what was ordered.

Odoo compares nothing: a bill may have any price and quantity, the same paper may be entered twice. So the totals are compared with the
paper's and what differs is told; a number this vendor's papers already carry is refused. Nobody but a person posts the draft.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from crossdock.canonical.freight import FreightInvoice
from crossdock.canonical.invoice import Invoice, InvoiceLine
from crossdock.connectors.odoo.bill_rows import (
    COLUMNS,
    BillLine,
    BillPlan,
    bill_name,
    charge_line,
    differences,
    price_and_quantity,
    rows,
)
from crossdock.connectors.odoo.catalogue import Catalogue
from crossdock.connectors.odoo.chatter import Chatter
from crossdock.connectors.odoo.client import OdooClient, Row, exact
from crossdock.connectors.odoo.external_ids import ExternalIds
from crossdock.connectors.odoo.freight_bills import as_invoice, carrier
from crossdock.connectors.odoo.load import Loader
from crossdock.connectors.odoo.master_data import MasterData
from crossdock.connectors.odoo.purchase_taxes import PurchaseTaxes
from crossdock.connectors.odoo.subject import purchase_id
from crossdock.connectors.odoo.values import canonical, number, related, text
from crossdock.core.commands import Command
from crossdock.core.errors import TargetRefused
from crossdock.core.outcomes import Accepted

_ORDER: Final = ("name", "state", "partner_id", "order_line")
_ORDERED: Final = ("product_id", "product_uom_id", "tax_ids", "display_type")
_BILL: Final = ("name", "state", "ref", "move_type", "currency_id", "amount_untaxed", "amount_tax", "amount_total")


class BillCreation:
    """Creates vendor bills."""

    def __init__(
        self, client: OdooClient, loader: Loader, catalogue: Catalogue, data: MasterData, chatter: Chatter, system: str
    ) -> None:
        self._client = client
        self._loader = loader
        self._chatter = chatter
        self._catalogue = catalogue
        self._data = data
        self._system = system
        self._taxes = PurchaseTaxes(client)

    async def create(self, command: Command) -> Accepted:
        """Carry out `bill.create`. Raises outcome errors."""
        invoice, order, ids = await self._given(command)
        there = await self._made(ids, invoice, order)
        if there is not None:
            await self._same(ids, invoice, order, there)
            await self._explain(there, invoice, command)
            return Accepted(await self._ack(there, invoice), repeated=True)
        await self._refuse_twin(invoice, order)
        plan = await self._plan(invoice, order)
        (bill,) = await self._loader.load("account.move", COLUMNS, rows(ids, plan))
        await self._explain(bill, invoice, command)
        return Accepted(await self._ack(bill, invoice))

    async def find(self, command: Command) -> Mapping[str, Any] | None:
        """The acknowledgement when the bill exists, None when it does not."""
        invoice, order, ids = await self._given(command)
        there = await self._made(ids, invoice, order)
        return None if there is None else await self._ack(there, invoice)

    async def _explain(self, bill: int, invoice: Invoice, command: Command) -> None:
        """Write the arithmetic of the match into the bill's history, for whoever posts it."""
        words = str(command.data.get("matched") or "")
        if words:
            await self._chatter.note("account.move", bill, words, "bill", str(bill), invoice.number)

    # What there is -------------------------------------------------------------------------------------------

    async def _given(self, command: Command) -> tuple[Invoice, Row, ExternalIds]:
        if command.data.get("freight_invoice"):
            freight = canonical(FreightInvoice, command.data["freight_invoice"])
            invoice, order = as_invoice(freight), await carrier(self._client, freight)
            return invoice, order, ExternalIds(self._client.options.xid_prefix, await self._client.company())
        invoice = canonical(Invoice, command.data.get("invoice"))
        order = await self._client.read_one("purchase.order", purchase_id(command), _ORDER)
        return invoice, order, ExternalIds(self._client.options.xid_prefix, await self._client.company())

    async def _made(self, ids: ExternalIds, invoice: Invoice, order: Row) -> int | None:
        kind = _kind(invoice)
        xid = bill_name(ids, related(order["partner_id"]) or 0, kind, invoice.number)
        return await self._client.find(xid, "account.move", [["ref", "=", invoice.number], ["move_type", "=", kind]])

    async def _same(self, ids: ExternalIds, invoice: Invoice, order: Row, there: int) -> None:
        """Raise `TargetRefused` when the bill that exists was made of a paper with other content under the same number."""
        plan = await self._plan(invoice, order)
        made = await self._client.search_read(
            "account.move.line", [["move_id", "=", there], ["display_type", "=", "product"]], ["quantity"]
        )
        known = await self._client.external_ids("account.move.line", [row["id"] for row in made])
        stem = rows(ids, plan)[0][len(COLUMNS) - 8].rpartition("/")[0]
        here = {
            known[row["id"]].rpartition("/")[2]: exact(row["quantity"])
            for row in made
            if known.get(row["id"], "").startswith(stem)
        }
        wanted = {
            row[len(COLUMNS) - 8].rpartition("/")[2]: line.quantity for row, line in zip(rows(ids, plan), plan.lines, strict=True)
        }
        if any(name in wanted and wanted[name] != quantity for name, quantity in here.items()) or set(here) - set(wanted):
            raise TargetRefused(
                f"bill {there} of {invoice.number} was made of a paper with other lines; correct it in Odoo, or delete the draft",
                bill_id=str(there),
                ref=invoice.number,
            )

    async def _refuse_twin(self, invoice: Invoice, order: Row) -> None:
        """Odoo lets the same paper be billed twice; whoever entered it by hand was first."""
        partner = await self._client.read_one("res.partner", related(order["partner_id"]) or 0, ["commercial_partner_id"])
        vendor = related(partner["commercial_partner_id"])
        domain = [
            ["commercial_partner_id", "=", vendor],
            ["ref", "=ilike", invoice.number],
            ["move_type", "=", _kind(invoice)],
            ["state", "!=", "cancel"],
        ]
        found = await self._client.search_read("account.move", domain, _BILL)
        twins = [row for row in found if text(row["ref"]).strip().casefold() == invoice.number.strip().casefold()]
        if twins:
            named = ", ".join(f"{text(row['name']) or 'draft'} (id {row['id']})" for row in twins)
            raise TargetRefused(
                f"{label_of(order)} has a bill with the number {invoice.number} in Odoo already: {named}",
                duplicate=True,
                ref=invoice.number,
                bills=[row["id"] for row in twins],
            )

    # What is written -----------------------------------------------------------------------------------------

    async def _plan(self, invoice: Invoice, order: Row) -> BillPlan:
        ordered = await self._client.read("purchase.order.line", order["order_line"], _ORDERED)
        bought = {id_: row for id_, row in ordered.items() if row["product_id"]}
        skus = await self._skus(bought)
        units = await self._data.unit_codes(
            unit for row in bought.values() if (unit := related(row["product_uom_id"])) is not None
        )
        freight = await self._charged() if not order["order_line"] else None
        lines = []
        for line in invoice.lines:
            row = self._ordered(line, bought, skus)
            taxes = await self._taxes.find(
                line.tax_percent, line.tax_category, [int(tax) for tax in row["tax_ids"]] if row else [], invoice
            )
            price, quantity = price_and_quantity(line)
            unit = None
            if row is not None:
                same = units.get(related(row["product_uom_id"]) or 0) in (line.quantity.unit, "")
                unit = related(row["product_uom_id"]) if same else await self._data.unit(line.quantity.unit)
            lines.append(
                BillLine(
                    line.number,
                    line.name or line.description or line.sku or line.supplier_sku or f"Line {line.number}",
                    quantity,
                    price,
                    related(row["product_id"]) if row else freight,
                    unit,
                    taxes,
                    row["id"] if row else None,
                )
            )
        lines += await self._charges(invoice)
        currency = await self._currency(invoice.currency)
        return BillPlan(invoice, related(order["partner_id"]) or 0, currency, text(order["name"]), lines)

    async def _charges(self, invoice: Invoice) -> list[BillLine]:
        product = await self._charged() if any(a.charge for a in invoice.allowances) else None
        return [
            charge_line(at, each, await self._taxes.find(each.tax_percent, each.tax_category, (), invoice), product)
            for at, each in enumerate(invoice.allowances, 1)
        ]

    async def _charged(self) -> int | None:
        """The product of freight and other charges, None when the landscape names none."""
        sku = self._client.options.charge_sku
        return (await self._catalogue.require([sku]))[sku].id if sku else None

    def _ordered(self, line: InvoiceLine, bought: Mapping[int, Row], skus: Mapping[int, str]) -> Row | None:
        """The purchase order line an invoice line bills: the one it names, or the only one of its product."""
        if line.order_line.isascii() and line.order_line.isdigit() and int(line.order_line) in bought:
            return bought[int(line.order_line)]
        same = [row for id_, row in bought.items() if line.sku and skus.get(id_) == line.sku]
        return same[0] if len(same) == 1 else None

    async def _skus(self, bought: Mapping[int, Row]) -> dict[int, str]:
        fields = self._client.options.sku_fields
        products = await self._client.read(
            "product.product", sorted({related(row["product_id"]) or 0 for row in bought.values()}), fields
        )
        return {
            id_: next((text(product[name]) for name in fields if product[name]), "")
            for id_, row in bought.items()
            if (product := products.get(related(row["product_id"]) or 0)) is not None
        }

    async def _currency(self, code: str) -> int:
        found: Sequence[Row] = await self._client.search_read("res.currency", [["name", "=", code]], ["name"])
        if not found:
            raise TargetRefused(f"the currency {code} is not active in Odoo", currency=code)
        return int(found[0]["id"])

    # What is said --------------------------------------------------------------------------------------------

    async def _ack(self, bill: int, invoice: Invoice) -> dict[str, Any]:
        head = await self._client.read_one("account.move", bill, _BILL)
        unit = await self._data.rounding(invoice.currency)
        return {
            "bill_id": str(bill),
            "bill_number": text(head["name"]),
            "total": number(exact(head["amount_total"])),
            "currency": invoice.currency,
            "state": head["state"],
            "discrepancies": differences(invoice, head, unit, self._client.options.tolerance_per_line),
            "references": [[f"{self._system}:bill_id", str(bill)]],
        }


def _kind(invoice: Invoice) -> str:
    return "in_refund" if invoice.kind == "credit_note" else "in_invoice"


def label_of(order: Row) -> str:
    """The vendor's name as people read it."""
    return str(order["partner_id"][1]) if isinstance(order["partner_id"], list) else text(order["name"])
