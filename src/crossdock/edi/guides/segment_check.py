"""Checks the elements of one segment against its shape in a guide: presence, form, codes, rules. Knows no order."""

from __future__ import annotations

from typing import Protocol

from ..delimiters import Delimiters
from ..findings import Severity
from . import values
from .model import Element, Rule, SegmentShape


class Report(Protocol):
    """Takes what is found; the walk adds position and loop."""

    def __call__(
        self,
        code: str,
        message: str,
        tag: str,
        *,
        element: int = 0,
        component: int = 0,
        repetition: int = 0,
        value: str = "",
        reference: str = "",
        loop: str = "",
        severity: Severity = Severity.ERROR,
    ) -> None: ...


class SegmentCheck:
    """Checks segments one by one. Values that passed are remembered: documents repeat themselves."""

    def __init__(self, delimiters: Delimiters, *, edifact: bool, report: Report) -> None:
        self._component = delimiters.component.decode("latin-1")
        self._repetition = delimiters.repetition.decode("latin-1")
        self._edifact = edifact
        self._add = report
        self._passed: dict[int, tuple[SegmentShape, list[tuple[Element, set[str]]], list[tuple[int, Rule]]]] = {}

    def row(self, row: list[str], shape: SegmentShape) -> None:
        """Check one segment, given as its elements, against the shape its position has in the guide."""
        known = self._passed.get(id(shape))
        if known is None:
            # a rule can only be broken where one of its elements may stand; only R asks for elements of a segment that ends before them
            rules = [(0 if rule.kind == "R" else min(rule.elements), rule) for rule in shape.rules]
            known = self._passed[id(shape)] = (shape, [(element, set()) for element in shape.elements], rules)
        elements = known[1]
        size = len(row)
        number = 0
        for element, passed in elements:
            number += 1
            if number >= size or not (value := row[number]):
                if element.usage == "M":
                    self._add(
                        "element-missing",
                        f"mandatory {element.label} is missing",
                        row[0],
                        element=number,
                        reference=element.reference,
                    )
            elif value not in passed and self._element(row, number, value, element):
                if len(passed) > 5000:
                    passed.clear()
                passed.add(value)
        if size - 1 > number and any(row[number + 1 :]):
            first = next(n for n in range(number + 1, size) if row[n])
            self._add(
                "too-many-elements",
                f"{row[0]} has {size - 1} elements, the guide has {number}",
                row[0],
                element=first,
                value=row[first],
            )
        if size > 1 and not row[-1]:
            self._add("trailing-separator", f"{row[0]} ends with a separator", row[0], severity=Severity.NOTE, element=size - 1)
        for least, rule in known[2]:
            if least < size:
                self._rule(row, rule, shape)
        if self._edifact and row[0] == "DTM" and size > 1:
            self._period(row)

    def _element(self, row: list[str], number: int, value: str, element: Element) -> bool:
        if element.usage == "X":
            self._add("element-not-used", f"{element.label} is not used in this guide", row[0], element=number, value=value)
            return False
        parts = [value]
        if self._repetition and self._repetition in value and element.type != "B":
            parts = value.split(self._repetition)
            if len(parts) > element.repeat:
                self._add(
                    "too-many-repetitions",
                    f"{element.label} occurs {len(parts)} times, at most {element.repeat} are allowed",
                    row[0],
                    element=number,
                    repetition=element.repeat + 1,
                )
                return False
        good = True
        for repetition, part in enumerate(parts, start=1):
            again = repetition if len(parts) > 1 else 0
            if element.components:
                good = self._composite(row, number, part, element, again) and good
                continue
            if self._edifact and self._component in part:
                self._add(
                    "too-many-components",
                    f"{element.label} has components, the guide has none",
                    row[0],
                    element=number,
                    component=2,
                    repetition=again,
                    value=part,
                )
                good = False
                continue
            wrong = values.fault(part, element)
            if wrong is not None:
                self._add(
                    wrong[0],
                    f"{element.label}: {wrong[1]}",
                    row[0],
                    element=number,
                    repetition=again,
                    value=part,
                    reference=element.reference,
                )
                good = False
        return good

    def _composite(self, row: list[str], number: int, value: str, element: Element, repetition: int) -> bool:
        parts = value.split(self._component)
        good = True
        for n, component in enumerate(element.components, start=1):
            part = parts[n - 1] if n <= len(parts) else ""
            if not part:
                if component.usage == "M":
                    self._add(
                        "component-missing",
                        f"mandatory {component.label} is missing",
                        row[0],
                        element=number,
                        component=n,
                        repetition=repetition,
                    )
                    good = False
                continue
            wrong = ("element-not-used", "not used in this guide") if component.usage == "X" else values.fault(part, component)
            if wrong is not None:
                self._add(
                    wrong[0],
                    f"{component.label}: {wrong[1]}",
                    row[0],
                    element=number,
                    component=n,
                    repetition=repetition,
                    value=part,
                )
                good = False
        if len(parts) > len(element.components) and any(parts[len(element.components) :]):
            self._add(
                "too-many-components",
                f"{element.label} has {len(parts)} components, the guide has {len(element.components)}",
                row[0],
                element=number,
                component=len(element.components) + 1,
                repetition=repetition,
                value=value,
            )
            good = False
        return good

    def _rule(self, row: list[str], rule: Rule, shape: SegmentShape) -> None:
        size = len(row)
        present = [n for n in rule.elements if n < size and row[n]]
        kind, elements = rule.kind, rule.elements
        missing = [n for n in elements if n not in present]
        if kind == "P" and present and missing:
            needed = missing[0]
        elif kind == "R" and not present:
            needed = elements[0]
        elif kind == "C" and elements[0] in present and missing:
            needed = missing[0]
        elif kind == "L" and elements[0] in present and len(present) == 1:
            needed = elements[1]
        elif kind == "E" and len(present) > 1:
            self._add(
                "element-excluded",
                f"only one of elements {', '.join(map(str, elements))} may be used (rule {rule})",
                row[0],
                element=present[1],
                value=row[present[1]],
            )
            return
        else:
            return
        element = shape.elements[needed - 1]
        self._add(
            "element-condition",
            f"{element.label} is required by rule {rule}",
            row[0],
            element=needed,
            reference=element.reference,
        )

    def _period(self, row: list[str]) -> None:
        parts = row[1].split(self._component)
        if len(parts) > 2 and parts[1] and not values.valid_period(parts[1], parts[2]):
            self._add(
                "invalid-date",
                f"{parts[1]!r} is not a date or time in format {parts[2]}",
                row[0],
                element=1,
                component=2,
                value=parts[1],
            )
