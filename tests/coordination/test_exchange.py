"""A region that is cut off keeps its newest reports, counts those it leaves out, and both sides agree after its return."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from crossdock.coordination.envelope import Pseudonyms, sealed
from crossdock.coordination.errors import ReportRefused
from crossdock.core.clock import SystemClock
from crossdock.governance.signing import key_id, new_key, public_of
from crossdock.ledger import regions
from crossdock.ledger.ids import Numbers
from crossdock.ledger.store import Store
from tests.coordination.conftest import Pair, paired
from tests.ledgers import Databases

CANARY = "Jane Doe, Main Street 5"


def trouble(store: Store, *, key: str, owner: str = "ops", code: str = "deliver.throttled", number: int = 1) -> None:
    """An open exception whose every free field holds what must not leave."""
    columns = (
        "id", "identity", "fingerprint", "code", "family", "step", "system", "flow", "key", "partition", "subject", "subject_id", "slot",
        "owner", "message", "detail", "state", "occurrences", "created_at", "updated_at", "resolution", "note", "resolved_by",
        "correlation", "amount", "currency", "assignee", "snoozed_for",
    )  # fmt: skip
    row = (
        number, number.to_bytes(16, "big"), CANARY, code, CANARY, CANARY, "shop-eu", "orders-eu", key, 0, CANARY, 1, CANARY, owner,
        CANARY, CANARY, 0, 1, 1, 1, CANARY, CANARY, CANARY, CANARY, 12_345, "EUR", CANARY, CANARY,
    )  # fmt: skip
    store.work.run(lambda s: s.insert("ledger_exception", columns, [row]))


def test_reports_are_told_in_order_and_once(pair: Pair) -> None:
    pair.steps(3)
    assert (pair.heard.sequence, pair.heard.received, pair.heard.missing) == (3, 3, 0)
    pair.again()  # the hub started again: both sides compare, and nothing is counted twice
    pair.steps()
    assert (pair.heard.sequence, pair.heard.received) == (4, 4)
    assert pair.heard.reconciled["equal"] and pair.heard.reconciled["late"] == 0
    assert pair.region.read.run(regions.waiting) == 0


def test_what_is_stuck_is_told_with_its_cost_and_nothing_of_whom_it_is(pair: Pair) -> None:
    trouble(pair.region, key=CANARY)
    trouble(pair.region, key="SO-2", owner=CANARY, code=CANARY, number=2)
    pair.steps(2)
    assert (
        CANARY.encode() not in b"".join(pair.wire) and b"Jane" not in b"".join(pair.wire) and b"SO-2" not in b"".join(pair.wire)
    )
    known, other = sorted(pair.heard.body["cases"], key=lambda case: case["code"])
    assert (known["code"], known["owner"], known["count"]) == ("deliver.throttled", "ops", 1)
    assert known["money"] == [{"currency": "EUR", "minor": 12_345}]
    assert known["keys"] == [Pseudonyms(pair.private).of(CANARY)] and Pseudonyms(new_key()).of(CANARY) not in known["keys"]
    assert (other["code"], other["owner"]) == ("other", "other")


def test_cut_off_it_keeps_the_newest_and_both_sides_agree_on_its_return(pair: Pair) -> None:
    pair.steps(2)
    pair.cut = True
    pair.steps(9)  # six are kept
    assert pair.standing.sequence == 11 and pair.standing.left_out == 3 and pair.standing.trouble == "regions.coordinator_away"
    assert pair.region.read.run(regions.waiting) == 6
    assert pair.heard.sequence == 2, "nothing crosses a cut"
    pair.cut = False
    pair.steps()
    heard, mine = pair.heard, pair.standing
    assert heard.sequence == 12 and heard.missing == heard.left_out == mine.left_out == 4
    assert heard.body["sequence"] == 12 and heard.reconciled["late"] == 5 and heard.reconciled["equal"]
    assert mine.reconciled["equal"] and mine.reconciled["late"] == 5 and mine.trouble == ""
    assert pair.region.read.run(regions.waiting) == 0


def test_what_the_coordinator_lost_or_altered_is_repaired(pair: Pair) -> None:
    pair.steps(5)
    pair.over.work.run(lambda s: s.execute("DELETE FROM ledger_region_report WHERE sequence=3"))
    pair.over.work.run(lambda s: s.execute("UPDATE ledger_region_report SET digest='x' WHERE sequence=4"))
    pair.again()
    pair.steps()
    assert pair.standing.reconciled | {"at": 0} == {
        "at": 0,
        "compared": 5,
        "late": 1,
        "differed": 1,
        "left_out": 0,
        "equal": True,
    }
    assert pair.heard.reconciled["differed"] == 1 and pair.heard.reconciled["equal"]


def test_a_ledger_put_back_to_an_earlier_moment_begins_anew_and_takes_no_number_twice(pair: Pair) -> None:
    pair.steps(5)
    before = pair.heard
    pair.region.work.run(lambda s: s.execute("DELETE FROM ledger_report WHERE id>2"))
    pair.region.work.run(lambda s: s.execute("UPDATE ledger_reporting SET sequence=2"))
    pair.again()
    pair.steps(2)
    assert pair.heard.incarnation != before.incarnation and pair.heard.began_anew == 1
    assert (pair.heard.sequence, pair.heard.missing) == (1, 0)
    kept = pair.over.read.run(lambda s: regions.has(s, "eu", before.incarnation, range(1, 9)))
    assert sorted(kept) == [1, 2, 3, 4, 5], "what was told before stays"


def test_a_statement_said_again_or_altered_or_by_a_stranger_changes_nothing(pair: Pair) -> None:
    pair.steps(2)
    before = pair.heard
    for again in [each for each in pair.wire if b'"reports"' in each or b"reports" in each][:2]:
        answer = asyncio.run(pair.post(again))
        assert b"regions.report_stale" in answer
    altered = pair.wire[-2].replace(b"orders-eu", b"orders-us").replace(b"sequence", b"seqvence")
    assert b"report_refused" in asyncio.run(pair.post(altered))
    for name, key in (("eu", new_key()), ("us", pair.private)):
        stranger = sealed(
            {"region": name, "to": key_id(pair.reporter._coordinator), "incarnation": "0" * 16, "at": 2**60, "left_out": 0, "reports": []},
            key, "report",
        )  # fmt: skip
        assert b"report_refused" in asyncio.run(pair.post(stranger))
    other = sealed(
        {"region": "eu", "to": key_id(public_of(new_key())), "incarnation": "0" * 16, "at": 2**60, "left_out": 0, "reports": []},
        pair.private, "report",
    )  # fmt: skip
    assert b"report_refused" in asyncio.run(pair.post(other)), "said to another coordinator"
    assert pair.heard == before


def test_a_report_with_more_than_the_list_allows_is_refused_by_the_coordinator_too(pair: Pair) -> None:
    pair.steps()
    statement = {
        "region": "eu", "incarnation": "0" * 16, "at": 2**60, "left_out": 0,
        "reports": ['{"region": "eu", "sequence": 9, "taken_at": 1, "note": "Jane"}'],
    }  # fmt: skip
    with pytest.raises(ReportRefused, match="not allowed"):
        pair.over.work.run(lambda s: pair.keeping.take(s, Numbers(SystemClock(), 5), statement, 1))
    assert pair.heard.sequence == 1


def test_a_clock_that_went_back_is_bridged_and_a_false_coordinator_is_told_nothing_more(pair: Pair) -> None:
    pair.steps(2)
    pair.region.work.run(lambda s: regions.note(s, said_at=0))
    pair.clock.advance(-3600)
    pair.steps()
    assert pair.heard.sequence == 3
    true, pair.keeping._private = pair.keeping._private, new_key()
    pair.steps(2)
    assert pair.standing.trouble == "regions.coordinator_away" and pair.region.read.run(regions.waiting) >= 1
    pair.keeping._private = true
    pair.steps()
    assert pair.standing.trouble == "" and pair.heard.missing == 0


@pytest.mark.postgresql
def test_it_is_the_same_on_postgresql(tmp_path: Path, postgresql_databases: Databases) -> None:
    with (
        postgresql_databases.fresh(migrated=True) as region,
        postgresql_databases.fresh(migrated=True) as over,
        paired(tmp_path, region, over) as pair,
    ):
        trouble(pair.region, key=CANARY)
        pair.steps(2)
        pair.cut = True
        pair.steps(9)
        pair.cut = False
        pair.steps()
        assert pair.heard.missing == pair.standing.left_out == 4
        assert pair.heard.reconciled["equal"] and pair.heard.reconciled["late"] == 5 and pair.standing.reconciled["equal"]
        assert pair.heard.body["cases"][0]["money"] == [{"currency": "EUR", "minor": 12_345}]
        assert pair.over.work.run(lambda s: regions.forget(s, 2**62)) == 8 and CANARY.encode() not in b"".join(pair.wire)
