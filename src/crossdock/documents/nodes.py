"""A loop of a parsed document with quick access by tag and qualifier; the same for X12 and EDIFACT, knows no document.

Loops are found by the segment that opens them, not by name, because partners' guides number and name them differently. Segments a guide does
not know are still there: what it means to the partner is the guide's business, what is in it is the mapping's.
"""

from __future__ import annotations

from collections.abc import Sequence

from crossdock.edi.guides import Loop
from crossdock.edi.segments import Segment


class Node:
    """One occurrence of a loop: its own segments by tag, its inner loops by the tag that opens them."""

    __slots__ = ("inner", "loop", "own")

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        own: dict[str, list[Segment]] = {}
        for segment in loop.segments:
            own.setdefault(segment.elements[0], []).append(segment)
        for segment in loop.unplaced:
            own.setdefault(segment.elements[0], []).append(segment)
        self.own = own
        inner: dict[str, list[Node]] = {}
        for each in loop.loops:
            if each.segments:
                inner.setdefault(each.segments[0].elements[0], []).append(Node(each))
        self.inner = inner

    @property
    def opener(self) -> Segment:
        """The segment that opens the loop."""
        return self.loop.segments[0]

    def all(self, tag: str) -> Sequence[Segment]:
        """The loop's own segments with a tag."""
        return self.own.get(tag, ())

    def first(self, tag: str, *qualifiers: str) -> Segment | None:
        """The first own segment with a tag; with qualifiers, the first that has the earliest of them in its first element."""
        found = self.own.get(tag)
        if not found:
            return None
        if not qualifiers:
            return found[0]
        for qualifier in qualifiers:
            for segment in found:
                if segment.value(1) == qualifier:
                    return segment
        return None

    def loops(self, tag: str, *qualifiers: str) -> Sequence[Node]:
        """The inner loops opened by a tag, with qualifiers those whose opening segment has one of them in its first element."""
        found = self.inner.get(tag, ())
        if not qualifiers:
            return found
        return [node for node in found if node.opener.value(1) in qualifiers]

    def loop_of(self, tag: str, *qualifiers: str) -> Node | None:
        """The first inner loop opened by a tag, by the earliest of the qualifiers."""
        found = self.inner.get(tag, ())
        if not qualifiers:
            return found[0] if found else None
        for qualifier in qualifiers:
            for node in found:
                if node.opener.value(1) == qualifier:
                    return node
        return None

    def deep(self, tag: str) -> Sequence[Node]:
        """All loops at any depth opened by a tag, in the order of the document."""
        found: list[Node] = []
        waiting = [self]
        while waiting:
            node = waiting.pop()
            for key, nodes in node.inner.items():
                if key == tag:
                    found += nodes
                waiting += nodes
        return sorted(found, key=lambda node: node.opener.position)


def at(segment: Segment, element: int) -> str:
    """An X12 element as text without the blanks partners pad with; empty where there is none."""
    elements = segment.elements
    return elements[element].strip() if element < len(elements) else ""


def qualified(segments: Sequence[Segment], qualifiers: Sequence[str]) -> Segment | None:
    """The segment whose first element is the earliest of some qualifiers: of several dates or amounts, the one the reader wants most."""
    if segments:
        for qualifier in qualifiers:
            for segment in segments:
                if segment.value(1).strip() == qualifier:
                    return segment
    return None
