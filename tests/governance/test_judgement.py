"""Quorum, separation of duties, expiry and the emergency path, whatever is said by whom in which order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.core.errors import CrossdockError
from crossdock.governance.review.errors import (
    DecidedTwice,
    DifferencesUnseen,
    EvidenceAgainst,
    EvidenceMissing,
    NoEmergencyPath,
    NotAReviewer,
    OwnChange,
    ReasonMissing,
    ReviewClosed,
    WaiverRefused,
)
from crossdock.governance.review.judgement import Asked, Verdict, Waiver, agreed, emergency, judge, may_decide
from crossdock.governance.review.standards import breaches, may_waive
from crossdock.landscape.files import Draft
from crossdock.landscape.models import Flow, Policies
from crossdock.landscape.models.policies import Board, Emergency, Standard

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
TEAMS = ("integration", "operations", "finance", "compliance", "security")
PEOPLE = ("ann", "Ann@cli", "bob", "cid", "dora", "eve", "pipeline")
GOOD: dict[str, Any] = {gate: {"passed": True, "says": ""} for gate in ("lint", "tests", "compatibility", "replay")} | {
    "standards": {"breaches": []}
}
BOARD = Board(owner="integration", emergency=Emergency(teams=("operations",), quorum=2))

reviewers = st.dictionaries(
    st.sampled_from(("money", "ownership", "retention/finance")),
    st.tuples(st.integers(1, 3), st.lists(st.sampled_from(TEAMS), min_size=1, max_size=3, unique=True).map(tuple)),
    max_size=3,
)
said = st.lists(
    st.builds(
        Verdict, st.sampled_from(("approved", "approved", "approved", "rejected", "emergency")), st.sampled_from(PEOPLE),
        st.sampled_from(TEAMS), st.integers(-40, 3).map(lambda days: NOW + timedelta(days=days)),
    ),
    max_size=8,
)  # fmt: skip


def plain(name: str) -> str:
    return name.casefold().removesuffix("@cli")


@given(reviewers, said, st.sampled_from(PEOPLE))
def test_approved_is_only_what_enough_different_people_of_the_asked_teams_approved_in_time(
    needed: dict[str, tuple[int, tuple[str, ...]]], verdicts: list[Verdict], author: str
) -> None:
    asked = Asked("1", "ab", (author, "pipeline"), needed, NOW - timedelta(days=1), tuple(verdicts), GOOD)
    found = judge(asked, BOARD, (), NOW)
    # told apart from how the board counts: people, each with the first thing they said
    first: dict[str, Verdict] = {}
    for each in sorted((one for one in verdicts if one.kind in ("approved", "rejected")), key=lambda one: one.at):
        first.setdefault(plain(each.name), each)
    counted = {
        who: each for who, each in first.items()
        if each.kind == "approved" and who not in (plain(author), "pipeline") and timedelta() <= NOW - each.at <= BOARD.approvals_last
    }  # fmt: skip
    enough = all(len([who for who, each in counted.items() if each.team in teams]) >= quorum for quorum, teams in needed.values())
    assert (not found.lacking) == enough
    if found.state == "approved":
        assert enough
    assert plain(author) not in {plain(each.name) for each in found.counted}
    assert len({plain(each.name) for each in found.counted}) == len(found.counted), "one person speaks once"


@given(reviewers, said)
def test_nobody_may_approve_twice_or_their_own_and_what_is_closed_stays_closed(
    needed: dict[str, tuple[int, tuple[str, ...]]], verdicts: list[Verdict]
) -> None:
    """Saying whatever one may say, in any order, never lets the author count, and ends when it is rejected."""
    asked, closed = Asked("1", "ab", ("ann", "pipeline"), needed, NOW - timedelta(days=1), (), GOOD), False
    for each in verdicts:
        try:
            team = may_decide(
                asked, BOARD, (), NOW, "rejected" if each.kind == "rejected" else "approved", each.name, (each.team,), note="no"
            )
        except CrossdockError:
            continue
        assert not closed and plain(each.name) not in ("ann", "pipeline")
        assert plain(each.name) not in {plain(one.name) for one in asked.verdicts}
        assert team in {name for _quorum, teams in needed.values() for name in teams}
        kind = "rejected" if each.kind == "rejected" else "approved"
        asked = Asked(
            "1", "ab", asked.authors, needed, asked.opened, (*asked.verdicts, Verdict(kind, each.name, team, NOW)), GOOD
        )  # fmt: skip
        closed = judge(asked, BOARD, (), NOW).state == "rejected"
        assert closed == (kind == "rejected")


def asked(**more: Any) -> Asked:
    given: dict[str, Any] = {"evidence": GOOD, "opened": NOW, **more}
    return Asked("7", "ab" * 32, ("ann", "pipeline"), {"money": (2, ("finance", "integration"))}, **given)


def approve(of: Asked, name: str, *teams: str, **more: Any) -> str:
    return may_decide(of, BOARD, more.pop("waivers", ()), more.pop("now", NOW), "approved", name, teams, **more)


def against(gate: str, **more: Any) -> dict[str, Any]:
    return {**GOOD, gate: {"passed": False, "says": "no", **more}}


def test_each_refusal_has_its_own_reason() -> None:
    with pytest.raises(OwnChange):
        approve(asked(), "ANN@cli", "finance")
    with pytest.raises(OwnChange):
        approve(asked(), "pipeline", "finance")
    with pytest.raises(NotAReviewer):
        approve(asked(), "eve", "operations")
    with pytest.raises(NotAReviewer):
        approve(asked(), "eve", "finance", team="integration")
    with pytest.raises(DecidedTwice):
        approve(asked(verdicts=(Verdict("approved", "Bob", "finance", NOW),)), "bob", "integration")
    with pytest.raises(EvidenceMissing):
        approve(asked(evidence=None), "bob", "finance")
    with pytest.raises(EvidenceAgainst):
        approve(asked(evidence=against("replay")), "bob", "finance")
    with pytest.raises(DifferencesUnseen):
        approve(asked(evidence={**GOOD, "replay": {"passed": True, "differs": 3}}), "bob", "finance")
    assert approve(asked(evidence={**GOOD, "replay": {"passed": True, "differs": 3}}), "bob", "finance", seen=True) == "finance"
    with pytest.raises(ReviewClosed):
        approve(asked(), "bob", "finance", now=NOW + BOARD.open_for)
    with pytest.raises(ReasonMissing):
        may_decide(asked(), BOARD, (), NOW, "rejected", "bob", ("finance",), note=" ")


def test_a_waiver_excuses_what_it_names_until_it_ends() -> None:
    broken = asked(
        evidence={**against("replay"), "standards": {"breaches": [{"standard": "names", "subject": "flows/x", "message": "m"}]}}
    )
    one, other = Waiver("replay", "7", NOW + timedelta(days=1)), Waiver("names", "flows/x", NOW + timedelta(days=1))
    assert judge(broken, BOARD, (one,), NOW).against == ("names: m",)
    assert judge(broken, BOARD, (one, other), NOW).state == "waiting"
    assert judge(broken, BOARD, (one, other), NOW + timedelta(days=2)).state == "blocked"
    assert judge(broken, BOARD, (Waiver("names", "flows/y", one.until), one), NOW).state == "blocked"


def test_an_emergency_needs_its_own_quorum_and_owes_the_review() -> None:
    with pytest.raises(NoEmergencyPath):
        emergency(asked(), Board(), NOW, "eve", ("operations",), "the carrier is down")
    with pytest.raises(NoEmergencyPath):
        emergency(asked(), BOARD, NOW, "eve", ("finance",), "the carrier is down")
    with pytest.raises(OwnChange):
        emergency(asked(), BOARD, NOW, "ann", ("operations",), "the carrier is down")
    with pytest.raises(ReasonMissing):
        emergency(asked(), BOARD, NOW, "eve", ("operations",), "")
    assert emergency(asked(evidence=None), BOARD, NOW, "eve", ("operations",), "down") == ("operations", False)
    one = asked(verdicts=(Verdict("emergency", "eve", "operations", NOW), Verdict("emergency", "ann", "operations", NOW)))
    assert [each.name for each in agreed(one, BOARD, NOW)] == ["eve"]
    with pytest.raises(DecidedTwice):
        emergency(one, BOARD, NOW, "EVE", ("operations",), "down")
    assert emergency(one, BOARD, NOW, "dora", ("operations",), "down") == ("operations", True)
    runs = asked(promoted=NOW, review_due=NOW + timedelta(days=1))
    assert judge(runs, BOARD, (), NOW + timedelta(days=30)).state == "owed", "what runs unreviewed never expires"
    given = (Verdict("approved", "bob", "finance", NOW), Verdict("approved", "cid", "integration", NOW))
    assert judge(asked(promoted=NOW, review_due=NOW, verdicts=given), BOARD, (), NOW).state == "promoted"


def test_standards_find_what_breaks_them_and_only_their_owner_waives() -> None:
    names = Standard(name="names", owner="integration", check="naming", kinds=("flows",), pattern="^order-")
    errors = Standard(name="errors", owner="operations", check="error_handling")
    kept = Standard(name="kept", owner="compliance", check="retention", at_most=timedelta(days=100))
    flow = Flow(name="returns", title="Returns")
    draft = Draft(None, models={"flows": {"returns": flow}, "policies.yaml": {"policies.yaml": Policies()}})  # type: ignore[arg-type]
    found = breaches((names, errors, kept), draft, [])
    assert {each.standard: each.owner for each in found} == {"names": "integration", "errors": "operations", "kept": "compliance"}
    assert [each.subject for each in found if each.standard != "kept"] == ["flows/returns", "flows/returns"]
    assert len([each for each in found if each.standard == "kept"]) == 4
    sound = Flow(name="order-x", exception_owner="operations", consequence="late", budgets={"default": {}})  # type: ignore[arg-type]
    assert breaches((names, errors), Draft(None, models={"flows": {"order-x": sound}}), []) == []  # type: ignore[arg-type]
    board = Board(owner="integration", standards=(names, errors))
    assert may_waive(board, "errors", "bob", ("operations",), 10, "until the new desk works") == "operations"
    assert may_waive(board, "replay", "bob", ("integration",), 10, "meant") == "integration"
    for standard, team, days in (
        ("errors", "finance", 10),
        ("errors", "operations", 91),
        ("errors", "operations", 0),
        ("none", "operations", 1),
    ):
        with pytest.raises(WaiverRefused):
            may_waive(board, standard, "bob", (team,), days, "why")
    with pytest.raises(ReasonMissing):
        may_waive(board, "errors", "bob", ("operations",), 10, "")
