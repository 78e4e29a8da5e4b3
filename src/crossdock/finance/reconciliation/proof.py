"""The proof as a whole: which sides are compared with which, in one order, whatever order the facts come in. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from crossdock.finance.reconciliation.comparing import Pair, compare
from crossdock.finance.reconciliation.facts import Check, Difference, Fact, Proof
from crossdock.finance.reconciliation.orders import orders_settled, refunds_within_captures
from crossdock.finance.reconciliation.payouts import payouts_arrived

BY_BANK: Final = "by_bank"
"""Status of a refund the bank tells of: it is compared as a transfer, and counts for its order."""
PAIRS: Final = {
    "capture": Pair("captures", "capture", "ledger", "gateway", both=False),
    "refund": Pair("refunds", "refund", "ledger", "gateway"),
    "transfer": Pair("refunds by bank", "transfer", "ledger", "bank"),
    "invoice": Pair("invoices", "invoice", "ledger", "erp"),
    "credit_note": Pair("credit notes", "credit_note", "ledger", "erp"),
    "freight_bill": Pair("freight bills", "freight_bill", "carrier", "erp", both=False),
    "journal": Pair("journals", "journal", "ledger", "finance"),
}


def prove(facts: Iterable[Fact], day: date, grace: int = 3) -> Proof:
    """Compare everything. What is younger than `grace` days on the side of the other is not judged yet."""
    told = sorted(facts, key=lambda each: (each.kind, each.side, each.day, each.source, each.key, each.evidence))
    until = day - timedelta(days=grace)
    statements = [each for each in told if each.side == "bank"]
    covered = max((each.day for each in statements), default=None)
    checks: list[Check] = []
    differences: list[Difference] = []
    for kind, pair in PAIRS.items():
        left = [each for each in told if each.kind == kind and each.side == pair.left]
        right = [each for each in told if each.kind == kind and each.side == pair.right]
        if kind == "capture":
            left, right = _per_payment(left), _per_payment(right)
        if kind == "refund":
            right = [each for each in right if each.status != BY_BANK]
        if kind in ("invoice", "credit_note", "transfer"):
            names = {name for each in left for name in (each.key, *each.names)}
            right = [each for each in right if each.commanded or each.key in names]
        if kind == "transfer" and covered is None:
            checks.append(Check(pair.name, (pair.left, pair.right), note="no statement in these days"))
            continue
        limit = min(until, covered) if kind == "transfer" and covered is not None else until
        check, found = compare(pair, left, right, limit)
        checks.append(check)
        differences += found
    for check, found in (
        refunds_within_captures(told),
        orders_settled(told, until),
        payouts_arrived(
            [each for each in told if each.kind == "payout" and each.side == "gateway"],
            [each for each in statements if each.kind == "payout"],
            covered,
            until,
        ),
    ):
        checks.append(check)
        differences += found
    differences += [_rejected(each) for each in told if each.kind == "journal" and each.status == "rejected"]
    return Proof(day, tuple(checks), tuple(sorted(differences, key=lambda each: (each.code, each.key))))


def _per_payment(facts: Sequence[Fact]) -> list[Fact]:
    """Captures of one payment as one sum: a gateway may split or join what the hub asked for."""
    sums: dict[tuple[str, str], Fact] = {}
    for fact in facts:
        known = sums.get((fact.of, fact.currency))
        total = fact.amount + (known.amount if known else Decimal(0))
        day = max(fact.day, known.day) if known else fact.day
        sums[fact.of, fact.currency] = replace(known or fact, key=fact.of, names=(), amount=total, day=day)
    return list(sums.values())


def _rejected(fact: Fact) -> Difference:
    words = f"journal {fact.key} was refused by {fact.source or 'the finance system'}"
    return Difference(
        "journal.rejected",
        "journal",
        fact.key,
        words,
        None,
        None,
        fact.currency,
        fact.order,
        (fact.evidence,) if fact.evidence else (),
    )
