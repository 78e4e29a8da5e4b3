"""Holds a carrier's invoice against what was agreed for each shipment, line by line; knows neither where the agreements come from nor who pays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final

from crossdock.canonical.freight import FreightInvoice, FreightInvoiceLine
from crossdock.canonical.values import Money
from crossdock.processes.freight_audit.charges import Sheet, plain, service_and_zone, too_high, weight
from crossdock.processes.freight_audit.rates import Rates
from crossdock.processes.freight_audit.result import Audit, AuditedLine, Finding, FindingCode
from crossdock.processes.freight_audit.terms import Agreed, AuditRules, Billed

ZERO: Final = Decimal(0)


def audit(
    invoice: FreightInvoice,
    agreed: Sequence[Agreed],
    billed: Iterable[Billed] = (),
    rates: Mapping[str, Decimal] | None = None,
    rules: AuditRules | None = None,
) -> Audit:
    """The verdict on every line, with the arithmetic in words and numbers.

    `agreed`: the shipments the lines may be about. `billed`: the lines of earlier invoices that name the same consignments, or of the same
    invoice number. `rates`: "EUR/USD" -> how many dollars a euro is, on the day of the invoice. The lines of a credit note give back what was
    billed: they are checked for what they are about, not against prices.
    """
    auditing = _Auditing(invoice, agreed, tuple(billed), Rates(rates or {}), rules or AuditRules())
    lines = tuple(auditing.line(line) for line in invoice.lines)
    findings = auditing.whole()
    return Audit(invoice.number, invoice.carrier, invoice.currency, lines, findings)


class _Auditing:
    def __init__(
        self, invoice: FreightInvoice, agreed: Sequence[Agreed], billed: tuple[Billed, ...], rates: Rates, rules: AuditRules
    ) -> None:
        self._invoice, self._billed, self._rates, self._rules = invoice, billed, rates, rules
        self._named: dict[str, list[Agreed]] = {}
        for one in agreed:
            for name in set(one.names()):
                self._named.setdefault(name, []).append(one)
        self._earlier: list[FreightInvoiceLine] = []
        self._spent: dict[tuple[str, str], Decimal] = {}
        again = [one for one in billed if one.invoice == invoice.number and _same(one.carrier, invoice.carrier)]
        self._again = again if invoice.kind == "invoice" else []
        self._charges: dict[str, Decimal] = {}
        for line in invoice.lines:
            if line.kind == "base":
                key = self._shipment_key(line)
                self._charges[key] = self._charges.get(key, ZERO) + line.amount.amount

    def whole(self) -> tuple[Finding, ...]:
        """What is wrong with the invoice itself."""
        found: list[Finding] = []
        invoice = self._invoice
        if self._again:
            found.append(Finding("duplicate_invoice", f"{invoice.carrier} invoice {invoice.number} was billed before"))
        stated = [("total", invoice.total), *([("tax", invoice.tax_total)] if invoice.tax_total is not None else [])]
        for name, money in stated:
            if money.currency != invoice.currency:
                words = f"a {name} of {money.amount} {money.currency} in an invoice in {invoice.currency}"
                found.append(Finding("foreign_currency", words))
            if money.amount < 0:
                found.append(Finding("negative", f"a {name} of {money.amount} {money.currency}"))
        same = all(line.amount.currency == invoice.currency for line in invoice.lines)
        if same and not found:
            lines = sum((line.amount.amount for line in invoice.lines), ZERO)
            taxed = lines + (invoice.tax_total.amount if invoice.tax_total else ZERO)
            if all(abs(total - invoice.total.amount) > self._rules.rounding for total in (lines, taxed)):
                words = f"the lines add up to {lines} {invoice.currency}"
                if invoice.tax_total:
                    words += f", with tax {taxed}"
                found.append(Finding("total", f"{words}; the invoice says {invoice.total.amount}"))
        return tuple(found)

    def line(self, line: FreightInvoiceLine) -> AuditedLine:
        """One line; what is not known is not compared, what is wrong beyond comparing is disputed whole."""
        sheet = Sheet()
        shipment = self._shipment(line, sheet)
        before = self._before(line, self._earlier)
        if before:
            sheet.wrong("duplicate", before)
        self._amount_itself(line, sheet)
        agreed: Decimal | None = None
        over = ZERO
        if shipment is not None and not sheet.findings and self._invoice.kind == "invoice":
            service_and_zone(line, shipment, sheet)
            weight(line, shipment, self._rules, sheet)
            agreed, over = self._price(line, shipment, sheet)
        self._earlier.append(line)
        amount = line.amount.amount
        disputed = amount if sheet.findings or self._again else ZERO
        if self._rules.short_pay and over and len(sheet.findings) == 1 and not self._again:
            disputed = over
        return AuditedLine(
            number=line.number,
            shipment=shipment.shipment if shipment else "",
            reference=_reference(line),
            kind=line.kind,
            amount=amount,
            agreed=agreed,
            approved=amount - disputed,
            disputed=disputed,
            findings=tuple(sheet.findings),
            arithmetic=tuple(sheet.arithmetic),
        )

    def _shipment_key(self, line: FreightInvoiceLine) -> str:
        return next((name for name in _names(line) if name in self._named), _reference(line))

    def _shipment(self, line: FreightInvoiceLine, sheet: Sheet) -> Agreed | None:
        """The shipment a line is about; whoever bills another carrier's waybill, or nobody's, is disputed."""
        names = _names(line)
        if not names:
            if line.kind != "tax":
                sheet.wrong("unknown_waybill", f"line {line.number}: names no consignment")
            return None
        others = {one.carrier for one in self._billed if not _same(one.carrier, self._invoice.carrier) and _about(one, line)}
        found = [one for name in names for one in self._named.get(name, ())]
        mine = [one for one in found if _same(one.carrier, self._invoice.carrier)]
        for other in sorted(others | {one.carrier for one in found if not _same(one.carrier, self._invoice.carrier)}):
            told = "billed" if other in others else "booked with"
            words = (
                f"{_reference(line)} is claimed by {self._invoice.carrier}, but {told} {'by ' if other in others else ''}{other}"
            )
            sheet.wrong("contested_waybill", f"line {line.number}: {words}")
        if not found:
            sheet.wrong("unknown_waybill", f"line {line.number}: nobody booked {_reference(line)}")
        if len({one.shipment for one in mine}) > 1:
            several = ", ".join(sorted({one.shipment for one in mine}))
            sheet.wrong("unknown_waybill", f"line {line.number}: {_reference(line)} stands for several shipments: {several}")
        return mine[0] if mine else None

    def _before(self, line: FreightInvoiceLine, earlier: Sequence[FreightInvoiceLine]) -> str:
        """Where this charge was billed before, in words; empty when it was not. A credit note gives back, so it never bills again."""
        if self._invoice.kind != "invoice" or not _names(line):
            return ""
        for one in self._billed:
            if one.invoice != self._invoice.number and _about(one, line) and _same_charge(one.kind, one.code, line):
                return f"line {line.number}: {line.kind} of {_reference(line)} stands in {one.carrier} {one.invoice}, line {one.line}"
        for other in earlier:
            if _same_parcel(other, line) and _same_charge(other.kind, other.code, line):
                return f"line {line.number}: {line.kind} of {_reference(line)} stands in line {other.number} too"
        return ""

    def _amount_itself(self, line: FreightInvoiceLine, sheet: Sheet) -> None:
        amount = line.amount
        if amount.currency != self._invoice.currency:
            words = f"line {line.number}: {amount.amount} {amount.currency} in an invoice in {self._invoice.currency}"
            sheet.wrong("foreign_currency", words)
        if amount.amount < 0 and line.kind != "discount":
            sheet.wrong("negative", f"line {line.number}: {line.kind} of {amount.amount} {amount.currency}")

    def _price(self, line: FreightInvoiceLine, shipment: Agreed, sheet: Sheet) -> tuple[Decimal | None, Decimal]:
        """What was agreed for this charge in the invoice's currency, and by how much it is exceeded beyond tolerance.

        What was billed for the same charge of the same shipment before uses up what was agreed: two parcels do not cost it twice.
        """
        amount, kind, currency = line.amount.amount, line.kind, self._invoice.currency
        if amount <= 0:
            sheet.right(f"line {line.number}: {kind} of {amount} {currency} costs nothing")
            return None, ZERO
        named = kind in shipment.charges or kind in shipment.percents
        if named:
            agreed = self._agreed(kind, line, shipment, sheet)
        elif kind in self._rules.surcharges:
            sheet.right(f"line {line.number}: {kind} of {amount} {currency} needs no agreement")
            return None, ZERO
        elif shipment.total is not None:
            agreed = self._converted(shipment.total, shipment.currency, line, sheet)
        else:
            sheet.wrong("surcharge", f"line {line.number}: {kind} of {amount} {currency} was not agreed for {shipment.shipment}")
            return None, ZERO
        if agreed is None:
            return None, ZERO
        slot = (shipment.shipment, kind if named else "")
        if slot not in self._spent:
            self._spent[slot] = self._spent_before(slot, shipment, line, sheet)
        spent = self._spent[slot]
        self._spent[slot] = spent + amount
        code: FindingCode = "amount" if named or kind == "base" else "surcharge"
        return agreed, too_high(line, agreed, spent, self._rules, code, sheet)

    def _agreed(self, kind: str, line: FreightInvoiceLine, shipment: Agreed, sheet: Sheet) -> Decimal | None:
        if kind in shipment.charges:
            return self._converted(shipment.charges[kind], shipment.currency, line, sheet)
        base = self._charges.get(self._shipment_key(line), ZERO)
        if "base" in shipment.charges:
            base = self._converted(shipment.charges["base"], shipment.currency, line, sheet) or base
        percent = shipment.percents[kind]
        agreed = Money(amount=base * percent / 100, currency=self._invoice.currency).rounded().amount
        sheet.right(f"line {line.number}: agreed {plain(percent)} % of the base charge {plain(base)} = {plain(agreed)}")
        return agreed

    def _spent_before(self, slot: tuple[str, str], shipment: Agreed, line: FreightInvoiceLine, sheet: Sheet) -> Decimal:
        """What earlier invoices billed of it, less the discounts of this one, unless these were agreed apart from the list price."""
        names, spent = set(shipment.names()), ZERO
        if "discount" not in shipment.charges and slot[1] == ("base" if "base" in shipment.charges else ""):
            spent = sum((one.amount.amount for one in self._discounts(names)), ZERO)
            if spent:
                sheet.right(f"line {line.number}: discounts of {plain(spent)} {self._invoice.currency} are taken off first")
        for one in self._billed:
            named = one.kind in shipment.charges or one.kind in shipment.percents
            if not _same(one.carrier, self._invoice.carrier) or not {one.waybill, one.tracking} & names:
                continue
            if slot[1] != (one.kind if named else "") or (not named and one.kind in self._rules.surcharges):
                continue
            spent += self._converted(one.amount, one.currency, line, sheet) or ZERO
        return spent

    def _discounts(self, names: set[str]) -> list[FreightInvoiceLine]:
        """The discounts of a shipment that count: those that are not in dispute themselves."""
        kept: list[FreightInvoiceLine] = []
        for at, one in enumerate(self._invoice.lines):
            counts = one.kind == "discount" and one.amount.amount < 0 and one.amount.currency == self._invoice.currency
            if counts and set(_names(one)) & names and not self._before(one, self._invoice.lines[:at]):
                kept.append(one)
        return kept

    def _converted(self, amount: Decimal, currency: str, line: FreightInvoiceLine, sheet: Sheet) -> Decimal | None:
        ours, theirs = currency or self._invoice.currency, self._invoice.currency
        found = self._rates.convert(amount, ours, theirs)
        if found is None:
            sheet.wrong(
                "exchange_rate_missing", f"line {line.number}: {plain(amount)} {ours} against {theirs}, and no rate is known"
            )
            return None
        if ours != theirs:
            sheet.right(f"line {line.number}: {plain(amount)} {ours} = {plain(found.amount)} {theirs} at {found.words}")
        return found.amount


def _names(line: FreightInvoiceLine) -> tuple[str, ...]:
    return tuple(name for name in (line.tracking_number, line.waybill, line.shipment_number) if name)


def _reference(line: FreightInvoiceLine) -> str:
    return line.waybill or line.tracking_number or line.shipment_number


def _same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()


def _about(one: Billed, line: FreightInvoiceLine) -> bool:
    """Whether an earlier charge is for the same consignment; two parcels of one waybill are not the same."""
    if one.tracking and line.tracking_number:
        return one.tracking == line.tracking_number
    return bool({one.waybill, one.tracking} & set(_names(line)) - {""})


def _same_parcel(one: FreightInvoiceLine, line: FreightInvoiceLine) -> bool:
    if one.tracking_number and line.tracking_number:
        return one.tracking_number == line.tracking_number
    return bool(set(_names(one)) & set(_names(line)))


def _same_charge(kind: str, code: str, line: FreightInvoiceLine) -> bool:
    """Charges of one kind are one, unless the carrier's codes tell them apart."""
    return kind == line.kind and (not code or not line.code or code == line.code)
