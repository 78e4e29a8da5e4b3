"""The comparisons of one charge: service, zone, weight and amount, each written down; knows one line and one agreement."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal

from crossdock.canonical.freight import FreightInvoiceLine
from crossdock.processes.freight_audit.result import Finding, FindingCode
from crossdock.processes.freight_audit.terms import Agreed, AuditRules


class Sheet:
    """The arithmetic of a line and what is wrong with it."""

    def __init__(self) -> None:
        self.arithmetic: list[str] = []
        self.findings: list[Finding] = []

    def wrong(self, code: FindingCode, words: str) -> None:
        """A comparison that failed."""
        self.findings.append(Finding(code, words))
        self.arithmetic.append(f"! {words}")

    def right(self, words: str) -> None:
        """A comparison that held, or a step of the arithmetic."""
        self.arithmetic.append(words)


def service_and_zone(line: FreightInvoiceLine, shipment: Agreed, sheet: Sheet) -> None:
    """The service and the zone billed are those booked, where both sides say them."""
    pairs: tuple[tuple[FindingCode, str, str], ...] = (
        ("service", line.service_level, shipment.service_level),
        ("zone", line.zone, shipment.zone),
    )
    for code, theirs, ours in pairs:
        if theirs and ours and theirs.casefold() != ours.casefold():
            sheet.wrong(code, f"line {line.number}: {code} {theirs} billed, {ours} booked")


def weight(line: FreightInvoiceLine, shipment: Agreed, rules: AuditRules, sheet: Sheet) -> None:
    """The billed weight is at most the known one, rounded up to the carrier's steps, and the tolerance."""
    billed, known = line.billed_weight_kg, shipment.weight_kg
    if billed is None or known is None:
        return
    step = rules.weight_step_kg
    rounded = (known / step).to_integral_value(ROUND_CEILING) * step if step else known
    allowed = max(rules.weight_kg, rounded * rules.weight_percent / 100)
    words = f"line {line.number}: {plain(billed)} kg billed, {plain(known)} kg known"
    if rounded != known:
        words += f" ({plain(rounded)} kg in steps of {plain(step)})"
    if billed - rounded > allowed:
        sheet.wrong("weight", f"{words}: {plain(billed - rounded)} kg too much (tolerated {plain(allowed)})")
    else:
        sheet.right(words)


def too_high(
    line: FreightInvoiceLine, agreed: Decimal, spent: Decimal, rules: AuditRules, code: FindingCode, sheet: Sheet
) -> Decimal:
    """By how much a charge, with what was `spent` of it before, exceeds what was agreed; zero within the tolerance."""
    amount, currency = line.amount.amount, line.amount.currency
    allowed = max(rules.amount, agreed * rules.percent / 100)
    apart = spent + amount - agreed
    words = f"line {line.number}: {line.kind} {plain(amount)} {currency} billed"
    words += f" after {plain(spent)}, {plain(agreed)} agreed for all" if spent else f", {plain(agreed)} agreed"
    if apart <= allowed:
        sheet.right(words + (f": {plain(apart)} more is tolerated (up to {plain(allowed)})" if apart > 0 else ""))
        return Decimal(0)
    share = f" ({plain(round(apart * 100 / agreed, 2))} %)" if agreed else ""
    sheet.wrong(code, f"{words}: {plain(apart)}{share} too much (tolerated {plain(allowed)})")
    return min(apart, amount)


def plain(number: Decimal) -> str:
    """A number for people: no exponent, and no zeros beyond cents."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text and len(text.split(".")[1]) > 2 else text
