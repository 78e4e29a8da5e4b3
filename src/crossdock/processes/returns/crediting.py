"""The credit note for what came back and what is registered on it: once, as far as it was invoiced; moves no money."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from crossdock.core.errors import DecisionNeeded
from crossdock.processes.frame.states import ZERO, Json
from crossdock.processes.returns.amounts import money, stated, why
from crossdock.processes.returns.ordering import shipped_of
from crossdock.processes.returns.pricing import plain, rounded
from crossdock.processes.returns.states import Return
from crossdock.processes.returns.work import Work
from crossdock.processes.values import replace


def credit(w: Work, one: Return) -> None:
    """Ask for the credit note, or leave it out where nothing is to be credited."""
    rule = w.settings.credit_note
    if Decimal(one.due or one.amount) <= 0 or rule == "never" or (rule == "when_invoiced" and not _invoiced(w, one)):
        if rule == "when_invoiced" and Decimal(one.due or one.amount) > 0:
            w.note(f"what came back with return {one.number} is not invoiced, so it needs no credit note")
        w.put(replace(one, credit="skipped", register="skipped"))
        return
    w.put(replace(one, credit="asked"))
    posted = [number for number, id_ in w.invoices.items() if id_]
    # of several the ERP takes the one that has enough left of these lines
    number = posted[0] if len(posted) == 1 else ""
    wish = {
        "number": one.number,
        "kind": "credit_note",
        "order_number": w.number,
        "return_number": one.number,
        "reverses": number,
        "currency": w.currency,
        "lines": _credited_lines(w, one),
        "total": money(w, Decimal(one.due or one.amount)),
        "reason": one.reason or f"return {one.number}",
        "post": True,
    }
    data = {
        "erp_id": w.erp_id,
        "order_number": w.number,
        "invoice_id": w.invoices.get(number, ""),
        "invoice_request": wish,
        **why(one),
    }
    w.issue("credit_note.create", w.plan.system("erp"), str(one.n), data)


def _invoiced(w: Work, one: Return) -> bool:
    """Whether more is invoiced than the customer has, counting what other credit notes took back; without any line told: whether anything is."""
    if not any(w.invoices.values()):
        return False
    return not w.billed or any(_over_billed(w, one, line) > 0 for line in money_lines(one))


def billed_after_all(w: Work, one: Return) -> bool:
    """Whether an invoice that came to be known later bills what came back."""
    rule = w.settings.credit_note == "when_invoiced" and one.credit == "skipped" and Decimal(one.due or "0") > 0
    return rule and not one.uncredited and bool(w.billed) and any(_over_billed(w, one, line) > 0 for line in money_lines(one))


def _over_billed(w: Work, one: Return, line: Json) -> Decimal:
    """How much more of an order line is billed than left and did not come back, and is not credited."""
    place = line["order_line"]
    back = credited_ = ZERO
    for each in w.returns:
        if each.standing not in {"settled", "completed"}:
            continue
        quantity = sum((Decimal(found["quantity"]) for found in money_lines(each) if found["order_line"] == place), ZERO)
        back += quantity
        if each.n != one.n and each.credit in {"asked", "failed", "done"}:
            credited_ += quantity
    return Decimal(w.billed.get(place, "0")) - (shipped_of(w, place) - back) - credited_


def money_lines(one: Return) -> list[Json]:
    """The lines of a return for which money goes back."""
    return [line for line in one.lines if line.get("wanted") != "exchange" and Decimal(line["quantity"]) > 0]


def _credited_lines(w: Work, one: Return) -> list[Json]:
    """What the credit note takes back: goods at the price the ERP invoiced, less a fee where one is kept, and shipping."""
    lines: list[Json] = []
    for line in money_lines(one):
        found: Json = {
            "order_line": line["order_line"],
            "sku": line["sku"],
            "quantity": {"value": line["quantity"], "unit": line["unit"]},
        }
        sold = w.lines[line["order_line"]]
        if Decimal(line["amount"]) < Decimal(line["value"]) and Decimal(sold["gross"]) > 0:
            found["amount"] = money(
                w, rounded(Decimal(line["amount"]) * Decimal(sold["net"]) / Decimal(sold["gross"]), w.currency)
            )
        lines.append(found)
    if Decimal(one.shipping or "0") > 0:
        lines.append({"kind": "freight", "quantity": {"value": "1", "unit": "C62"}})
    return lines


def credited(w: Work, one: Return, ack: Mapping[str, Any]) -> None:
    """The ERP has the credit note; one that comes to another amount goes to a person, and what goes back stays as it was fixed."""
    number = str(ack.get("invoice_number") or "")
    w.put(
        replace(
            one,
            credit="done",
            credit_id=str(ack.get("invoice_id") or ""),
            credit_number=number,
            credit_open=plain(stated(ack.get("residual"), Decimal(one.due or one.amount))),
        )
    )
    w.reach("credited")
    w.refer("credit_note", number)
    found = stated(ack.get("total"), Decimal(one.due or one.amount))
    if abs(found - Decimal(one.due or one.amount)) > w.settings.credit_tolerance:
        error = DecisionNeeded(
            f"the credit note of return {one.number} comes to {plain(found)}, not to {one.due or one.amount} {w.currency}",
            number=one.number, credit_note=number, expected=one.due or one.amount, found=plain(found),
        )  # fmt: skip
        w.park(f"credit:{one.n}", error, "finance", ("acknowledge",))


def register(w: Work, one: Return) -> None:
    """Register what went back on the credit note, as far as the ERP has not set it off."""
    if one.register:
        return
    done = [each for each in w.refunds if each.ret == one.n and each.status == "done" and each.own]
    amount = min(sum((Decimal(each.amount) for each in done), ZERO), Decimal(one.credit_open or one.amount))
    if not w.settings.register_refund or one.credit != "done" or not one.credit_id or amount <= 0:
        if one.credit == "done" and done and amount <= 0:
            w.note(f"credit note {one.credit_number} is set off against the invoice, so the ERP has nothing to register")
        w.put(replace(one, register="skipped"))
        return
    w.put(replace(one, register="asked"))
    data = {
        "invoice_id": one.credit_id,
        "invoice_number": one.credit_number,
        "order_number": w.number,
        "direction": "out",
        "amount": money(w, amount),
        "paid_on": w.at.date().isoformat(),
        "reference": ", ".join(each.reference for each in done),
        "method": done[0].system,
        **why(one),
    }
    w.issue("payment.register", w.plan.system("erp"), f"{one.n}.return", data)
