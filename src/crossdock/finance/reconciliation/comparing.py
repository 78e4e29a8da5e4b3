"""Two sides of the same movements, compared one by one: missing, unknown, told twice, another amount. Pure; every fact is looked at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from crossdock.finance.reconciliation.facts import Check, Difference, Fact


@dataclass(frozen=True, slots=True)
class Pair:
    """Which two sides are compared and what their disagreements are called: `<code>.missing`, `.unknown`, `.doubled`, `.amount`.

    `both`: a movement only the right side knows is a difference, too.
    """

    name: str
    code: str
    left: str
    right: str
    both: bool = True


def compare(pair: Pair, left: Sequence[Fact], right: Sequence[Fact], judged_until: date) -> tuple[Check, list[Difference]]:
    """Compare by key and further names. What happened after `judged_until` on one side only is young: the other side may still tell it."""
    check = Check(pair.name, (pair.left, pair.right))
    found: list[Difference] = []
    places: dict[str, list[int]] = {}
    for place, fact in enumerate(right):
        check.count("right", fact.amount, fact.currency)
        for name in dict.fromkeys((fact.key, *fact.names)):
            places.setdefault(name, []).append(place)
    taken: set[int] = set()
    for fact in left:
        check.count("left", fact.amount, fact.currency)
        there = [each for each in dict.fromkeys(_named(places, (fact.key, *fact.names))) if each not in taken]
        check.compared += 1
        if not there:
            if fact.day > judged_until:
                check.young += 1
            else:
                words = f"{fact.kind} {fact.key} of {fact.amount} {fact.currency}: the {pair.right} knows nothing of it"
                found.append(_difference(f"{pair.code}.missing", fact, None, words))
            continue
        taken.update(there)
        faults = _judge(pair, fact, [right[each] for each in there])
        found += faults
        check.agreed += not faults
    if pair.both:
        for place, fact in enumerate(right):
            if place in taken:
                continue
            check.compared += 1
            if fact.day > judged_until:
                check.young += 1
                continue
            words = f"{fact.kind} {fact.key} of {fact.amount} {fact.currency}: the {pair.left} knows nothing of it"
            found.append(_difference(f"{pair.code}.unknown", None, fact, words))
    return check, found


def _named(places: dict[str, list[int]], names: Iterable[str]) -> Iterable[int]:
    for name in names:
        yield from places.get(name, ())


def _judge(pair: Pair, fact: Fact, others: Sequence[Fact]) -> list[Difference]:
    if len(others) > 1:
        total = sum((each.amount for each in others[1:]), others[0].amount)
        words = f"{fact.kind} {fact.key}: {fact.amount} {fact.currency} once, but the {pair.right} has it {len(others)} times, {total} in all"
        return [
            Difference(f"{pair.code}.doubled", fact.kind, fact.key, words, fact.amount, total, fact.currency, fact.order,
                       tuple(each.evidence for each in (fact, *others) if each.evidence))
        ]  # fmt: skip
    other = others[0]
    if (other.amount, other.currency) != (fact.amount, fact.currency):
        words = f"{fact.kind} {fact.key}: {fact.amount} {fact.currency} for the {pair.left}, {other.amount} {other.currency} for the {pair.right}"
        if other.currency == fact.currency:
            words += f", {other.amount - fact.amount:+} {fact.currency}"
        return [_difference(f"{pair.code}.amount", fact, other, words)]
    return []


def _difference(code: str, left: Fact | None, right: Fact | None, words: str) -> Difference:
    told = left or right
    assert told is not None
    return Difference(
        code,
        told.kind,
        told.key,
        words,
        left.amount if left else None,
        right.amount if right else None,
        told.currency,
        told.order or (right.order if right else ""),
        tuple(each.evidence for each in (left, right) if each is not None and each.evidence),
    )
