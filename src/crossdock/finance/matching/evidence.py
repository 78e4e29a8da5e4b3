"""What speaks for a match, in points and words; one fact is counted once. Knows no other item and no decision."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from crossdock.canonical.bank import StatementEntry
from crossdock.finance.matching.index import Index, spoken
from crossdock.finance.matching.items import OpenItem, Reason
from crossdock.finance.parties import account, alike
from crossdock.finance.references import found_in, plain, scheme

POINTS: Final = {
    "end_to_end": 70, "reference": 60, "reference_unchecked": 45, "reference_in_text": 55, "number": 45, "order": 30,
    "account": 40, "name": 15, "amount": 30, "amount_near": 15,
}  # fmt: skip
IDENTIFYING: Final = frozenset({"end_to_end", "reference", "reference_unchecked", "reference_in_text", "number"})
"""Evidence that names the item itself, whatever was paid."""


@dataclass(slots=True)
class Facts:
    """What one entry says, made comparable once."""

    entry: StatementEntry
    amount: Decimal
    currency: str
    direction: str
    structured: str
    kind: str
    account: str
    tokens: dict[str, None] = field(default_factory=dict)
    references: dict[str, None] = field(default_factory=dict)

    @classmethod
    def of(cls, entry: StatementEntry) -> Facts:
        """The facts of an entry."""
        structured = plain(entry.structured_reference)
        text = f"{entry.remittance} {entry.end_to_end_id}"
        if structured and not (kind := scheme(entry.structured_reference)):
            text = f"{entry.structured_reference} {text}"
        else:
            kind = scheme(entry.structured_reference) if structured else ""
        return cls(
            entry, entry.amount.amount, entry.amount.currency, entry.direction, structured, kind,
            account(entry.counterparty_iban or entry.counterparty_account), dict.fromkeys(spoken(text)), dict.fromkeys(found_in(text)),
        )  # fmt: skip


def identified(facts: Facts, index: Index, direction: str) -> dict[int, Reason]:
    """The items an entry names, and by what; the strongest evidence of each."""
    found: dict[int, Reason] = {}

    def add(places: object, code: str, said: str) -> None:
        for place in places:  # type: ignore[attr-defined]
            if place not in found or found[place].points < POINTS[code]:
                found[place] = Reason(code, POINTS[code], said)

    side = (facts.currency, direction)
    if facts.entry.end_to_end_id:
        add(
            index.by("end_to_end", *side, facts.entry.end_to_end_id),
            "end_to_end",
            f"end-to-end id {facts.entry.end_to_end_id} is ours",
        )
    if facts.structured:
        code, said = ("reference", f"check digits by {facts.kind}") if facts.kind else ("reference_unchecked", "no check digits")
        add(
            index.by("reference", *side, facts.structured),
            code,
            f"structured reference {facts.structured} is the item's ({said})",
        )
    for each in facts.references:
        add(index.by("reference", *side, each), "reference_in_text", f"the text carries the item's reference {each}")
    for each in facts.tokens:
        add(index.by("reference", *side, each), "number", f"the text carries the item's reference {each}")
        add(index.by("number", *side, each), "number", f"the text names {each}")
    return found


def ordered(facts: Facts, index: Index) -> dict[int, Reason]:
    """The items of the orders an entry names."""
    found: dict[int, Reason] = {}
    for each in facts.tokens:
        for place in index.by("order", facts.currency, facts.direction, each):
            found.setdefault(place, Reason("order", POINTS["order"], f"the text names order {each}"))
    return found


def party(facts: Facts, item: OpenItem) -> list[Reason]:
    """What says that the one who paid is the one who owes."""
    reasons = []
    if facts.account and any(account(each) == facts.account for each in item.ibans):
        reasons.append(Reason("account", POINTS["account"], f"paid from an account of {item.name or item.party or 'the party'}"))
    if facts.entry.counterparty_name and alike(facts.entry.counterparty_name, item.name):
        reasons.append(Reason("name", POINTS["name"], f"{facts.entry.counterparty_name!r} is {item.name!r}"))
    return reasons


def amount(paid: Decimal, left: Decimal, tolerance: Decimal) -> list[Reason]:
    """How the amount fits what is open."""
    if paid == left:
        return [Reason("amount", POINTS["amount"], f"{paid} is exactly what is open")]
    if left > 0 and abs(paid - left) <= tolerance:
        return [Reason("amount_near", POINTS["amount_near"], f"{paid} is within {tolerance} of the {left} that is open")]
    return []
