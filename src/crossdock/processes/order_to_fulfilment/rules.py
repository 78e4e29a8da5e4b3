"""The rules a flow can choose from: which ERP and carrier, how exact the total, what may be picked instead; pure choices, no commands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from crossdock.processes.frame.states import ZERO, Json
from crossdock.processes.order_to_fulfilment.documents import order_lines, plain
from crossdock.processes.order_to_fulfilment.settings import Carrier, Tolerance
from crossdock.processes.order_to_fulfilment.states import Fulfilment, PickLine, Shipment
from crossdock.processes.order_to_fulfilment.work import Work


def decimal(value: Any) -> Decimal | None:
    """A decimal from an acknowledgement (text or whole number); None for anything else, so that a careless answer stops nothing."""
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
        return None
    try:
        made = Decimal(value)
    except InvalidOperation:
        return None
    return made if made.is_finite() else None


def erp_of(w: Work, order: Json) -> str:
    """The system that gets this order: the first ERP entry that serves it, else the first."""
    erps = w.settings.erps
    country, level = order["ship_to"]["country"], order["service_level"]
    chosen = next((one for one in erps if one.fits(country, level)), erps[0])
    return w.plan.system(chosen.role)


def weight_of(w: Work, shipment: Shipment) -> Decimal | None:
    """What a shipment weighs by its packages, else by its products; None when that is not known."""
    weights = [decimal(package.get("weight_kg")) for package in shipment.packages]
    if weights and all(weight is not None for weight in weights):
        return sum((weight for weight in weights if weight is not None), ZERO)
    total = ZERO
    for picked in shipment.lines:
        product = w.settings.products.get(picked["sku"])
        weight = decimal(w.customs.get(picked["sku"], {}).get("weight_kg"))
        weight = weight if weight is not None else product.weight_kg if product else None
        if weight is None:
            return None
        total += weight * Decimal(picked["quantity"]["value"])
    return total


def carrier_of(w: Work, shipment: Shipment | None = None, name: str = "") -> tuple[Carrier, str] | None:
    """The carrier of a shipment and the system that books it, by the flow's entries in order; with `name` that one only.

    Without entries the flow's only carrier role is taken. None when nothing fits: a person has to choose.
    """
    order = w.document()
    country, level = order["ship_to"]["country"], order["service_level"]
    roles = w.plan.context.roles
    for entry in w.settings.carriers:
        role = entry.role or f"carrier:{entry.name}"
        if role not in roles or (name and entry.name != name):
            continue
        if name:
            return entry, roles[role]
        if not entry.fits(country, level):
            continue
        if entry.max_weight_kg is not None and shipment is not None:
            weight = weight_of(w, shipment)
            if weight is None or weight > entry.max_weight_kg:
                continue
        return entry, roles[role]
    candidates = [role for role in w.plan.carriers if not name or name in {role, role.partition(":")[2], roles[role]}]
    if len(candidates) == 1 and (name or not w.settings.carriers):
        role = candidates[0]
        return Carrier(name=role.partition(":")[2] or roles[role]), roles[role]
    return None


def beyond(tolerance: Tolerance, order: Json, ack: Mapping[str, Any]) -> list[Json]:
    """The differences between the order and what the ERP made of it that are more than rounding: [{field, expected, found}]."""
    total = Decimal(order["total"]["amount"])
    allowed = tolerance.amount + tolerance.per_line * len(order["lines"]) + abs(total) * tolerance.percent / 100
    found = decimal(ack.get("total"))
    differences: list[Json] = []
    if ack.get("currency") not in {None, "", order["currency"]}:
        differences.append({"field": "currency", "expected": order["currency"], "found": str(ack["currency"])})
    if found is not None and abs(found - total) > allowed:
        differences.append({"field": "total", "expected": plain(total), "found": plain(found)})
    listed = ack.get("discrepancies")
    for one in listed if isinstance(listed, (list, tuple)) else ():
        if not isinstance(one, Mapping) or any(one.get("field") == other["field"] for other in differences):
            continue
        expected, actual = decimal(one.get("expected")), decimal(one.get("found"))
        if expected is None or actual is None or abs(expected - actual) > allowed:
            differences.append({name: str(one.get(name, "")) for name in ("field", "expected", "found")})
    return differences


@dataclass(frozen=True, slots=True)
class Judged:
    """A pick confirmation, judged: its lines with the order line filled in, and what a person must decide about them."""

    lines: tuple[Json, ...]
    issues: tuple[Json, ...]


def judge(w: Work, fulfilment: Fulfilment, picked: list[Json]) -> Judged:
    """Hold the lines of a pick confirmation against what was asked for, by the flow's rules.

    Lines with nothing picked are left out. What is more than asked for, something else, or in another unit and not allowed by a rule is
    an issue: {line, sku, kind: over | substituted | unexpected | unit, picked, asked}.
    """
    rules = w.settings.picks
    asked = {line.number: line for line in fulfilment.lines}
    ordered = order_lines(w.document())
    room = {line.number: line.asked - line.picked for line in fulfilment.lines}
    lines: list[Json] = []
    issues: list[Json] = []
    for line in picked:
        quantity = Decimal(line["quantity"]["value"])
        if quantity <= 0:
            continue
        number = line["number"] if line["number"] in asked else line["order_line"]
        line = {**line, "number": number, "order_line": number}
        if number not in asked or number not in ordered:
            lines.append(line)
            issues.append(_issue(line, "unexpected", quantity, ZERO))
            continue
        sku = ordered[number]["sku"]
        if line["sku"] != sku:
            line["substituted_for"] = sku
            allowed = rules.substitution == "accept_equivalent" and line["sku"] in rules.equivalents.get(sku, ())
            if not allowed:
                issues.append(_issue(line, "substituted", quantity, asked[number].asked))
        if line["quantity"]["unit"] != ordered[number]["quantity"]["unit"]:
            issues.append(_issue(line, "unit", quantity, asked[number].asked))
        left = room[number]
        room[number] = left - quantity
        extra = quantity - max(left, ZERO)
        if extra > 0 and rules.over != "accept":
            tolerated = asked[number].asked * rules.over_tolerance_percent / 100
            if -room[number] > tolerated:
                if rules.over == "ask":
                    issues.append(_issue(line, "over", quantity, asked[number].asked))
                elif left <= 0:
                    continue
                else:
                    line["quantity"] = {**line["quantity"], "value": plain(left)}
                    room[number] = ZERO
        lines.append(line)
    return Judged(tuple(lines), tuple(issues))


def clipped(w: Work, fulfilment: Fulfilment, shipment: Shipment) -> tuple[Json, ...]:
    """The lines of a shipment with only what was asked for: nothing substituted beyond the rules, unexpected or in another unit, and
    no more than asked.
    """
    before = {line.number: line.asked - line.picked for line in fulfilment.lines}
    ordered = order_lines(w.document())
    equivalents = w.settings.picks.equivalents if w.settings.picks.substitution == "accept_equivalent" else {}
    for line in shipment.lines:
        number = line["order_line"]
        if number in before:
            before[number] += Decimal(line["quantity"]["value"])
    kept: list[Json] = []
    for line in shipment.lines:
        number = line["order_line"]
        raw = ordered.get(number)
        if raw is None or number not in before or line["quantity"]["unit"] != raw["quantity"]["unit"]:
            continue
        if line["sku"] != raw["sku"] and line["sku"] not in equivalents.get(raw["sku"], ()):
            continue
        quantity = min(Decimal(line["quantity"]["value"]), before[number])
        if quantity > 0:
            before[number] -= quantity
            kept.append({**line, "quantity": {**line["quantity"], "value": plain(quantity)}})
    return tuple(kept)


def with_picked(fulfilment: Fulfilment, lines: tuple[Json, ...], sign: int = 1) -> tuple[PickLine, ...]:
    """The lines of a fulfilment order with what was picked added (or taken back, with sign -1)."""
    added: dict[str, Decimal] = {}
    for line in lines:
        added[line["order_line"]] = added.get(line["order_line"], ZERO) + Decimal(line["quantity"]["value"])
    return tuple(
        PickLine(one.number, one.asked, max(ZERO, one.picked + sign * added[one.number])) if one.number in added else one
        for one in fulfilment.lines
    )


def _issue(line: Json, kind: str, picked: Decimal, asked: Decimal) -> Json:
    return {"line": line["order_line"], "sku": line["sku"], "kind": kind, "picked": plain(picked), "asked": plain(asked)}
