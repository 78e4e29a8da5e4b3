"""Where an order stands as its customer may see it, from the story of its key; knows no request and no permission.

Only what concerns the customer is told: no address, no price of ours, no other party's words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from crossdock.ledger.times import moment
from crossdock.ledger.trace import Story

ORDERS: Final = ("order.placed", "order.changed")
SHIPPED: Final = ("shipment.shipped", "shipment.dispatched")
DONE: Final = frozenset({"accepted"})
TOLD: Final = frozenset({"accepted", "pending", "sending", "uncertain", "deferred"})


def events(told: Story, *kinds: str) -> Iterable[tuple[int, dict[str, Any]]]:
    """When and what, of the events of these kinds that took effect."""
    for entry in told.entries:
        content = entry.get("canonical")
        if entry["step"] == "event" and entry["what"] in kinds and entry["outcome"] == "applied" and isinstance(content, dict):
            yield entry["at"], content


def commands(told: Story, name: str, outcomes: frozenset[str] | None = None) -> Iterable[tuple[int, dict[str, Any]]]:
    """When and with what data, of the commands of this name."""
    for entry in told.entries:
        content = entry.get("mapped")
        fits = entry["step"] == "command" and entry["what"] == name and (outcomes is None or entry["outcome"] in outcomes)
        if fits and isinstance(content, dict):
            yield entry["at"], content


def order(told: Story, number: str, shop: str, reached: Iterable[tuple[str, int | None]]) -> dict[str, Any]:
    """The order with everything that belongs to it."""
    newest: dict[str, Any] = {}
    for _at, content in events(told, *ORDERS):
        newest = content
    cancelled = any(not content.get("lines") for _at, content in events(told, "order.cancelled"))
    found = shipments(told)
    return {
        "shop": shop,
        "number": number,
        "placed_at": newest.get("placed_at"),
        "status": _standing(newest, cancelled, found),
        "currency": newest.get("currency") or "",
        "total": _amount(newest.get("total")),
        "lines": [
            {
                "number": str(line.get("number")),
                "sku": str(line.get("sku")),
                "name": str(line.get("name") or ""),
                **_quantity(line),
            }
            for line in _objects(newest.get("lines"))
        ],
        "stages": [{"name": name, "at": None if at is None else iso(at)} for name, at in reached],
        "shipments": found,
        "invoices": invoices(told),
        "returns": returns(told),
    }


def _standing(newest: Mapping[str, Any], cancelled: bool, found: list[dict[str, Any]]) -> str:
    if cancelled:
        return "cancelled"
    if found and all(each["delivered_at"] for each in found):
        return "delivered"
    return "shipped" if found else "open" if newest else "unknown"


def shipments(told: Story) -> list[dict[str, Any]]:
    """What is on its way, each with its milestones, by its own number."""
    found: dict[str, dict[str, Any]] = {}
    stated = [(at, content.get("shipment"), content.get("lines")) for at, content in commands(told, "shop.fulfil")]
    stated += [(at, content, content.get("lines")) for at, content in events(told, *SHIPPED)]
    for at, shipment, lines in stated:
        if not isinstance(shipment, dict) or not shipment.get("number"):
            continue
        tracking = shipment.get("tracking_number") or ""
        known = next((each for each in found.values() if tracking and each["tracking_number"] == tracking), None)
        known = known or found.setdefault(str(shipment["number"]), _parcel(shipment, at))
        for name in ("carrier", "tracking_number", "tracking_url"):
            known[name] = known[name] or str(shipment.get(name) or "")
        known["lines"] = known["lines"] or [
            {"order_line": str(line.get("order_line") or ""), "sku": str(line.get("sku") or ""), **_quantity(line)}
            for line in _objects(lines)
        ]
    for _at, milestone in events(told, "shipment.milestone", "shipment.delivered"):
        for each in _of(found, milestone):
            told_so = {
                "code": str(milestone.get("code")),
                "at": milestone.get("at"),
                "location": str(milestone.get("location") or ""),
            }
            if told_so not in each["milestones"]:
                each["milestones"].append(told_so)
            if milestone.get("code") == "delivered":
                each["delivered_at"] = milestone.get("at")
    for _at, proof in events(told, "shipment.pod"):
        for each in _of(found, proof):
            each["signed_by"] = str(proof.get("signed_by") or "")
            each["delivered_at"] = each["delivered_at"] or proof.get("delivered_at") or proof.get("at")
    for each in found.values():
        each["milestones"].sort(key=lambda one: str(one["at"]))
    return list(found.values())


def _parcel(shipment: Mapping[str, Any], at: int) -> dict[str, Any]:
    return {
        "number": str(shipment["number"]), "carrier": "", "tracking_number": "", "tracking_url": "",
        "dispatched_at": shipment.get("dispatched_at") or iso(at), "delivered_at": None, "signed_by": "", "lines": [], "milestones": [],
    }  # fmt: skip


def _of(found: Mapping[str, dict[str, Any]], told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The parcels something was told of; with one parcel only, it is that one."""
    tracking = told.get("tracking_number")
    fitting = [each for each in found.values() if tracking and each["tracking_number"] == tracking]
    return fitting or (list(found.values()) if len(found) == 1 else [])


def invoices(told: Story) -> list[dict[str, Any]]:
    """Invoices and credit notes as the ERP told them last; drafts are nobody's business yet."""
    found: dict[str, dict[str, Any]] = {}
    kinds = ("customer_invoice.posted", "customer_invoice.paid", "customer_invoice.cancelled")
    for _at, content in events(told, *kinds):
        number = str(content.get("number") or "")
        if number:
            found[number] = {
                "number": number, "kind": str(content.get("kind") or "invoice"), "issued_on": content.get("issue_date"),
                "due_on": content.get("due_date"), "total": _amount(content.get("amount")), "open": _amount(content.get("residual")),
                "currency": _currency(content.get("amount")), "status": str(content.get("state") or ""),
                "payment": str(content.get("payment_state") or ""), "reference": str(content.get("reference") or ""),
            }  # fmt: skip
    return list(found.values())


def returns(told: Story) -> list[dict[str, Any]]:
    """Returns as they were asked for and answered."""
    found: dict[str, dict[str, Any]] = {}
    for at, content in events(told, "return.requested"):
        number = str(content.get("number"))
        found[number] = {
            "number": number, "return_number": "", "order_number": str(content.get("order_number") or ""), "status": "requested",
            "changed_at": iso(at), "carrier": "", "tracking_number": "", "label": "", "label_format": "", "send_before": None,
            "refund": None, "currency": "", "reason": "",
            "lines": [
                {"number": str(line.get("number")), "sku": str(line.get("sku")), "reason": str(line.get("reason") or ""),
                 "wanted": str(line.get("wanted") or ""), "verdict": "", **_quantity(line)}
                for line in _objects(content.get("lines"))
            ],
        }  # fmt: skip
    for at, content in commands(told, "return.answer"):
        answer = content.get("return_answer")
        if not isinstance(answer, dict) or str(answer.get("request_number")) not in found:
            continue
        known = found[str(answer["request_number"])]
        known |= {"status": str(answer.get("status")), "changed_at": answer.get("at") or iso(at)}
        for name in ("return_number", "carrier", "tracking_number", "label", "label_format", "reason"):
            known[name] = str(answer.get(name) or known[name])
        known["send_before"] = answer.get("send_before") or known["send_before"]
        if answer.get("refund"):
            known |= {"refund": _amount(answer["refund"]), "currency": _currency(answer["refund"])}
        verdicts = {str(line.get("number")): line for line in _objects(answer.get("lines"))}
        for line in known["lines"]:
            line["verdict"] = str(verdicts.get(line["number"], {}).get("verdict") or line["verdict"])
    return list(found.values())


def iso(at: int) -> str:
    """A time of the ledger as ISO 8601."""
    return moment(at).isoformat()


def _objects(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _quantity(line: Mapping[str, Any]) -> dict[str, str]:
    stated = line.get("quantity")
    if isinstance(stated, dict):
        return {"quantity": str(stated.get("value")), "unit": str(stated.get("unit") or "C62")}
    return {"quantity": str(stated or "0"), "unit": "C62"}


def _amount(money: Any) -> str | None:
    return str(money["amount"]) if isinstance(money, dict) and money.get("amount") is not None else None


def _currency(money: Any) -> str:
    return str(money.get("currency") or "") if isinstance(money, dict) else ""
