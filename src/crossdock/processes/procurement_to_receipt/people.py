"""What a person's decision about something parked means. An action that was not offered changes nothing and is noted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from crossdock.core.process import Decided
from crossdock.processes.frame import dispatch
from crossdock.processes.frame.states import Asked
from crossdock.processes.procurement_to_receipt import answering, noticing, receiving, telling
from crossdock.processes.procurement_to_receipt.settled import accepted
from crossdock.processes.procurement_to_receipt.work import Work
from crossdock.processes.values import replace


def decided(w: Work, fact: Decided) -> None:
    """A person settled a slot."""
    dispatch.decide(w, fact, about_command=_about_command, acknowledged=_ACKNOWLEDGED, handlers=_HANDLERS)


def _about_command(w: Work, made: str, asked: Asked, fact: Decided) -> None:
    name, action = asked.name, fact.action
    if action == "done":
        w.note(f"{name} was done by hand")
        accepted(w, made, asked, fact.data)
    elif name == "receipt.cancel" and action == "too_late":
        accepted(w, made, asked, {"status": "too_late"})
    elif name == "purchase_order.send" and action == "cancel":
        telling.request_cancel(w, "hub", fact.reason or "a person cancelled the order")
    elif action in {"skip", "refuse"} and action in _SKIPPED.get(name, ("", None))[0]:
        w.revoke(made)
        then = _SKIPPED[name][1]
        if then is not None:
            then(w, asked)
        w.note(f"{name} is left out: {fact.reason}")
    else:
        dispatch.not_offered(w, fact)


def _supplier(w: Work, n: int, fact: Decided) -> bool:
    if fact.action != "retry" or w.order is None:
        return False
    found = w.plan.supplier_of(w.order)
    if found is None:
        w.note("the supplier is still none of this flow's")
        return True
    w.unpark(fact.slot)
    w.role, w.supplier = found.role, w.plan.system(found.role)
    return True


def _answer(w: Work, n: int, fact: Decided) -> bool:
    held = next((one for one in reversed(w.answers) if one.standing == "held"), None)
    if held is None or held.document is None:
        return False
    if fact.action == "accept":
        w.unpark(fact.slot)
        w.put(replace(held, standing="in_force", document=None))
        _, values = answering.judge(w, held.document)
        w.note(f"the buyer accepts answer {held.number}")
        answering.apply(w, held.document, values)
        w.ordered = w.agreed
    elif fact.action == "insist":
        w.unpark(fact.slot)
        w.put(replace(held, standing="refused", document=None))
        w.resend = True
        w.note(f"the buyer does not accept answer {held.number}: the supplier gets the order again as it is")
    elif fact.action == "cancel":
        w.unpark(fact.slot)
        w.put(replace(held, standing="refused", document=None))
        telling.request_cancel(w, "hub", fact.reason or f"the buyer does not accept answer {held.number}")
    else:
        return False
    return True


def _acknowledgement(w: Work, n: int, fact: Decided) -> bool:
    if fact.action != "resend":
        return False
    w.unpark(fact.slot)
    w.resend = True
    return True


def _change(w: Work, n: int, fact: Decided) -> bool:
    if w.wanted is None or fact.action not in {"tell", "ignore"}:
        return False
    w.unpark(fact.slot)
    if fact.action == "tell":
        w.insist = True
    else:
        w.nothing_new()
        w.note("the supplier is not told of the change")
    return True


def _cancel(w: Work, n: int, fact: Decided) -> bool:
    if w.cancel is None or w.cancel.status != "asked" or fact.action not in {"cancel_rest", "receive_anyway"}:
        return False
    w.unpark(fact.slot)
    w.cancel = replace(w.cancel, status="rest" if fact.action == "cancel_rest" else "refused")
    if fact.action == "receive_anyway":
        w.note("the goods are received although the order was cancelled in the ERP")
    return True


def _notice(w: Work, n: int, fact: Decided) -> bool:
    notice = w.notices[n - 1]
    if notice.standing != "held" or fact.action not in {"accept", "expect_ordered", "refuse"}:
        return False
    w.unpark(fact.slot)
    if fact.action == "accept":
        noticing.enforce(w, notice)
        w.note(f"ship notice {notice.number} is taken as it is")
        return True
    if fact.action == "expect_ordered":
        notice = noticing.expect_ordered(w, notice)
    if fact.action == "refuse" or not notice.lines:
        w.put(replace(notice, standing="refused"))
        w.forget("received", notice.n)
        w.note(f"ship notice {notice.number} is not taken: nothing of it is expected")
    else:
        noticing.enforce(w, notice)
        w.note(f"of ship notice {notice.number} only what was ordered is expected")
    w.await_goods()
    return True


def _receipt(w: Work, n: int, fact: Decided) -> bool:
    receipt = w.receipts[n - 1]
    if receipt.standing != "held" or fact.action not in {"accept", "receive_ordered"}:
        return False
    if receipt.booked and fact.action == "receive_ordered":
        return False
    w.unpark(fact.slot)
    if fact.action == "receive_ordered":
        receipt = receiving.ordered_only(w, receipt)
        w.note(f"of receipt {receipt.number} only what was ordered is taken")
    w.put(replace(receipt, standing="open"))
    return True


def _short(w: Work, n: int, fact: Decided) -> bool:
    if fact.action not in {"wait", "close"}:
        return False
    w.unpark(fact.slot)
    if fact.action == "close":
        receiving.close(w, w.receipts[n - 1])
    return True


def _invoice(w: Work, n: int, fact: Decided) -> bool:
    invoice = w.invoices[n - 1]
    if invoice.standing != "held" or fact.action not in {"accept", "refuse"}:
        return False
    w.unpark(fact.slot)
    if fact.action == "accept":
        w.put(replace(invoice, standing="open", approved=True))
    else:
        w.put(replace(invoice, standing="refused", document=None))
        w.forget("matched", n)
        w.note(f"invoice {invoice.number} is refused")
    return True


def _skip_change(w: Work, asked: Asked) -> None:
    w.telling = None


def _skip_cancel(w: Work, asked: Asked) -> None:
    telling.cancel_told(w)


def _skip_expect(w: Work, asked: Asked) -> None:
    w.put(replace(w.notices[asked.n - 1], failed=False))


def _skip_validate(w: Work, asked: Asked) -> None:
    w.put(replace(w.receipts[asked.n - 1], transfer="skipped", standing="in_force"))


def _refuse_bill(w: Work, asked: Asked) -> None:
    w.put(replace(w.invoices[asked.n - 1], standing="refused", bill="", lines=(), document=None))


_ACKNOWLEDGED: Final = frozenset(
    {"order", "supplier", "acknowledgement", "damaged", "update", "bill"}
    | {"late_change", "late_cancel", "late_notice", "late_receipt", "late_invoice"}
)
_HANDLERS: Final[dict[str, Callable[[Work, int, Decided], bool]]] = {
    "supplier": _supplier,
    "answer": _answer,
    "acknowledgement": _acknowledgement,
    "change": _change,
    "cancel": _cancel,
    "notice": _notice,
    "receipt": _receipt,
    "short": _short,
    "invoice": _invoice,
}
_SKIPPED: Final[dict[str, tuple[str, Callable[[Work, Asked], None] | None]]] = {
    "purchase_order.change": ("skip", _skip_change),
    "purchase_order.cancel": ("skip", _skip_cancel),
    "purchase_order.update": ("skip", None),
    "receipt.expect": ("skip", _skip_expect),
    "receipt.validate": ("skip", _skip_validate),
    "bill.create": ("refuse", _refuse_bill),
}
