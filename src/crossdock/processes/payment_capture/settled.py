"""What the end of a command means: the money was taken or is free again, or a person is asked; nothing is tried again by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from crossdock.core.errors import CrossdockError
from crossdock.core.process import Settled
from crossdock.processes.frame import dispatch
from crossdock.processes.frame.states import Asked, Step
from crossdock.processes.frame.work import pairs
from crossdock.processes.payment_capture.work import Work
from crossdock.processes.values import replace

ACTIONS: Final[Mapping[str, tuple[str, ...]]] = {"payment.capture": ("done", "skip"), "payment.cancel": ("done", "skip")}
"""What a person may choose when a command failed, besides retrying it. `done`: it was done by hand, with the acknowledgement as data."""


def settled(w: Work, fact: Settled) -> None:
    """A command of this process came to its end."""
    dispatch.end(w, fact, stray=_stray, failed=_failed, accepted=accepted)


def accepted(w: Work, made: str, asked: Asked, ack: Mapping[str, Any], system: str = "") -> None:
    """The gateway did it (or a person did it by hand)."""
    dispatch.drop(w, made, asked)
    for scheme, value in pairs(ack):
        w.refer(scheme, value)
    mark(w, asked, "done")
    if asked.name == "payment.capture" and not any(one.name == "payment.capture" for one in w.asked.values()):
        w.came("captured")
        w.reach("captured")


def mark(w: Work, asked: Asked, step: Step) -> None:
    """How far it is."""
    if asked.name == "payment.capture":
        w.put(replace(w.takes[asked.n - 1], step=step))
    else:
        one = w.authorizations[asked.n - 1]
        w.put(replace(one, void=step, gone=one.gone or step == "done"))


def _failed(w: Work, made: str, asked: Asked, error: CrossdockError) -> None:
    dispatch.fail(w, made, asked, error, "finance", ACTIONS[asked.name])
    mark(w, asked, "failed")


def _stray(w: Work, fact: Settled) -> None:
    w.note(f"the answer to {fact.command} is known, or nobody waits for it any more")
