"""A document's segments as a tree that can be changed: elements set, segments put in and taken out; knows no rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from crossdock.documents.places import Place, find_segments
from crossdock.edi.delimiters import Delimiters
from crossdock.edi.guides import Loop
from crossdock.edi.segments import Segment
from crossdock.edi.writer import Row, Value

_PLAIN: Final = Delimiters(element=b"\x1d", component=b"\x1f", segment=b"\x1e", repetition=b"")
# Tags that open loops where there is no guide to say so, outer ones first: a loop ends where one of the same or an outer rank begins.
_RANKS: Final[Mapping[str, int]] = {
    **dict.fromkeys(("UNS", "CTT", "TDS", "W76", "W03", "W14", "CNT"), 0),
    **dict.fromkeys(("PO1", "POC", "IT1", "HL", "CPS", "LX", "W04", "W07", "W19", "LM"), 1),
    **dict.fromkeys(("LIN", "W01", "W12"), 2),
    **dict.fromkeys(("N1", "NAD", "N9", "SCH", "ACK", "SLN", "W13", "ALC", "PAC", "SCC", "TDT", "TOD", "CUX", "PAT", "EQD"), 3),
    **dict.fromkeys(("PCI", "CTA", "PRI", "TAX"), 4),
}
_NOT_LOOPS: Final = frozenset({"UNS", "CTT", "TDS", "W76", "W03", "W14", "CNT"})
_PAIRS_FROM: Final[Mapping[str, int]] = {
    "PO1": 6,
    "POC": 8,
    "IT1": 6,
    "LIN": 2,
    "SLN": 9,
    "W01": 4,
    "W04": 4,
    "W07": 4,
    "W12": 7,
    "W19": 5,
    "ACK": 7,
}


class SegmentTree:
    """The tree and the place of each segment in the document, which new ones share with the segment they stand behind."""

    def __init__(self, root: Loop) -> None:
        self.root = root
        self._behind: dict[int, tuple[float, int]] = {}
        self._added = 0

    @classmethod
    def copy_of(cls, tree: Loop) -> SegmentTree:
        """A copy of a parsed document; the segments of the original stay as they are."""
        return cls(_copy(tree))

    @classmethod
    def of_rows(cls, rows: Sequence[Row]) -> SegmentTree:
        """A tree of written segments, with the loops their tags usually open."""
        root = Loop("")
        stack: list[tuple[int, Loop]] = [(-1, root)]
        for position, row in enumerate(rows):
            segment = _segment([_joined(value) for value in row], _PLAIN, position)
            tag = str(row[0])
            rank = _RANKS.get(tag)
            if rank is not None:
                if tag == "LIN" and any(
                    loop.segments and loop.segments[0].tag in ("HL", "PO1", "POC", "IT1") for _, loop in stack
                ):
                    rank = None  # in X12 a segment of its own
                elif tag == "N9" and any(loop.segments and loop.segments[0].tag[0] in "WL" for _, loop in stack):
                    rank = None  # warehouse documents have no N9 loops
            if rank is not None:
                while stack[-1][0] >= rank:
                    stack.pop()
                if tag not in _NOT_LOOPS:
                    inner = Loop(tag, [segment])
                    stack[-1][1].loops.append(inner)
                    stack.append((rank, inner))
                    continue
            stack[-1][1].segments.append(segment)
        return cls(root)

    def rows(self) -> list[Row]:
        """The segments in their order, as a writer gives them."""
        found = [segment for loop in self.root.walk() for segment in (*loop.segments, *loop.unplaced)]
        found.sort(key=lambda segment: self._behind.get(id(segment), (segment.position, 0)))
        return [tuple(_parted(element) for element in segment.elements) for segment in found]

    def put(self, node: Loop, place: Place, value: str, after: str = "") -> None:
        """Set an element in the segment a place means in a loop; a segment that is not there is put in."""
        found = find_segments(node, Place((), place.segment), here=True)
        segment = found[0] if found else self._insert(node, place, after)
        element, component = place.in_segment(segment)
        if not element:
            element, component = _pair(segment, place.pair)
        _set(segment, element, component, value)

    def drop(self, node: Loop, place: Place) -> None:
        """Empty an element, or take out every segment the place means in a loop."""
        bare = Place((), place.segment, place.element, place.component, place.pair)
        for segment in find_segments(node, bare, here=True):
            element, component = place.in_segment(segment)
            if element:
                _set(segment, element, component, "")
                if place.pair and not component:
                    _set(segment, element - 1, 0, "")
                continue
            for loop in node.walk():
                loop.segments = [each for each in loop.segments if each is not segment]
                loop.unplaced = [each for each in loop.unplaced if each is not segment]

    def _insert(self, node: Loop, place: Place, after: str) -> Segment:
        own = [*node.segments, *node.unplaced]
        tag = place.segment.tag
        first_inner = min((loop.segments[0].position for loop in node.loops if loop.segments), default=1 << 60)
        neighbours = (
            [each for each in own if each.tag == (after or tag)] or [each for each in own if each.position < first_inner] or own
        )
        delimiters = own[0].delimiters if own else _PLAIN
        position = self._behind.get(id(neighbours[-1]), (neighbours[-1].position, 0))[0] if neighbours else 0
        elements = [tag, place.segment.qualifier] if place.segment.qualifier else [tag]
        segment = _segment(elements, delimiters, int(position))
        self._added += 1
        self._behind[id(segment)] = (position, self._added)
        node.segments.append(segment)
        return segment


def _copy(tree: Loop) -> Loop:
    return Loop(
        tree.name,
        [_copied(segment) for segment in tree.segments],
        [_copy(loop) for loop in tree.loops],
        [_copied(segment) for segment in tree.unplaced],
    )


def _copied(segment: Segment) -> Segment:
    copy = Segment(segment.raw, segment.delimiters, segment.position, segment.byte_position, segment.charset)
    copy.elements[:] = segment.elements
    return copy


def _segment(elements: list[str], delimiters: Delimiters, position: int) -> Segment:
    segment = Segment(elements[0].encode(), delimiters, position)
    segment.elements[:] = elements
    return segment


def _joined(value: Value) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return "\x1f".join(part or "" for part in value)


def _parted(element: str) -> Value:
    return tuple(element.split("\x1f")) if "\x1f" in element else element


def _set(segment: Segment, element: int, component: int, value: str) -> None:
    elements, delimiters = segment.elements, segment.delimiters
    value = delimiters.protect(delimiters.escape(value))
    elements += [""] * (element + 1 - len(elements))
    if not component:
        elements[element] = value
        return
    separator = delimiters.component.decode("latin-1")
    parts = elements[element].split(separator)
    parts += [""] * (component - len(parts))
    parts[component - 1] = value
    elements[element] = separator.join(parts)


def _pair(segment: Segment, qualifier: str) -> tuple[int, int]:
    """Room for a number with a qualifier that the segment does not have yet: its element and component, the qualifier being set."""
    tag = segment.tag
    if tag == "PIA" or (
        tag == "LIN" and (segment.delimiters.release or (segment.delimiters == _PLAIN and len(segment.elements) < 3))
    ):
        element = next((n for n in range(2 if tag == "PIA" else 3, 7) if not segment.value(n)), 3)
        if tag == "PIA" and not segment.value(1):
            _set(segment, 1, 0, "5")
        _set(segment, element, 2, qualifier)
        return element, 1
    start = _PAIRS_FROM.get(tag, 1)
    element = max(start, len(segment.elements))
    element += (element - start) % 2
    _set(segment, element, 0, qualifier)
    return element + 1, 0
