"""A journey depends on what was told, not on when or how often it was heard; what contradicts itself is said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from crossdock.processes.journey import ORDER, RANK, Journey, Told, Tolerance, journey, nothing_new, take, telling

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
TOLD = st.builds(
    Told,
    code=st.sampled_from(ORDER),
    at=st.integers(0, 96).map(lambda hours: START + timedelta(hours=hours)),
    signed_by=st.sampled_from(["", "A. Smith", "B. Jones"]),
)


def told(*steps: tuple[str, float]) -> list[Told]:
    return [Told(code, START + timedelta(hours=hours)) for code, hours in steps]  # type: ignore[arg-type]


def sums(one: Journey) -> tuple[object, ...]:
    return one.status, dict(one.reached), {doubt.code for doubt in one.doubts}


@given(st.lists(TOLD, max_size=12), st.randoms(use_true_random=False))
def test_order_and_repetition_do_not_matter(facts: list[Told], chance: object) -> None:
    shuffled = facts + facts[: len(facts) // 2]
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert journey(facts) == journey(shuffled)


@given(st.lists(TOLD, max_size=12))
def test_one_after_the_other_is_the_same_as_all_at_once(facts: list[Told]) -> None:
    known = Journey()
    for fact in facts:
        known = take(known, fact).journey
    assert sums(known) == sums(journey(facts))


@given(st.lists(TOLD, max_size=12))
def test_what_does_not_matter_changes_nothing_that_counts(facts: list[Told]) -> None:
    known = Journey()
    for fact in facts:
        taken = take(known, fact)
        if not taken.matters:
            assert sums(taken.journey) == sums(known)
        known = taken.journey


@given(st.lists(TOLD, max_size=25))
def test_a_batch_without_its_repetitions_tells_the_same(facts: list[Told]) -> None:
    assert sums(journey(telling(facts))) == sums(journey(facts))


@given(st.lists(TOLD, min_size=1, max_size=12))
def test_delivered_means_delivered_and_never_before_it_was_told(facts: list[Told]) -> None:
    known = journey(facts)
    delivered = {one.at for one in facts if one.code == "delivered"}
    assert (known.reached.get("delivered") in delivered) == bool(delivered)
    if known.status == "delivered":
        assert delivered


def test_the_usual_way() -> None:
    known = journey(told(("booked", 0), ("picked_up", 4), ("in_transit", 9), ("out_for_delivery", 30), ("delivered", 34)))
    assert (known.status, known.settled, known.notes) == ("delivered", True, ())


def test_a_late_scan_does_not_take_a_delivery_back() -> None:
    known = journey(told(("picked_up", 4), ("delivered", 34), ("in_transit", 35)))
    assert (known.status, known.settled) == ("delivered", True)
    assert [note.code for note in known.notes] == ["scan_after_delivery"]


def test_goods_that_move_days_after_their_delivery_are_a_doubt() -> None:
    known = journey(told(("picked_up", 4), ("delivered", 34), ("in_transit", 70)))
    assert (known.status, [doubt.code for doubt in known.doubts]) == ("delivered", ["moving_after_delivery"])
    assert known.doubts[0].words == "delivered 2026-03-03 18:00 UTC, but in_transit 2026-03-05 06:00 UTC"


def test_goods_delivered_to_the_wrong_door_and_then_again() -> None:
    known = journey(told(("delivered", 34), ("in_transit", 70), ("delivered", 80)))
    assert known.settled
    assert known.reached["delivered"] == START + timedelta(hours=80)
    assert [note.code for note in known.notes] == ["redelivered"]


def test_two_deliveries() -> None:
    assert journey(told(("delivered", 34), ("delivered", 35))).reached["delivered"] == START + timedelta(hours=34)
    assert [doubt.code for doubt in journey(told(("delivered", 4), ("delivered", 40))).doubts] == ["two_deliveries"]
    signed = [Told("delivered", START, signed_by="A"), Told("delivered", START + timedelta(hours=1), signed_by="B")]
    assert [doubt.code for doubt in journey(signed).doubts] == ["two_deliveries"]


def test_a_delivery_or_its_proof_before_the_pick_up() -> None:
    assert [one.code for one in journey(told(("delivered", 3), ("picked_up", 4))).doubts] == ["delivered_before_pickup"]
    facts = told(("picked_up", 4), ("delivered", 34))
    assert [one.code for one in journey(facts, [START]).doubts] == ["proof_before_pickup"]
    assert journey(facts, [START + timedelta(hours=34)]).settled
    slow = Tolerance(clock=timedelta(hours=2))
    assert journey(told(("delivered", 3), ("picked_up", 4)), tolerance=slow).settled


def test_goods_on_their_way_back_are_no_contradiction() -> None:
    known = journey(told(("delivered", 34), ("returning", 70), ("in_transit", 99), ("returned", 120)))
    assert (known.status, known.settled) == ("returned", True)


def test_a_cancelled_consignment_that_moves_is_a_doubt() -> None:
    assert [one.code for one in journey(told(("cancelled", 1), ("picked_up", 4))).doubts] == ["moved_though_cancelled"]
    assert journey(told(("booked", 0), ("cancelled", 1))).status == "cancelled"


def test_a_duplicate_a_late_one_and_one_that_says_nothing_new() -> None:
    known = journey(told(("picked_up", 4), ("in_transit", 9), ("in_transit", 20)))
    assert take(known, told(("in_transit", 9))[0]).kind == "duplicate"
    assert (take(known, told(("in_transit", 12))[0]).kind, take(known, told(("in_transit", 12))[0]).matters) == ("late", False)
    assert (take(known, told(("in_transit", 30))[0]).kind, take(known, told(("in_transit", 30))[0]).matters) == ("new", False)
    assert take(known, told(("exception", 12))[0]).matters


@given(st.lists(TOLD, max_size=12).map(lambda facts: sorted(facts, key=lambda one: (one.at, RANK[one.code]))))
def test_passing_over_what_says_nothing_new_loses_nothing_when_scans_come_in_order(facts: list[Told]) -> None:
    kept: list[Told] = []
    for fact in facts:
        if not nothing_new(((one.code, one.at) for one in kept), fact.code, fact.at):
            kept.append(fact)
    with_all, with_kept = journey(facts), journey(kept)
    assert (with_kept.status, with_kept.reached) == (with_all.status, with_all.reached)
    assert {one.code for one in with_kept.doubts} >= {one.code for one in with_all.doubts} - {
        "moving_after_delivery",
        "two_deliveries",
    }
