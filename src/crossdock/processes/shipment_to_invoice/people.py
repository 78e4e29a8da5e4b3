"""What a person's decision about something parked means. An action that was not offered changes nothing and is noted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Final

from crossdock.core.process import Decided
from crossdock.processes.frame import dispatch
from crossdock.processes.frame.states import Asked
from crossdock.processes.shipment_to_invoice import accruing
from crossdock.processes.shipment_to_invoice.planning import unbilled
from crossdock.processes.shipment_to_invoice.settled import accepted
from crossdock.processes.shipment_to_invoice.states import Paper
from crossdock.processes.shipment_to_invoice.travelling import way
from crossdock.processes.shipment_to_invoice.work import Work
from crossdock.processes.values import replace


def decided(w: Work, fact: Decided) -> None:
    """A person settled a slot."""
    dispatch.decide(w, fact, about_command=_about_command, acknowledged=_ACKNOWLEDGED, handlers=_HANDLERS)


def _about_command(w: Work, made: str, asked: Asked, fact: Decided) -> None:
    name, action = asked.name, fact.action
    if action == "done":
        w.note(f"{name} was done by hand")
        accepted(w, made, asked, fact.data)
    elif name == "invoice.post" and action == "another_day" and (day := _day(fact)):
        w.revoke(made)
        w.put(replace(w.invoices[asked.n - 1], post="", issue_date=day))
        w.note(f"posted with the date {day}")
    elif name in {"invoice.create", "invoice.post"} and action == "leave":
        w.revoke(made)
        _leave(w, w.invoices[asked.n - 1], fact)
    elif name == "freight.accrue" and action == "skip":
        w.revoke(made)
        if asked.n <= len(w.bookings):
            accruing.mark(w, asked.n, asked.suffix.partition(".")[2], "skipped")
        w.note("the freight is not accrued" if asked.suffix.endswith("booking") else "the accrual stays in the books")
    else:
        dispatch.not_offered(w, fact)


def _day(fact: Decided) -> str:
    try:
        return date.fromisoformat(str(fact.data.get("date"))).isoformat()
    except ValueError:
        return ""


def _leave(w: Work, paper: Paper, fact: Decided) -> None:
    """The invoice is people's from now on."""
    w.put(replace(paper, standing="left"))
    for stage in ("invoice_ready", "invoice_posted", "invoice_paid"):
        w.forget(stage, paper.n)
    for slot in (f"invoice:{paper.n}", f"approve:{paper.n}"):
        if slot in w.parked:
            w.unpark(slot)
    w.note(f"{paper.number} is left to people")


def _milestones(w: Work, n: int, fact: Decided) -> bool:
    if fact.action != "confirm" or not 0 < n <= len(w.consignments):
        return False
    one = w.consignments[n - 1]
    w.unpark(fact.slot)
    w.put(replace(one, cleared="; ".join(doubt.words for doubt in way(one).doubts)))
    w.note(f"a person vouches for the way of {one.number}")
    return True


def _invoice(w: Work, n: int, fact: Decided) -> bool:
    if fact.action == "accept":
        w.unpark(fact.slot)
        w.note(f"{w.invoices[n - 1].number} is accepted as the ERP made it")
        return True
    if fact.action == "leave":
        _leave(w, w.invoices[n - 1], fact)
        return True
    return False


def _approve(w: Work, n: int, fact: Decided) -> bool:
    if fact.action == "approve":
        w.unpark(fact.slot)
        w.put(replace(w.invoices[n - 1], approved_by=f"person:{fact.by or 'unnamed'}"))
        return True
    if fact.action == "leave":
        _leave(w, w.invoices[n - 1], fact)
        return True
    return False


def _cancelled(w: Work, n: int, fact: Decided) -> bool:
    if fact.action not in {"again", "leave"}:
        return False
    w.unpark(fact.slot)
    for one in w.of(w.invoices[n - 1]):
        w.put(replace(one, invoice=0, left_out=fact.action == "leave"))
    w.note("its goods are billed again" if fact.action == "again" else "its goods are billed by nobody")
    return True


def _foreign(w: Work, n: int, fact: Decided) -> bool:
    if fact.action not in {"theirs", "ours"}:
        return False
    w.unpark(fact.slot)
    w.foreign = {made: said or fact.action for made, said in w.foreign.items()}
    if fact.action == "theirs":
        for one in unbilled(w):
            w.put(replace(one, left_out=True))
        for paper in list(w.invoices):
            if paper.standing == "open" and paper.create == "":
                _leave(w, paper, fact)
    return True


_ACKNOWLEDGED: Final = frozenset({"dropped", "early_invoice", "stray"})
_HANDLERS: Final[dict[str, Callable[[Work, int, Decided], bool]]] = {
    "milestones": _milestones,
    "invoice": _invoice,
    "approve": _approve,
    "cancelled": _cancelled,
    "foreign": _foreign,
}
