"""Lines, numbers and differences of the papers of a purchase order, as JSON of the canonical objects; decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from hashlib import blake2b
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson

from crossdock.processes.frame.numbers import numbered
from crossdock.processes.frame.states import Json

ZERO: Final = Decimal(0)
_VOLATILE: Final = frozenset({"issued_at", "answered_at", "received_at", "purpose", "identifiers", "sequence", "replaces"})
_TERMS: Final = ("currency", "incoterm", "incoterm_place", "payment_terms")


def plain(value: Decimal) -> str:
    """A decimal for people and papers: no exponent, no zeros that say nothing."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def number_of(value: Any) -> Decimal:
    """The quantity or amount in `{"value": ...}` or `{"amount": ...}`."""
    return Decimal(value["value"] if "value" in value else value["amount"])


def expected_number(key: str, n: int) -> str:
    """The number of the `n`-th expected receipt of a purchase order: `RC-odoo.P00042-1`; unique over the whole hub, at most 64 characters."""
    return numbered("RC", key, n)


def digest(document: Json) -> str:
    """What tells two versions of a paper apart: its content without its own time stamps and version marks."""
    content = {name: value for name, value in document.items() if name not in _VOLATILE}
    return blake2b(orjson.dumps(content, option=orjson.OPT_SORT_KEYS), digest_size=12).hexdigest()


def lines_of(document: Json | None) -> dict[str, Json]:
    """The lines of a document by number."""
    return {line["number"]: line for line in document["lines"]} if document is not None else {}


def unit_price(line: Json) -> Decimal:
    """The price of one unit, whatever number of units it is quoted for."""
    base = line.get("price_base")
    return number_of(line["unit_price"]) / Decimal(base) if base else number_of(line["unit_price"])


def line_date(order: Json, line: Json) -> str:
    """The day a line is to be there: its own, else the order's; empty for none."""
    return str(line.get("delivery_date") or order.get("delivery_date") or "")


def days_between(one: str, other: str) -> int:
    """How many days `other` is after `one`."""
    return (date.fromisoformat(other) - date.fromisoformat(one)).days


def begins(day: str, zone: str) -> datetime:
    """When a day begins at a place; in UTC for a zone nobody knows."""
    try:
        place: Any = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        place = UTC
    return datetime.combine(date.fromisoformat(day), time(), place).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Found:
    """The order line a line of another paper is about (empty: none), and why it is not quite it."""

    line: str
    fault: str = ""


def find_line(lines: Mapping[str, Json], told: Json) -> Found:
    """The line of an order (its `lines_of`) that a line of a supplier's or warehouse's paper names, by number or by item.

    Faults: `unknown` (no such line or item), `item` (the line's number, but another item), `unit` (another unit of measure).
    """
    number = told.get("order_line") or ""
    if number not in lines:
        if number and number.isdecimal():
            # `001` and `1` are the same line to those who pad
            number = next((one for one in lines if one.isdecimal() and int(one) == int(number)), "")
        else:
            number = ""
    if not number:
        # a line number that is not ours may be the sender's own; the item still says what is meant
        same = [one for one, line in lines.items() if _same_item(line, told) is True]
        if not same:
            return Found("", "unknown")
        number = next((one for one in same if lines[one]["status"] == "open"), same[0])
    line = lines[number]
    if _same_item(line, told) is False:
        # a sender that counts lines in its own way may hit a number of ours; an item that is on just one other line says which is meant
        others = [one for one, other in lines.items() if _same_item(other, told) is True]
        if len(others) != 1:
            return Found(number, "item")
        number, line = others[0], lines[others[0]]
    quantity = told.get("quantity")
    if quantity is not None and quantity["unit"] != line["quantity"]["unit"]:
        return Found(number, "unit")
    return Found(number)


def _same_item(line: Json, told: Json) -> bool | None:
    """Whether both name the same item; None when they have no name in common. One name in common that agrees is enough."""
    verdict: bool | None = None
    for name in ("sku", "supplier_sku", "gtin"):
        ours, theirs = line.get(name), told.get(name)
        if ours and theirs:
            if name == "gtin":
                ours, theirs = ours.zfill(14), theirs.zfill(14)
            if ours.casefold() == theirs.casefold():
                return True
            verdict = False
    return verdict


def is_service(line: Json) -> bool:
    """Whether a line is no goods: nobody ships or receives it."""
    return any(one["scheme"] == "item_type" and one["value"] == "service" for one in line["identifiers"])


def item_name(line: Json) -> str:
    """What people call the item of a line."""
    return str(line.get("sku") or line.get("supplier_sku") or line.get("gtin") or line.get("name") or "an item without a name")


def summed(lines: Iterable[Mapping[str, Any]], condition: str = "") -> dict[str, Decimal]:
    """Quantities by order line (of one condition)."""
    total: dict[str, Decimal] = {}
    for line in lines:
        if line["order_line"] and (not condition or line["condition"] == condition):
            total[line["order_line"]] = total.get(line["order_line"], ZERO) + Decimal(line["quantity"]["value"])
    return total


def material(order: Json) -> Any:
    """What of an order the supplier must be told when it changes."""
    lines = sorted(
        (
            line["number"], line["sku"], line["supplier_sku"], line["gtin"], number_of(line["quantity"]), line["quantity"]["unit"],
            unit_price(line), line_date(order, line), line["status"],
            [(number_of(one["quantity"]), one["delivery_date"]) for one in line["schedule"]],
        )
        for line in order["lines"]
    )  # fmt: skip
    return lines, order["ship_to"], [order[name] for name in _TERMS]


def merged(before: Json, now: Json, base: Json) -> Json:
    """`base` with what changed from `before` to `now`: what the ERP repeats is no wish, what it says anew is one.

    So a price the supplier confirmed and the ERP has not been given yet is not taken back by an unrelated change in the ERP.
    """
    old, agreed = lines_of(before), lines_of(base)
    lines: list[Json] = []
    for line in now["lines"]:
        number = line["number"]
        if number in old and number in agreed:
            line = {
                name: agreed[number].get(name, value) if value == old[number].get(name) else value for name, value in line.items()
            }
        lines.append(line)
    gone = [{**line, "status": "cancelled"} for number, line in agreed.items() if number not in {one["number"] for one in lines}]
    kept = {name: base.get(name, value) if value == before.get(name) else value for name, value in now.items() if name != "lines"}
    return {**kept, "lines": [*lines, *gone]}


def difference(old: Json, new: Json) -> list[str]:
    """The change of an order, a sentence for each thing that is another."""
    before, after = lines_of(old), lines_of(new)
    words = [
        f"line {number} added ({item_name(line)}, {plain(number_of(line['quantity']))})"
        for number, line in after.items()
        if number not in before
    ]
    words += [f"line {number} removed" for number in before if number not in after]
    for number, line in after.items():
        was = before.get(number)
        if was is None:
            continue
        for name, mine, yours in (
            ("item", item_name(was), item_name(line)),
            ("quantity", plain(number_of(was["quantity"])), plain(number_of(line["quantity"]))),
            ("price", plain(unit_price(was)), plain(unit_price(line))),
            ("delivery", line_date(old, was), line_date(new, line)),
            ("status", was["status"], line["status"]),
        ):
            if mine != yours:
                words.append(f"line {number}: {name} {yours or 'none'} instead of {mine or 'none'}")
    if old["ship_to"] != new["ship_to"]:
        words.append("another place of delivery")
    words += [
        f"{name.replace('_', ' ')} {new[name] or 'none'} instead of {old[name] or 'none'}"
        for name in _TERMS
        if old[name] != new[name]
    ]
    return words


def shipped_difference(old: Iterable[Json], new: Iterable[Json]) -> str:
    """What two versions of a notice or a receipt say differently, in a few words."""
    was, now = summed(old), summed(new)
    words = [
        f"line {number}: {plain(now.get(number, ZERO))} instead of {plain(was.get(number, ZERO))}"
        for number in dict.fromkeys((*was, *now))
        if was.get(number, ZERO) != now.get(number, ZERO)
    ]
    return ", ".join(words) or "the same quantities in other lots, packages or days"
