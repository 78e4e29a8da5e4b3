"""Places in X12 and EDIFACT documents by name, as people write them, and the segments they mean; knows no document and no field.

`BEG03` is an element, `BGM02-1` a component. `PO1/PID05` is in the loop that PO1 opens, directly inside or, where there is none, at whatever depth. `DTM[002]02` takes the
segment whose first element is 002, `HL(I)` the HL of level I, `PID05#2` the second. `PO1{BP}` is the number that stands with the qualifier BP.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from crossdock.edi.guides import Loop
from crossdock.edi.segments import Segment

_STEP = re.compile(
    r"^(?P<tag>[A-Z][A-Z0-9]{1,2})(?:\[(?P<qualifier>[^\]]+)\])?(?:\((?P<level>[^)]+)\))?(?:#(?P<index>[1-9]\d*))?$",
)
_REST = re.compile(
    r"^(?P<rest>(?:\[[^\]]+\])?(?:\([^)]+\))?)(?:(?P<element>\d\d)(?:-(?P<component>\d))?|\{(?P<pair>[^}]+)\})?(?P<index>#[1-9]\d*)?$"
)
_TAG = {3: re.compile(r"^([A-Z][A-Z0-9]{2})(.*)$"), 2: re.compile(r"^([A-Z][A-Z0-9])(.*)$")}


@dataclass(frozen=True, slots=True)
class Step:
    """One segment on the way: its tag, the value its first element must have, its HL level, which of several it is (from 1)."""

    tag: str
    qualifier: str = ""
    level: str = ""
    index: int = 1

    def takes(self, segment: Segment) -> bool:
        """Whether a segment is one of these."""
        return (
            segment.tag == self.tag
            and (not self.qualifier or segment.value(1) == self.qualifier)
            and (not self.level or segment.value(3) == self.level)
        )


@dataclass(frozen=True, slots=True)
class Place:
    """A place: loops from outside inwards, the segment, and the element (0: the whole segment), its component, or the qualifier of a pair."""

    loops: tuple[Step, ...]
    segment: Step
    element: int = 0
    component: int = 0
    pair: str = ""

    def in_segment(self, segment: Segment) -> tuple[int, int]:
        """Element and component in a segment; (0, 0) where a pair is not there."""
        if not self.pair:
            return self.element, self.component
        for number in range(1, len(segment.elements)):
            if segment.value(number) == self.pair and number + 1 < len(segment.elements):
                return number + 1, 0
            if segment.value(number, 2) == self.pair:
                return number, 1
        return 0, 0

    def read(self, segment: Segment) -> str:
        """The value at this place of a segment; empty where there is none."""
        element, component = self.in_segment(segment)
        if not element:
            return ""
        return segment.value(element, component or 1)


@lru_cache(maxsize=2048)
def parse_place(text: str) -> Place:
    """A place by its notation. Raises ValueError saying which part is wrong."""
    *outer, last = text.split("/")
    loops = tuple(_step(part, text) for part in outer)
    # three-letter tags go before elements: `TAX05` is element 5 of TAX, `N104` element 4 of N1, `W0401` element 1 of W04
    for length in (3, 2):
        named = _TAG[length].match(last)
        found = _REST.match(named[2]) if named is not None else None
        if named is not None and found is not None:
            step = _step(named[1] + found["rest"] + (found["index"] or ""), text)
            return Place(loops, step, int(found["element"] or 0), int(found["component"] or 0), found["pair"] or "")
    raise ValueError(
        f"{last!r} in {text!r} is not a segment, an element such as PO102 or QTY[21]01-2, or a pair such as PO1{{BP}}"
    )


def _step(part: str, whole: str) -> Step:
    found = _STEP.match(part)
    if found is None:
        raise ValueError(f"{part!r} in {whole!r} is not a segment such as PO1, N1[ST] or HL(I)")
    return Step(found["tag"], found["qualifier"] or "", found["level"] or "", int(found["index"] or 1))


def find_loops(tree: Loop, steps: Sequence[Step]) -> list[Loop]:
    """The loops that steps lead to, in the order of the document; the tree itself for none."""
    nodes = [tree]
    for step in steps:
        found = [inner for node in nodes for inner in node.loops if inner.segments and step.takes(inner.segments[0])]
        if not found:
            found = [inner for node in nodes for inner in _inside(node) if inner.segments and step.takes(inner.segments[0])]
        found.sort(key=lambda node: node.segments[0].position)
        nodes = found[step.index - 1 :] if step.index > 1 else found
    return nodes


def find_segments(tree: Loop, place: Place, *, here: bool = False) -> list[Segment]:
    """The segments a place means, in the order of the document; none where the document has none.

    They are looked for in the loop, then as openers of loops in it, then (not with `here`) at any depth.
    """
    nodes = find_loops(tree, place.loops)
    step = place.segment
    segments: list[Segment] = []
    for node in nodes:
        own = [segment for segment in (*node.segments, *node.unplaced) if step.takes(segment)]
        segments += own or [inner.segments[0] for inner in node.loops if inner.segments and step.takes(inner.segments[0])]
    if not segments and step.level:
        segments = [
            inner.segments[0] for node in nodes for inner in _inside(node) if inner.segments and step.takes(inner.segments[0])
        ]
    if not segments and not place.loops and not here:
        segments = [segment for inner in _inside(tree) for segment in inner.segments if step.takes(segment)]
    segments.sort(key=lambda segment: segment.position)
    if place.pair:
        segments = [segment for segment in segments if place.in_segment(segment)[0]]
    return segments[step.index - 1 :] if step.index > 1 else segments


def _inside(node: Loop) -> Iterator[Loop]:
    for inner in node.loops:
        yield inner
        yield from _inside(inner)
