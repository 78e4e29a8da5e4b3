"""The control-number ledger: duplicates never pass, gaps are seen, and its state survives a restart."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock.edi.control_numbers import ControlNumberLedger, Relation, Sighting
from crossdock.edi.number_set import NumberSet

ACME = Relation("ZZ", "ACME", "ZZ", "US")


def test_the_usual_course() -> None:
    ledger = ControlNumberLedger()
    sightings = [ledger.observe(ACME, number).sighting for number in ("000000007", "8", "11", "9", "9", "10", "12")]
    assert sightings == [
        Sighting.FIRST,
        Sighting.NEXT,
        Sighting.GAP,
        Sighting.LATE,
        Sighting.DUPLICATE,
        Sighting.LATE,
        Sighting.NEXT,
    ]
    assert ledger.gaps(ACME) == []


def test_a_gap_names_what_is_missing_until_it_comes() -> None:
    ledger = ControlNumberLedger()
    ledger.observe(ACME, "1")
    assert ledger.observe(ACME, "5").missing == (2, 3, 4)
    assert ledger.gaps(ACME) == [(2, 4)]
    ledger.observe(ACME, "3")
    assert ledger.gaps(ACME) == [(2, 2), (4, 4)]


def test_relations_are_apart() -> None:
    ledger = ControlNumberLedger()
    others = [
        Relation("ZZ", "ACME", "ZZ", "US", test=True),
        Relation("01", "ACME", "ZZ", "US"),
        Relation("ZZ", "US", "ZZ", "ACME"),
        Relation("ZZ", "ACME", "ZZ", "US", level="group:PO"),
        Relation("ZZ", "AC|ME", "ZZ", "US"),
    ]
    for relation in (ACME, *others):
        assert ledger.observe(relation, "7").sighting is Sighting.FIRST
    assert ledger.observe(ACME, "7").is_duplicate
    assert len({relation.key() for relation in (ACME, *others)}) == 6


def test_wrapping_round_is_no_duplicate() -> None:
    ledger = ControlNumberLedger()
    ledger.observe(ACME, "1")
    ledger.observe(ACME, "999999999")
    assert ledger.observe(ACME, "2").sighting is Sighting.RESTART
    assert ledger.observe(ACME, "2").is_duplicate
    giver = ControlNumberLedger(limit=3)
    assert [giver.next_number(ACME) for _ in range(5)] == [1, 2, 3, 1, 2]


def test_references_that_are_no_numbers() -> None:
    ledger = ControlNumberLedger()
    assert ledger.observe(ACME, "REF-1").sighting is Sighting.UNNUMBERED
    assert ledger.observe(ACME, "REF-2").sighting is Sighting.UNNUMBERED
    assert ledger.observe(ACME, " REF-1 ").is_duplicate


@settings(max_examples=150, deadline=None)
@given(st.lists(st.integers(1, 60), max_size=80), st.integers(0, 80), st.integers(2, 50))
def test_a_number_passes_once_whatever_the_order_and_however_often_we_restart(
    numbers: list[int], restart: int, remember: int
) -> None:
    ledger = ControlNumberLedger(remember=remember)
    passed: set[int] = set()
    for count, number in enumerate(numbers):
        if count == restart:
            ledger = ControlNumberLedger(json.loads(json.dumps(ledger.state)), remember=remember)
        observation = ledger.observe(ACME, str(number))
        if number in passed:
            assert observation.is_duplicate
        elif remember > 31:
            # With memory enough for every gap nothing new is taken for a repeat.
            assert not observation.is_duplicate
        if not observation.is_duplicate:
            passed.add(number)
    if remember > 31 and passed:
        missing = {n for low, high in ledger.gaps(ACME) for n in range(low, high + 1)}
        assert missing == set(range(min(passed), max(passed) + 1)) - passed
    assert all(len(book["seen"]) <= remember for book in ledger.state.values())


@given(st.lists(st.one_of(st.integers(0, 50).map(str), st.sampled_from(["A", "B", "0007"]))))
def test_the_number_set_is_a_set(references: list[str]) -> None:
    numbers, seen = NumberSet(), set()
    for reference in references:
        key = int(reference) if reference.isdecimal() else reference
        assert numbers.add(reference) == (key not in seen)
        seen.add(key)


def test_given_numbers_survive_a_restart() -> None:
    ledger = ControlNumberLedger()
    assert ledger.next_number(ACME) == 1
    again = ControlNumberLedger(json.loads(json.dumps(ledger.state)))
    assert again.next_number(ACME) == 2


@pytest.mark.parametrize("number", ["", "0", "12345678901234567890", "١٢"])
def test_odd_numbers_are_taken(number: str) -> None:
    ledger = ControlNumberLedger()
    assert not ledger.observe(ACME, number).is_duplicate
    assert ledger.observe(ACME, number).is_duplicate
