"""The three-way match of a supplier's invoice: against the order (price), the receipt (quantity) and itself (sums, tax); pure arithmetic.

Sources of the sums: EN 16931-1 business rules BR-CO-10 (lines), BR-CO-11 and BR-CO-12 (allowances, charges), BR-CO-13 (without tax),
BR-CO-14 (tax), BR-CO-15 (with tax), BR-CO-16 (payable), BR-CO-17 (tax of a category).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from crossdock.canonical.invoice import TOTALS
from crossdock.processes.frame.states import Json
from crossdock.processes.procurement_to_receipt.documents import (
    ZERO,
    find_line,
    item_name,
    lines_of,
    number_of,
    plain,
    unit_price,
)
from crossdock.processes.procurement_to_receipt.settings import Matching


@dataclass(frozen=True, slots=True)
class Match:
    """What became of the comparison. `lines` are what counts as billed (order line, quantity); `places` maps invoice line to order line;
    `arithmetic` shows every comparison made; `issues` are those a person must decide, each with its kind and words.
    """

    lines: tuple[Json, ...]
    places: Mapping[str, str]
    arithmetic: tuple[str, ...]
    issues: tuple[Json, ...]

    @property
    def lacks_goods(self) -> bool:
        """Whether nothing is wrong but that the goods are not there yet."""
        return bool(self.issues) and all(one["kind"] == "quantity" for one in self.issues)


class _Sheet:
    def __init__(self) -> None:
        self.arithmetic: list[str] = []
        self.issues: list[Json] = []

    def wrong(self, kind: str, words: str, line: str = "") -> None:
        self.issues.append({"kind": kind, "line": line, "words": words})
        self.arithmetic.append(f"! {words}")

    def right(self, words: str) -> None:
        self.arithmetic.append(words)


def match(invoice: Json, order: Json, received: Mapping[str, Decimal], billed: Mapping[str, Decimal], rules: Matching) -> Match:
    """Hold an invoice or credit note against `order`, what was `received` and what was `billed` before, by order line."""
    sheet = _Sheet()
    credit = invoice["kind"] == "credit_note"
    if invoice["currency"] != order["currency"]:
        sheet.wrong("currency", f"invoiced in {invoice['currency']}, ordered in {order['currency']}")
        return Match((), {}, tuple(sheet.arithmetic), tuple(sheet.issues))
    _seller(invoice, order, sheet)
    quantities: dict[str, Decimal] = {}
    places: dict[str, str] = {}
    expected_total = invoiced_total = extra = ZERO
    ours = lines_of(order)
    for line in invoice["lines"]:
        number, net, quantity = line["number"], number_of(line["net_amount"]), number_of(line["quantity"])
        _line_sum(line, rules, sheet)
        if line["order_number"] and line["order_number"] != order["number"]:
            sheet.wrong("other_order", f"line {number} ({item_name(line)}) is for order {line['order_number']}", number)
            continue
        found = find_line(ours, line)
        if not found.line:
            extra += net
            sheet.right(f"line {number} ({line['name'] or item_name(line)}): {plain(net)}, not in the order: counted as a charge")
            continue
        at = found.line
        places[number] = at
        if found.fault == "item":
            sheet.wrong("item", f"line {number}: {item_name(line)} invoiced, {item_name(ours[at])} ordered", at)
        elif found.fault == "unit":
            sheet.wrong(
                "unit", f"line {number}: invoiced in {line['quantity']['unit']}, ordered in {ours[at]['quantity']['unit']}", at
            )
            continue
        same_price = _price(line, ours[at], credit, rules, sheet)
        _tax_rate(line, ours[at], sheet)
        expected_total += quantity * unit_price(ours[at])
        invoiced_total += net
        if same_price or not credit:
            quantities[at] = quantities.get(at, ZERO) + quantity
    for at, quantity in quantities.items():
        if credit:
            _credited(at, quantity, billed, sheet)
        else:
            _quantity(at, ours[at], quantity, received, billed, rules, sheet)
    if not credit:
        _dearer(expected_total, invoiced_total, rules, sheet)
    _charges(invoice, order, extra, credit, rules, sheet)
    _sums(invoice, rules, sheet)
    _taxes(invoice, rules, sheet)
    lines = tuple(
        {"order_line": at, "quantity": {"value": plain(quantity), "unit": ours[at]["quantity"]["unit"]}}
        for at, quantity in quantities.items()
        if quantity
    )
    return Match(lines, places, tuple(sheet.arithmetic), tuple(sheet.issues))


def _seller(invoice: Json, order: Json, sheet: _Sheet) -> None:
    theirs, ours = (_vat(party["vat"]) for party in (invoice["seller"], order["supplier"]))
    if theirs and ours and theirs != ours:
        sheet.wrong("seller", f"invoiced by VAT number {theirs}, ordered from {ours}")


def _vat(text: str) -> str:
    return "".join(char for char in text.upper() if char.isalnum())


def _line_sum(line: Json, rules: Matching, sheet: _Sheet) -> None:
    """Quantity times price, with the line's allowances and charges, is the line's amount (EN 16931 BT-131)."""
    number, net = line["number"], number_of(line["net_amount"])
    made = number_of(line["quantity"]) * unit_price(line)
    made += sum((number_of(one["amount"]) * (1 if one["charge"] else -1) for one in line["allowances"]), ZERO)
    if abs(made - net) > rules.rounding:
        words = (
            f"line {number}: {plain(number_of(line['quantity']))} x {plain(unit_price(line))} is {plain(round(made, 4))}, "
            f"the invoice says {plain(net)}"
        )
        sheet.wrong("sum", words, number)


def _price(line: Json, ours: Json, credit: bool, rules: Matching, sheet: _Sheet) -> bool:
    """Whether the price is the agreed one within tolerance; a lower one is for the buyer, and on a credit note for the supplier."""
    agreed, asked = unit_price(ours), _net_price(line)
    allowed = max(agreed * rules.price_percent / 100, rules.price_amount)
    apart = asked - agreed
    words = f"line {line['number']}: price {plain(round(asked, 6))}, agreed {plain(agreed)}"
    if credit and abs(apart) > allowed:
        sheet.wrong("price", f"{words}: the credit is for a price, not for goods", ours["number"])
        return False
    if apart > allowed:
        share = f" ({plain(round(apart * 100 / agreed, 2))} %)" if agreed else ""
        sheet.wrong("price", f"{words}: {plain(round(apart, 6))}{share} too much (tolerated {plain(allowed)})", ours["number"])
        return False
    sheet.right(words)
    return True


def _net_price(line: Json) -> Decimal:
    """What a unit really costs: the line's amount by its quantity, which has the line's own allowances and charges in it."""
    quantity = number_of(line["quantity"])
    if not line["allowances"] or not quantity:
        return unit_price(line)
    return number_of(line["net_amount"]) / quantity


def _quantity(
    at: str,
    ours: Json,
    quantity: Decimal,
    received: Mapping[str, Decimal],
    billed: Mapping[str, Decimal],
    rules: Matching,
    sheet: _Sheet,
) -> None:
    here, before = received.get(at, ZERO), billed.get(at, ZERO)
    allowed = here * rules.quantity_percent / 100
    over = before + quantity - here
    words = (
        f"order line {at} ({item_name(ours)}): ordered {plain(number_of(ours['quantity']))}, received {plain(here)}, billed before "
        f"{plain(before)}, invoiced {plain(quantity)}"
    )
    if over > allowed:
        sheet.wrong("quantity", f"{words}: {plain(over)} more than received (tolerated {plain(allowed)})", at)
    elif before + quantity < 0:
        sheet.wrong("over_credit", f"{words}: more is taken back than was billed", at)
    else:
        sheet.right(words)


def _credited(at: str, quantity: Decimal, billed: Mapping[str, Decimal], sheet: _Sheet) -> None:
    before = billed.get(at, ZERO)
    words = f"order line {at}: billed {plain(before)}, credited {plain(quantity)}"
    if quantity > before:
        sheet.wrong("over_credit", f"{words}: {plain(quantity - before)} more than was billed", at)
    else:
        sheet.right(words)


def _dearer(expected: Decimal, invoiced: Decimal, rules: Matching, sheet: _Sheet) -> None:
    allowed = min(rules.total_amount, max(expected, ZERO) * rules.total_percent / 100)
    over = invoiced - expected
    words = f"goods: invoiced {plain(invoiced)}, at agreed prices {plain(round(expected, 4))}"
    if over > max(allowed, rules.rounding):
        sheet.wrong("total", f"{words}: {plain(round(over, 4))} too much (tolerated {plain(round(allowed, 4))})")
    else:
        sheet.right(words)


def _charges(invoice: Json, order: Json, extra: Decimal, credit: bool, rules: Matching, sheet: _Sheet) -> None:
    """Charges less allowances of the whole invoice, with lines that are no goods of the order, against those ordered."""
    asked = _balance(invoice["allowances"]) + extra
    agreed = max(_balance(order["allowances"]), ZERO)
    if not asked and not agreed:
        return
    words = f"charges less allowances: {plain(asked)}, ordered {plain(agreed)}"
    if credit and asked > 0:
        sheet.wrong("charge", f"{words}: a credit of charges is for a person")
    elif not credit and asked - agreed > rules.charges_amount:
        sheet.wrong("charge", f"{words}: {plain(asked - agreed)} too much (tolerated {plain(rules.charges_amount)})")
    else:
        sheet.right(words)


def _balance(allowances: list[Json]) -> Decimal:
    return sum((number_of(one["amount"]) * (1 if one["charge"] else -1) for one in allowances), ZERO)


def _tax_rate(line: Json, ours: Json, sheet: _Sheet) -> None:
    theirs, agreed = line["tax_percent"], ours["tax_percent"]
    if theirs is not None and agreed is not None and Decimal(theirs) != Decimal(agreed):
        sheet.wrong(
            "tax",
            f"line {line['number']}: tax {plain(Decimal(theirs))} %, ordered with {plain(Decimal(agreed))} %",
            ours["number"],
        )


def _sums(invoice: Json, rules: Matching, sheet: _Sheet) -> None:
    """Each sum the invoice states is the sum of its parts."""
    room = rules.rounding * (len(invoice["lines"]) + 1)
    stated: dict[str, Any] = {name: number_of(invoice[name]) for name in TOTALS if invoice[name] is not None}
    lines = sum((number_of(one["net_amount"]) for one in invoice["lines"]), ZERO)
    allowances = sum((number_of(one["amount"]) for one in invoice["allowances"] if not one["charge"]), ZERO)
    charges = sum((number_of(one["amount"]) for one in invoice["allowances"] if one["charge"]), ZERO)
    taxes = sum((number_of(one["tax"]) for one in invoice["taxes"]), ZERO) if invoice["taxes"] else stated.get("tax_total", ZERO)
    exclusive = lines - allowances + charges
    inclusive = exclusive + taxes
    payable = inclusive - stated.get("prepaid", ZERO) + stated.get("rounding", ZERO)
    parts = {
        "line_total": (lines, "the lines"),
        "allowance_total": (allowances, "the allowances"),
        "charge_total": (charges, "the charges"),
        "tax_exclusive": (exclusive, "lines less allowances plus charges"),
        "tax_total": (taxes, "the taxes"),
        "tax_inclusive": (inclusive, "the amount without tax plus tax"),
        "payable": (payable, "the amount with tax less what was paid"),
    }
    for name, (made, what) in parts.items():
        if name in stated and abs(stated[name] - made) > room:
            sheet.wrong("sum", f"{name.replace('_', ' ')}: the invoice says {plain(stated[name])}, {what} make {plain(made)}")
    sheet.right(f"payable {plain(stated['payable'])} = {plain(exclusive)} + tax {plain(taxes)}")


def _taxes(invoice: Json, rules: Matching, sheet: _Sheet) -> None:
    """The tax of each rate is that rate of what it is on, and all that is taxed is all there is."""
    for one in invoice["taxes"]:
        if one["percent"] is None:
            continue
        made, said = number_of(one["taxable"]) * Decimal(one["percent"]) / 100, number_of(one["tax"])
        words = f"tax {plain(Decimal(one['percent']))} % of {plain(number_of(one['taxable']))} is {plain(round(made, 4))}"
        if abs(made - said) > rules.tax_amount:
            sheet.wrong("tax", f"{words}, the invoice says {plain(said)}")
        else:
            sheet.right(words)
    if invoice["taxes"]:
        taxed = sum((number_of(one["taxable"]) for one in invoice["taxes"]), ZERO)
        due = sum((number_of(one["net_amount"]) for one in invoice["lines"]), ZERO) + _balance(invoice["allowances"])
        if abs(taxed - due) > rules.rounding * (len(invoice["lines"]) + 1):
            sheet.wrong("tax", f"{plain(taxed)} is taxed, and {plain(due)} is invoiced")
