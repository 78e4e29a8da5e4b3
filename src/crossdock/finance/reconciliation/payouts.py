"""Payouts of gateways and marketplaces looked for on the bank's statements: by what the statement says, else by amount and day. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from crossdock.finance.matching.index import spoken
from crossdock.finance.reconciliation.facts import Check, Difference, Fact
from crossdock.finance.references import plain

EARLY, LATE = timedelta(days=1), timedelta(days=7)


def payouts_arrived(
    payouts: Sequence[Fact], entries: Sequence[Fact], covered_until: date | None, judged_until: date
) -> tuple[Check, list[Difference]]:
    """Each payout is one entry of a bank. `covered_until` is the last day statements tell of; None: there is no statement, nothing is judged."""
    check = Check("payouts arrived", ("gateway", "bank"))
    if covered_until is None:
        check.note = "no statement in these days"
        return check, []
    by_name: dict[tuple[str, str], list[int]] = defaultdict(list)
    by_amount: dict[tuple[Decimal, str], list[int]] = defaultdict(list)
    for place, entry in enumerate(entries):
        by_amount[entry.amount, entry.currency].append(place)
        for word in dict.fromkeys(each for text in entry.texts for each in spoken(text)):
            by_name[word, entry.currency].append(place)
    taken: set[int] = set()
    found: list[Difference] = []
    for payout in sorted(payouts, key=lambda each: (each.day, each.key)):
        if payout.amount <= 0:
            continue  # nothing was paid out: fees and refunds were more than sales
        check.compared += 1
        check.count("left", payout.amount, payout.currency)
        named = [place for name in _names(payout) for place in by_name.get((name, payout.currency), ()) if place not in taken]
        near = [
            place for place in by_amount.get((payout.amount, payout.currency), ())
            if place not in taken and payout.day - EARLY <= entries[place].day <= payout.day + LATE
        ]  # fmt: skip
        candidates = named or near
        if not candidates:
            if payout.day > min(judged_until, covered_until - LATE):
                check.young += 1
                continue
            words = f"payout {payout.key} of {payout.amount} {payout.currency}, paid on {payout.day}, is on no statement"
            found.append(
                Difference(
                    "payout.not_at_bank",
                    "payout",
                    payout.key,
                    words,
                    payout.amount,
                    None,
                    payout.currency,
                    "",
                    (payout.evidence,),
                )
            )
            continue
        entry = entries[candidates[0]]
        taken.add(candidates[0])
        check.count("right", entry.amount, entry.currency)
        if entry.amount == payout.amount:
            check.agreed += 1
            continue
        words = f"payout {payout.key}: {payout.amount} {payout.currency} told, {entry.amount} on the statement, {entry.amount - payout.amount:+}"
        found.append(
            Difference(
                "payout.amount",
                "payout",
                payout.key,
                words,
                payout.amount,
                entry.amount,
                payout.currency,
                "",
                (payout.evidence, entry.evidence),
            )
        )
    return check, found


def _names(payout: Fact) -> list[str]:
    """What a statement may call the payout: its number, or a word with digits of what the provider says it will."""
    told = (payout.key, *payout.names)
    return list(dict.fromkeys([*(plain(each) for each in told), *(word for each in told for word in spoken(each))]))
