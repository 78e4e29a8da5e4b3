"""What a person's decision about something parked means. An action that was not offered changes nothing and is noted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from crossdock.core.commands import REFUNDS
from crossdock.core.process import Decided
from crossdock.processes.frame import dispatch
from crossdock.processes.frame.states import Asked
from crossdock.processes.returns import exchanging, refunding, requesting
from crossdock.processes.returns.settled import accepted
from crossdock.processes.returns.work import Work
from crossdock.processes.values import replace

SOMEBODY: Final = "a person"


def decided(w: Work, fact: Decided) -> None:
    """A person settled a slot."""
    dispatch.decide(w, fact, about_command=_about_command, acknowledged=_ACKNOWLEDGED, handlers=_HANDLERS)


def _about_command(w: Work, made: str, asked: Asked, fact: Decided) -> None:
    name, action = asked.name, fact.action
    if action == "done":
        w.note(f"{name} was done by hand")
        accepted(w, made, asked, fact.data)
    elif name == "return.cancel" and action == "too_late":
        accepted(w, made, asked, {"status": "too_late"})
    elif name in REFUNDS and action == "close":
        w.revoke(made)
        refund = w.refunds[asked.n - 1]
        w.put(replace(refund, status="given_up"))
        one = w.returns[refund.ret - 1]
        refunding.reduce(w, one, w.refunding(one.n))
    elif action == "skip" and name in _SKIPPED:
        w.revoke(made)
        _SKIPPED[name](w, asked)
        w.note(f"{name} is left out: {fact.reason}")
    else:
        dispatch.not_offered(w, fact)


def _return(w: Work, n: int, fact: Decided) -> bool:
    one = w.returns[n - 1]
    if one.standing != "held" or fact.action not in {"allow", "refuse"}:
        return False
    w.unpark(fact.slot)
    if fact.action == "refuse":
        requesting.refuse(w, one, fact.reason or "outside of what can be given back")
    else:
        requesting.judge(w, replace(one, standing="requested", approvers=(fact.by or SOMEBODY,)), anyway=True)
    return True


def _approval(w: Work, n: int, fact: Decided) -> bool:
    one = w.returns[n - 1]
    if one.standing != "held" or fact.action not in {"approve", "refuse"}:
        return False
    w.unpark(fact.slot)
    if fact.action == "refuse":
        requesting.refuse(w, one, fact.reason or "not approved")
        return True
    who = fact.by or SOMEBODY
    if who in one.approvers:
        w.note(f"{who} approved it before; it takes somebody else")
    else:
        one = replace(one, approvers=(*one.approvers, who))
    # what was allowed against the policy stays allowed: an approval is the second look, not the first
    requesting.judge(w, replace(one, standing="requested"), anyway=True)
    return True


def _unauthorised(w: Work, n: int, fact: Decided) -> bool:
    one = w.returns[n - 1]
    if one.standing != "held" or fact.action not in {"accept", "refuse"}:
        return False
    w.unpark(fact.slot)
    if fact.action == "refuse":
        requesting.refuse(w, one, fact.reason or "came back without authorisation")
        for receipt in list(w.receipts):
            if receipt.ret == n:
                w.put(replace(receipt, standing="refused"))
    else:
        requesting.judge(w, replace(one, standing="requested", approvers=(fact.by or SOMEBODY,)), anyway=True)
    return True


def _graded(w: Work, n: int, fact: Decided) -> bool:
    receipt = w.receipts[n - 1]
    if receipt.standing != "held" or fact.action not in {"only_fitting", "all_authorised"}:
        return False
    w.unpark(fact.slot)
    w.put(replace(receipt, standing="in_force", pay="all" if fact.action == "all_authorised" else "fitting"))
    w.note("all that was authorised is paid for" if fact.action == "all_authorised" else "only what fits is paid for")
    return True


def _overdue(w: Work, n: int, fact: Decided) -> bool:
    one = w.returns[n - 1]
    if fact.action not in {"wait", "close"}:
        return False
    w.unpark(fact.slot)
    if fact.action == "wait":
        w.await_stage("return_received", n, f"the goods of return {one.number} are received")
        return True
    w.forget("return_received", n)
    if w.receipts_of(n):
        w.put(replace(one, over=True))
    else:
        w.put(replace(one, standing="cancelled", reason=fact.reason or "the goods did not come"))
        requesting.over(w, n)
    w.note(f"nothing more is waited for of return {one.number}")
    return True


def _refund(w: Work, n: int, fact: Decided) -> bool:
    one = w.returns[n - 1]
    if one.standing != "settled" or fact.action not in {"transfer", "refund_rest", "done", "close"}:
        return False
    w.unpark(fact.slot)
    if fact.action == "transfer":
        name, iban = str(fact.data.get("creditor_name") or ""), str(fact.data.get("creditor_iban") or "")
        if not refunding.transfer(w, one, fact.by or SOMEBODY, name, iban):
            w.note("a transfer needs the name and the right IBAN of the customer's account")
    elif fact.action == "done":
        refunding.by_hand(w, one, str(fact.data.get("reference") or fact.reason or ""))
    elif fact.action == "close":
        refunding.reduce(w, one, w.refunding(n))
    else:
        refunding.reduce(w, one, refunding.rest(w, one))
    return True


def _bounced(w: Work, n: int, fact: Decided) -> bool:
    refund = w.refunds[n - 1]
    if refund.status != "bounced" or refund.handled or fact.action not in {"retry", "done", "close"}:
        return False
    w.unpark(fact.slot)
    w.put(replace(refund, handled=True))
    one = w.returns[refund.ret - 1]
    reopened = one if one.standing == "settled" else replace(one, standing="settled")
    w.put(reopened)
    if fact.action == "done":
        refunding.by_hand(w, reopened, str(fact.data.get("reference") or fact.reason or ""))
    elif fact.action == "close":
        refunding.reduce(w, reopened, w.refunding(one.n))
    return True


def _exchange(w: Work, n: int, fact: Decided) -> bool:
    one = w.returns[n - 1]
    if one.exchange != "asked" or fact.action not in {"done", "refund"}:
        return False
    w.unpark(fact.slot)
    if fact.action == "done":
        w.put(replace(one, exchange="done"))
        w.note(f"the customer of return {one.number} got the goods: {fact.reason}")
    else:
        exchanging.refund_instead(w, one)
        w.note(f"the customer of return {one.number} gets money instead of goods")
    return True


def _skip_label(w: Work, asked: Asked) -> None:
    w.put(replace(w.returns[asked.n - 1], label="skipped"))


def _skip_expect(w: Work, asked: Asked) -> None:
    w.put(replace(w.returns[asked.n - 1], expect="skipped"))


def _skip_transfer(w: Work, asked: Asked) -> None:
    w.put(replace(w.receipts[asked.n - 1], transfer="skipped"))


def _skip_credit(w: Work, asked: Asked) -> None:
    w.put(replace(w.returns[asked.n - 1], credit="skipped", register="skipped", uncredited=True))


def _skip_register(w: Work, asked: Asked) -> None:
    w.put(replace(w.returns[asked.n - 1], register="skipped"))


def _skip_answer(w: Work, asked: Asked) -> None:
    """The customer is told by other means."""


_ACKNOWLEDGED: Final = frozenset({"order", "chargeback", "late_cancel", "credit", "bounced"})
_HANDLERS: Final[dict[str, Callable[[Work, int, Decided], bool]]] = {
    "return": _return,
    "approval": _approval,
    "unauthorised": _unauthorised,
    "graded": _graded,
    "overdue": _overdue,
    "refund": _refund,
    "bounced": _bounced,
    "exchange": _exchange,
}
_SKIPPED: Final[dict[str, Callable[[Work, Asked], None]]] = {
    "return.label": _skip_label,
    "return.expect": _skip_expect,
    "return.transfer": _skip_transfer,
    "return.answer": _skip_answer,
    "credit_note.create": _skip_credit,
    "payment.register": _skip_register,
}
