"""Per order and per payment: what was taken and given back is what was invoiced and credited, and never more goes back than came. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from crossdock.finance.reconciliation.facts import Check, Difference, Fact

ZERO = Decimal(0)


def refunds_within_captures(facts: Iterable[Fact]) -> tuple[Check, list[Difference]]:
    """Of no payment more went back than was captured; disputes that were lost count as gone back."""
    check = Check("refunds within captures", ("gateway", "gateway"))
    captured: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    back: dict[tuple[str, str, str], list[Fact]] = defaultdict(list)
    for fact in facts:
        if fact.side != "gateway" or not fact.of:
            continue
        if fact.kind == "capture":
            captured[fact.source, fact.of, fact.currency] += fact.amount
        elif fact.kind in ("refund", "chargeback"):
            back[fact.source, fact.of, fact.currency].append(fact)
    found = []
    for (source, payment, currency), refunds in sorted(back.items()):
        total, taken = sum((each.amount for each in refunds), ZERO), captured.get((source, payment, currency), ZERO)
        check.compared += 1
        check.count("left", taken, currency)
        check.count("right", total, currency)
        if total <= taken:
            check.agreed += 1
            continue
        words = f"payment {payment}: {total} {currency} went back of {taken} captured, {total - taken} too much"
        evidence = tuple(each.evidence for each in refunds if each.evidence)
        found.append(
            Difference("refund.above_capture", "refund", payment, words, taken, total, currency, refunds[0].order, evidence)
        )
    return check, found


def orders_settled(facts: Sequence[Fact], judged_until: date) -> tuple[Check, list[Difference]]:
    """Of every order paid through a gateway: captures less refunds are invoices less credit notes less what the books say is open.

    An order something happened to after `judged_until` is young. One that was never captured is paid by other ways and is not judged here.
    """
    check = Check("orders settled", ("gateway", "erp"))
    by_order: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        if fact.order and ((fact.side == "gateway" and fact.kind in ("capture", "refund", "chargeback")) or _paper(fact)):
            by_order[fact.order].append(fact)
    found = []
    for order, told in sorted(by_order.items()):
        for currency in sorted({each.currency for each in told}):
            here = [each for each in told if each.currency == currency]
            if not any(each.kind == "capture" for each in here):
                continue
            check.compared += 1
            sums = _Sums(here)
            check.count("left", sums.kept, currency)
            check.count("right", sums.settled, currency)
            if sums.kept == sums.settled:
                check.agreed += 1
            elif max(each.day for each in here) > judged_until:
                check.young += 1
            else:
                evidence = tuple(each.evidence for each in here if each.evidence)[:20]
                found.append(
                    Difference(
                        "order.unsettled",
                        "order",
                        order,
                        sums.words(currency),
                        sums.kept,
                        sums.settled,
                        currency,
                        order,
                        evidence,
                    )
                )
    return check, found


def _paper(fact: Fact) -> bool:
    return fact.side == "erp" and fact.kind in ("invoice", "credit_note")


class _Sums:
    """The sums of one order in one currency."""

    def __init__(self, facts: Sequence[Fact]) -> None:
        def of(*kinds: str) -> Decimal:
            return sum((each.amount for each in facts if each.kind in kinds), ZERO)

        self.captured, self.refunded = of("capture"), of("refund", "chargeback")
        self.invoiced, self.credited = of("invoice"), of("credit_note")
        self.open = sum((each.open if each.kind == "invoice" else -each.open for each in facts if _paper(each)), ZERO)
        self.kept = self.captured - self.refunded
        self.settled = self.invoiced - self.credited - self.open

    def words(self, currency: str) -> str:
        """The arithmetic for people."""
        return (
            f"captured {self.captured} - refunded {self.refunded} = {self.kept} {currency}; invoiced {self.invoiced} - credited {self.credited} "
            f"- open {self.open} = {self.settled} {currency}; {self.kept - self.settled:+} {currency}"
        )
