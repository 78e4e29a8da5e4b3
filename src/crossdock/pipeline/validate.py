"""Steps three and four, validate and authorize: business rules and the system-of-record matrix, before anything is sequenced."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from crossdock.canonical.checks import problems
from crossdock.core.errors import SchemaInvalid
from crossdock.core.ownership import Ownership
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

    def check(self, work: EventWork) -> None:
        """Raises `SchemaInvalid`, `RuleViolated`, `NotResponsible` or `FieldNotOwned`; fields that are only stripped are noted."""
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
        until = self._ownership.valid_until
        if until is not None and self._today() >= until:
            self._ownership = self._compile(self._today())
        event = work.event
        parts = event.key.split("/")
        allowed = self._ownership.authorize(event.type, event.source, event.data, originator=parts[1] if len(parts) > 2 else "")
        if allowed.stripped:
            work.event = replace(event, data=allowed.payload)
            work.body = canonical_bytes(work.event)
            work.digest = event_digest(work.body)
            work.note = "left out: " + ", ".join(f"{one.place} (owned by {', '.join(one.owners)})" for one in allowed.stripped)
