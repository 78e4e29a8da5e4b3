"""What the end of a command means: the acknowledgement moves the invoice on, a failure parks its branch and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from crossdock.core.errors import CrossdockError, DecisionNeeded
from crossdock.core.process import Settled
from crossdock.processes.command_ids import command_id
from crossdock.processes.frame import dispatch
from crossdock.processes.frame.states import Asked
from crossdock.processes.frame.work import pairs
from crossdock.processes.shipment_to_invoice import accruing, invoicing
from crossdock.processes.shipment_to_invoice.states import Paper
from crossdock.processes.shipment_to_invoice.work import ROLE, Work
from crossdock.processes.values import replace

ACTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "invoice.create": ("done", "leave"),
    "invoice.post": ("done", "another_day", "leave"),
    "freight.accrue": ("done", "skip"),
}
"""What a person may choose when a command failed, besides retrying it. `done`: it was done by hand, with the acknowledgement as data."""


def settled(w: Work, fact: Settled) -> None:
    """A command of this process came to its end."""
    dispatch.end(w, fact, stray=_stray, failed=_failed, accepted=accepted)


def accepted(w: Work, made: str, asked: Asked, ack: Mapping[str, Any], system: str = "") -> None:
    """The target did it (or a person did it by hand)."""
    dispatch.drop(w, made, asked)
    for scheme, value in pairs(ack):
        w.refer(scheme, value)
    n = asked.n
    if asked.name == "freight.accrue" and n > len(w.bookings):
        w.note("freight that an earlier version accrued")
    elif asked.name == "freight.accrue":
        accruing.accepted(w, n, asked.suffix.partition(".")[2], ack)
    elif w.invoices[n - 1].standing in {"left", "cancelled"}:
        _too_late(w, asked.name, w.invoices[n - 1])
    elif asked.name == "invoice.create":
        if w.invoices[n - 1].create != "done":
            invoicing.created(w, w.invoices[n - 1], ack)
    else:
        invoicing.posted(w, w.invoices[n - 1], ack)


def _too_late(w: Work, command: str, paper: Paper) -> None:
    error = DecisionNeeded(f"the ERP carried out {command} of {paper.number} after it was given up", invoice=paper.number)
    w.park(f"stray:{paper.n}", error, "accounting", ("acknowledge",))


def _failed(w: Work, made: str, asked: Asked, error: CrossdockError) -> None:
    n = asked.n
    if asked.name == "invoice.post" and w.invoices[n - 1].standing == "posted":
        del w.asked[made]
        w.note(f"posting {w.invoices[n - 1].number} failed, but it is posted: {error.message}")
        w.revoked.append(made)
        return
    dispatch.fail(w, made, asked, error, ROLE[asked.name], ACTIONS[asked.name])
    if asked.name == "freight.accrue" and n <= len(w.bookings):
        accruing.mark(w, n, asked.suffix.partition(".")[2], "failed")
    elif asked.name == "invoice.create":
        w.put(replace(w.invoices[n - 1], create="failed"))
    elif asked.name == "invoice.post":
        w.put(replace(w.invoices[n - 1], post="failed"))


def _stray(w: Work, fact: Settled) -> None:
    """An answer nobody waits for. What was made after it was given up bills goods that somebody else bills: a person hears of it."""
    if not isinstance(fact.result, CrossdockError) and fact.command in {"invoice.create", "invoice.post"}:
        for one in w.invoices:
            suffixes = [str(one.n), *(f"{one.n}.{turn}" for turn in range(2, one.posts + 1))]
            if one.standing in {"left", "cancelled"} and any(
                command_id(w.state.key, fact.command, each) == fact.command_id for each in suffixes
            ):
                _too_late(w, fact.command, one)
                return
    w.note(f"the answer to {fact.command} is known, or nobody waits for it any more")
