"""Steps three and four, validate and authorize: business rules and the system-of-record matrix, before anything is sequenced."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import partial

from crossdock.canonical.base import Canonical
from crossdock.canonical.checks import problems
from crossdock.canonical.events import Event
from crossdock.core.errors import RuleViolated, SchemaInvalid
from crossdock.core.ownership import Ownership, compile_ownership
from crossdock.landscape.landscape import Landscape
from crossdock.landscape.rules import RuleBook
from crossdock.ledger.audit import event_digest
from crossdock.pipeline.work import EventWork, canonical_bytes

Judge = Callable[[EventWork], None]
"""A rule check: raises `RuleViolated` when the event is refused."""


class Validator:
    """Checks one event after another: field contents, the landscape's rules, responsibility and field ownership."""

    def __init__(self, compile_ownership: Callable[[date], Ownership], today: Callable[[], date], judge: Judge | None) -> None:
        self._compile = compile_ownership
        self._today = today
        self._ownership = compile_ownership(today())
        self._judge = judge

    def ownership(self) -> Ownership:
        """The matrix as it is in force today."""
        until = self._ownership.valid_until
        if until is not None and self._today() >= until:
            self._ownership = self._compile(self._today())
        return self._ownership

    def check(self, work: EventWork) -> None:
        """Raises `SchemaInvalid`, `RuleViolated`, `NotResponsible` or `FieldNotOwned`; fields that are only stripped are noted.

        Fields that are accepted while they say what is known already leave a `doubt`, for when the event's turn has come.
        """
        self._contents(work)
        if self._judge is not None:
            self._judge(work)
        self._authorize(work)

    def _contents(self, work: EventWork) -> None:
        found = problems(work.event.data)
        if found:
            first = found[0]
            more = f" and {len(found) - 1} more" if len(found) > 1 else ""
            raise SchemaInvalid(
                f"{first.path}: {first.message}{more}",
                problems=[{"path": p.path, "message": p.message, "kind": p.code} for p in found],
            )

    def _authorize(self, work: EventWork) -> None:
        event = work.event
        allowed = self.ownership().authorize(
            event.type, event.source, event.data, originator=_originator(event), compared_later=True
        )
        if allowed.doubtful:
            work.doubt = partial(self._compare, work)
        if allowed.stripped:
            work.event = replace(event, data=allowed.payload)
            work.body = canonical_bytes(work.event)
            work.digest = event_digest(work.body)
            work.note = "left out: " + ", ".join(f"{one.place} (owned by {', '.join(one.owners)})" for one in allowed.stripped)

    def doubt_again(self, work: EventWork) -> None:
        """Find the doubt of an event from the ledger, which does not keep it."""
        event = work.event
        if self._ownership.check(event.type, event.source, event.data, originator=_originator(event)):
            work.doubt = partial(self._compare, work)

    def _compare(self, work: EventWork, known: Canonical | None) -> None:
        event = work.event
        self._ownership.authorize(event.type, event.source, event.data, known, _originator(event))


def _originator(event: Event) -> str:
    """The system an event's object comes from: the second part of its business key."""
    parts = event.key.split("/")
    return parts[1] if len(parts) > 2 else ""


def validator_of(landscape: Landscape, today: Callable[[], date]) -> Validator:
    """The checks of a landscape."""
    return Validator(lambda on: compile_ownership(landscape.ownership, on), today, _judge(landscape))


def _judge(landscape: Landscape) -> Judge | None:
    if not landscape.rules:
        return None
    book = RuleBook(landscape.rules.values())
    book.compile()

    def judge(work: EventWork) -> None:
        violations = [each for each in book.judge(work.event) if each.severity == "reject"]
        if violations:
            first = violations[0]
            raise RuleViolated(
                first.message, rule=first.rule, owner=first.owner, violations=[each.as_dict() for each in violations]
            )

    return judge
