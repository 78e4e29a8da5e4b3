"""Which control numbers of a partner were seen, what is missing, what came again; pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Final

from crossdock.canonical.interchange import Interchange
from crossdock.core.process import Expectation
from crossdock.edi.control_numbers import ControlNumberLedger, Relation, Sighting
from crossdock.processes.interchange.state import Gap, State

DIGESTS: Final = 300
GAPS: Final = 100
"""Gaps that are followed at once; a partner with more does not count without holes."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the number of an interchange told."""

    state: State
    again: bool = False
    """The very same interchange was seen before."""
    expect: tuple[Expectation, ...] = ()
    withdrawn: tuple[str, ...] = ()
    closed: tuple[Gap, ...] = ()
    """Gaps that are not as they were: filled, or smaller."""
    still: tuple[Gap, ...] = ()
    """What is left of them, where a person knows already."""
    notes: tuple[str, ...] = ()


def observe(state: State, interchange: Interchange, digest: str, at: datetime) -> Seen:
    """Record the interchange's control number."""
    if not interchange.control_number.strip():
        return Seen(state)
    relation = Relation(
        interchange.sender_qualifier, interchange.sender, interchange.receiver_qualifier, interchange.receiver, interchange.test
    )
    ledger = ControlNumberLedger(state.numbers)
    found = ledger.observe(relation, interchange.control_number)
    known = dict(state.digests)
    own = own_name(interchange)
    digests = (*((name, value) for name, value in state.digests if name != own), (own, digest))[-DIGESTS:]
    if found.sighting is Sighting.DUPLICATE:
        if known.get(own, digest) == digest:
            text = f"control number {found.number} came again with the same content; it takes no effect again"
            return Seen(state, again=True, notes=(text,))
        text = f"control number {found.number} came again with other content, and a person said that it counts"
        return Seen(replace(state, digests=digests), notes=(text,))
    said = (own, interchange.transmission, outcome(interchange))
    judged = (*(each for each in state.judged if each[0] != own), said)[-DIGESTS:]
    after = replace(state, numbers=ledger.state, digests=digests, judged=judged)
    if found.sighting is Sighting.RESTART:
        return Seen(after, notes=("the partner's control numbers begin again",))
    if interchange.gap_patience is None:
        return Seen(after)
    if found.sighting is Sighting.GAP and found.missing:
        gap = Gap(relation.key(), found.missing[0], found.missing[-1])
        due = at + timedelta(seconds=interchange.gap_patience)
        timer = Expectation(gap.name, due, description=f"{gap.words()} of {interchange.sender}", silent=True)
        kept = replace(after, gaps=(*after.gaps, gap)[-GAPS:])
        return Seen(kept, expect=(timer,), notes=(f"{gap.words()} skipped; waited for until {due:%Y-%m-%d %H:%M} UTC",))
    if found.sighting is Sighting.LATE:
        return _filled(after, relation.key(), found.number, interchange, at)
    return Seen(after)


def own_name(interchange: Interchange) -> str:
    """What an interchange is called among those of its partner: relation and control number."""
    relation = Relation(
        interchange.sender_qualifier, interchange.sender, interchange.receiver_qualifier, interchange.receiver, interchange.test
    )
    return f"{relation.key()}#{interchange.control_number.strip()}"


def outcome(interchange: Interchange) -> str:
    """What is said of an interchange, shortly: its verdict and those of its documents."""
    said = [interchange.verdict, *interchange.owed]
    for group in interchange.groups:
        said += [
            f"{group.control_number}={group.verdict}",
            *(f"{each.control_number}={each.verdict}" for each in group.documents),
        ]
    return blake2b("|".join(said).encode(), digest_size=8).hexdigest()


def _filled(state: State, relation: str, number: int, interchange: Interchange, at: datetime) -> Seen:
    """A number that was missing came after all: what is left of its gap goes on being waited for."""
    gap = next((each for each in state.gaps if each.relation == relation and each.low <= number <= each.high), None)
    if gap is None:
        return Seen(state)
    left = [Gap(relation, low, high, gap.told) for low, high in ((gap.low, number - 1), (number + 1, gap.high)) if low <= high]
    due = at + timedelta(seconds=interchange.gap_patience or 0)
    timers = tuple(
        Expectation(each.name, due, description=f"{each.words()} of {interchange.sender}", silent=True)
        for each in left
        if not each.told
    )
    gaps = tuple(each for each in state.gaps if each is not gap) + tuple(left)
    note = f"number {number} came late"
    still = tuple(each for each in left if each.told)
    return Seen(replace(state, gaps=gaps), False, timers, (gap.name,), (gap,), still, (note,))
