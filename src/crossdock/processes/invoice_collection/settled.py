"""What the end of a command means: the acknowledgement moves the invoice on, a failure parks it and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from crossdock.core.errors import CrossdockError, DecisionNeeded
from crossdock.core.process import Settled
from crossdock.processes.frame import dispatch
from crossdock.processes.frame.states import Asked
from crossdock.processes.frame.work import pairs
from crossdock.processes.invoice_collection import invoicing
from crossdock.processes.invoice_collection.work import Work
from crossdock.processes.values import replace

ACTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "invoice.create": ("done", "apart", "leave"),
    "invoice.post": ("done", "another_day", "leave"),
}
"""What a person may choose when a command failed, besides retrying it. `done`: it was done by hand, with the acknowledgement as data."""


def settled(w: Work, fact: Settled) -> None:
    """A command of this process came to its end."""
    dispatch.end(w, fact, stray=_stray, failed=_failed, accepted=accepted)


def accepted(w: Work, made: str, asked: Asked, ack: Mapping[str, Any], system: str = "") -> None:
    """The target did it (or a person did it by hand)."""
    dispatch.drop(w, made, asked)
    paper = w.invoices[asked.n - 1]
    if paper.standing == "given_up":
        _too_late(w, asked.name, asked.n)
        return
    for scheme, value in pairs(ack):
        if not scheme.endswith(":order_id"):  # the orders' own names stay theirs
            w.refer(scheme, value)
    if asked.name == "invoice.post":
        invoicing.posted(w, paper, ack)
    elif paper.create != "done":
        invoicing.created(w, paper, ack)


def _failed(w: Work, made: str, asked: Asked, error: CrossdockError) -> None:
    paper = w.invoices[asked.n - 1]
    if asked.name == "invoice.post" and paper.standing == "posted":
        del w.asked[made]
        w.note(f"posting {paper.number} failed, but it is posted: {error.message}")
        w.revoked.append(made)
        return
    dispatch.fail(w, made, asked, error, "accounting", ACTIONS[asked.name])
    w.put(replace(paper, create="failed") if asked.name == "invoice.create" else replace(paper, post="failed"))


def _too_late(w: Work, command: str, n: int) -> None:
    number = w.invoices[n - 1].number
    error = DecisionNeeded(f"the ERP carried out {command} of {number} after it was given up", invoice=number)
    w.park(f"stray:{n}", error, "accounting", ("acknowledge",))


def _stray(w: Work, fact: Settled) -> None:
    """An answer nobody waits for. What was made after it was given up bills goods that something else bills: a person hears of it."""
    suffix = fact.command_id.rpartition(":")[2].partition(".")[0]
    n = int(suffix) if suffix.isdecimal() else 0
    if not isinstance(fact.result, CrossdockError) and 0 < n <= len(w.invoices) and w.invoices[n - 1].standing == "given_up":
        _too_late(w, fact.command, n)
        return
    w.note(f"the answer to {fact.command} is known, or nobody waits for it any more")
