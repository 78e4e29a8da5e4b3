"""What the end of a command means: the bill is there, or a person is asked; a failure stops its own branch and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from crossdock.core.errors import CrossdockError, DecisionNeeded
from crossdock.core.process import Settled
from crossdock.processes.frame import dispatch
from crossdock.processes.frame.states import Asked, Step
from crossdock.processes.frame.work import pairs
from crossdock.processes.freight_to_bill.telling import tell
from crossdock.processes.freight_to_bill.work import Work

ACTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "bill.create": ("done", "refuse"),
    "landed_cost.create": ("done", "skip"),
    "invoice.charge": ("done", "skip"),
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
    mark(w, asked, "done")
    if asked.name == "bill.create":
        w.bill_id = str(ack.get("bill_id") or "")
        w.refer("bill", str(ack.get("bill_number") or ""))
        w.reach("billed")
        tell(w)
        w.came("billed")
        differences = ack.get("discrepancies")
        words = [
            f"{one.get('field')}: {one.get('found')} instead of {one.get('expected')}"
            for one in (differences if isinstance(differences, (list, tuple)) else ())
            if isinstance(one, Mapping)
        ]
        if words:
            error = DecisionNeeded(f"the ERP made something else of the invoice: {'; '.join(words)}", discrepancies=words)
            w.park("bill", error, "accounting", ("acknowledge",))
    elif asked.name == "landed_cost.create":
        w.reach("spread")


def mark(w: Work, asked: Asked, step: Step) -> None:
    """How far a branch is."""
    if asked.name == "bill.create":
        w.bill = step
    elif asked.name == "landed_cost.create":
        w.landed = step
    else:
        w.charged[asked.suffix] = step


def _failed(w: Work, made: str, asked: Asked, error: CrossdockError) -> None:
    dispatch.fail(w, made, asked, error, "accounting", ACTIONS[asked.name])
    mark(w, asked, "failed")


def _stray(w: Work, fact: Settled) -> None:
    """An answer nobody waits for. A bill that was refused must not be paid."""
    refused = w.standing == "refused" or (w.turn > 1 and not fact.command_id.endswith(f":1.{w.turn}"))
    if fact.command == "bill.create" and refused and not isinstance(fact.result, CrossdockError):
        w.park("bill", DecisionNeeded("the ERP made the bill after it was refused"), "accounting", ("acknowledge",))
        return
    w.note(f"the answer to {fact.command} is known, or nobody waits for it any more")
