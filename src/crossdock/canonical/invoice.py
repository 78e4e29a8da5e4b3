"""Invoices and credit notes with the semantics of EN 16931 (UBL Invoice and CreditNote); knows no system.

Every field says its business term (BT) or group (BG) in EN 16931-1. Amounts of a credit note are positive; `kind` says which way they count.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from crossdock.canonical.base import Canonical
from crossdock.canonical.identifiers import Identifier
from crossdock.canonical.party import TradingParty
from crossdock.canonical.product import TradedItem
from crossdock.canonical.purchase_order import AllowanceCharge, DocumentNumber, doubled, foreign
from crossdock.canonical.values import CurrencyCode, Day, ExactDecimal, Money, Quantity


class TaxBreakdown(Canonical):
    """The tax of one category and rate (BG-23): `taxable` BT-116, `tax` BT-117, `category` BT-118 (UNTDID 5305), `percent` BT-119,
    `exemption_reason` BT-120, `exemption_code` BT-121 (VATEX)."""

    schema_name = "tax_breakdown"

    category: str = "S"
    percent: ExactDecimal | None = None
    taxable: Money
    tax: Money
    exemption_reason: str = ""
    exemption_code: str = ""


class InvoiceLine(TradedItem):
    """One invoiced item (BG-25).

    `number` BT-126, `note` BT-127, `quantity` BT-129 in unit BT-130, `net_amount` BT-131, `order_line` BT-132 (with `order_number` where one
    invoice covers several orders, UBL cac:OrderLineReference), `unit_price` BT-146 for `price_base` BT-149, `gross_price` BT-148,
    `tax_category` BT-151, `tax_percent` BT-152, `allowances` BG-27 and BG-28, `period_start` BT-134, `period_end` BT-135.
    A quantity below zero takes back what another line invoices.
    """

    schema_name = "invoice_line"

    number: Annotated[str, Field(min_length=1, max_length=64)]
    order_number: str = ""
    order_line: str = ""
    despatch_number: str = ""
    despatch_line: str = ""
    quantity: Quantity
    unit_price: Money
    price_base: ExactDecimal | None = None
    gross_price: Money | None = None
    net_amount: Money
    allowances: tuple[AllowanceCharge, ...] = ()
    tax_category: str = ""
    tax_percent: ExactDecimal | None = None
    period_start: Day | None = None
    period_end: Day | None = None
    note: str = ""

    @model_validator(mode="after")
    def _sound(self) -> InvoiceLine:
        if self.price_base is not None and self.price_base <= 0:
            raise ValueError(f"line {self.number}: a price for {self.price_base} units is no price")
        return self


TOTALS: Final = (
    "line_total",
    "allowance_total",
    "charge_total",
    "tax_exclusive",
    "tax_total",
    "tax_inclusive",
    "prepaid",
    "rounding",
    "payable",
)
"""The fields of an invoice that are totals of it."""


class Invoice(Canonical):
    """Payload of `supplier_invoice.received`, and what `bill.create` and `invoice.send` carry.

    `number` BT-1, `issue_date` BT-2, `kind` and `type_code` BT-3 (UNTDID 1001: 380 invoice, 381 credit note, 384 corrected invoice),
    `currency` BT-5, `tax_currency` BT-6 with `tax_total_in_tax_currency` BT-111, `tax_point_date` BT-7, `due_date` BT-9,
    `buyer_reference` BT-10, `contract` BT-12, `order_number` BT-13, `supplier_order_number` BT-14, `receipt_number` BT-15,
    `despatch_number` BT-16, `payment_terms` BT-20, `note` BT-22, `preceding_number` BT-25 with `preceding_date` BT-26, `seller` BG-4,
    `buyer` BG-7, `payee` BG-10, `ship_to` BG-13, `delivery_date` BT-72, `payment_means` BT-81, `remittance` BT-83, `iban` BT-84, `bic` BT-86,
    `allowances` BG-20 and BG-21, `line_total` BT-106, `allowance_total` BT-107, `charge_total` BT-108, `tax_exclusive` BT-109,
    `tax_total` BT-110, `tax_inclusive` BT-112, `prepaid` BT-113, `rounding` BT-114, `payable` BT-115, `taxes` BG-23, `lines` BG-25.
    Totals that a document does not state are absent, never computed. `purpose` says whether this is a new version of an invoice already sent
    under this number (EDIFACT BGM 1225 `5`, X12 BIG08 `05`), or takes it back.
    """

    schema_name = "invoice"

    number: DocumentNumber
    kind: Literal["invoice", "credit_note"] = "invoice"
    type_code: str = "380"
    purpose: Literal["original", "replacement", "cancellation"] = "original"
    issue_date: Day
    due_date: Day | None = None
    tax_point_date: Day | None = None
    delivery_date: Day | None = None
    currency: CurrencyCode
    tax_currency: CurrencyCode | None = None
    buyer_reference: str = ""
    order_number: str = ""
    supplier_order_number: str = ""
    contract: str = ""
    despatch_number: str = ""
    receipt_number: str = ""
    preceding_number: str = ""
    preceding_date: Day | None = None
    seller: TradingParty
    buyer: TradingParty | None = None
    payee: TradingParty | None = None
    ship_to: TradingParty | None = None
    payment_terms: str = ""
    payment_means: str = ""
    remittance: str = ""
    iban: str = ""
    bic: str = ""
    lines: Annotated[tuple[InvoiceLine, ...], Field(min_length=1)]
    allowances: tuple[AllowanceCharge, ...] = ()
    taxes: tuple[TaxBreakdown, ...] = ()
    line_total: Money | None = None
    allowance_total: Money | None = None
    charge_total: Money | None = None
    tax_exclusive: Money | None = None
    tax_total: Money | None = None
    tax_total_in_tax_currency: Money | None = None
    tax_inclusive: Money | None = None
    prepaid: Money | None = None
    rounding: Money | None = None
    payable: Money
    note: str = ""
    identifiers: tuple[Identifier, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Invoice:
        faults = doubled([line.number for line in self.lines])
        amounts = [(f"line {line.number}", each) for line in self.lines for each in (line.unit_price, line.net_amount)]
        amounts += [(f"line {line.number}", each.amount) for line in self.lines for each in line.allowances]
        amounts += [("an allowance or charge", each.amount) for each in self.allowances]
        amounts += [("a tax", each) for tax in self.taxes for each in (tax.taxable, tax.tax)]
        names = (
            "line_total", "allowance_total", "charge_total", "tax_exclusive", "tax_total", "tax_inclusive", "prepaid", "rounding", "payable",
        )  # fmt: skip
        amounts += [(name, found) for name in names if (found := getattr(self, name)) is not None]
        faults += foreign(amounts, self.currency)
        if faults:
            raise ValueError("; ".join(faults))
        return self
