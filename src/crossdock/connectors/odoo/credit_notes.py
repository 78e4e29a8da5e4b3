"""credit_note.create: what came back, taken back from the invoice it was on, as a draft, once.

Odoo's own button makes another credit note over the full amount at every press. So the draft is loaded under the hub's external id, names the
invoice it reverses (Odoo settles the two when it is posted), and takes no more than the invoice has left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any, Final

from crossdock.canonical.customer_invoice import InvoiceRequest, InvoiceRequestLine
from crossdock.connectors.odoo.client import OdooClient, Row, exact
from crossdock.connectors.odoo.paper_rows import Paper, PaperLine, price_of
from crossdock.connectors.odoo.papers import KINDS, Papers, request_of
from crossdock.connectors.odoo.sold_lines import Sold, SoldLines
from crossdock.connectors.odoo.values import label, number, related, text
from crossdock.core.commands import Command
from crossdock.core.errors import CreditAboveInvoice, NothingToInvoice, TargetRefused
from crossdock.core.outcomes import Accepted

_HEAD: Final = (
    "name",
    "state",
    "partner_id",
    "partner_shipping_id",
    "currency_id",
    "fiscal_position_id",
    "amount_untaxed",
    "invoice_origin",
)
_LINE: Final = (
    "move_id",
    "product_id",
    "name",
    "quantity",
    "product_uom_id",
    "price_unit",
    "discount",
    "tax_ids",
    "sale_line_ids",
    "price_subtotal",
)


@dataclass(slots=True)
class Invoice:
    """A posted invoice with its lines and what credit notes took back of them already (drafts count)."""

    head: Row
    lines: Sequence[Row]
    taken: dict[int, Decimal] = field(default_factory=dict)
    net_taken: Decimal = Decimal(0)

    def left(self, line: Row) -> Decimal:
        """What of a line is not taken back yet."""
        return exact(line["quantity"]) - self.taken.get(_sold(line) or -int(line["id"]), Decimal(0))

    def of(self, sold: int) -> Row | None:
        """The line that stands for an order's line."""
        return next((line for line in self.lines if _sold(line) == sold), None)


class CreditNotes:
    """Makes credit notes."""

    def __init__(self, client: OdooClient, papers: Papers, sold: SoldLines) -> None:
        self._client = client
        self._papers = papers
        self._sold = sold

    async def create(self, command: Command) -> Accepted:
        """Carry out `credit_note.create`. Raises outcome errors."""
        request = request_of(command, "credit_note")
        return await self._papers.create(request, partial(self._plan, command, request))

    async def _plan(self, command: Command, request: InvoiceRequest) -> Paper:
        sold = await self._sold.of(command)
        invoice = await self._invoice(request, sold)
        lines = _lines(request, sold, invoice)
        _refuse_too_much(request, invoice, lines)
        return await self._paper(request, invoice, lines)

    async def find(self, command: Command) -> Mapping[str, Any] | None:
        """The acknowledgement when the credit note exists, None when it does not."""
        return await self._papers.found(request_of(command, "credit_note"))

    # What there is -------------------------------------------------------------------------------------------

    async def _invoice(self, request: InvoiceRequest, sold: Sold) -> Invoice:
        """The invoice the request names, else the oldest of the order that has left what is wanted."""
        known = await self._invoices(sold)
        if request.reverses:
            known = [one for one in known if text(one.head["name"]) == request.reverses]
        else:
            known = [one for one in known if _suffices(request, sold, one)] or known[:1]
        if not known:
            raise TargetRefused(
                f"Odoo has no posted invoice {request.reverses or 'of ' + sold.names} to take back from",
                reverses=request.reverses,
            )
        found = known[0]
        currency = label(found.head["currency_id"])
        if currency != request.currency:
            raise TargetRefused(
                f"{text(found.head['name'])} is in {currency}, the credit note is wanted in {request.currency}",
                expected=request.currency,
                found=currency,
            )
        return found

    async def _invoices(self, sold: Sold) -> list[Invoice]:
        domain = [
            ["line_ids.sale_line_ids", "in", [line.id for line in sold.lines]],
            ["move_type", "=", KINDS["invoice"]],
            ["state", "=", "posted"],
        ]
        heads = {row["id"]: row for row in await self._client.search_read("account.move", domain, _HEAD)}
        reversals = await self._client.search_read(
            "account.move",
            [["reversed_entry_id", "in", list(heads)], ["state", "!=", "cancel"]],
            ["reversed_entry_id", "amount_untaxed"],
        )
        papers = [*heads, *(row["id"] for row in reversals)]
        rows = await self._client.search_read(
            "account.move.line", [["move_id", "in", papers], ["display_type", "=", "product"]], _LINE
        )
        found = {id_: Invoice(head, [row for row in rows if related(row["move_id"]) == id_]) for id_, head in heads.items()}
        for note in reversals:
            invoice = found[related(note["reversed_entry_id"]) or 0]
            invoice.net_taken += exact(note["amount_untaxed"])
            for row in rows:
                if related(row["move_id"]) == note["id"] and (sale := _sold(row)) is not None:
                    invoice.taken[sale] = invoice.taken.get(sale, Decimal(0)) + exact(row["quantity"])
        return list(found.values())

    # What is written -----------------------------------------------------------------------------------------

    async def _paper(self, request: InvoiceRequest, invoice: Invoice, lines: Sequence[PaperLine]) -> Paper:
        head = invoice.head
        why = ", ".join(part for part in (request.return_number, request.reason) if part)
        return Paper(
            await self._papers.name(request),
            KINDS["credit_note"],
            related(head["partner_id"]) or 0,
            related(head["currency_id"]) or 0,
            text(head["invoice_origin"]),
            f"Reversal of: {text(head['name'])}" + (f", {why}" if why else ""),
            lines,
            related(head["partner_shipping_id"]) or 0,
            related(head["fiscal_position_id"]) or 0,
            reverses=head["id"],
            date=request.issue_date.isoformat() if request.issue_date else "",
            reference=request.reference,
        )


def _sold(line: Row) -> int | None:
    """The sales order line an invoice's line stands for."""
    return int(line["sale_line_ids"][0]) if line["sale_line_ids"] else None


def _suffices(request: InvoiceRequest, sold: Sold, invoice: Invoice) -> bool:
    wanted = [wish for wish in request.lines if wish.order_line or wish.sku]
    found = [(wish, invoice.of(sold.line(wish.order_line, wish.sku, wish.kind).id)) for wish in wanted]
    return all(line is not None and invoice.left(line) >= wish.quantity.value for wish, line in found)


def _lines(request: InvoiceRequest, sold: Sold, invoice: Invoice) -> list[PaperLine]:
    if not request.lines:
        left = [line for line in invoice.lines if invoice.left(line) > 0]
        if not left:
            raise NothingToInvoice(f"{text(invoice.head['name'])} is taken back completely", reverses=text(invoice.head["name"]))
        return [_line(line, invoice.left(line), exact(line["price_unit"]), exact(line["discount"])) for line in left]
    made, taken = [], dict[int, Decimal]()
    for wish in request.lines:
        if not (wish.order_line or wish.sku or wish.kind == "freight"):
            made.append(_allowance(wish, invoice))
            continue
        line = invoice.of(sold.line(wish.order_line, wish.sku, wish.kind).id)
        name = wish.sku or wish.order_line or wish.kind
        if line is None:
            raise CreditAboveInvoice(
                f"{name} is not on {text(invoice.head['name'])}", sku=wish.sku, order_line=wish.order_line, left="0"
            )
        taken[line["id"]] = taken.get(line["id"], Decimal(0)) + wish.quantity.value
        if taken[line["id"]] > invoice.left(line):
            raise CreditAboveInvoice(
                f"{number(taken[line['id']])} of {name} to credit, {text(invoice.head['name'])} has "
                f"{number(invoice.left(line))} left",
                sku=wish.sku,
                order_line=wish.order_line,
                wanted=number(taken[line["id"]]),
                left=number(invoice.left(line)),
            )
        made.append(_line(line, wish.quantity.value, *price_of(wish, line)))
    return made


def _allowance(wish: InvoiceRequestLine, invoice: Invoice) -> PaperLine:
    """An amount given back for no line in particular: taxed as the whole invoice is, when all of it is taxed alike."""
    taxes = {tuple(line["tax_ids"]) for line in invoice.lines}
    if wish.amount is None or len(taxes) != 1:
        raise TargetRefused(
            "an amount for no line in particular must be given, and its invoice be taxed alike throughout",
            description=wish.description,
            taxes=[list(each) for each in sorted(taxes)],
        )
    name = wish.description or "Allowance"
    return PaperLine(None, name, wish.quantity.value, None, price_of(wish, {})[0], taxes=next(iter(taxes)))


def _line(line: Row, quantity: Decimal, price: Decimal, discount: Decimal) -> PaperLine:
    return PaperLine(
        related(line["product_id"]),
        text(line["name"]),
        quantity,
        related(line["product_uom_id"]),
        price,
        discount,
        tuple(int(tax) for tax in line["tax_ids"]),
        tuple(int(sold) for sold in line["sale_line_ids"]),
    )


def _refuse_too_much(request: InvoiceRequest, invoice: Invoice, lines: Sequence[PaperLine]) -> None:
    net = sum((line.price * line.quantity * (1 - line.discount / 100) for line in lines), Decimal(0))
    left = exact(invoice.head["amount_untaxed"]) - invoice.net_taken
    if net > left + Decimal("0.005") * len(lines):
        raise CreditAboveInvoice(
            f"{number(net.quantize(Decimal('0.01')))} {request.currency} to credit, {text(invoice.head['name'])} has "
            f"{number(left)} left",
            wanted=number(net.quantize(Decimal("0.01"))),
            left=number(left),
        )
