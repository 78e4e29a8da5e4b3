"""What the end of a command means: the acknowledgement moves the order on, a failure parks its branch and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from crossdock.core.errors import CrossdockError, DecisionNeeded
from crossdock.core.process import Settled
from crossdock.processes.command_ids import command_id
from crossdock.processes.frame import dispatch
from crossdock.processes.frame.states import Asked
from crossdock.processes.frame.work import pairs
from crossdock.processes.procurement_to_receipt import acknowledging, invoicing, noticing, receiving, telling
from crossdock.processes.procurement_to_receipt.work import ROLE, Work
from crossdock.processes.values import replace

ACTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "purchase_order.send": ("done", "cancel"),
    "purchase_order.change": ("done", "skip"),
    "purchase_order.cancel": ("done", "skip"),
    "purchase_order.update": ("done", "skip"),
    "receipt.expect": ("done", "skip"),
    "receipt.cancel": ("done", "too_late"),
    "receipt.validate": ("done", "skip"),
    "bill.create": ("done", "refuse"),
}
"""What a person may choose when a command failed, besides retrying it. `done`: it was done by hand, with the acknowledgement as data."""


def settled(w: Work, fact: Settled) -> None:
    """A command of this process came to its end."""
    dispatch.end(w, fact, stray=_stray, failed=_failed, accepted=accepted)


def accepted(w: Work, made: str, asked: Asked, ack: Mapping[str, Any], system: str = "") -> None:
    """The target did it (or a person did it by hand)."""
    dispatch.drop(w, made, asked)
    _HANDLERS[asked.name](w, asked, ack)
    # afterwards, because an acknowledgement that was quicker than this answer counts from now on
    for scheme, value in pairs(ack):
        w.refer(scheme, value)
        if scheme == acknowledging.SENT:
            acknowledging.sent_as(w, value, asked.slot)


def _stray(w: Work, fact: Settled) -> None:
    """An answer nobody waits for: a repetition, or the late success of a command that was given up. A bill nobody wants must not be paid."""
    if fact.command == "bill.create" and not isinstance(fact.result, CrossdockError):
        for one in w.invoices:
            suffix = f"{one.n}.{one.version}" if one.version > 1 else str(one.n)
            if one.standing == "refused" and command_id(w.state.key, fact.command, suffix) == fact.command_id:
                error = DecisionNeeded(f"the ERP made the bill of invoice {one.number} after it was refused", invoice=one.number)
                w.park(f"bill:{one.n}", error, "accounting", ("acknowledge",))
                return
    w.note(f"the answer to {fact.command} is known, or nobody waits for it any more")


def _failed(w: Work, made: str, asked: Asked, error: CrossdockError) -> None:
    dispatch.fail(w, made, asked, error, ROLE[asked.name], ACTIONS[asked.name])
    n = asked.n
    if asked.name == "receipt.expect":
        w.put(replace(w.notices[n - 1], failed=True))
    elif asked.name == "receipt.validate":
        w.put(replace(w.receipts[n - 1], transfer="failed"))
    elif asked.name == "bill.create":
        w.put(replace(w.invoices[n - 1], bill="failed"))


def _sent(w: Work, asked: Asked, ack: Mapping[str, Any]) -> None:
    telling.told(w, asked.name)


def _cancelled(w: Work, asked: Asked, ack: Mapping[str, Any]) -> None:
    telling.cancel_told(w)


def _updated(w: Work, asked: Asked, ack: Mapping[str, Any]) -> None:
    refused = ack.get("refused")
    words = [
        f"line {one.get('line')}: {one.get('reason') or 'refused'}"
        for one in (refused if isinstance(refused, (list, tuple)) else ())
        if isinstance(one, Mapping)
    ]
    differences = ack.get("discrepancies")
    words += [
        f"{one.get('field')}: {one.get('found')} instead of {one.get('expected')}"
        for one in (differences if isinstance(differences, (list, tuple)) else ())
        if isinstance(one, Mapping)
    ]
    if words:
        error = DecisionNeeded(f"the ERP did not take all the supplier confirmed: {'; '.join(words)}", refused=words)
        w.park(f"update:{asked.n}", error, "erp", ("acknowledge",))


def _expected(w: Work, asked: Asked, ack: Mapping[str, Any]) -> None:
    version = asked.suffix.partition(".")[2]
    noticing.told(w, w.notices[asked.n - 1], int(version) if version.isdecimal() else 1)


def _recalled(w: Work, asked: Asked, ack: Mapping[str, Any]) -> None:
    notice = w.notices[asked.n - 1]
    if ack.get("status") == "too_late":
        w.put(replace(notice, recall="done"))
        w.note(f"the warehouse cannot stop expecting {notice.expected} any more")
    else:
        w.put(replace(notice, recall="done" if notice.standing != "in_force" else "", told=0))


def _validated(w: Work, asked: Asked, ack: Mapping[str, Any]) -> None:
    w.refer(f"{w.source}:transfer_id", str(ack.get("transfer_id") or ""))
    w.refer(f"{w.source}:transfer", str(ack.get("transfer") or ""))
    receiving.validated(w, w.receipts[asked.n - 1])


def _billed(w: Work, asked: Asked, ack: Mapping[str, Any]) -> None:
    w.refer(f"{w.source}:bill_id", str(ack.get("bill_id") or ""))
    w.refer("bill", str(ack.get("bill_number") or ""))
    invoicing.billed(w, w.invoices[asked.n - 1], ack)


_HANDLERS = {
    "purchase_order.send": _sent,
    "purchase_order.change": _sent,
    "purchase_order.cancel": _cancelled,
    "purchase_order.update": _updated,
    "receipt.expect": _expected,
    "receipt.cancel": _recalled,
    "receipt.validate": _validated,
    "bill.create": _billed,
}
