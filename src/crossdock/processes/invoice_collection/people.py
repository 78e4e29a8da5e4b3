"""What a person's decision about something parked means. An action that was not offered changes nothing and is noted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Final

from crossdock.core.process import Decided
from crossdock.processes.frame import dispatch
from crossdock.processes.frame.states import Asked
from crossdock.processes.invoice_collection.collecting import paper as bill
from crossdock.processes.invoice_collection.invoicing import give_up, unpark
from crossdock.processes.invoice_collection.settled import accepted
from crossdock.processes.invoice_collection.states import Paper
from crossdock.processes.invoice_collection.work import Work
from crossdock.processes.values import replace


def decided(w: Work, fact: Decided) -> None:
    """A person settled a slot."""
    dispatch.decide(w, fact, about_command=_about_command, acknowledged=_ACKNOWLEDGED, handlers=_HANDLERS)


def _about_command(w: Work, made: str, asked: Asked, fact: Decided) -> None:
    paper = w.invoices[asked.n - 1]
    if fact.action == "done":
        w.note(f"{asked.name} was done by hand")
        accepted(w, made, asked, fact.data)
    elif fact.action == "leave":
        w.revoke(made)
        give_up(w, paper)
    elif asked.name == "invoice.create" and fact.action == "apart":
        w.revoke(made)
        _apart(w, paper)
    elif asked.name == "invoice.post" and fact.action == "another_day" and (day := _day(fact)):
        w.revoke(made)
        w.put(replace(paper, post="", issue_date=day))
        w.note(f"posted with the date {day}")
    else:
        dispatch.not_offered(w, fact)


def _apart(w: Work, paper: Paper) -> None:
    """Orders that cannot share an invoice are billed one by one."""
    w.put(replace(paper, standing="given_up"))
    w.forget("posted", paper.n)
    unpark(w, paper)
    for share in w.of(paper):
        bill(w, [share])


def _day(fact: Decided) -> str:
    try:
        return date.fromisoformat(str(fact.data.get("date"))).isoformat()
    except ValueError:
        return ""


def _invoice(w: Work, n: int, fact: Decided) -> bool:
    if fact.action == "accept":
        w.unpark(fact.slot)
        w.note(f"{w.invoices[n - 1].number} is accepted as the ERP made it")
        return True
    if fact.action == "leave":
        give_up(w, w.invoices[n - 1])
        return True
    return False


def _approve(w: Work, n: int, fact: Decided) -> bool:
    if fact.action == "approve":
        w.unpark(fact.slot)
        w.put(replace(w.invoices[n - 1], approved_by=f"person:{fact.by or 'unnamed'}"))
        return True
    if fact.action == "leave":
        give_up(w, w.invoices[n - 1])
        return True
    return False


_ACKNOWLEDGED: Final = frozenset({"stray"})
_HANDLERS: Final[dict[str, Callable[[Work, int, Decided], bool]]] = {"invoice": _invoice, "approve": _approve}
