"""What the end of a command means: the acknowledgement moves the return on, a failure parks its branch and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from crossdock.core.commands import REFUNDS
from crossdock.core.errors import CrossdockError, RefundBounced
from crossdock.core.process import Settled
from crossdock.processes.frame import dispatch
from crossdock.processes.frame.states import Asked
from crossdock.processes.frame.work import pairs
from crossdock.processes.returns import crediting, preparing, refunding
from crossdock.processes.returns.work import ROLE, Work
from crossdock.processes.values import replace

ACTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "return.label": ("done", "skip"),
    "return.expect": ("done", "skip"),
    "return.cancel": ("done", "too_late"),
    "return.transfer": ("done", "skip"),
    "return.answer": ("done", "skip"),
    "credit_note.create": ("done", "skip"),
    "payment.register": ("done", "skip"),
    "payment.refund": ("done", "close"),
    "shop.refund": ("done", "close"),
    "refund.transfer": ("done", "close"),
}
"""What a person may choose when a command failed, besides retrying it. `done`: it was done by hand, with the acknowledgement as data."""


def settled(w: Work, fact: Settled) -> None:
    """A command of this process came to its end."""
    dispatch.end(w, fact, stray=_stray, failed=_failed, accepted=accepted)


def accepted(w: Work, made: str, asked: Asked, ack: Mapping[str, Any], system: str = "") -> None:
    """The target did it (or a person did it by hand)."""
    dispatch.drop(w, made, asked)
    _HANDLERS[asked.name](w, asked, ack)
    for scheme, value in pairs(ack):
        w.refer(scheme, value)


def _stray(w: Work, fact: Settled) -> None:
    """An answer nobody waits for: a repetition, or the late success of a command that was given up. Money that went back counts all the same."""
    if fact.command in REFUNDS and not isinstance(fact.result, CrossdockError):
        refund = next((one for one in w.refunds if one.own == fact.command_id), None)
        if refund is not None and refund.status == "given_up":
            refunding.made(w, refund, fact.result.ack)
            error = RefundBounced(f"refund {refund.n} of {refund.amount} was made after it was given up", amount=refund.amount)
            w.park(f"bounced:{refund.n}", error, "finance", ("acknowledge",))
            return
    w.note(f"the answer to {fact.command} is known, or nobody waits for it any more")


def _failed(w: Work, made: str, asked: Asked, error: CrossdockError) -> None:
    dispatch.fail(w, made, asked, error, ROLE[asked.name], ACTIONS[asked.name])
    n = asked.n
    if asked.name == "return.label":
        w.put(replace(w.returns[n - 1], label="failed"))
    elif asked.name == "return.expect":
        w.put(replace(w.returns[n - 1], expect="failed"))
    elif asked.name == "return.cancel":
        w.put(replace(w.returns[n - 1], recall="failed"))
    elif asked.name == "return.transfer":
        w.put(replace(w.receipts[n - 1], transfer="failed"))
    elif asked.name == "credit_note.create":
        w.put(replace(w.returns[n - 1], credit="failed"))
    elif asked.name == "payment.register":
        w.put(replace(w.returns[n - 1], register="failed"))
    elif asked.name in REFUNDS and w.refunds[n - 1].status in {"asked", "pending"}:
        w.put(replace(w.refunds[n - 1], status="failed"))


def _labelled(w: Work, asked: Asked, ack: Mapping[str, Any]) -> None:
    preparing.labelled(w, w.returns[asked.n - 1], ack)


def _expected(w: Work, asked: Asked, ack: Mapping[str, Any]) -> None:
    w.put(replace(w.returns[asked.n - 1], expect="done"))


def _recalled(w: Work, asked: Asked, ack: Mapping[str, Any]) -> None:
    w.put(replace(w.returns[asked.n - 1], recall="done"))
    if ack.get("status") == "too_late":
        w.note("the warehouse cannot stop expecting the goods any more")


def _booked(w: Work, asked: Asked, ack: Mapping[str, Any]) -> None:
    w.put(replace(w.receipts[asked.n - 1], transfer="done"))
    w.refer(f"{w.plan.system('erp')}:return_transfer", str(ack.get("transfer") or ""))


def _credited(w: Work, asked: Asked, ack: Mapping[str, Any]) -> None:
    crediting.credited(w, w.returns[asked.n - 1], ack)


def _registered(w: Work, asked: Asked, ack: Mapping[str, Any]) -> None:
    w.put(replace(w.returns[asked.n - 1], register="done"))


def _refunded(w: Work, asked: Asked, ack: Mapping[str, Any]) -> None:
    refunding.made(w, w.refunds[asked.n - 1], ack)


def _nothing(w: Work, asked: Asked, ack: Mapping[str, Any]) -> None:
    """Somebody was told; nothing follows from it."""


_HANDLERS = {
    "return.label": _labelled,
    "return.expect": _expected,
    "return.cancel": _recalled,
    "return.transfer": _booked,
    "return.answer": _nothing,
    "credit_note.create": _credited,
    "payment.register": _registered,
    "payment.refund": _refunded,
    "shop.refund": _refunded,
    "refund.transfer": _refunded,
}
