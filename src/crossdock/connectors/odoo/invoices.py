"""invoice.create and invoice.charge: a customer's invoice as a draft, once, of what was delivered; a cost charged on is a paper of its own.

Odoo's own button ("Create Invoice") makes what is left at that moment and cannot be repeated safely. So the draft is loaded under the hub's
external id, its lines linked to the order's, which makes Odoo count them as invoiced like its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from typing import Any

from crossdock.canonical.customer_invoice import InvoiceRequest
from crossdock.connectors.odoo.catalogue import Catalogue
from crossdock.connectors.odoo.client import OdooClient
from crossdock.connectors.odoo.paper_rows import Paper, PaperLine, price_of
from crossdock.connectors.odoo.papers import KINDS, Papers, request_of
from crossdock.connectors.odoo.sold_lines import Sold, SoldLine, SoldLines
from crossdock.connectors.odoo.values import label, number, related, text
from crossdock.core.commands import Command
from crossdock.core.errors import InvoiceAboveDelivery, NothingToInvoice, TargetRefused
from crossdock.core.outcomes import Accepted


class Invoicing:
    """Makes customers' invoices."""

    def __init__(self, client: OdooClient, papers: Papers, sold: SoldLines, catalogue: Catalogue) -> None:
        self._client = client
        self._papers = papers
        self._sold = sold
        self._catalogue = catalogue

    async def create(self, command: Command) -> Accepted:
        """Carry out `invoice.create`. Raises outcome errors."""
        return await self._make(command, charged=False)

    async def charge(self, command: Command) -> Accepted:
        """Carry out `invoice.charge`. Raises outcome errors."""
        return await self._make(command, charged=True)

    async def find(self, command: Command) -> Mapping[str, Any] | None:
        """The acknowledgement when the invoice exists, None when it does not."""
        return await self._papers.found(request_of(command, "invoice"))

    async def _make(self, command: Command, *, charged: bool) -> Accepted:
        request = request_of(command, "invoice")
        return await self._papers.create(request, partial(self._plan, command, request, charged))

    async def _plan(self, command: Command, request: InvoiceRequest, charged: bool) -> Paper:
        sold = await self._sold.of(command, request.order_numbers)
        currency = label(sold.orders[0]["currency_id"])
        if currency != request.currency:
            raise TargetRefused(
                f"{sold.names} is in {currency} in Odoo, the invoice is wanted in {request.currency}",
                expected=request.currency,
                found=currency,
            )
        lines = await self._charges(request) if charged else self._lines(request, sold)
        return await self._paper(request, sold, lines, linked=not charged)

    async def _paper(self, request: InvoiceRequest, sold: Sold, lines: list[PaperLine], *, linked: bool) -> Paper:
        first = sold.orders[0]
        refs = dict.fromkeys(ref for order in sold.orders if (ref := text(order["client_order_ref"])))
        return Paper(
            await self._papers.name(request),
            KINDS["invoice"],
            related(first["partner_invoice_id"]) or related(first["partner_id"]) or 0,
            related(first["currency_id"]) or 0,
            sold.names,
            ", ".join(refs) or request.order_number,
            lines,
            related(first["partner_shipping_id"]) or 0,
            related(first["fiscal_position_id"]) or 0,
            related(first["payment_term_id"]) or 0,
            date=request.issue_date.isoformat() if request.issue_date else "",
            reference=request.reference,
            linked=linked,
        )

    # Lines ---------------------------------------------------------------------------------------------------

    def _lines(self, request: InvoiceRequest, sold: Sold) -> list[PaperLine]:
        if not request.lines:
            left = [line for line in sold.lines if line.left > 0]
            if not any(line.goods for line in left) and any(line.goods for line in sold.lines):
                raise NothingToInvoice(f"nothing of {sold.names} is delivered and not yet invoiced", orders=sold.names)
            if not left:
                raise NothingToInvoice(f"{sold.names} is invoiced completely", orders=sold.names)
            return [
                _line(line, line.left, Decimal(str(line.row["price_unit"])), Decimal(str(line.row["discount"]))) for line in left
            ]
        made, taken = [], dict[int, Decimal]()
        for wish in request.lines:
            line = sold.line(wish.order_line, wish.sku, wish.kind, wish.order_number)
            if line.unit and wish.quantity.unit != line.unit:
                raise TargetRefused(
                    f"{line.sku} is sold in {line.unit} in Odoo and wanted in {wish.quantity.unit}", sku=line.sku, unit=line.unit
                )
            taken[line.id] = taken.get(line.id, Decimal(0)) + wish.quantity.value
            if taken[line.id] > line.left:
                raise InvoiceAboveDelivery(
                    f"{sold.names}: {number(taken[line.id])} of {line.sku or wish.kind} wanted on the invoice, "
                    f"{number(max(line.left, Decimal(0)))} delivered and not yet invoiced",
                    sku=line.sku,
                    order_line=wish.order_line,
                    wanted=number(taken[line.id]),
                    delivered=number(line.delivered),
                    invoiced=str(line.row["qty_invoiced"]),
                )
            made.append(_line(line, wish.quantity.value, *price_of(wish, line.row)))
        return made

    async def _charges(self, request: InvoiceRequest) -> list[PaperLine]:
        """Costs charged on: lines of their own under the freight product, whose taxes Odoo decides."""
        sku = self._client.options.freight_sku
        if not sku or not request.lines:
            raise TargetRefused(
                "a cost is charged under the product of the option `freight_sku`, and no line or no such product is given",
                sku=sku,
            )
        item = (await self._catalogue.require([sku]))[sku]
        unpriced = [line for line in request.lines if line.amount is None]
        if unpriced:
            raise TargetRefused("a charge needs its amount: Odoo has no price for it", lines=len(unpriced))
        return [
            PaperLine(item.id, line.description or item.name, line.quantity.value, item.uom, price_of(line, {})[0])
            for line in request.lines
        ]


def _line(line: SoldLine, quantity: Decimal, price: Decimal, discount: Decimal) -> PaperLine:
    row = line.row
    return PaperLine(
        related(row["product_id"]),
        text(row["name"]),
        quantity,
        related(row["product_uom_id"]),
        price,
        discount,
        tuple(int(tax) for tax in row["tax_ids"]),
        (line.id,),
    )
