"""What becomes of an approved invoice: a bill in the ERP once, landed cost and what customers are charged where configured; audits nothing."""

from __future__ import annotations

from crossdock.processes.frame.numbers import numbered
from crossdock.processes.frame.states import Json
from crossdock.processes.freight_to_bill.auditing import leave, result
from crossdock.processes.freight_to_bill.work import Work

_OVER = frozenset({"done", "skipped"})


def pursue(w: Work) -> None:
    """Do what is due."""
    if w.standing == "approved":
        _bill(w)
        _spread(w)
        _charge(w)
        _finish(w)


def _bill(w: Work) -> None:
    if w.bill:
        return
    w.bill = "asked"
    found, invoice = result(w), w.invoice()
    data: Json = {
        "freight_invoice": invoice,
        "matched": "\n".join(words for line in found.lines for words in line.arithmetic),
        "supplier_system": w.source,
        "justified_by": w.cause,
        "approved_by": leave(w),
    }
    w.issue("bill.create", w.plan.system("erp"), "1" if w.turn == 1 else f"1.{w.turn}", data)


def _spread(w: Work) -> None:
    if not w.settings.landed_cost or w.bill != "done" or w.landed:
        return
    transfers = sorted({one for claim in w.claims if claim.answer for one in claim.answer["transfers"]})
    if not transfers or w.invoice()["kind"] != "invoice":
        w.landed = "skipped"
        return
    w.landed = "asked"
    data: Json = {
        "freight_invoice": w.invoice(),
        "bill_id": w.bill_id,
        "transfers": transfers,
        "amount": w.invoice()["total"],
        "justified_by": w.cause,
        "approved_by": leave(w),
    }
    w.issue("landed_cost.create", w.plan.system("erp"), "1", data)


def _charge(w: Work) -> None:
    """Each order's customer is charged what was approved for it, once."""
    if not w.settings.charge_customers or w.bill not in _OVER or w.invoice()["kind"] != "invoice":
        return
    lines = {line.number: line for line in result(w).lines}
    for claim in w.claims:
        answer = claim.answer
        if answer is None or str(claim.n) in w.charged or not answer["erp_id"]:
            continue
        approved = sum(
            (lines[number].approved for number in claim.lines if lines[number].kind != "tax"),
            start=lines[claim.lines[0]].approved * 0,
        )
        if approved <= 0:
            w.charged[str(claim.n)] = "skipped"
            continue
        w.charged[str(claim.n)] = "asked"
        currency = w.invoice()["currency"]
        request: Json = {
            "number": numbered("FC", w.state.key, claim.n),
            "order_number": answer["order_number"],
            "currency": currency,
            "lines": [
                {
                    "kind": "freight",
                    "description": f"freight {claim.reference}",
                    "quantity": {"value": "1", "unit": "C62"},
                    "amount": {"amount": format(approved, "f"), "currency": currency},
                }
            ],
            "reason": f"{w.invoice()['carrier']} {w.invoice()['number']}",
        }
        data: Json = {
            "erp_id": answer["erp_id"],
            "order_number": answer["order_number"],
            "invoice_request": request,
            "justified_by": w.cause,
            "approved_by": leave(w),
        }
        w.issue("invoice.charge", w.plan.system("erp"), str(claim.n), data)


def _finish(w: Work) -> None:
    if w.closed or w.asked or w.parked or w.bill not in _OVER or (w.settings.landed_cost and w.landed not in _OVER):
        return
    if all(step in _OVER for step in w.charged.values()):
        w.closed = "finished"
        w.forget_all()
        w.note("the invoice is billed")
