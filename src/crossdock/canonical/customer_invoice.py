"""Invoices and credit notes to customers as the ERP keeps them, and what the hub asks it to make (EN 16931 terms); knows no ERP."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from crossdock.canonical.base import Canonical
from crossdock.canonical.identifiers import Identifier
from crossdock.canonical.party import TradingParty
from crossdock.canonical.purchase_order import DocumentNumber, doubled, foreign
from crossdock.canonical.values import CurrencyCode, Day, Money, Quantity, UtcTime

Charged = Literal["goods", "freight", "fee", "other"]


class CustomerInvoiceLine(Canonical):
    """One invoiced item (EN 16931 BG-25) as the ERP wrote it; `order_line` is the sales order's line number (BT-132)."""

    schema_name = "customer_invoice_line"

    number: Annotated[str, Field(min_length=1, max_length=64)]
    order_line: str = ""
    sku: str = ""
    name: str = ""
    kind: Charged = "goods"
    quantity: Quantity
    unit_price: Money | None = None
    net_amount: Money
    tax: Money | None = None


class CustomerInvoice(Canonical):
    """Payload of `customer_invoice.created`, `.posted`, `.paid` and `.cancelled`: the paper as the ERP has it at `at`, whole.

    `number` is BT-1 and empty while the ERP gives drafts none; `erp_id` is always there. `amount` is BT-112 (with tax) and above zero or
    zero in both kinds; `residual` is what is still open of it. `reference` is the structured payment reference (BT-83; ISO 11649 RF or
    national). A credit note names the invoice it takes back in `reversed_number` (BT-25). `wish` is the hub's own id of the request it
    came from, empty when people made it.
    """

    schema_name = "customer_invoice"

    number: Annotated[str, Field(max_length=64)] = ""
    erp_id: Annotated[str, Field(min_length=1, max_length=64)]
    wish: str = ""
    kind: Literal["invoice", "credit_note"] = "invoice"
    order_number: str = ""
    order_numbers: tuple[str, ...] = ()
    return_number: str = ""
    state: Literal["draft", "posted", "cancelled"]
    payment_state: Literal["not_paid", "in_payment", "partial", "paid", "reversed"] = "not_paid"
    customer: TradingParty | None = None
    issue_date: Day | None = None
    due_date: Day | None = None
    currency: CurrencyCode
    lines: tuple[CustomerInvoiceLine, ...] = ()
    tax_exclusive: Money | None = None
    tax_total: Money | None = None
    amount: Money
    residual: Money
    reference: str = ""
    reversed_number: str = ""
    company: str = ""
    at: UtcTime
    identifiers: tuple[Identifier, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> CustomerInvoice:
        faults = doubled([line.number for line in self.lines])
        amounts = [(f"line {line.number}", line.net_amount) for line in self.lines]
        amounts += [("amount", self.amount), ("residual", self.residual)]
        amounts += [
            (name, money) for name, money in (("tax_exclusive", self.tax_exclusive), ("tax_total", self.tax_total)) if money
        ]
        faults += foreign(amounts, self.currency)
        if self.amount.amount < 0:
            faults.append(f"an amount of {self.amount.amount} is below zero; a credit note says so by its kind")
        if self.state == "posted" and not self.number:
            faults.append("it is posted and has no number")
        if self.state == "posted" and self.issue_date is None:
            faults.append("it is posted and has no date")
        if faults:
            raise ValueError("; ".join(faults))
        return self


class InvoiceRequestLine(Canonical):
    """What to invoice or take back of one order line. Without `amount` the ERP takes its own price; with it, exactly this net amount.

    `order_number` says which order's line it is where several orders share a paper.
    """

    schema_name = "invoice_request_line"
    schema_version = "1.1"

    order_number: str = ""
    order_line: str = ""
    sku: str = ""
    description: str = ""
    kind: Charged = "goods"
    quantity: Quantity
    amount: Money | None = None

    @model_validator(mode="after")
    def _sound(self) -> InvoiceRequestLine:
        if self.quantity.value <= 0:
            raise ValueError(f"line {self.order_line or self.sku}: quantity {self.quantity.value} is not above zero")
        if self.amount is not None and self.amount.amount < 0:
            raise ValueError(
                f"line {self.order_line or self.sku}: {self.amount.amount} is below zero; take back with a credit note"
            )
        return self


class InvoiceRequest(Canonical):
    """What `invoice.create`, `credit_note.create` and `invoice.charge` carry to the ERP; payload of `invoice.wanted`. `number` is the hub's own id of the request and
    unique for ever: under it the ERP makes one paper and no second.

    `total` (with tax) is what the paper must come to; the connector answers a difference as a discrepancy. No `lines` means everything of
    the order (invoice) or of `reverses` (credit note) that is not yet invoiced or taken back. `reverses` is the number of the invoice.
    """

    schema_name = "invoice_request"
    schema_version = "1.1"

    number: DocumentNumber
    kind: Literal["invoice", "credit_note"] = "invoice"
    order_number: DocumentNumber
    order_numbers: tuple[str, ...] = ()
    return_number: str = ""
    reverses: str = ""
    issue_date: Day | None = None
    currency: CurrencyCode
    lines: tuple[InvoiceRequestLine, ...] = ()
    total: Money | None = None
    reference: str = ""
    reason: str = ""
    post: bool = False

    @model_validator(mode="after")
    def _consistent(self) -> InvoiceRequest:
        amounts = [(f"line {line.order_line or line.sku}", line.amount) for line in self.lines if line.amount is not None]
        amounts += [("total", self.total)] if self.total is not None else []
        if faults := foreign(amounts, self.currency):
            raise ValueError("; ".join(faults))
        return self


class CollectedInvoice(Canonical):
    """Payload of `invoice.collected`: what became of an order's share of an invoice that several orders share.

    `request` is the share's own number (`invoice_request`), `collected_as` the hub's id of the shared paper. `number` and `erp_id` are the ERP's
    and may be empty before it is posted; `total` (with tax) is the whole paper's, `lines` are the share's.
    """

    schema_name = "collected_invoice"

    request: DocumentNumber
    collected_as: DocumentNumber
    order_number: str = ""
    state: Literal["posted", "paid", "given_up"]
    number: Annotated[str, Field(max_length=64)] = ""
    erp_id: str = ""
    total: Money | None = None
    lines: tuple[InvoiceRequestLine, ...] = ()
    at: UtcTime
