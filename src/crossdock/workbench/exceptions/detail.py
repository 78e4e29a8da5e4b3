"""Everything the page of one exception shows, gathered in one look at the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from crossdock.ledger.corrections import Correction, corrections_of
from crossdock.ledger.inbox import Filter, Money, earlier, entries, groups
from crossdock.ledger.map_entries import live_entries
from crossdock.ledger.people import OpenException, deliveries_by_identity
from crossdock.ledger.session import Session
from crossdock.ledger.states import DeliveryState, ExceptionState
from crossdock.ledger.trace import Story, story, story_of_message
from crossdock.ledger.windows import Window
from crossdock.ledger.work import deliveries_by_id
from crossdock.pipeline.decide import command_identity
from crossdock.workbench.exceptions.hints import Facts, Hint, hint
from crossdock.workbench.place import place
from crossdock.workbench.spans import money as sums


@dataclass(slots=True)
class Detail:
    """One exception with its surroundings."""

    each: OpenException
    told: Story
    stages: list[tuple[str, int | None]] = field(default_factory=list)
    attempts: list[dict[str, Any]] = field(default_factory=list)
    hint: Hint | None = None
    earlier: list[OpenException] = field(default_factory=list)
    alike: int = 1
    corrections: list[Correction] = field(default_factory=list)
    delivery: tuple[int, DeliveryState] | None = None
    parked: str = ""
    doings: list[dict[str, Any]] = field(default_factory=list)

    @property
    def state(self) -> str:
        """Where it stands, in one word."""
        if self.each.state == ExceptionState.RESOLVED:
            return "resolved"
        if self.each.correction is not None:
            return "proposed"
        if self.each.state == ExceptionState.RETRYING:
            return "retrying"
        return "snoozed" if self.each.snoozed_until is not None else "open"

    @property
    def uncertain(self) -> bool:
        """Whether the effect may have happened: then nothing is offered but to find out."""
        return self.delivery is not None and self.delivery[1] is DeliveryState.UNCERTAIN

    @property
    def money(self) -> str:
        """The amount at risk, exact."""
        return money(self.each.amount, self.each.currency)

    @property
    def editable(self) -> bool:
        """Whether there is a message or a refused command to edit."""
        if self.each.state == ExceptionState.RESOLVED or self.each.correction is not None:
            return False
        if self.each.subject == "message":
            return True
        return self.delivery is not None and self.delivery[1] is DeliveryState.FAILED


def money(amount: int | None, currency: str) -> str:
    """An amount in minor units as people write it: `129.90 EUR`."""
    return "" if amount is None or not currency else sums([Money(currency, amount)])


def delivery_of(session: Session, each: OpenException) -> tuple[int, DeliveryState] | None:
    """The delivery an exception is about, with its state."""
    if each.subject == "delivery" and each.slot != "decide":
        rows = deliveries_by_id(session, [each.subject_id])
    elif each.command:
        rows = deliveries_by_identity(session, [command_identity(each.command)])
    else:
        return None
    return (rows[0][0], DeliveryState(rows[0][9])) if rows else None


def look(session: Session, each: OpenException, now: int) -> Detail:
    """Gather it all."""
    told = story(session, each.key) if each.key else story_of_message(session, each.subject, each.subject_id)
    found = Detail(each, told)
    found.delivery = delivery_of(session, each)
    found.attempts = _attempts(told, found.delivery)
    found.earlier = [one for one in earlier(session, each.fingerprint, 6) if one.id != each.id][:5]
    alike = groups(session, Filter("active", fingerprint=each.fingerprint), now, limit=1)
    found.alike = alike[0].count if alike else 0
    about = found.delivery[0] if found.delivery else each.subject_id
    found.corrections = corrections_of(session, "delivery" if found.delivery else "message", about)
    parked = session.rows("SELECT reason, since FROM ledger_system WHERE system=? AND parked", (each.system,))
    found.parked = parked[0][0] or "parked" if parked else ""
    facts = Facts(
        place().landscape, found.attempts, found.parked, parked[0][1] if parked else None, found.alike,
        {(name, code): value for name, code, value in live_entries(session)},
    )  # fmt: skip
    found.hint = hint(each, facts)
    found.stages = _stages(session, each)
    return found


def beside(session: Session, each: OpenException, now: int, windows: Sequence[Window] | None) -> list[OpenException]:
    """Other open exceptions about the same transaction, within what somebody may see."""
    if not each.key:
        return []
    found = entries(session, Filter("active", key=each.key), now, windows=windows, limit=11)
    return [one for one in found if one.id != each.id][:10]


def _attempts(told: Story, delivery: tuple[int, DeliveryState] | None) -> list[dict[str, Any]]:
    found = []
    for entry in told.entries:
        if entry["step"] == "attempt" and (delivery is None or entry["number"] == delivery[0]):
            code, _, message = str(entry["note"]).partition(" ")
            found.append({**entry, "code": code, "message": message})
    return found


def _stages(session: Session, each: OpenException) -> list[tuple[str, int | None]]:
    """The stage strip of the transaction, from its workflow."""
    from crossdock.workbench.stages import stages

    return stages(session, each.key, each.flow) if each.key else []
