"""The life of an invoice: a draft in the ERP once, posted once when it is ready, its payment followed; decides nothing about consignments."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from crossdock.canonical.customer_invoice import CollectedInvoice, CustomerInvoice
from crossdock.core.errors import DecisionNeeded
from crossdock.core.process import Happened
from crossdock.processes.frame.money import policy
from crossdock.processes.frame.states import Json
from crossdock.processes.shipment_to_invoice.collecting import across, hand_over, shares
from crossdock.processes.shipment_to_invoice.readiness import waits_for
from crossdock.processes.shipment_to_invoice.states import Paper
from crossdock.processes.shipment_to_invoice.work import Work
from crossdock.processes.values import replace


def pursue(w: Work, paper: Paper) -> None:
    """Do what is due for one invoice."""
    if paper.standing != "open":
        return
    if paper.collected:
        # it is on a paper with other orders, which waits for nothing of this one any more
        return
    waiting = waits_for(w, paper)
    if not paper.ready and not waiting:
        paper = replace(paper, ready=w.cause or w.of(paper)[-1].moved, waits="")
        w.put(paper)
        w.reach("ready")
        w.came("invoice_ready", paper.n)
        w.await_stage("invoice_posted", paper.n, w.at, f"{paper.number} is posted")
    elif paper.ready and waiting and paper.post == "":
        # what made it ready was contradicted before it left
        paper = replace(paper, ready="")
        w.put(paper)
        w.forget("invoice_posted", paper.n)
    if (words := "; ".join(waiting)) != paper.waits and not paper.ready:
        paper = replace(paper, waits=words)
        w.put(paper)
        w.await_stage("invoice_ready", paper.n, datetime.fromisoformat(paper.planned_at), f"{paper.number} waits for {words}")
    if paper.create == "":
        if paper.ready or (w.settings.draft == "shipped" and not across(w)):
            _create(w, paper)
    elif paper.create == "done" and paper.ready and paper.post == "" and f"invoice:{paper.n}" not in w.parked:
        _post(w, paper)


def created(w: Work, paper: Paper, ack: Mapping[str, Any]) -> None:
    """The ERP has the draft."""
    paper = replace(
        paper,
        create="done",
        invoice_id=str(ack.get("invoice_id") or paper.invoice_id),
        invoice_number=str(ack.get("invoice_number") or paper.invoice_number),
        total=_amount(ack.get("total")) or paper.total,
        currency=str(ack.get("currency") or paper.currency or w.head()["currency"]),
    )
    w.put(paper)
    w.reach("drafted")
    _name(w, paper)
    if ack.get("state") == "posted":
        posted(w, paper, ack)
        return
    differences = [
        f"{one.get('field')}: {one.get('found')} instead of {one.get('expected')}"
        for one in _several(ack.get("discrepancies"))
        if isinstance(one, Mapping)
    ]
    if differences:
        words = f"the ERP made something else of {paper.number}: {'; '.join(differences)}"
        w.park(
            f"invoice:{paper.n}",
            DecisionNeeded(words, invoice=paper.invoice_number, discrepancies=differences),
            "accounting",
            ("accept", "leave"),
        )


def posted(w: Work, paper: Paper, ack: Mapping[str, Any]) -> None:
    """The invoice left."""
    if paper.standing == "posted":
        w.note(f"{paper.number} is posted already")
        return
    paper = replace(
        paper,
        standing="posted",
        create="done",
        post="done",
        invoice_id=str(ack.get("invoice_id") or paper.invoice_id),
        invoice_number=str(ack.get("invoice_number") or paper.invoice_number),
        total=_amount(ack.get("total")) or paper.total,
    )
    w.put(paper)
    _name(w, paper)
    for slot in (f"invoice:{paper.n}", f"approve:{paper.n}"):
        if slot in w.parked:
            w.unpark(slot)
    w.forget("invoice_ready", paper.n)
    w.came("invoice_posted", paper.n)
    w.reach("drafted")
    w.reach("posted")
    if paper.payment != "paid":
        w.await_stage("invoice_paid", paper.n, w.at, f"{paper.invoice_number or paper.number} is paid")


def told(w: Work, fact: Happened) -> None:
    """`customer_invoice.*`: what the ERP says of an invoice."""
    data = fact.event.data
    if not isinstance(data, CustomerInvoice):
        return
    if data.kind != "invoice":
        w.note(f"credit note {data.number or data.erp_id} is none of the invoices")
        return
    if any(shares(data.wish, one.collected) for one in w.invoices):
        w.note(f"{data.number or data.erp_id} bills several orders")
        return
    paper = next(
        (one for one in w.invoices if data.wish == one.number or (one.invoice_id and one.invoice_id == data.erp_id)), None
    )
    if paper is None:
        _foreign(w, data)
        return
    paper = replace(
        paper,
        invoice_id=data.erp_id,
        invoice_number=data.number or paper.invoice_number,
        total=format(data.amount.amount, "f"),
        currency=data.currency,
        residual=format(data.residual.amount, "f"),
        payment=data.payment_state,
    )
    w.put(paper)
    _name(w, paper)
    if data.state == "cancelled":
        cancelled(w, paper)
        return
    if data.state == "posted" and paper.standing == "open":
        asked = paper.post in {"asked", "failed"}
        if not asked and (waiting := waits_for(w, paper)):
            words = f"{data.number} was posted in the ERP while it waited for {'; '.join(waiting)}"
            w.park(f"early_invoice:{paper.n}", DecisionNeeded(words, invoice=data.number), "accounting", ("acknowledge",))
        _settle_post(w, paper)
        posted(w, w.invoices[paper.n - 1], {})
        paper = w.invoices[paper.n - 1]
    if data.payment_state == "paid" and paper.standing == "posted":
        w.came("invoice_paid", paper.n)
        if all(one.payment == "paid" for one in w.invoices if one.standing == "posted"):
            w.reach("paid")


def _settle_post(w: Work, paper: Paper) -> None:
    """Posting that failed and was done by a person in the ERP needs nobody any more."""
    failed = w.failed("invoice.post", paper.n)
    if failed:
        w.revoke(failed)


def collected(w: Work, fact: Happened) -> None:
    """`invoice.collected`: what became of this order's share of an invoice with others."""
    data = fact.event.data
    if not isinstance(data, CollectedInvoice):
        return
    paper = next((one for one in w.invoices if one.collected and one.number == data.request), None)
    if paper is None or paper.standing in {"cancelled", "left"}:
        w.note(f"{data.request} is no share this order has in an invoice")
        return
    if data.state == "given_up":
        cancelled(w, paper)
        return
    # the total and the ERP's id are the whole paper's, which is another transaction's
    paper = replace(paper, invoice_number=data.number, payment="paid" if data.state == "paid" else paper.payment)
    if paper.standing == "open":
        paper = replace(paper, standing="posted", create="done", post="done")
        w.put(paper)
        w.came("invoice_posted", paper.n)
        w.reach("drafted")
        w.reach("posted")
        if paper.payment != "paid":
            w.await_stage("invoice_paid", paper.n, w.at, f"{paper.invoice_number or paper.number} is paid")
    w.put(paper)
    if paper.payment == "paid":
        w.came("invoice_paid", paper.n)
        if all(one.payment == "paid" for one in w.invoices if one.standing == "posted"):
            w.reach("paid")


def cancelled(w: Work, paper: Paper) -> None:
    """An invoice is not to be, or not any more: a person says whether its goods are billed again."""
    if paper.standing == "cancelled":
        w.note(f"{paper.number} is cancelled already")
        return
    w.put(replace(paper, standing="cancelled"))
    for stage in ("invoice_ready", "invoice_posted", "invoice_paid"):
        w.forget(stage, paper.n)
    for slot in (f"invoice:{paper.n}", f"approve:{paper.n}"):
        if slot in w.parked:
            w.unpark(slot)
    words = f"invoice {paper.invoice_number or paper.number} was cancelled in the ERP"
    w.park(f"cancelled:{paper.n}", DecisionNeeded(words, invoice=paper.invoice_number), "accounting", ("again", "leave"))


def _foreign(w: Work, data: CustomerInvoice) -> None:
    """An invoice people made in the ERP themselves: two would bill the same goods."""
    if data.state == "cancelled":
        w.foreign.pop(data.erp_id, None)
        if not any(said == "" for said in w.foreign.values()) and "foreign" in w.parked:
            w.unpark("foreign")
        return
    if data.erp_id in w.foreign:
        return
    w.foreign[data.erp_id] = ""
    words = f"people made invoice {data.number or data.erp_id} of {data.amount.amount} {data.amount.currency} in the ERP"
    w.park("foreign", DecisionNeeded(words, invoice=data.number, erp_id=data.erp_id), "accounting", ("theirs", "ours"))


def _create(w: Work, paper: Paper) -> None:
    if not w.erp or not w.erp_id or "foreign" in w.parked:
        return
    head = w.head()
    lines, whole = _lines(w, paper)
    if not lines:
        w.put(replace(paper, standing="left"))
        for stage in ("invoice_ready", "invoice_posted"):
            w.forget(stage, paper.n)
        w.note(f"{paper.number}: nothing of it was ordered, so nothing is billed")
        return
    request: Json = {
        "number": paper.number,
        "kind": "invoice",
        "order_number": head["number"],
        "currency": head["currency"],
        "lines": lines,
        "total": {"amount": head["total"], "currency": head["currency"]} if whole and head["total"] else None,
        "reason": f"{w.rule().name}: {', '.join(one.number for one in w.of(paper))}",
    }
    data: Json = {
        "erp_id": w.erp_id,
        "order_number": head["number"],
        "invoice_request": request,
        "justified_by": w.of(paper)[-1].cause,
        "approved_by": policy(w.plan.context.flow, "draft"),
    }
    if across(w):
        hand_over(w, paper, request)
        return
    w.put(replace(paper, create="asked"))
    w.issue("invoice.create", w.erp, str(paper.n), data)


def _lines(w: Work, paper: Paper) -> tuple[list[Json], bool]:
    """What is billed by order line, never more than was ordered, and whether that is the whole order as it was ordered."""
    ordered = w.head()["lines"]
    left = {number: Decimal(quantity) for number, (_, quantity, _) in ordered.items()}
    for other in w.invoices:
        if other.n != paper.n and other.create and other.standing in {"open", "posted"}:
            for one in w.of(other):
                for line in one.lines:
                    left[line["order_line"]] = left.get(line["order_line"], Decimal(0)) - Decimal(line["quantity"])
    total: dict[str, Decimal] = {}
    units: dict[str, tuple[str, str]] = {}
    for one in w.of(paper):
        for line in one.lines:
            number = line["order_line"]
            total[number] = total.get(number, Decimal(0)) + Decimal(line["quantity"])
            sku, _, unit = ordered.get(number, (line["sku"], "", line["unit"]))
            units.setdefault(number, (sku, unit))
    total = {number: min(quantity, left[number]) if number in left else quantity for number, quantity in total.items()}
    lines: list[Json] = [
        {
            "order_line": number,
            "sku": units[number][0],
            "kind": "goods",
            "quantity": {"value": format(quantity, "f"), "unit": units[number][1]},
        }
        for number, quantity in total.items()
        if quantity > 0
    ]
    whole = {number: Decimal(quantity) for number, (_, quantity, _) in ordered.items()} == {
        n: q for n, q in total.items() if q > 0
    }
    if paper.extra:
        lines.append({"kind": "freight", "description": "shipping", "quantity": {"value": "1", "unit": "C62"}})
    others = any(one.standing != "cancelled" and one.n != paper.n for one in w.invoices)
    return lines, whole and not others


def _post(w: Work, paper: Paper) -> None:
    rule = w.rule()
    above = rule.approve_above
    if above is not None and not paper.approved_by and (not paper.total or Decimal(paper.total) > above):
        slot = f"approve:{paper.n}"
        if slot not in w.parked:
            words = f"{paper.invoice_number or paper.number} of {paper.total or 'an unknown amount'} {paper.currency} is above {above}: a person allows it"
            w.park(
                slot, DecisionNeeded(words, invoice=paper.invoice_number, total=paper.total), "accounting", ("approve", "leave")
            )
        return
    posts = paper.posts + 1
    day = paper.issue_date or w.plan.today(w.at).isoformat()
    w.put(replace(paper, post="asked", posts=posts))
    data: Json = {
        "invoice_id": paper.invoice_id,
        "invoice_number": paper.invoice_number,
        "order_number": w.head()["number"],
        "issue_date": day,
        "justified_by": paper.ready,
        "approved_by": paper.approved_by or policy(w.plan.context.flow, rule.name),
    }
    w.issue("invoice.post", w.erp, str(paper.n) if posts == 1 else f"{paper.n}.{posts}", data)


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


def _several(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else []
