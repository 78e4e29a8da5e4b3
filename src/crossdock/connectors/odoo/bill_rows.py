"""A supplier's invoice as rows of `account.move/load`, and what Odoo made of it compared with the paper; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from crossdock.canonical.invoice import Invoice, InvoiceLine
from crossdock.canonical.purchase_order import AllowanceCharge
from crossdock.connectors.odoo.external_ids import ExternalIds
from crossdock.connectors.odoo.values import number, places, rounded

Row = Mapping[str, Any]

HEAD: Final = (
    "id",
    "move_type",
    "partner_id/.id",
    "invoice_date",
    "invoice_date_due",
    "ref",
    "currency_id/.id",
    "invoice_origin",
    "payment_reference",
    "narration",
)
LINE: Final = (
    "id",
    "product_id/.id",
    "name",
    "quantity",
    "product_uom_id/.id",
    "price_unit",
    "tax_ids/.id",
    "purchase_line_id/.id",
)
COLUMNS: Final = (*HEAD, *(f"invoice_line_ids/{name}" for name in LINE))
_PLACES: Final = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class BillLine:
    """One line to write: `key` names it in its external id, `bought` is the purchase order line it bills, `taxes` are tax ids."""

    key: str
    name: str
    quantity: Decimal
    price: Decimal
    product: int | None = None
    unit: int | None = None
    taxes: tuple[int, ...] = ()
    bought: int | None = None


@dataclass(frozen=True, slots=True)
class BillPlan:
    """Everything needed to write one bill."""

    invoice: Invoice
    partner: int
    currency: int
    origin: str
    lines: Sequence[BillLine]

    @property
    def kind(self) -> str:
        """Odoo's kind of entry."""
        return "in_refund" if self.invoice.kind == "credit_note" else "in_invoice"


def bill_name(ids: ExternalIds, partner: int, kind: str, number_: str) -> str:
    """The external id of a bill: a vendor gives a number once per kind of paper."""
    return ids.name("bill", str(partner), kind, number_)


def price_and_quantity(line: InvoiceLine) -> tuple[Decimal, Decimal]:
    """The price per unit that gives exactly the line's net amount, allowances included, and the quantity."""
    quantity, net = line.quantity.value, line.net_amount.amount
    if not quantity:
        return net, Decimal(1 if net else 0)
    price = line.unit_price.amount / (line.price_base or 1)
    if (price * quantity - net).copy_abs() < Decimal("0.005"):
        return price.quantize(_PLACES).normalize() + Decimal("0.00"), quantity
    return net / quantity, quantity


def charge_line(at: int, each: AllowanceCharge, taxes: tuple[int, ...], product: int | None) -> BillLine:
    """An allowance or a charge of the whole invoice as a line of its own."""
    amount = each.amount.amount if each.charge else -each.amount.amount
    name = each.reason or ("Charge" if each.charge else "Allowance")
    return BillLine(f"charge-{at}", name, Decimal(1), amount, product if each.charge else None, None, taxes)


def rows(ids: ExternalIds, plan: BillPlan) -> list[list[str]]:
    """The rows of a bill under `COLUMNS`: the first carries the head, the rest only lines."""
    invoice = plan.invoice
    xid = bill_name(ids, plan.partner, plan.kind, invoice.number)
    head = [
        xid,
        plan.kind,
        str(plan.partner),
        invoice.issue_date.isoformat(),
        (invoice.due_date or invoice.issue_date).isoformat(),
        invoice.number,
        str(plan.currency),
        plan.origin,
        invoice.remittance,
        invoice.note,
    ]
    blank = [""] * len(HEAD)
    return [[*(head if at == 0 else blank), *_cells(ids, plan, line)] for at, line in enumerate(plan.lines)]


def _cells(ids: ExternalIds, plan: BillPlan, line: BillLine) -> list[str]:
    return [
        ids.name("bill_line", str(plan.partner), plan.kind, plan.invoice.number, line.key),
        str(line.product or ""),
        line.name,
        number(line.quantity),
        str(line.unit or ""),
        number(line.price),
        ",".join(map(str, line.taxes)),
        str(line.bought or ""),
    ]


def gross(invoice: Invoice) -> Decimal:
    """What the paper says the whole costs with tax (BT-112), or what follows from the amount to pay (BT-115)."""
    if invoice.tax_inclusive is not None:
        return invoice.tax_inclusive.amount
    prepaid = invoice.prepaid.amount if invoice.prepaid else Decimal(0)
    return invoice.payable.amount + prepaid - (invoice.rounding.amount if invoice.rounding else Decimal(0))


def differences(invoice: Invoice, head: Row, unit: Decimal, tolerance: Decimal) -> list[dict[str, str]]:
    """Where Odoo's totals are not the paper's: `unit` is the currency's rounding, `tolerance` how many such units each line may be off."""
    found: list[dict[str, str]] = []
    digits, allowed = places(unit), unit * tolerance * len(invoice.lines)

    def compare(field: str, expected: Decimal | None, there: Any) -> None:
        if expected is not None and abs(expected - rounded(there, digits)) > allowed:
            found.append({"field": field, "expected": number(expected), "found": number(rounded(there, digits))})

    compare("tax_exclusive", invoice.tax_exclusive.amount if invoice.tax_exclusive else None, head["amount_untaxed"])
    compare("tax_total", invoice.tax_total.amount if invoice.tax_total else None, head["amount_tax"])
    compare("total", gross(invoice), head["amount_total"])
    return found
