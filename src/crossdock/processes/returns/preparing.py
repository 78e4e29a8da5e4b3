"""The way back: the label, what the warehouse is told to expect, and the answer to the customer."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from crossdock.processes.frame.states import OVER, Json
from crossdock.processes.returns.requesting import comes_back
from crossdock.processes.returns.states import Return
from crossdock.processes.returns.work import Work
from crossdock.processes.values import replace


def pursue(w: Work) -> None:
    """Do for every return what its way back needs."""
    for one in list(w.returns):
        if one.standing == "refused":
            tell(w, one, "refused")
        elif one.standing == "cancelled":
            _recall(w, one)
        elif one.standing == "authorised" and not one.unannounced:
            _prepare(w, one)


def _physical(one: Return) -> list[Json]:
    return [line for line in one.lines if line["verdict"] == "authorised" and line.get("wanted") != "refund_without_return"]


def _prepare(w: Work, one: Return) -> None:
    if not comes_back(one):
        w.put(replace(one, label="skipped", expect="skipped", over=True))
        tell(w, w.returns[one.n - 1], "authorised")
        return
    if not one.label:
        if w.settings.way.label == "hub":
            w.put(replace(one, label="asked"))
            _label(w, one)
        else:
            w.put(replace(one, label="skipped"))
    one = w.returns[one.n - 1]
    if not one.expect and one.label in {*OVER, "failed"}:
        w.put(replace(one, expect="asked" if w.settings.expect else "skipped"))
        if w.settings.expect:
            w.issue("return.expect", w.plan.system("wms"), str(one.n), {"expected_return": _expected(w, one)})
    one = w.returns[one.n - 1]
    if one.label in OVER:
        tell(w, one, "authorised")


def _label(w: Work, one: Return) -> None:
    way = w.settings.way
    shipment = {
        "number": one.number,
        "order_number": w.number,
        "carrier": way.carrier,
        "service_level": way.service,
        "ship_from": one.ship_from or w.ship_to,
        "ship_to": way.to.model_dump(mode="json") if way.to is not None else w.ship_to,
        "packages": [{"reference": one.number}],
        "lines": [
            {
                "number": line["number"],
                "order_line": line["order_line"],
                "sku": line["sku"],
                "quantity": {"value": line["quantity"], "unit": line["unit"]},
            }
            for line in _physical(one)
        ],
    }
    w.issue("return.label", w.plan.system(way.carrier_role()), str(one.n), {"shipment": shipment, "return_number": one.number})


def _expected(w: Work, one: Return) -> Json:
    by = w.expect.get(f"return_received:{one.n}")
    return {
        "number": one.number,
        "order_number": w.number,
        "warehouse": w.settings.way.warehouse,
        "ship_from": one.ship_from or w.ship_to,
        "carrier": one.carrier,
        "tracking_number": one.tracking,
        "expected_by": by.due.isoformat() if by is not None else None,
        "lines": [
            {
                "number": line["number"],
                "order_line": line["order_line"],
                "sku": line["sku"],
                "quantity": {"value": line["quantity"], "unit": line["unit"]},
                "reason": line.get("reason", "other"),
            }
            for line in _physical(one)
        ],
    }


def _recall(w: Work, one: Return) -> None:
    """The warehouse expects the goods no more."""
    if one.recall or one.expect in {"", "asked"}:
        return
    failed = w.failed("return.expect", one.n)
    if failed:
        w.revoke(failed)
    if one.expect != "done":
        w.put(replace(one, recall="skipped"))
        return
    w.put(replace(one, recall="asked"))
    data = {"return_number": one.number, "order_number": w.number, "reason": one.reason}
    w.issue("return.cancel", w.plan.system("wms"), str(one.n), data)


# --- answering ------------------------------------------------------------------------------------------------------------


def tell(w: Work, one: Return, status: str, **more: Any) -> None:
    """Answer where the return was asked for, each thing once."""
    if not w.settings.answer or not one.source or not one.request or status in one.told or not w.plan.plays(one.source):
        return
    w.put(replace(one, told=(*one.told, status)))
    verdict = {"authorised": "authorised", "received": "received"}.get(status)
    answer = {
        "request_number": one.request,
        "return_number": one.number,
        "order_number": w.number,
        "status": status,
        "at": w.at.isoformat(),
        "lines": [
            {
                "number": line["number"],
                "sku": line["sku"],
                "quantity": {"value": line["quantity"] if Decimal(line["quantity"]) else line["asked"], "unit": line["unit"]},
                "verdict": _verdict(line, status, verdict),
                "reason": line.get("why", ""),
            }
            for line in one.lines
        ],
        "carrier": one.carrier,
        "tracking_number": one.tracking,
        "reason": one.reason if status in {"refused", "cancelled"} else "",
        **more,
    }
    w.issue("return.answer", one.source, f"{one.n}.{status}", {"return_answer": answer, "return_number": one.number})


def _verdict(line: Json, status: str, verdict: str | None) -> str:
    if line["verdict"] == "refused":
        return "refused"
    if verdict is not None:
        return verdict
    if status in {"refused", "cancelled"}:
        return "refused"
    return "exchanged" if line.get("wanted") == "exchange" else "refunded"


def labelled(w: Work, one: Return, ack: Any) -> None:
    """The carrier made the label: the customer gets it with the answer, the warehouse the tracking number."""
    tracking, carrier = str(ack.get("tracking_number") or ""), str(ack.get("carrier") or w.settings.way.carrier)
    w.put(replace(one, label="done", tracking=tracking, carrier=carrier))
    w.reach("labelled")
    w.refer("tracking", tracking)
    if one.standing == "authorised":
        label = {"label": str(ack.get("label") or ""), "label_format": str(ack.get("label_format") or "")}
        tell(w, w.returns[one.n - 1], "authorised", **label)
