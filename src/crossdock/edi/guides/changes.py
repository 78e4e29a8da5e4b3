"""Applies a partner's deviations to a guide: usage, repeats, codes, lengths, rules and further segments by position."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from . import notation
from .model import Element, LoopUse, SegmentShape, SegmentUse, index

# Builds further members from their lines; the loader's, because it knows the segments.
BuildMembers = Callable[[Any, str], tuple[SegmentUse | LoopUse, ...]]


class Changer:
    """Applies changes by position: `PO1/N1` is the N1 in loop PO1, `PO1/N1/` the loop N1 in it, `HL.O/PRF` a level's.

    A change gives `usage`, `max`, `elements`, `rules`, or in `then` what may follow the position. Everything
    wrong is collected in `problems`.
    """

    def __init__(self, changes: Mapping[str, Any], build: BuildMembers | None = None) -> None:
        self.changes = changes
        self.problems: list[str] = []
        self._build = build
        self._used: set[str] = set()

    def unused(self) -> list[str]:
        """The positions named in the changes that the guide does not have."""
        return [place for place in self.changes if place not in self._used]

    def loop(self, loop: LoopUse, place: str) -> LoopUse:
        """The loop with all changes in it and below it."""
        members: list[SegmentUse | LoopUse] = []
        for number, member in enumerate(loop.members):
            name = member.tag if isinstance(member, SegmentUse) else member.name
            here = f"{place}/{name}" if place else name
            if isinstance(member, SegmentUse):
                if number == 0 and loop.levels:
                    members.append(member)
                    continue
                members.append(self._segment(member, here))
            else:
                here += "/"
                members.append(self._loop(self.loop(member, here[:-1]), here))
            members += self._added(here)
        levels = {code: replace(level, body=self.loop(level.body, f"{place}.{code}")) for code, level in loop.levels.items()}
        final = tuple(members)
        return replace(loop, members=final, by_tag=index(final), levels=levels)

    def _change(self, place: str, allowed: set[str]) -> dict[str, Any] | None:
        change = self.changes.get(place)
        if change is None:
            return None
        self._used.add(place)
        if not isinstance(change, dict) or change.keys() - allowed:
            self.problems.append(f"change {place}: give {', '.join(sorted(allowed))}")
            return None
        if change.get("usage", "M") not in ("M", "O", "C", "X"):
            self.problems.append(f"change {place}: usage is M, O, C or X, not {change['usage']!r}")
            return None
        if not isinstance(change.get("max", 1), int) or change.get("max", 1) < 1:
            self.problems.append(f"change {place}: max is a number from 1, not {change['max']!r}")
            return None
        return change

    def _loop(self, loop: LoopUse, place: str) -> LoopUse:
        change = self._change(place, {"usage", "max", "then"})
        return loop if change is None else replace(loop, usage=change.get("usage", loop.usage), max=change.get("max", loop.max))

    def _segment(self, use: SegmentUse, place: str) -> SegmentUse:
        change = self._change(place, {"usage", "max", "elements", "rules", "then"})
        if change is None:
            return use
        shape = self.elements(use.shape, change.get("elements", {}), f"change {place}")
        rules = list(shape.rules)
        for text in change.get("rules") or []:
            try:
                rules.append(notation.rule(str(text)))
            except notation.NotationError as error:
                self.problems.append(f"change {place}: {error}")
        shape = replace(shape, rules=tuple(rules))
        return replace(use, shape=shape, usage=change.get("usage", use.usage), max=change.get("max", use.max))

    def _added(self, place: str) -> tuple[SegmentUse | LoopUse, ...]:
        change = self.changes.get(place)
        lines = change.get("then") if isinstance(change, dict) else None
        if lines is None or self._build is None:
            return ()
        return self._build(lines, f"change {place}.then")

    def elements(self, shape: SegmentShape, changes: Any, place: str) -> SegmentShape:
        """The shape with some of its elements changed, by number."""
        elements = list(shape.elements)
        if not isinstance(changes, dict):
            self.problems.append(f"{place}: elements must map numbers to changes")
            return shape
        for number, change in changes.items():
            if not isinstance(number, int) or not 1 <= number <= len(elements):
                self.problems.append(f"{place}: {shape.tag} has no element {number!r}")
                continue
            try:
                elements[number - 1] = self._element(elements[number - 1], change)
            except (notation.NotationError, TypeError, ValueError, IndexError, AttributeError) as error:
                self.problems.append(f"{place}.{number}: {error}")
        return replace(shape, elements=tuple(elements))

    def _element(self, element: Element, change: Any) -> Element:
        if isinstance(change, str):
            kind, low, high = notation.element_type(change)
            return replace(element, type=kind, min=low, max=high)
        if not isinstance(change, dict) or change.keys() - {"usage", "type", "codes", "max", "min", "label", "components"}:
            raise notation.NotationError("give a type or usage, type, codes, min, max, label, components")
        if "type" in change:
            kind, low, high = notation.element_type(str(change["type"]))
            element = replace(element, type=kind, min=low, max=high)
        if "components" in change:
            parts = list(element.components)
            for number, inner in change["components"].items():
                parts[int(number) - 1] = self._element(parts[int(number) - 1], inner)
            element = replace(element, components=tuple(parts))
        if change.get("usage", "M") not in ("M", "O", "C", "X"):
            raise notation.NotationError(f"usage is M, O, C or X, not {change['usage']!r}")
        return replace(
            element,
            usage=str(change.get("usage", element.usage)),
            codes=frozenset(str(c) for c in change["codes"]) if "codes" in change else element.codes,
            max=int(change.get("max", element.max)),
            min=int(change.get("min", element.min)),
            label=str(change.get("label", element.label)),
        )
