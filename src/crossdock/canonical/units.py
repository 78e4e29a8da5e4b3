"""Units of UN/ECE Recommendation 20 (and 21, packages) in common use, with their X12 355 codes and Odoo names; knows no quantity.

The table holds what supply chains really use, not all two thousand codes; a value map adds what a partner needs beyond it.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit: its Rec 20 code, English name, kind (`count`, `mass`, `length`, ...), X12 355 code and name in Odoo, where there are."""

    code: str
    name: str
    kind: str
    x12: str
    odoo: str


@cache
def units() -> Mapping[str, Unit]:
    """All units of the table by code."""
    text = files("crossdock.canonical").joinpath("units.csv").read_text("utf-8")
    return {row["code"]: Unit(**row) for row in csv.DictReader(text.splitlines())}


@cache
def _by_x12() -> Mapping[str, Unit]:
    return {unit.x12: unit for unit in reversed(list(units().values())) if unit.x12}


@cache
def _by_odoo() -> Mapping[str, Unit]:
    return {unit.odoo.casefold(): unit for unit in reversed(list(units().values())) if unit.odoo}


def from_x12(code: str) -> Unit | None:
    """The unit of an X12 355 code; where several share it, the first of the table (`EA` is `C62`)."""
    return _by_x12().get(code.upper())


def from_odoo(name: str) -> Unit | None:
    """The unit of Odoo's unit of measure by its English name."""
    return _by_odoo().get(name.casefold())
