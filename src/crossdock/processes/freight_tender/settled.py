"""What the end of a command means: the offer is with the carrier, or the next one is asked; nothing is offered to two at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from crossdock.core.errors import CrossdockError, DecisionNeeded
from crossdock.core.process import Settled
from crossdock.processes.frame import dispatch
from crossdock.processes.frame.states import Asked
from crossdock.processes.frame.work import pairs
from crossdock.processes.freight_tender.work import Work
from crossdock.processes.values import replace

ACTIONS: Final[Mapping[str, tuple[str, ...]]] = {"tender.send": ("done", "next", "leave"), "tender.cancel": ("done",)}
"""What a person may choose when a command failed, besides retrying it. `done`: it was done by hand, with the acknowledgement as data."""


def settled(w: Work, fact: Settled) -> None:
    """A command of this process came to its end."""
    dispatch.end(w, fact, stray=_stray, failed=_failed, accepted=accepted)


def accepted(w: Work, made: str, asked: Asked, ack: Mapping[str, Any], system: str = "") -> None:
    """The TMS or the carrier has it."""
    dispatch.drop(w, made, asked)
    for scheme, value in pairs(ack):
        w.refer(scheme, value)
    load = w.loads[asked.n - 1]
    if asked.name == "tender.send":
        if load.standing == "offering" and asked.suffix == f"{load.n}.{load.tried}":
            w.put(replace(load, standing="offered"))
    elif ack.get("status") == "too_late":
        error = DecisionNeeded(f"an offer of {load.shipment} cannot be taken back any more", shipment=load.shipment)
        w.park("late_answer", error, "carrier", ("acknowledge",))


def _failed(w: Work, made: str, asked: Asked, error: CrossdockError) -> None:
    load = w.loads[asked.n - 1]
    dispatch.fail(w, made, asked, error, "carrier", ACTIONS[asked.name])
    if asked.name == "tender.send" and asked.suffix == f"{load.n}.{load.tried}":
        # it may stand there all the same: only a person, or the answer, ends the wait
        w.forget(f"timer:answer:{load.n}")


def _stray(w: Work, fact: Settled) -> None:
    w.note(f"the answer to {fact.command} is known, or nobody waits for it any more")
