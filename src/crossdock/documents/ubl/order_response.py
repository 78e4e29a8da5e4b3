"""UBL OrderResponse and OrderResponseSimple (Peppol BIS Ordering 3), to and from the canonical answer; knows no system."""

from __future__ import annotations

from typing import Final

from crossdock.canonical.events import Reference
from crossdock.canonical.order_response import OrderResponse, OrderResponseLine
from crossdock.documents.drafts import Draft
from crossdock.documents.mapping import Codes, Mapped, ReadContext, WriteContext, reads, writes
from crossdock.documents.ubl.building import Parts, day, document, moment, quantity
from crossdock.documents.ubl.elements import Node, Reading, root_of
from crossdock.documents.ubl.items import read_item, read_price, write_item, write_price
from crossdock.documents.ubl.parties import BRIEF, read_party, write_party

PROFILE: Final = "urn:fdc:peppol.eu:poacc:bis:ordering:3"
CUSTOMIZATION: Final = "urn:fdc:peppol.eu:poacc:trns:order_response:3"
_VERDICTS: Final = {"AP": "accepted", "CA": "changed", "RE": "refused", "AB": "acknowledged"}
_CODES: Final = {name: code for code, name in _VERDICTS.items()}
_ANSWERS: Final = {
    "5": "accepted",
    "3": "changed",
    "6": "changed",
    "1": "changed",
    "7": "refused",
    "2": "refused",
    "42": "accepted",
}
"""UNTDID 1229, as BIS Ordering 3 uses it: 5 accepted, 3 changed, 7 not accepted, 1 added; 42 already delivered."""
_STATUS: Final = {"accepted": "5", "changed": "3", "refused": "7", "backordered": "3"}
BACKORDER: Final = "BO"
"""What `cbc:Note` of the line begins with when it will come later: UBL has no status code for it."""


@reads("ubl", "OrderResponse", "OrderResponseSimple")
def read_order_response(data: bytes, context: ReadContext, codes: Codes) -> list[Mapped]:
    """A supplier's answer as `purchase_order.answered`. Raises `PayloadMalformed`, `SchemaInvalid`, `ValueMapMissing`."""
    reading = Reading(context, codes)
    root = Node(root_of(data), reading)
    reading.anchors[()] = root
    lines = root.all("cac:OrderLine/cac:LineItem")
    reading.anchors |= {("lines", at): line for at, line in enumerate(lines)}
    currency = root.text("cbc:DocumentCurrencyCode") or reading.options.currency or ""
    order = root.text("cac:OrderReference/cbc:ID")
    if not order:
        reading.wrong("the order answered is not named (cac:OrderReference/cbc:ID)", root, "order_number")
    draft: Draft = {
        "number": root.text("cbc:ID"),
        "order_number": order or "?",
        "answered_at": root.moment("cbc:IssueDate", "cbc:IssueTime") or context.moment,
        "verdict": _verdict(root),
        "supplier_order_number": root.text("cbc:SalesOrderID"),
        "currency": currency or None,
        "supplier": read_party(root.first("cac:SellerSupplierParty/cac:Party")),
        "buyer": read_party(root.first("cac:BuyerCustomerParty/cac:Party")),
        "lines": [_line(line, currency) for line in lines],
        "total": root.money("cac:AnticipatedMonetaryTotal/cbc:PayableAmount", currency)
        or root.money("cac:LegalMonetaryTotal/cbc:PayableAmount", currency),
        "delivery_date": root.day("cac:Delivery/cac:PromisedDeliveryPeriod/cbc:StartDate")
        or root.day("cac:Delivery/cac:PromisedDeliveryPeriod/cbc:EndDate"),
        "reason": root.texts("cbc:RejectionNote"),
        "note": root.texts("cbc:Note"),
    }
    answer = reading.finish(OrderResponse, draft)
    return [
        Mapped(
            "purchase_order.answered",
            answer,
            references=(Reference("purchase:order", answer.order_number),),
            number=answer.number,
            occurred_at=answer.answered_at,
        )
    ]


def _verdict(root: Node) -> str:
    if root.reading.context.type == "OrderResponseSimple" or root.first("cbc:AcceptedIndicator") is not None:
        return "accepted" if root.text("cbc:AcceptedIndicator").lower() in ("true", "1") else "refused"
    code = root.text("cbc:OrderResponseCode")
    if code in _VERDICTS:
        return _VERDICTS[code]
    answers = [_ANSWERS.get(each.content, "") for each in root.all("cac:OrderLine/cac:LineItem/cbc:LineStatusCode")]
    if not code and answers and all(answers):  # OrderResponseCode is of BIS; UBL itself has no such head before 2.1
        return answers[0] if len(set(answers)) == 1 else "changed"
    if not code and not answers and ":order_agreement:" in root.text("cbc:CustomizationID"):
        return "accepted"
    named = root.reading.code("statuses", code, root)
    if named not in _CODES:
        root.reading.wrong(
            f"OrderResponseCode {code!r} says none of AB, AP, CA, RE", root.first("cbc:OrderResponseCode") or root, "verdict"
        )
    return named if named in _CODES else "changed"


def _line(line: Node, currency: str) -> Draft:
    status = line.text("cbc:LineStatusCode")
    note = line.texts("cbc:Note")
    answer = _ANSWERS.get(status, "")
    if not status:
        answer = "accepted" if _verdict_of_head(line) == "AP" else "changed"
    elif not answer:
        answer = line.reading.code("statuses", status, line)
    if note == BACKORDER or note.startswith(f"{BACKORDER}: "):
        answer, note = "backordered", note.removeprefix(BACKORDER).removeprefix(": ")
    outer = line.outer
    substitute = outer.first("cac:SellerSubstitutedLineItem/cac:Item")
    own = line.first("cac:Item")
    item = read_item(substitute if substitute is not None else own)
    return {
        **item,
        **read_price(line.first("cac:Price"), currency),
        "number": line.text("cbc:ID"),
        "order_line": outer.text("cac:OrderLineReference/cbc:LineID"),
        "answer": answer,
        "quantity": line.quantity("cbc:Quantity"),
        "delivery_date": line.day("cac:Delivery/cac:PromisedDeliveryPeriod/cbc:StartDate")
        or line.day("cac:Delivery/cac:PromisedDeliveryPeriod/cbc:EndDate"),
        "replaces": _number_of(own) if substitute is not None else "",
        "reason": note,
    }


def _number_of(item: Node | None) -> str:
    if item is None:
        return ""
    paths = (
        "cac:BuyersItemIdentification/cbc:ID",
        "cac:SellersItemIdentification/cbc:ID",
        "cac:StandardItemIdentification/cbc:ID",
        "cbc:Name",
    )
    return next((found for path in paths if (found := item.text(path))), "")


def _verdict_of_head(line: Node) -> str:
    root = line.element.getroottree().getroot()
    return Node(root, line.reading).text("cbc:OrderResponseCode")


@writes("ubl", "OrderResponse")
def write_order_response(answer: OrderResponse, context: WriteContext, codes: Codes) -> bytes:
    """An answer to a customer's order as OrderResponse."""
    head: Parts = [
        ("cbc:CustomizationID", CUSTOMIZATION),
        ("cbc:ProfileID", PROFILE),
        ("cbc:ID", answer.number),
        ("cbc:SalesOrderID", answer.supplier_order_number),
        *moment(answer.answered_at, context.options.zone, "cbc:IssueDate", "cbc:IssueTime"),
        ("cbc:OrderResponseCode", _CODES[answer.verdict]),
        ("cbc:Note", "\n".join(filter(None, (answer.note, answer.reason)))),
        ("cbc:DocumentCurrencyCode", answer.currency or ""),
        ("cac:OrderReference", [("cbc:ID", answer.order_number)]),
        ("cac:SellerSupplierParty", [("cac:Party", write_party(answer.supplier, context.parties.ours, 1, BRIEF))]),
        ("cac:BuyerCustomerParty", [("cac:Party", write_party(answer.buyer, context.parties.theirs, 1, BRIEF))]),
        ("cac:Delivery", [("cac:PromisedDeliveryPeriod", _period(answer.delivery_date))]),
    ]
    head += [("cac:OrderLine", _write_line(line, at)) for at, line in enumerate(answer.lines, 1)]
    return document("OrderResponse", head)


def _period(date: object) -> Parts:
    return [("cbc:StartDate", day(date)), ("cbc:EndDate", day(date))]  # type: ignore[arg-type]


def _write_line(line: OrderResponseLine, at: int) -> Parts:
    reason = line.reason
    if line.answer == "backordered":
        reason = f"{BACKORDER}: {reason}" if reason else BACKORDER
    bought: Parts = [
        ("cbc:ID", line.number or str(at)),
        ("cbc:Note", reason),
        ("cbc:LineStatusCode", _STATUS[line.answer]),
        ("cbc:Quantity", quantity(line.quantity)),
        ("cac:Delivery", [("cac:PromisedDeliveryPeriod", _period(line.delivery_date))]),
        ("cac:Price", write_price(line.unit_price, line.price_base, line.quantity)),
    ]
    if not line.replaces:
        return [
            ("cac:LineItem", [*bought, ("cac:Item", write_item(line))]),
            ("cac:OrderLineReference", [("cbc:LineID", line.order_line)]),
        ]
    return [
        ("cac:LineItem", [*bought, ("cac:Item", [("cbc:Name", line.replaces)])]),
        ("cac:SellerSubstitutedLineItem", [("cbc:ID", line.number or str(at)), ("cac:Item", write_item(line))]),
        ("cac:OrderLineReference", [("cbc:LineID", line.order_line)]),
    ]
