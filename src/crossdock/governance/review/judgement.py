"""Where a change request stands and who may still decide about it: evidence, quorum, separation of duties, expiry; a pure function of what was said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from crossdock.governance.approval import Approval, Reviewers, lacking, person
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
)
from crossdock.landscape.models.policies import Board

Kind = Literal["approved", "rejected", "emergency", "withdrawn"]
State = Literal["gathering", "blocked", "waiting", "approved", "rejected", "withdrawn", "expired", "promoted", "owed"]
"""`owed`: the emergency path let it run, and its review is still to come."""
GATES: Final = ("lint", "tests", "compatibility", "replay")
"""Parts of the evidence that speak for or against, and may be waived by the board's owner."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What somebody said about a change, for which team and when."""

    kind: Kind
    name: str
    team: str
    at: datetime
    note: str = ""


@dataclass(frozen=True, slots=True)
class Waiver:
    """The owner's word that a standard (or part of the evidence) does not hold for a subject until a time. `*` is every subject."""

    standard: str
    subject: str
    until: datetime

    def covers(self, standard: str, subjects: Sequence[str], now: datetime) -> bool:
        """Whether it excuses one of the subjects of a standard now."""
        return self.standard == standard and now < self.until and (self.subject == "*" or self.subject in subjects)


@dataclass(frozen=True, slots=True)
class Asked:
    """A change request as far as decisions about it depend on it. `reviewers` is what the policies ask, `bundle` names it for waivers."""

    number: str
    bundle: str
    authors: tuple[str, ...]
    reviewers: Reviewers
    opened: datetime
    verdicts: tuple[Verdict, ...] = ()
    evidence: dict[str, Any] | None = None
    promoted: datetime | None = None
    review_due: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where it stands: what is missing per class of risk, what evidence speaks against it, whose approvals count."""

    state: State
    lacking: dict[str, str] = field(default_factory=dict)
    against: tuple[str, ...] = ()
    counted: tuple[Approval, ...] = ()
    expires: datetime | None = None


def judge(asked: Asked, board: Board, waivers: Sequence[Waiver], now: datetime) -> Standing:
    """Where a change request stands now."""
    expires = asked.opened + board.open_for
    counted = tuple(
        Approval(each.name, each.team, each.at)
        for each in _first_words(asked)
        if each.kind == "approved" and _counts(asked, each) and each.at <= now and now - each.at <= board.approvals_last
    )
    missing = lacking(asked.reviewers, counted)
    found = tuple(against(asked, waivers, now))

    def standing(state: State) -> Standing:
        return Standing(state, missing, found, counted, expires)

    for kind in ("withdrawn", "rejected"):
        if any(each.kind == kind and (kind == "withdrawn" or _counts(asked, each)) for each in asked.verdicts):
            return standing("rejected" if kind == "rejected" else "withdrawn")
    if asked.review_due is not None and (missing or found):
        return standing("owed")
    if asked.promoted is not None:
        return standing("promoted")
    if asked.review_due is not None:
        return standing("approved")
    if now >= expires:
        return standing("expired")
    if asked.evidence is None:
        return standing("gathering")
    if found:
        return standing("blocked")
    return standing("waiting" if missing else "approved")


def against(asked: Asked, waivers: Sequence[Waiver], now: datetime) -> list[str]:
    """What of the evidence speaks against the change and is not waived, in words."""
    evidence = asked.evidence or {}
    names = (asked.number, asked.bundle, asked.bundle[:12])
    found = []
    for gate in GATES:
        part = evidence.get(gate)
        if part and not part.get("passed") and not any(each.covers(gate, names, now) for each in waivers):
            found.append(f"{gate}: {part.get('says', '')}")
    found += [
        f"{each['standard']}: {each['message']}"
        for each in evidence.get("standards", {}).get("breaches", ())
        if not any(waiver.covers(each["standard"], (each["subject"], *names), now) for waiver in waivers)
    ]
    return found


def speaks(asked: Asked, name: str, teams: Sequence[str], wanted: str = "") -> str:
    """The team somebody speaks for: the wanted one, else the first that is asked. Raises `OwnChange`, `NotAReviewer`, `DecidedTwice`."""
    if person(name) in {person(each) for each in asked.authors}:
        raise OwnChange(f"{name} opened this request or made its bundle")
    needed = {team for _quorum, teams_ in asked.reviewers.values() for team in teams_}
    able = [team for team in teams if team in needed and wanted in ("", team)]
    if not able:
        raise NotAReviewer(f"asked are {', '.join(sorted(needed)) or 'no teams'}; {name} is in {', '.join(teams) or 'no team'}")
    if any(person(each.name) == person(name) for each in asked.verdicts if each.kind in ("approved", "rejected")):
        raise DecidedTwice(f"{name} decided about this request already")
    return able[0]


def may_decide(
    asked: Asked, board: Board, waivers: Sequence[Waiver], now: datetime, kind: Kind, name: str, teams: Sequence[str],
    *, team: str = "", note: str = "", seen: bool = False,
) -> str:  # fmt: skip
    """Whether somebody may approve or reject now; returns the team they speak for. Raises what is in the way."""
    standing = judge(asked, board, waivers, now)
    if standing.state in ("rejected", "withdrawn", "expired", "promoted"):
        raise ReviewClosed(f"the request is {standing.state}")
    chosen = speaks(asked, name, teams, team)
    if kind == "rejected":
        if not note.strip():
            raise ReasonMissing("say why it is rejected")
        return chosen
    if asked.evidence is None:
        raise EvidenceMissing(f"request {asked.number} has no evidence yet")
    if standing.against:
        raise EvidenceAgainst("; ".join(standing.against[:5]), against=list(standing.against))
    differs = int(asked.evidence.get("replay", {}).get("differs", 0))
    if differs and not seen:
        raise DifferencesUnseen(f"{differs} of the replayed messages come out differently", differs=differs)
    return chosen


def emergency(asked: Asked, board: Board, now: datetime, name: str, teams: Sequence[str], reason: str) -> tuple[str, bool]:
    """Whether somebody may let it run before it is reviewed: the team they speak for, and whether with this word so many agreed that
    it may run. Raises `NoEmergencyPath`, `OwnChange`, `ReviewClosed`, `ReasonMissing`, `DecidedTwice`."""
    path = board.emergency
    if path is None:
        raise NoEmergencyPath("the policies know no emergency path")
    able = [team for team in teams if team in path.teams]
    if not able:
        raise NoEmergencyPath(f"{', '.join(path.teams)} may; {name} is in {', '.join(teams) or 'no team'}")
    if person(name) in {person(each) for each in asked.authors}:
        raise OwnChange(f"{name} opened this request or made its bundle")
    state = judge(asked, board, (), now).state
    if state not in ("gathering", "blocked", "waiting"):
        raise ReviewClosed(f"the request is {state}")
    if not reason.strip():
        raise ReasonMissing("say why it cannot wait")
    said = {person(each.name) for each in agreed(asked, board, now)}
    if person(name) in said:
        raise DecidedTwice(f"{name} agreed already")
    return able[0], len(said) + 1 >= path.quorum


def agreed(asked: Asked, board: Board, now: datetime) -> list[Verdict]:
    """Who agreed to the emergency path, as far as it counts."""
    path = board.emergency
    found: dict[str, Verdict] = {}
    authors = {person(each) for each in asked.authors}
    for each in asked.verdicts:
        if (
            path is not None and each.kind == "emergency" and each.team in path.teams
            and person(each.name) not in authors and timedelta() <= now - each.at <= board.approvals_last
        ):  # fmt: skip
            found.setdefault(person(each.name), each)
    return list(found.values())


def _first_words(asked: Asked) -> list[Verdict]:
    """What each person said first: one person speaks once, for one team."""
    found: dict[str, Verdict] = {}
    for each in sorted(asked.verdicts, key=lambda one: one.at):
        if each.kind in ("approved", "rejected"):
            found.setdefault(person(each.name), each)
    return list(found.values())


def _counts(asked: Asked, verdict: Verdict) -> bool:
    """Whether somebody is asked at all: not an author, and of a team that is named."""
    teams = {team for _quorum, named in asked.reviewers.values() for team in named}
    return verdict.team in teams and person(verdict.name) not in {person(each) for each in asked.authors}
