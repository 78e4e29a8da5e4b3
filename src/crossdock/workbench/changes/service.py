"""What the board's pages and API do: each deed is one transaction, refused whole with a code or done whole."""

from __future__ import annotations

from typing import Any, Literal

from crossdock.core.errors import CrossdockError, Rejected
from crossdock.governance.promotion import Plan, carried_out, earlier, plan
from crossdock.governance.review import desk
from crossdock.governance.review.desk import Seen, Speaker, board_signs
from crossdock.governance.review.errors import NotAReviewer
from crossdock.governance.review.telling import board_key
from crossdock.landscape.load import load
from crossdock.landscape.models.policies import Board
from crossdock.ledger import reviews
from crossdock.ledger.ids import read
from crossdock.ledger.releases import current
from crossdock.ledger.session import Session
from crossdock.ledger.times import moment
from crossdock.security.access import Person
from crossdock.workbench.place import place


class NoSuchChange(Rejected):
    """There is no such change request."""

    code = "review.unknown"
    hint = "See the list of change requests."


def board() -> Board:
    """The board's policies, of the landscape that runs."""
    return place().landscape.policies.board


def listed(before: int = 2**63 - 1, limit: int = 50) -> list[Seen]:
    """Change requests, the newest first."""
    at = moment(place().now())
    return place().read(lambda s: desk.see_all(s, reviews.changes(s, before, limit), board(), at))


def one(number: str) -> Seen:
    """A change request. Raises `NoSuchChange`."""
    try:
        wanted = read(number)
    except ValueError:
        raise NoSuchChange from None
    at = moment(place().now())

    def look(session: Session) -> Seen | None:
        change = reviews.change_of(session, wanted) if 0 <= wanted < 2**63 else None
        return None if change is None else desk.see(session, change, board(), at)

    found = place().read(look)
    if found is None:
        raise NoSuchChange
    return found


def opened(person: Person, data: bytes, title: str, reason: str) -> Seen:
    """Ask for a change. Raises what a promotion would, but for approvals."""
    here = place()
    planned = _planned(data)

    def work(session: Session, numbers: Any, at: int) -> Seen:
        change = desk.open_request(
            session, numbers, planned, data, here.landscape.bundle_id, board(), title, reason, person.name, moment(at)
        )
        return desk.see(session, change, board(), moment(at))

    return here.write(work)


def decided(
    person: Person,
    number: str,
    kind: Literal["approved", "rejected", "emergency"],
    *,
    team: str = "",
    note: str = "",
    seen: bool = False,
) -> Seen:
    """Approve, reject or let through as somebody signed in; the board signs for them."""
    who, found, running = _speaker(person), one(number), place().landscape.bundle_id
    return place().write(
        lambda session, numbers, at: desk.decide(
            session, numbers, found.change.id, board(), running, kind, who, moment(at), team=team, note=note, seen=seen
        )
    )


def withdrawn(person: Person, number: str, note: str) -> Seen:
    """Take one's own request back."""
    found = one(number)
    return place().write(
        lambda session, numbers, at: desk.withdraw(session, numbers, found.change.id, board(), person.name, note, moment(at))
    )


def waived(person: Person, standard: str, subject: str, days: float, note: str) -> reviews.Waiver:
    """Waive a standard as its owner."""
    who = _speaker(person)
    return place().write(
        lambda session, numbers, at: desk.waive(session, numbers, board(), standard, subject, who, days, note, moment(at))
    )


def promoted(person: Person, number: str, note: str) -> None:
    """Let an approved request run: the bundle with its approvals passes every check a promotion has."""
    found, private = one(number), _private()
    data = place().write(lambda session, _numbers, at: desk.signed(session, found.change.id, board(), private, moment(at)))
    _carry_out(person, data, _planned(data, again=False), note or found.change.title)


def rolled_back(person: Person, note: str) -> None:
    """Go back to what ran before. Raises `NothingToGoBackTo`."""
    data = place().read(earlier)
    _carry_out(person, data, _planned(data), note or "rollback")


def may_go_back() -> bool:
    """Whether there is something to go back to."""
    try:
        place().read(earlier)
    except CrossdockError:
        return False
    return True


def runs_now() -> str:
    """The bundle promoted last; the one this process runs when none was."""
    found = place().read(current)
    return found.bundle if found is not None else place().landscape.bundle_id


def _planned(data: bytes, *, again: bool = True) -> Plan:
    here = place().landscape
    return plan(data, here.home, here.environment.name, here.root, moment(place().now()), again=again)


def _carry_out(person: Person, data: bytes, planned: Plan, reason: str) -> None:
    place().write(lambda session, numbers, at: carried_out(session, planned, data, numbers, person.name, reason, at))


def _speaker(person: Person) -> Speaker:
    if person.is_service:
        raise NotAReviewer("decisions are people's: a service with a key cannot decide")
    return board_signs(_private(), person.name, person.teams)


def _private() -> str:
    here = place().landscape
    return board_key(load(here.home, here.environment.name), place().start.location)
