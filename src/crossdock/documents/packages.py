"""Which packages of a ship notice belong to some of its lines; knows no standard."""

from __future__ import annotations

from collections.abc import Sequence

from crossdock.documents.drafts import Draft


def packages_of(lines: Sequence[Draft], units: Sequence[Draft]) -> list[Draft]:
    """The packages that lines are in, and those around them."""
    outer = {unit["reference"]: unit.get("inside", "") for unit in units}
    wanted: set[str] = set()
    for line in lines:
        reference = line.get("package", "")
        while reference and reference not in wanted:
            wanted.add(reference)
            reference = outer.get(reference, "")
    return [unit for unit in units if unit["reference"] in wanted]
