"""What the milestones told about one consignment add up to, whatever the order and however often they came; knows no workflow and no carrier.

Carriers tell milestones late, twice, out of order and against each other. The answer here depends on what was told only, not on when it was
heard, so that a webhook, a poll and a replay end in the same state. What a rule can settle is settled and noted; what it cannot is a doubt, and
nothing that moves money rests on a journey with doubts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from crossdock.canonical.shipment import Milestone, MilestoneCode

ORDER: Final[tuple[MilestoneCode, ...]] = (
    "booked",
    "picked_up",
    "in_transit",
    "customs_held",
    "customs_cleared",
    "exception",
    "out_for_delivery",
    "attempted",
    "delivered",
    "returning",
    "returned",
    "cancelled",
)
"""Business order of milestones that carry the same time."""

RANK: Final[Mapping[str, int]] = {code: place for place, code in enumerate(ORDER)}
MOVING: Final = frozenset({"in_transit", "customs_held", "customs_cleared", "out_for_delivery", "attempted"})
GONE: Final = MOVING | {"picked_up", "delivered", "returning", "returned"}
BACK: Final = frozenset({"returning", "returned"})
REPEATED: Final = frozenset({"booked", "picked_up", "in_transit", "out_for_delivery"})

DoubtCode = Literal[
    "moving_after_delivery",
    "two_deliveries",
    "delivered_before_pickup",
    "proof_before_pickup",
    "delivered_before_issue",
    "proof_before_issue",
    "moved_though_cancelled",
]
NoteCode = Literal["scan_after_delivery", "delivered_again", "redelivered", "pickup_after_movement"]


@dataclass(frozen=True, slots=True)
class Told:
    """One milestone as a carrier told it: when it happened (UTC), the carrier's own code, and who signed for a delivery."""

    code: MilestoneCode
    at: datetime
    carrier: str = ""
    carrier_code: str = ""
    signed_by: str = ""

    @classmethod
    def of(cls, milestone: Milestone) -> Told:
        """From the canonical milestone."""
        return cls(milestone.code, milestone.at, milestone.carrier, milestone.carrier_code)

    @property
    def identity(self) -> tuple[str, datetime]:
        """Two milestones of one code and second are one, whoever told them."""
        return self.code, self.at.replace(microsecond=0)


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far carriers' clocks and late uploads are forgiven.

    `clock`: a pick-up may be that much later than the delivery or its proof. `after_delivery`: scans up to that long after a delivery are late
    uploads. `between_deliveries`: two deliveries without movement between them are one delivery told twice.
    """

    clock: timedelta = timedelta(minutes=15)
    after_delivery: timedelta = timedelta(hours=24)
    between_deliveries: timedelta = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Finding:
    """A contradiction: a note where a rule settled it, a doubt where a person must; `words` say what was told, with the times."""

    code: DoubtCode | NoteCode
    words: str


@dataclass(frozen=True, slots=True)
class Journey:
    """The consignment's way: milestones in business order, each once, what counts as reached when, and what contradicts itself.

    `status` is None while nothing was told. `reached["delivered"]` is the delivery that counts. `settled`: no doubts.
    """

    told: tuple[Told, ...] = ()
    status: MilestoneCode | None = None
    reached: Mapping[str, datetime] = field(default_factory=dict)
    doubts: tuple[Finding, ...] = ()
    notes: tuple[Finding, ...] = ()

    @property
    def settled(self) -> bool:
        """Nothing told contradicts anything else beyond what a rule resolves."""
        return not self.doubts


Kind = Literal["new", "duplicate", "late"]


@dataclass(frozen=True, slots=True)
class Taken:
    """What one more milestone does to a journey. `matters`: status, what is reached, doubts or what people are told changes."""

    kind: Kind
    matters: bool
    journey: Journey


def journey(
    told: Iterable[Told],
    proofs: Iterable[datetime] = (),
    tolerance: Tolerance | None = None,
    issued: datetime | None = None,
) -> Journey:
    """All that is known of a consignment. `proofs`: when proofs of delivery say that it was handed over (UTC). `issued`: when the goods left
    the stock; it stands for the pick-up while no carrier told of one.

    The same facts in any order, with any repetitions, give the same journey.
    """
    bounds = tolerance or Tolerance()
    ordered = _ordered(told)
    reached: dict[str, datetime] = {}
    for one in ordered:
        reached.setdefault(one.code, one.at)
    counted, notes, doubts = _deliveries(ordered, bounds)
    if counted is not None:
        reached["delivered"] = counted.at
        _after(ordered, counted, bounds, notes, doubts)
    _before_pickup(reached, sorted(proofs), bounds, doubts)
    _before_issue(reached, sorted(proofs), bounds, issued, doubts)
    _cancelled(ordered, reached, doubts)
    return Journey(ordered, _status(ordered, counted, notes), reached, tuple(doubts), tuple(notes))


def take(known: Journey, more: Told, proofs: Iterable[datetime] = (), tolerance: Tolerance | None = None) -> Taken:
    """One more milestone: a duplicate changes nothing, a late one is put where it belongs."""
    if any(one.identity == more.identity for one in known.told):
        return Taken("duplicate", False, known)
    after = journey((*known.told, more), proofs, tolerance)
    kind: Kind = "late" if known.told and more.at < known.told[-1].at else "new"
    same = (known.status, known.reached, known.doubts) == (after.status, after.reached, after.doubts)
    return Taken(kind, not same or more.code not in REPEATED, after)


def telling(batch: Sequence[Told]) -> tuple[Told, ...]:
    """The milestones of a batch that can change anything: each run of one repeating code is told by its first and its last.

    What lies between says no more than its neighbours, so a journey ends in the same state without it.
    """
    ordered = _ordered(batch)
    return tuple(
        one
        for place, one in enumerate(ordered)
        if one.code not in REPEATED
        or place in (0, len(ordered) - 1)
        or ordered[place - 1].code != one.code
        or ordered[place + 1].code != one.code
    )


def nothing_new(known: Iterable[tuple[str, datetime]], code: str, at: datetime) -> bool:
    """Whether a milestone (code and time) is one more scan of a parcel that is known to be on its way.

    True only for what is known already, and for a repeating code after itself as the last thing known, before any delivery. One thing is lost with it: a delivery
    that is told later, but dated before it, would be doubted for this scan.
    """
    last: tuple[datetime, int, str] | None = None
    delivered = False
    for one, when in known:
        place = (when, RANK[one], one)
        if one == code and when == at:
            return True
        last = place if last is None or place > last else last
        delivered = delivered or one == "delivered"
    return code in REPEATED and not delivered and last is not None and last[2] == code and at >= last[0]


def _ordered(told: Iterable[Told]) -> tuple[Told, ...]:
    once: dict[tuple[str, datetime], Told] = {}
    for one in told:
        kept = once.get(one.identity)
        if kept is None or _detail(one) > _detail(kept):
            once[one.identity] = one
    return tuple(sorted(once.values(), key=lambda one: (one.identity[1], RANK[one.code])))


def _detail(one: Told) -> tuple[str, str, str, datetime]:
    """Of two tellings of one milestone the one that says more is kept; the order among equals only has to be the same always."""
    return one.signed_by, one.carrier_code, one.carrier, one.at


def _deliveries(ordered: Sequence[Told], bounds: Tolerance) -> tuple[Told | None, list[Finding], list[Finding]]:
    """The delivery that counts: the first, unless the goods moved on and were delivered again."""
    notes: list[Finding] = []
    doubts: list[Finding] = []
    counted: Told | None = None
    moved = False
    for one in ordered:
        if counted is None:
            counted = one if one.code == "delivered" else None
        elif one.code in MOVING or one.code in BACK:
            moved = True
        elif one.code == "delivered" and moved:
            words = f"delivered {_when(counted)}, moved on, and delivered again {_when(one)}: the last delivery counts"
            notes.append(Finding("redelivered", words))
            counted, moved = one, False
        elif one.code == "delivered":
            _delivered_again(counted, one, bounds, notes, doubts)
    return counted, notes, doubts


def _delivered_again(first: Told, again: Told, bounds: Tolerance, notes: list[Finding], doubts: list[Finding]) -> None:
    words = f"delivered {_when(first)} and again {_when(again)}"
    if first.signed_by and again.signed_by and first.signed_by.casefold() != again.signed_by.casefold():
        doubts.append(Finding("two_deliveries", f"{words}, signed by {first.signed_by} and by {again.signed_by}"))
    elif again.at - first.at > bounds.between_deliveries:
        doubts.append(Finding("two_deliveries", f"{words}, with no movement between them"))
    else:
        notes.append(Finding("delivered_again", f"{words}: the first counts"))


def _after(ordered: Sequence[Told], counted: Told, bounds: Tolerance, notes: list[Finding], doubts: list[Finding]) -> None:
    """Movement after the delivery that counts: a late upload, or a contradiction. What goes back may move."""
    for one in ordered[ordered.index(counted) + 1 :]:
        if one.code in BACK:
            return
        if one.code not in MOVING:
            continue
        words = f"delivered {_when(counted)}, but {one.code} {_when(one)}"
        if one.at - counted.at > bounds.after_delivery:
            doubts.append(Finding("moving_after_delivery", words))
            return
        notes.append(Finding("scan_after_delivery", words))


def _before_pickup(reached: Mapping[str, datetime], proofs: Sequence[datetime], bounds: Tolerance, doubts: list[Finding]) -> None:
    picked = reached.get("picked_up")
    if picked is None:
        return
    delivered = reached.get("delivered")
    if delivered is not None and delivered + bounds.clock < picked:
        words = f"delivered {_text(delivered)}, but picked up {_text(picked)}"
        doubts.append(Finding("delivered_before_pickup", words))
    if proofs and proofs[0] + bounds.clock < picked:
        words = f"proof of delivery of {_text(proofs[0])}, but picked up {_text(picked)}"
        doubts.append(Finding("proof_before_pickup", words))


def _before_issue(
    reached: Mapping[str, datetime],
    proofs: Sequence[datetime],
    bounds: Tolerance,
    issued: datetime | None,
    doubts: list[Finding],
) -> None:
    if issued is None or reached.keys() & (MOVING | {"picked_up"}):
        return
    delivered = reached.get("delivered")
    if delivered is not None and delivered + bounds.clock < issued:
        words = f"delivered {_text(delivered)}, but out of the stock {_text(issued)}, and no pick-up is told"
        doubts.append(Finding("delivered_before_issue", words))
    if proofs and proofs[0] + bounds.clock < issued:
        words = f"proof of delivery of {_text(proofs[0])}, but out of the stock {_text(issued)}, and no pick-up is told"
        doubts.append(Finding("proof_before_issue", words))


def _cancelled(ordered: Sequence[Told], reached: Mapping[str, datetime], doubts: list[Finding]) -> None:
    moved = next((one for one in ordered if one.code in GONE), None)
    if "cancelled" in reached and moved is not None:
        words = f"cancelled {_text(reached['cancelled'])}, but {moved.code} {_when(moved)}"
        doubts.append(Finding("moved_though_cancelled", words))


def _status(ordered: Sequence[Told], counted: Told | None, notes: list[Finding]) -> MilestoneCode | None:
    """The last milestone, except that a delivery stays until goods go back, and that nothing falls behind the pick-up again."""
    status: MilestoneCode | None = None
    delivered = False
    for one in ordered:
        delivered = delivered or one is counted
        if one.code in {"booked", "picked_up"} and status is not None and RANK[one.code] <= RANK[status]:
            if one.code == "picked_up" and status != "picked_up":
                notes.append(Finding("pickup_after_movement", f"picked up {_when(one)}, after it was {status}"))
            continue
        if delivered and one.code not in BACK and one is not counted:
            continue
        status = one.code
    return status


def _when(one: Told) -> str:
    return _text(one.at)


def _text(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
