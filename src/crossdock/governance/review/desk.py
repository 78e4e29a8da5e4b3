"""The board at work on a ledger: opens requests, takes down what people say, and hands out the bundle with its approvals; shows no page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, cast

from crossdock.governance.approval import person
from crossdock.governance.bundle import BundleFile, Signature, read_bundle, read_signature
from crossdock.governance.promotion import Plan
from crossdock.governance.review import judgement
from crossdock.governance.review.errors import (
    NothingToReview,
    OpenAlready,
    OwnChange,
    ReasonMissing,
    ReviewClosed,
    ReviewStale,
)
from crossdock.governance.review.judgement import Asked, Kind, Standing, Verdict
from crossdock.governance.review.standards import may_waive
from crossdock.governance.signing import APPROVED, EMERGENCY, OPENED, REVIEWED, signature, with_signature
from crossdock.landscape.models.policies import Board
from crossdock.ledger import reviews
from crossdock.ledger.ids import Numbers, written
from crossdock.ledger.reviews import Change, Decision
from crossdock.ledger.session import Session
from crossdock.ledger.times import micros, moment

VERDICTS: Final = ("approved", "rejected", "emergency", "withdrawn")
ENDED: Final = ("rejected", "withdrawn", "expired", "promoted")
Sign = Callable[[BundleFile, str, str], Signature]
"""Signs for somebody: the bundle, what is said, and when."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who decides, proven by a session or by a key; `teams` are those they may speak for, `sign` puts their word under a bundle."""

    name: str
    teams: tuple[str, ...]
    sign: Sign


@dataclass(frozen=True, slots=True)
class Seen:
    """A request with all that was said about it and where it stands."""

    change: Change
    decisions: tuple[Decision, ...]
    asked: Asked
    standing: Standing

    @property
    def number(self) -> str:
        """As people write it."""
        return written(self.change.id)


def board_signs(private: str, name: str, team_of: Sequence[str]) -> Speaker:
    """Somebody signed in, for whom the board signs with its own key."""

    def sign(bundle: BundleFile, says: str, at: str) -> Signature:
        what, _, team = says.partition(":")
        return signature(bundle, private, what, at, name, team)

    return Speaker(name, tuple(team_of), sign)


def key_signs(private: str, name: str, team: str) -> Speaker:
    """Somebody at a command line, with a key of their own."""

    def sign(bundle: BundleFile, says: str, at: str) -> Signature:
        return signature(bundle, private, says.partition(":")[0], at)

    return Speaker(name, (team,) if team else (), sign)


def asked_of(change: Change, said: Sequence[Decision]) -> Asked:
    """A request as far as decisions about it depend on it."""
    verdicts = tuple(
        Verdict(cast("Kind", each.kind), each.author, each.team, moment(each.at), each.note)
        for each in said
        if each.kind in VERDICTS
    )
    given = change.report.get("reviewers", {})
    needed = {str(risk): (int(each["quorum"]), tuple(each["teams"])) for risk, each in given.items()}
    return Asked(
        written(change.id), change.bundle, tuple(filter(None, (change.author, change.maker))), needed, moment(change.opened_at), verdicts,
        change.evidence, None if change.promoted_at is None else moment(change.promoted_at),
        None if change.review_due is None else moment(change.review_due),
    )  # fmt: skip


def waivers(session: Session, now: datetime) -> list[judgement.Waiver]:
    """Waivers that hold now."""
    return [judgement.Waiver(each.standard, each.subject, moment(each.until)) for each in reviews.waivers(session, micros(now))]


def see(session: Session, change: Change, board: Board, now: datetime) -> Seen:
    """A request as it stands now."""
    return see_all(session, [change], board, now)[0]


def see_all(session: Session, changes: Sequence[Change], board: Board, now: datetime) -> list[Seen]:
    """Requests as they stand now."""
    said, holding = reviews.decisions_of(session, [each.id for each in changes]), waivers(session, now)
    found = []
    for each in changes:
        asked = asked_of(each, said[each.id])
        found.append(Seen(each, tuple(said[each.id]), asked, judgement.judge(asked, board, holding, now)))
    return found


def open_request(
    session: Session, numbers: Numbers, planned: Plan, data: bytes, running: str, board: Board, title: str, reason: str, author: str,
    now: datetime,
) -> Change:  # fmt: skip
    """Keep a request for a bundle that was judged and fits. Raises `NothingToReview`, `OpenAlready`, `ReasonMissing`."""
    if not planned.fitting.changes:
        raise NothingToReview(f"bundle {planned.bundle.bundle[:12]} changes nothing of what runs")
    if not reason.strip():
        raise ReasonMissing("say why this change is wanted")
    for each in see_all(session, reviews.changes(session), board, now):
        if each.change.bundle == planned.bundle.bundle and each.standing.state not in ENDED and each.change.base == running:
            raise OpenAlready(f"request {each.number} is about this bundle")
    change = Change(
        numbers.next(), planned.bundle.bundle, running, planned.bundle.name, planned.environment, title.strip() or reason.strip()[:80],
        reason.strip(), author, planned.maker, planned.as_dict(), None, micros(now), None, None, None,
    )  # fmt: skip
    reviews.open_change(session, numbers, change, data)
    return change


def decide(
    session: Session, numbers: Numbers, number: int, board: Board, running: str, kind: Kind, who: Speaker, now: datetime, *,
    team: str = "", note: str = "", seen: bool = False,
) -> Seen:  # fmt: skip
    """Take down an approval, a rejection or a word for the emergency path. Raises what the policies refuse; then nothing was changed."""
    found = see(session, _held(session, number), board, now)
    if found.change.base != running and found.standing.state != "owed" and kind != "rejected":
        raise ReviewStale(f"it was compared with {found.change.base[:12]}, and {running[:12]} runs")
    signed: Signature | None = None
    enough = False
    at = now.astimezone(UTC).isoformat(timespec="seconds")
    bundle = read_bundle(reviews.file_of(session, number))
    if kind == "emergency":
        chosen, enough = judgement.emergency(found.asked, board, now, who.name, who.teams, note)
        signed = who.sign(bundle, f"{EMERGENCY}:{chosen}", at)
    else:
        holding = waivers(session, now)
        chosen = judgement.may_decide(
            found.asked, board, holding, now, kind, who.name, who.teams, team=team, note=note, seen=seen
        )  # fmt: skip
        if kind == "approved":
            signed = who.sign(bundle, f"{APPROVED}:{chosen}", at)
    reviews.decide(
        session, numbers, found.change, kind, who.name, chosen, note.strip(), micros(now), signed.written() if signed else None
    )
    if enough and board.emergency is not None:
        reviews.let_through(session, number, micros(now + board.emergency.review_within))
    return see(session, _held(session, number), board, now)


def withdraw(session: Session, numbers: Numbers, number: int, board: Board, name: str, note: str, now: datetime) -> Seen:
    """Take a request back. Raises `OwnChange` when it is somebody else's, `ReviewClosed` when it is decided."""
    found = see(session, _held(session, number), board, now)
    if person(name) != person(found.change.author):
        raise OwnChange(f"only {found.change.author} may withdraw it; others reject it")
    if found.standing.state in (*ENDED, "owed"):
        raise ReviewClosed(f"the request is {found.standing.state}")
    reviews.decide(session, numbers, found.change, "withdrawn", name, "", note.strip(), micros(now))
    return see(session, _held(session, number), board, now)


def waive(
    session: Session,
    numbers: Numbers,
    board: Board,
    standard: str,
    subject: str,
    who: Speaker,
    days: float,
    reason: str,
    now: datetime,
) -> reviews.Waiver:
    """Keep a waiver of a standard. Raises `WaiverRefused`, `ReasonMissing`."""
    team = may_waive(board, standard, who.name, who.teams, days, reason)
    given = reviews.Waiver(
        numbers.next(),
        standard,
        subject.strip() or "*",
        reason.strip(),
        who.name,
        team,
        micros(now),
        micros(now + timedelta(days=days)),
    )
    for each in see_all(session, reviews.changes(session), board, now):
        about = subject in (each.number, each.change.bundle, each.change.bundle[:12])
        if about and person(who.name) in {person(one) for one in each.asked.authors}:
            raise OwnChange(f"{who.name} opened request {each.number} or made its bundle")
    reviews.waive(session, numbers, given)
    return given


def signed(session: Session, number: int, board: Board, private: str, now: datetime) -> bytes:
    """The bundle as it may be promoted: with its approvals, and the board's word that all was as the policies ask, or who let it run.

    Raises `ReviewClosed` when it is not approved.
    """
    found = see(session, _held(session, number), board, now)
    if found.standing.state not in ("approved", "owed", "promoted"):
        missing = "; ".join(f"{risk}: {what}" for risk, what in found.standing.lacking.items())
        raise ReviewClosed(f"the request is {found.standing.state}" + (f" ({missing})" if missing else ""))
    bundle = read_bundle(reviews.file_of(session, number))
    at = now.astimezone(UTC).isoformat(timespec="seconds")
    whole = with_signature(bundle, signature(bundle, private, OPENED, at, found.change.author))
    owed = found.standing.state == "owed"
    counted = {person(each.name) for each in (judgement.agreed(found.asked, board, now) if owed else found.standing.counted)}
    for each in found.decisions:
        if each.signature is not None and person(each.author) in counted and each.kind == ("emergency" if owed else "approved"):
            given = read_signature(each.signature)
            if owed and not given.by:  # a person's own key says it to the board; the board says it to the environment
                given = signature(bundle, private, EMERGENCY, at, each.author, each.team)
            whole = with_signature(whole, given)
    return (whole if owed else with_signature(whole, signature(bundle, private, REVIEWED, at))).packed()


def overdue(session: Session, board: Board, running: str, now: datetime) -> list[tuple[Seen, str]]:
    """Changes that were let through and not reviewed in time, or rejected afterwards and still running, each with why."""
    found = []
    for each in see_all(session, reviews.owed(session), board, now):
        due = each.asked.review_due
        if each.standing.state == "owed" and due is not None and now >= due:
            found.append(
                (
                    each,
                    f"request {each.number} ({each.change.title}) was let through in an emergency and not reviewed by {due:%Y-%m-%d %H:%M} UTC",
                )
            )
        elif each.standing.state == "rejected" and each.change.bundle == running:
            found.append(
                (each, f"request {each.number} ({each.change.title}) was rejected after it was let through, and still runs")
            )
    return found


def _held(session: Session, number: int) -> Change:
    found = reviews.held(session, number)
    if found is None:
        raise ReviewClosed("there is no such change request")
    return found
