"""A customer's purchase order as the sales order it is to us: `order.placed|changed|amended|cancelled`; knows no standard."""

from __future__ import annotations

from datetime import datetime, time
from decimal import Decimal
from typing import Any

from crossdock.canonical.order import OrderAmendment, OrderCancellation, SalesOrder
from crossdock.documents.drafts import Draft
from crossdock.documents.mapping import Mapped, Purpose
from crossdock.documents.moments import zone_of
from crossdock.documents.reading import Reading

_CENT = Decimal("0.01")
_MANUFACTURER = frozenset({"x12:mg", "x12:mn", "edifact:mf"})
_NUMBERS = frozenset({"amount", "value", "price_base", "percent", "tax_percent"})


def sales_order(reading: Reading, draft: Draft, purpose: Purpose, *, change: bool) -> list[Mapped]:
    """The event of an order document, out of the draft of a `PurchaseOrder`.

    A change that takes back some lines and nothing else cancels those lines. One that lists only what changes is an amendment, which the
    transaction lays over the version before it: an order of three lines must not become an order of one.
    """
    moment = draft.get("ordered_at", reading.context.moment)
    number = draft["number"]
    version = draft.get("revision", 0)
    if purpose == "cancel":
        facts = {"number": number, "reason": draft.get("note", ""), "cancelled_at": reading.context.moment}
        cancelled = reading.finish(OrderCancellation, facts)
        return [Mapped("order.cancelled", cancelled, number=number, purpose=purpose, version=version, occurred_at=moment)]
    whole = purpose == "replace" or reading.options.changes == "whole"
    gone = tuple(line["number"] for line in draft["lines"] if line.get("status", "open") != "open")
    if change and not whole and gone and len(gone) == len(draft["lines"]):
        facts = {"number": number, "reason": draft.get("note", ""), "cancelled_at": reading.context.moment, "lines": gone}
        taken = reading.finish(OrderCancellation, facts)
        return [Mapped("order.cancelled", taken, number=number, purpose=purpose, version=version, occurred_at=moment)]
    if change and not whole:
        amended = reading.finish(OrderAmendment, _amendment(reading, draft, gone))
        at = reading.context.moment
        return [Mapped("order.amended", amended, number=number, purpose="change", version=version, occurred_at=at)]
    if change:
        draft = {**draft, "lines": [line for line in draft["lines"] if line.get("status", "open") == "open"]}
    order = reading.finish(SalesOrder, _order(reading, draft))
    type = "order.changed" if change or purpose in ("change", "replace") else "order.placed"
    return [Mapped(type, order, number=number, purpose=purpose, version=version, occurred_at=moment)]


def _amendment(reading: Reading, draft: Draft, gone: tuple[str, ...]) -> Draft:
    """What the change states, line by line and of the head; what it does not state is not in it."""
    currency = draft.get("currency")
    lines, charges = [], Decimal(0)
    for place, line in enumerate(draft["lines"]):
        if line.get("status", "open") != "open":
            continue
        made, extra = _line(reading, line, place, currency)
        charges += abs(extra)
        lines.append(made)
    if charges or draft.get("allowances"):
        reading.wrong(
            "charges and allowances in a change that lists only differences belong to no version; state the whole order"
        )
    found: Draft = {
        "number": draft["number"],
        "amended_at": reading.context.moment,
        "lines": lines,
        "removed": gone,
        "note": draft.get("note", ""),
        "service_level": draft.get("service_level") or "",
    }
    if draft.get("ship_to") is not None:
        _addresses(reading, {**draft, "invoice_to": None}, found)
    if (day := draft.get("ship_date")) is not None:
        found["requested_ship_date"] = datetime.combine(day, time(), zone_of(reading.options.zone))
    if "total" in draft and not draft.get("computed"):
        found["total"] = draft["total"]
    return found


def _order(reading: Reading, draft: Draft) -> Draft:
    currency = draft.get("currency")
    charges = Decimal(0)
    allowances = Decimal(0)
    for each in draft.get("allowances", ()):
        if each["charge"]:
            charges += each["amount"]["amount"]
        else:
            allowances += each["amount"]["amount"]
    lines = []
    for place, line in enumerate(draft["lines"]):
        made, extra = _line(reading, line, place, currency)
        charges += extra
        lines.append(made)
    if allowances:
        _spread(lines, allowances, currency)
    buyer = draft["buyer"]
    theirs = reading.context.parties.theirs
    order: Draft = {
        "number": draft["number"],
        "customer": {
            **{name: buyer[name] for name in ("email", "phone", "vat", "identifiers", "address") if buyer.get(name)},
            "id": theirs.codes.get("customer") or theirs.gln or theirs.id,
            "name": buyer.get("name") or theirs.name,
            "is_company": True,
        },
        "currency": currency,
        "lines": lines,
        "identifiers": list(draft.get("identifiers", ())),
        "note": draft.get("note", ""),
        "incoterm": draft.get("incoterm", ""),
        "service_level": draft.get("service_level") or "",
    }
    if "ordered_at" in draft:
        order["placed_at"] = draft["ordered_at"]
    if "total" in draft:
        order["total"] = draft["total"]
    if draft.get("tax"):
        order["tax"] = draft["tax"]
    if charges:
        order["shipping"] = {"amount": charges, "currency": currency}
    if (day := draft.get("ship_date")) is not None:
        order["requested_ship_date"] = datetime.combine(day, time(), zone_of(reading.options.zone))
    if (day := draft.get("delivery_date")) is not None:
        order["identifiers"].append({"scheme": "delivery:requested", "value": day.isoformat()})
    if (contract := draft.get("contract")) is not None:
        order["identifiers"].append({"scheme": "contract", "value": contract})
    _addresses(reading, draft, order)
    return order


def _addresses(reading: Reading, draft: Draft, order: Draft) -> None:
    place = draft.get("ship_to") or draft["buyer"]
    address = _address(place)
    if address is None:
        named = next((each["value"] for each in place.get("identifiers", ())), "")
        known = f"location {named!r} is not in the agreement's address book" if named else "there is no address to deliver to"
        reading.wrong(f"{known}, and the document gives none", path="ship_to")
    else:
        order["ship_to"] = address
    if (other := draft.get("invoice_to")) is not None and (address := _address(other)) is not None:
        order["bill_to"] = address


def _address(party: Draft) -> Draft | None:
    address = party.get("address")
    if address is None:
        return None
    return {
        **address,
        "name": address.get("name") or party.get("name", ""),
        "phone": address.get("phone") or party.get("phone", ""),
        "email": address.get("email") or party.get("email", ""),
    }


def _line(reading: Reading, line: Draft, place: int, currency: str | None) -> tuple[Draft, Decimal]:
    """A sales order line, and the charges on it, which a sales order has in one sum for the whole."""
    numbers = {"seller": line.get("supplier_sku", ""), "buyer": line.get("sku", ""), "gtin": line.get("gtin", "")}
    made_by = (each["value"] for each in line.get("identifiers", ()) if each["scheme"] in _MANUFACTURER)
    numbers["manufacturer"] = next(made_by, "")
    made: Draft = {"number": line["number"], "name": line.get("name", "")}
    anchor = reading.anchors.get(("lines", place))
    for kind in reading.options.sku:
        if found := numbers.get(kind, ""):
            made["sku"] = reading.code("skus", found, anchor, 0) if anchor is not None else found
            break
    else:
        reading.wrong("the line has no item number that could be our SKU", anchor, path=f"lines.{place}.sku")
    identifiers: list[Any] = list(line.get("identifiers", ()))
    if numbers["gtin"]:
        identifiers.append({"scheme": "gtin", "value": numbers["gtin"]})
    if numbers["buyer"]:
        identifiers.append({"scheme": "buyer:sku", "value": numbers["buyer"]})
    if identifiers:
        made["identifiers"] = identifiers
    if "quantity" in line:
        made["quantity"] = line["quantity"]
    if "unit_price" in line:
        base = line.get("price_base")
        price = line["unit_price"]
        made["unit_price"] = {**price, "amount": price["amount"] / base} if base else price
    charges = discount = Decimal(0)
    for each in line.get("allowances", ()):
        if each["charge"]:
            charges += each["amount"]["amount"]
        else:
            discount += each["amount"]["amount"]
    if discount:
        made["discount"] = {"amount": discount, "currency": currency}
    return made, charges


def _spread(lines: list[Draft], amount: Decimal, currency: str | None) -> None:
    """An allowance on the whole order over its lines by their worth, to the cent, the last one taking what is left."""
    worth = [
        line["quantity"]["value"] * line["unit_price"]["amount"] if "quantity" in line and "unit_price" in line else Decimal(0)
        for line in lines
    ]
    whole, left = sum(worth, Decimal(0)), amount
    for place, line in enumerate(lines):
        last = place == len(lines) - 1
        part = left if last or not whole else (amount * worth[place] / whole).quantize(_CENT)
        left -= part
        before = line.get("discount", {"amount": Decimal(0)})["amount"]
        if part or before:
            line["discount"] = {"amount": before + part, "currency": currency}
