"""Matches entries to open items: those that name what they pay first, the rest by account, name and amount. Deterministic, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations
from typing import Final

from crossdock.canonical.bank import StatementEntry
from crossdock.finance.matching.evidence import IDENTIFYING, Facts, amount, identified, ordered, party
from crossdock.finance.matching.index import CROWD, Index
from crossdock.finance.matching.items import Allocation, Candidate, Match, OpenItem, Reason, Terms, Verdict
from crossdock.finance.parties import words

_TOGETHER: Final = 12
"""Of a party with more open items than this, sums of some of them are not tried: too many would fit by chance."""


@dataclass(slots=True)
class _Scored:
    place: int
    reasons: list[Reason]

    @property
    def score(self) -> int:
        return min(sum(each.points for each in self.reasons), 100)

    @property
    def named(self) -> bool:
        return any(each.code in IDENTIFYING for each in self.reasons)


def match_entries(entries: Iterable[StatementEntry], items: Iterable[OpenItem], terms: Terms | None = None) -> list[Match]:
    """One match an entry, in the entries' order. What an entry pays is no longer open for the next.

    Entries are decided in two rounds (those that name an item, then the others), each by booking day, so that a guess by amount never takes
    what another entry names. Entries only announced by the bank are left out.
    """
    told = [each for each in entries if each.status == "booked"]
    matcher = Matcher(Index(items), terms or Terms())
    found: dict[int, Match] = {}
    order = sorted(range(len(told)), key=lambda place: (told[place].booking_date or told[place].value_date, place))
    later = []
    for place in order:
        facts = Facts.of(told[place])
        match = matcher.by_name(facts)
        if match is None:
            later.append((place, facts))
        else:
            found[place] = match
    for place, facts in later:
        found[place] = matcher.by_party(facts)
    return [found[place] for place in range(len(told))]


class Matcher:
    """Decides one entry after the other over one index."""

    def __init__(self, index: Index, terms: Terms) -> None:
        self.index = index
        self.terms = terms

    # Named ---------------------------------------------------------------------------------------------------

    def by_name(self, facts: Facts) -> Match | None:
        """What an entry names: one item, several whose sum it is, or money of ours that came back. None: it names nothing."""
        if facts.entry.reversal:
            return self._returned(facts)
        named = identified(facts, self.index, facts.direction)
        if not named:
            return None
        if len(named) > CROWD:
            return self._review(facts, [], "crowd", f"{len(named)} open items carry what the entry names")
        scored = [self._score(facts, place, [reason]) for place, reason in sorted(named.items())]
        unpaid = [each for each in scored if self.index.left[each.place] > 0]
        if not unpaid:
            return self._review(facts, scored, "settled", "what the entry names is paid already")
        if len(unpaid) > 1 and (together := self._together(facts, unpaid)) is not None:
            return together
        return self._choose(facts, unpaid)

    def _together(self, facts: Facts, scored: list[_Scored]) -> Match | None:
        """Several items named in one payment, when it is their sum; the tolerance is once for all."""
        total = sum((self.index.left[each.place] for each in scored), Decimal(0))
        if abs(total - facts.amount) > self.terms.tolerance:
            return None
        reasons = [each.reasons[0] for each in scored]
        reasons.append(Reason("sum", 30, f"{facts.amount} is the sum of the {len(scored)} items named"))
        return self._pay(facts, [each.place for each in scored], "matched", reasons)

    def _returned(self, facts: Facts) -> Match:
        """A reversal: of a transfer of ours it names the end-to-end id; anything else is for a person."""
        other = "debit" if facts.direction == "credit" else "credit"
        named = identified(facts, self.index, other)
        sure = [place for place, reason in named.items() if reason.code == "end_to_end"]
        if len(sure) == 1:
            item = self.index.items[sure[0]]
            why = (named[sure[0]], Reason("reversal", 0, f"the bank took it back {facts.entry.return_code}".strip()))
            return Match(facts.entry, "returned", (Allocation(item.number, facts.amount),), why[0].points, why)
        scored = [_Scored(place, [reason]) for place, reason in sorted(named.items())]
        return self._review(facts, scored, "reversal", f"the bank took an earlier entry back {facts.entry.return_code}".strip())

    # By party and amount -------------------------------------------------------------------------------------

    def by_party(self, facts: Facts) -> Match:
        """An entry that names no item: whose account or name it is, which order it names, and what amount is open."""
        index, side = self.index, (facts.currency, facts.direction)
        why = ordered(facts, index)
        places = set(index.open(why))
        if facts.account:
            places.update(index.open(index.of_amount("paid", *side, facts.account, facts.amount))[:CROWD])
        for word in sorted(words(facts.entry.counterparty_name)):
            same = index.of_amount("named", *side, word, facts.amount)
            if len(same) <= CROWD:
                places.update(index.open(same))
        owed = index.open(index.by("account", *side, facts.account)[: CROWD + 1]) if facts.account else []
        if len(owed) <= CROWD:
            places.update(place for place in owed if abs(index.left[place] - facts.amount) <= self.terms.tolerance)
        scored = [self._score(facts, place, [why[place]] if place in why else []) for place in sorted(places)]
        scored = [each for each in scored if sum(reason.points for reason in each.reasons) > 30]
        if not scored and 1 < len(owed) <= CROWD:
            return self._sum_of_party(facts, owed)
        return self._choose(facts, scored) if scored else self._none(facts, owed)

    def _sum_of_party(self, facts: Facts, owed: Sequence[int]) -> Match:
        """Everything a party owes, paid at once, is certain; one way to make the amount of some of it is a proposal."""
        from_them = Reason("account", 40, f"paid from an account of {self.index.items[owed[0]].name or 'the party'}")
        if sum((self.index.left[each] for each in owed), Decimal(0)) == facts.amount:
            return self._pay(facts, owed, "matched", [from_them, Reason("sum", 30, f"{facts.amount} is all the party owes")])
        if len(owed) <= _TOGETHER:
            ways = [
                way for size in (2, 3) for way in combinations(owed, size)
                if sum((self.index.left[each] for each in way), Decimal(0)) == facts.amount
            ]  # fmt: skip
            reasons = (from_them, Reason("sum", 20, f"{facts.amount} is the sum of some of what the party owes"))
            candidates = [Candidate(tuple(self.index.items[each].number for each in way), 60, reasons) for way in ways]
            if candidates:
                return Match(
                    facts.entry, "review", candidates=tuple(candidates[: self.terms.candidates]), score=60, reasons=reasons
                )
        return self._none(facts, owed)

    def _none(self, facts: Facts, owed: Sequence[int]) -> Match:
        if not owed:
            return Match(facts.entry, "unmatched", remainder=facts.amount)
        oldest = sorted(
            owed,
            key=lambda place: (self.index.items[place].due is None, self.index.items[place].due, self.index.items[place].number),
        )
        return self._review(
            facts, [self._score(facts, place, []) for place in oldest[: self.terms.candidates]], "amount", "no open amount fits"
        )

    # Deciding ------------------------------------------------------------------------------------------------

    def _score(self, facts: Facts, place: int, reasons: list[Reason]) -> _Scored:
        item = self.index.items[place]
        return _Scored(
            place, [*reasons, *party(facts, item), *amount(facts.amount, self.index.left[place], self.terms.tolerance)]
        )

    def _choose(self, facts: Facts, scored: list[_Scored]) -> Match:
        ranked = sorted(
            scored, key=lambda each: (-sum(reason.points for reason in each.reasons), self.index.items[each.place].number)
        )
        best = ranked[0]
        lead = _points(best) - (_points(ranked[1]) if len(ranked) > 1 else 0)
        if best.score < self.terms.certain:
            return self._review(
                facts, ranked, "weak", f"{best.score} points are fewer than the {self.terms.certain} that are certain"
            )
        if lead < self.terms.margin:
            return self._review(facts, ranked, "ambiguous", f"{len(ranked)} items fit as well")
        left = self.index.left[best.place]
        verdict: Verdict = "matched"
        if abs(facts.amount - left) > self.terms.tolerance:
            if not best.named:
                return self._review(facts, ranked, "amount", f"{facts.amount} is not the {left} that is open")
            verdict = "partial" if facts.amount < left else "overpaid"
        return self._pay(facts, [best.place], verdict, best.reasons)

    def _pay(self, facts: Facts, places: Sequence[int], verdict: Verdict, reasons: Sequence[Reason]) -> Match:
        """Take what is paid off what is open. The difference within the tolerance is written off with the last item."""
        money = facts.amount
        allocations = []
        for number, place in enumerate(places, start=1):
            left = self.index.left[place]
            last = number == len(places)
            paid = min(money, left) if verdict == "overpaid" or not last else money
            off = left - paid if last and verdict == "matched" else Decimal(0)
            self.index.left[place] = left - paid - off if verdict != "overpaid" else Decimal(0)
            money -= paid
            allocations.append(Allocation(self.index.items[place].number, paid, off))
        score = min(sum(each.points for each in reasons), 100)
        return Match(facts.entry, verdict, tuple(allocations), score, tuple(reasons), remainder=money)

    def _review(self, facts: Facts, ranked: Sequence[_Scored], code: str, said: str) -> Match:
        ordered_ = sorted(ranked, key=lambda each: (-_points(each), self.index.items[each.place].number))
        shown = tuple(
            Candidate((self.index.items[each.place].number,), each.score, tuple(each.reasons))
            for each in ordered_[: self.terms.candidates]
        )
        best = shown[0].score if shown else 0
        return Match(facts.entry, "review", (), best, (Reason(code, 0, said),), shown, facts.amount)


def _points(scored: _Scored) -> int:
    return sum(each.points for each in scored.reasons)
