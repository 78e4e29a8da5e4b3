"""What comes out of a pick: lines, lots, packages with SSCC; pure, knows no wire and no clock."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any

from crossdock.simulators.wms.behaviour import Behaviour, Script
from crossdock.simulators.wms.tasks import halves

COMPANY_PREFIX = "4012345"
WEIGHT_PER_PIECE = Decimal("0.350")
CARTON_WEIGHT = Decimal("0.220")


def sscc(serial: int) -> str:
    """A valid SSCC-18: extension digit, company prefix, serial reference and the GS1 modulo-10 check digit."""
    digits = f"3{COMPANY_PREFIX}{serial:09d}"
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(digits))
    return digits + str(-total % 10)


@dataclass(frozen=True, slots=True)
class Pick:
    """One confirmation: picked lines, their packages, and whether nothing more will come."""

    lines: Sequence[dict[str, Any]]
    packages: Sequence[dict[str, Any]]
    final: bool


def plan_picks(order: Mapping[str, Any], fate: Script, behaviour: Behaviour, serials: itertools.count[int]) -> list[Pick]:
    """The confirmations this order gets: two for `partial`, one otherwise."""
    picked = [line for wanted in order["lines"] for line in _pick_line(wanted, fate, behaviour)]
    if fate.behaviour != "partial":
        return [_pack(picked, True, behaviour, serials)]
    first, second = halves(picked)
    return [_pack(first, False, behaviour, serials), _pack(second, True, behaviour, serials)]


def _pick_line(wanted: Mapping[str, Any], fate: Script, behaviour: Behaviour) -> list[dict[str, Any]]:
    quantity, sku = Decimal(wanted["quantity"]), wanted["sku"]
    line: dict[str, Any] = {
        "number": wanted["number"],
        "order_line": wanted.get("order_line", ""),
        "unit": wanted.get("unit", "C62"),
    }
    touched = not fate.lines or wanted["number"] in fate.lines
    if touched and fate.behaviour == "short":
        quantity -= 1
        if quantity <= 0:
            return []
    if touched and fate.behaviour == "over":
        quantity += 1
    if touched and fate.behaviour == "substitute":
        line["substituted_for"] = sku
        sku = f"{sku}-ALT"
    line |= {"sku": sku, "quantity": str(quantity)}
    lot = wanted.get("lot") or (f"{sku}-L1" if fnmatchcase(sku, behaviour.lot_skus) else "")
    return [{**line, "lot": lot} if lot else line]


def _pack(lines: list[dict[str, Any]], final: bool, behaviour: Behaviour, serials: itertools.count[int]) -> Pick:
    packages, packed = [], []
    for start in range(0, len(lines), behaviour.package_lines):
        content = lines[start : start + behaviour.package_lines]
        label = sscc(next(serials))
        pieces = sum((Decimal(line["quantity"]) for line in content), Decimal(0))
        packages.append(
            {
                "reference": f"C{label[-7:]}",
                "sscc": label,
                "weight_kg": str(CARTON_WEIGHT + WEIGHT_PER_PIECE * pieces),
                "length_cm": "40",
                "width_cm": "30",
                "height_cm": "20",
            }
        )
        packed += [{**line, "package": packages[-1]["reference"]} for line in content]
    return Pick(packed, packages, final)
