"""The life of an invoice of several orders: made once, posted once, its payment followed, and every order told; collects nothing."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from crossdock.canonical.customer_invoice import CustomerInvoice
from crossdock.core.errors import DecisionNeeded
from crossdock.core.process import Happened
from crossdock.processes.frame.money import policy
from crossdock.processes.frame.states import Json
from crossdock.processes.invoice_collection.states import Paper
from crossdock.processes.invoice_collection.work import Work
from crossdock.processes.values import replace


def pursue(w: Work, paper: Paper) -> None:
    """Do what is due for one invoice."""
    if paper.standing != "open":
        return
    if paper.create == "":
        _create(w, paper)
    elif paper.create == "done" and paper.post == "" and f"invoice:{paper.n}" not in w.parked:
        _post(w, paper)


def created(w: Work, paper: Paper, ack: Mapping[str, Any]) -> None:
    """The ERP has the draft."""
    paper = _known(paper, ack)
    paper = replace(paper, create="done")
    w.put(paper)
    w.reach("drafted")
    _name(w, paper)
    if ack.get("state") == "posted":
        posted(w, paper, ack)
        return
    given = ack.get("discrepancies")
    differences = [
        f"{one.get('field')}: {one.get('found')} instead of {one.get('expected')}"
        for one in (given if isinstance(given, (list, tuple)) else ())
        if isinstance(one, Mapping)
    ]
    if differences:
        words = f"the ERP made something else of {paper.number}: {'; '.join(differences)}"
        error = DecisionNeeded(words, invoice=paper.invoice_number, discrepancies=differences)
        w.park(f"invoice:{paper.n}", error, "accounting", ("accept", "leave"))


def posted(w: Work, paper: Paper, ack: Mapping[str, Any]) -> None:
    """The invoice left: every order on it is told."""
    if paper.standing == "posted":
        w.note(f"{paper.number} is posted already")
        return
    paper = replace(_known(paper, ack), standing="posted", create="done", post="done")
    w.put(paper)
    _name(w, paper)
    unpark(w, paper)
    w.came("posted", paper.n)
    w.reach("drafted")
    w.reach("posted")
    w.expect_stage("paid", paper.n, w.at, f"{paper.invoice_number or paper.number} is paid", not_before=w.at)
    tell(w, paper, "posted")


def give_up(w: Work, paper: Paper) -> None:
    """It is not to be, or not any more: every order on it is told, where a person says what becomes of its goods."""
    if paper.standing == "given_up":
        return
    w.put(replace(paper, standing="given_up"))
    unpark(w, paper)
    w.forget("posted", paper.n)
    w.forget("paid", paper.n)
    w.note(f"{paper.number} is given up")
    tell(w, paper, "given_up")


def told(w: Work, fact: Happened) -> None:
    """`customer_invoice.*`: what the ERP says of an invoice."""
    data = fact.event.data
    if not isinstance(data, CustomerInvoice) or data.kind != "invoice":
        return
    paper = next(
        (one for one in w.invoices if data.wish == one.number or (one.invoice_id and one.invoice_id == data.erp_id)), None
    )
    if paper is None or paper.standing == "given_up":
        w.note(f"{data.number or data.erp_id} is none of the invoices that are pursued here")
        return
    paper = replace(
        paper,
        invoice_id=data.erp_id,
        invoice_number=data.number or paper.invoice_number,
        total=format(data.amount.amount, "f"),
        payment=data.payment_state,
    )
    was = w.invoices[paper.n - 1].payment
    w.put(paper)
    _name(w, paper)
    if data.state == "cancelled":
        give_up(w, paper)
        return
    if data.state == "posted" and paper.standing == "open":
        if failed := w.failed("invoice.post", paper.n):
            w.revoke(failed)
        posted(w, paper, {})
    if data.payment_state == "paid" and was != "paid":
        w.came("paid", paper.n)
        w.reach("paid")
        tell(w, w.invoices[paper.n - 1], "paid")


def finish(w: Work) -> None:
    """Close when every share is on an invoice that is over, and nobody is asked."""
    if w.closed or w.asked or w.parked or not w.shares or any(not one.paper for one in w.shares):
        return
    if any(one.standing == "open" for one in w.invoices):
        return
    standing = [one for one in w.invoices if one.standing == "posted"]
    if w.settings.finish == "paid" and any(one.payment != "paid" for one in standing):
        return
    w.closed = "finished" if standing else "cancelled"


def unpark(w: Work, paper: Paper) -> None:
    """Nobody is needed for it any more."""
    for slot in (f"invoice:{paper.n}", f"approve:{paper.n}"):
        if slot in w.parked:
            w.unpark(slot)


def tell(w: Work, paper: Paper, state: str) -> None:
    """`invoice.collected` to every order on the paper."""
    total = {"amount": paper.total, "currency": w.currency} if paper.total else None
    for one in w.of(paper):
        document = {
            "request": one.request["number"],
            "collected_as": paper.number,
            "order_number": one.request["order_number"],
            "state": state,
            "number": paper.invoice_number,
            "erp_id": paper.invoice_id,
            "total": total,
            "lines": one.request["lines"],
            "at": w.at.isoformat(),
        }
        w.emit("invoice.collected", f"{one.n}.{paper.n}.{state}", w.erp, document, key=one.order)


def _create(w: Work, paper: Paper) -> None:
    shares = w.of(paper)
    first = shares[0].request
    totals = [one.request["total"] for one in shares]
    total = sum((Decimal(one["amount"]) for one in totals if one), Decimal(0))
    numbers = dict.fromkeys(one.request["order_number"] for one in shares)
    request: Json = {
        "number": paper.number,
        "kind": "invoice",
        "order_number": first["order_number"],
        "order_numbers": list(numbers),
        "currency": w.currency,
        "lines": [line for one in shares for line in one.request["lines"]],
        "total": {"amount": format(total, "f"), "currency": w.currency} if all(totals) else None,
        "reason": "; ".join(dict.fromkeys(one.request["reason"] for one in shares)),
    }
    data: Json = {
        "erp_id": shares[0].erp_id,
        "order_number": first["order_number"],
        "orders": {one.request["order_number"]: one.erp_id for one in shares},
        "invoice_request": request,
        "justified_by": shares[-1].cause,
        "approved_by": policy(w.plan.context.flow, "period"),
    }
    w.put(replace(paper, create="asked"))
    w.issue("invoice.create", w.erp, str(paper.n), data)


def _post(w: Work, paper: Paper) -> None:
    above = w.settings.approve_above
    if above is not None and not paper.approved_by and (not paper.total or Decimal(paper.total) > above):
        slot = f"approve:{paper.n}"
        if slot not in w.parked:
            words = f"{paper.invoice_number or paper.number} of {paper.total or 'an unknown amount'} {w.currency} is above {above}: a person allows it"
            error = DecisionNeeded(words, invoice=paper.invoice_number, total=paper.total)
            w.park(slot, error, "accounting", ("approve", "leave"))
        return
    posts = paper.posts + 1
    w.put(replace(paper, post="asked", posts=posts))
    data: Json = {
        "invoice_id": paper.invoice_id,
        "invoice_number": paper.invoice_number,
        "order_number": w.of(paper)[0].request["order_number"],
        "issue_date": paper.issue_date or w.plan.today(w.at).isoformat(),
        "justified_by": w.of(paper)[-1].cause,
        "approved_by": paper.approved_by or policy(w.plan.context.flow, "period"),
    }
    w.issue("invoice.post", w.erp, str(paper.n) if posts == 1 else f"{paper.n}.{posts}", data)


def _known(paper: Paper, ack: Mapping[str, Any]) -> Paper:
    return replace(
        paper,
        invoice_id=str(ack.get("invoice_id") or paper.invoice_id),
        invoice_number=str(ack.get("invoice_number") or paper.invoice_number),
        total=_amount(ack.get("total")) or paper.total,
    )


def _name(w: Work, paper: Paper) -> None:
    w.refer("invoice", paper.invoice_number)
    w.refer(f"{w.erp}:invoice_id", paper.invoice_id)


def _amount(value: Any) -> str:
    """An amount of an acknowledgement; empty when it is none."""
    given = value.get("amount") if isinstance(value, Mapping) else value
    try:
        number = Decimal(str(given))
    except InvalidOperation:
        return ""
    return format(number, "f") if number.is_finite() else ""
