"""Papers of a supplier made of what was given and of the order as the supplier was told it; each fault is said of its field. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from crossdock.canonical.base import Canonical
from crossdock.canonical.despatch import DespatchAdvice
from crossdock.canonical.gs1 import fault, sscc_of
from crossdock.canonical.invoice import Invoice
from crossdock.canonical.order_response import OrderResponse
from crossdock.canonical.purchase_order import PurchaseOrder, PurchaseOrderLine
from crossdock.canonical.values import Money
from crossdock.connectors.portal.options import PortalOptions
from crossdock.core.errors import Rejected
from crossdock.workbench.portal.given import Answer, InvoiceGiven, Notice

C = TypeVar("C", bound=Canonical)
TOLERANCE: Final = Decimal("0.02")
"""How far the total stated may be from the sum of the lines: rounding, once by line and once by rate."""


class PaperInvalid(Rejected):
    """The paper cannot be sent as it is."""

    code = "portal.paper_invalid"
    hint = "Every field that is wrong is named; correct them and send it again. Nothing was stored."


class Faults:
    """What is wrong, by field (`lines.2.quantity`)."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}

    def add(self, field: str, message: str) -> None:
        """Note a fault; the first of a field is kept."""
        self.found.setdefault(field, message)

    def done(self) -> None:
        """Raise `PaperInvalid` when there is any."""
        if self.found:
            first = next(iter(self.found.items()))
            raise PaperInvalid(f"{first[0]}: {first[1]}", fields=self.found)


def _line(order: PurchaseOrder, number: str, faults: Faults, field: str) -> PurchaseOrderLine | None:
    found = next((line for line in order.lines if line.number == number), None)
    if found is None:
        faults.add(field, f"the order has no line {number!r}")
    elif found.status == "cancelled":
        faults.add(field, f"line {number} was taken back")
    return found


def _made(kind: type[C], draft: dict[str, Any], faults: Faults) -> C:
    try:
        made = kind.model_validate(draft)
    except ValidationError as error:
        for item in error.errors(include_url=False, include_input=False):
            faults.add(".".join(str(part) for part in item["loc"]) or "paper", item["msg"].removeprefix("Value error, "))
        faults.done()
        raise
    return made


def _item(line: PurchaseOrderLine) -> dict[str, Any]:
    return {"sku": line.sku, "supplier_sku": line.supplier_sku, "gtin": line.gtin, "name": line.name}


def answer(given: Answer, order: PurchaseOrder, now: datetime, token: str) -> OrderResponse:
    """The answer to an order. Raises `PaperInvalid`."""
    faults = Faults()
    lines: list[dict[str, Any]] = []
    seen: set[str] = set()
    for at, each in enumerate(given.lines):
        ordered = _line(order, each.line, faults, f"lines.{at}.line")
        if ordered is None:
            continue
        seen.add(each.line)
        says = each.quantity is not None or each.unit_price is not None or each.delivery_date is not None
        if each.answer == "accepted" and says:
            faults.add(
                f"lines.{at}.answer", "an accepted line is as ordered; choose changed to say another quantity, price or day"
            )
        if each.answer == "changed" and not says:
            faults.add(f"lines.{at}.quantity", "say what is different: quantity, price or day")
        if each.answer == "refused" and not each.reason:
            faults.add(f"lines.{at}.reason", "say why it is refused")
        lines.append(
            {
                **_item(ordered),
                "number": str(at + 1),
                "order_line": each.line,
                "answer": each.answer,
                "quantity": None if each.quantity is None else {"value": each.quantity, "unit": ordered.quantity.unit},
                "unit_price": None if each.unit_price is None else {"amount": each.unit_price, "currency": order.currency},
                "price_base": ordered.price_base if each.unit_price is not None else None,
                "delivery_date": each.delivery_date,
                "reason": each.reason,
            }
        )
    for line in order.lines:
        if line.number not in seen and line.status == "open":
            lines.append({**_item(line), "number": str(len(lines) + 1), "order_line": line.number, "answer": "accepted"})
    answers = {line["answer"] for line in lines}
    verdict = answers.pop() if len(answers) == 1 and "backordered" not in answers else "changed"
    faults.done()
    draft = {
        "number": given.number or f"{order.number}/{token[-10:]}"[:64],
        "order_number": order.number,
        "order_revision": order.revision,
        "answered_at": now,
        "verdict": verdict,
        "supplier_order_number": given.supplier_order_number,
        "currency": order.currency,
        "supplier": order.supplier,
        "lines": lines,
        "note": given.note,
    }
    return _made(OrderResponse, draft, faults)


def notice(
    given: Notice, order: PurchaseOrder, now: datetime, options: PortalOptions, sscc: Callable[[str], str] | None
) -> DespatchAdvice:
    """A ship notice; `sscc` gives one to a package that has none, and is called only when nothing is wrong. Raises `PaperInvalid`."""
    faults = Faults()
    names = [each.package for each in given.packages]
    known = {each.package: _typed(each.sscc, faults, f"packages.{at}.sscc") for at, each in enumerate(given.packages)}
    for at, each in enumerate(given.packages):
        if names.count(each.package) > 1:
            faults.add(f"packages.{at}.package", "two packages have the same name")
        if each.inside and (each.inside not in names or each.inside == each.package):
            faults.add(f"packages.{at}.inside", f"there is no other package {each.inside!r}")
    lines: list[dict[str, Any]] = []
    for at, each_line in enumerate(given.lines):
        ordered = _line(order, each_line.line, faults, f"lines.{at}.line")
        if each_line.package and each_line.package not in names:
            faults.add(f"lines.{at}.package", f"there is no package {each_line.package!r}")
        if each_line.serials and len(each_line.serials) != each_line.quantity:
            faults.add(f"lines.{at}.serials", f"{len(each_line.serials)} serial numbers for a quantity of {each_line.quantity}")
        if ordered is not None:
            lines.append(
                {
                    **_item(ordered),
                    "number": str(at + 1),
                    "order_number": order.number,
                    "order_line": each_line.line,
                    "quantity": {"value": each_line.quantity, "unit": ordered.quantity.unit},
                    "lot": each_line.lot,
                    "expiry": each_line.expiry,
                    "best_before": each_line.best_before,
                    "serials": each_line.serials,
                    "package": each_line.package,
                }
            )
    faults.done()
    given_out = {each.package: known[each.package] or (sscc(each.package) if sscc is not None else "") for each in given.packages}
    reference = {name: code or name for name, code in given_out.items()}
    weights = [each.weight_kg for each in given.packages if each.weight_kg is not None and not each.inside]
    draft = {
        "number": given.number,
        "order_number": order.number,
        "issued_at": now,
        "shipped_at": _moment(given.shipped_on, options.zone),
        "expected_at": _moment(given.expected_on, options.zone),
        "supplier": order.supplier,
        "buyer": order.buyer,
        "ship_to": order.ship_to,
        "carrier": given.carrier,
        "carrier_name": given.carrier,
        "tracking_number": given.tracking_number,
        "waybill": given.waybill,
        "gross_weight_kg": sum(weights, Decimal(0)) if weights else None,
        "units": [
            {
                "reference": reference[each.package],
                "sscc": given_out[each.package],
                "inside": reference.get(each.inside, ""),
                "kind": each.kind,
                "weight_kg": each.weight_kg,
            }
            for each in given.packages
        ],
        "lines": [{**line, "package": reference.get(line["package"], "")} for line in lines],
        "note": given.note,
    }
    return _made(DespatchAdvice, draft, faults)


def _typed(text: str, faults: Faults, field: str) -> str:
    if not text:
        return ""
    try:
        return sscc_of(text)
    except ValueError:
        faults.add(field, f"this is no SSCC: {fault('sscc', text.replace(' ', ''))}")
        return ""


def _moment(day: date | None, zone: str) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), ZoneInfo(zone))


def invoice(given: InvoiceGiven, order: PurchaseOrder) -> Invoice:
    """An invoice or a credit note. Raises `PaperInvalid`, with the arithmetic, when the total stated is not what the lines come to."""
    faults = Faults()
    currency = order.currency
    lines: list[dict[str, Any]] = []
    rates: dict[Decimal | None, Money] = {}
    for at, each in enumerate(given.lines):
        ordered = _line(order, each.line, faults, f"lines.{at}.line")
        if ordered is None:
            continue
        net = Money(amount=each.quantity * each.unit_price / (ordered.price_base or Decimal(1)), currency=currency).rounded()
        rates[each.tax_percent] = rates.get(each.tax_percent, Money.zero(currency)) + net
        lines.append(
            {
                **_item(ordered),
                "number": str(at + 1),
                "order_number": order.number,
                "order_line": each.line,
                "quantity": {"value": each.quantity, "unit": ordered.quantity.unit},
                "unit_price": {"amount": each.unit_price, "currency": currency},
                "price_base": ordered.price_base,
                "net_amount": net,
                "tax_category": _category(each.tax_percent),
                "tax_percent": each.tax_percent,
            }
        )
    taxes: list[dict[str, Any]] = [
        {"category": _category(rate), "percent": rate, "taxable": net, "tax": _tax(net, rate)}
        for rate, net in sorted(rates.items(), key=lambda pair: pair[0] or Decimal(0))
        if rate is not None
    ]
    net_total = sum(rates.values(), Money.zero(currency))
    tax_total = sum((tax["tax"] for tax in taxes), Money.zero(currency))
    due = net_total + tax_total
    stated = Money(amount=given.total, currency=currency)
    if not faults.found and stated.differs(due, TOLERANCE):
        words = f"the lines come to {net_total.amount}, their tax to {tax_total.amount}, together {due.amount} {currency}; stated are {given.total}"
        faults.add("total", words)
    if given.kind == "credit_note" and not given.preceding_number:
        faults.add("preceding_number", "a credit note names the invoice it corrects")
    faults.done()
    draft = {
        "number": given.number,
        "kind": given.kind,
        "type_code": "381" if given.kind == "credit_note" else "380",
        "issue_date": given.issue_date,
        "due_date": given.due_date,
        "currency": currency,
        "order_number": order.number,
        "despatch_number": given.despatch_number,
        "preceding_number": given.preceding_number,
        "seller": order.supplier,
        "buyer": order.buyer,
        "iban": given.iban.replace(" ", ""),
        "lines": lines,
        "taxes": taxes,
        "line_total": net_total,
        "tax_exclusive": net_total,
        "tax_total": tax_total,
        "tax_inclusive": due,
        "payable": stated,
        "note": given.note,
    }
    return _made(Invoice, draft, faults)


def _category(rate: Decimal | None) -> str:
    return "" if rate is None else "S" if rate else "Z"


def _tax(net: Money, rate: Decimal) -> Money:
    return (net * (rate / 100)).rounded()
