"""Walks a document along its guide, finds what deviates and builds the tree of loops. Knows no envelope."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from ..delimiters import Delimiters
from ..findings import Finding, FindingLog, Severity
from ..interchange import Document, rows, segments
from ..segments import Segment
from .model import Guide, LoopUse, SegmentUse
from .segment_check import SegmentCheck

MAX_FINDINGS = 200


@dataclass(slots=True)
class Loop:
    """One occurrence of a loop: its segments in order, the loops inside it, and segments that fit nowhere.

    HL loops hang under their parent HL, whatever the order in which they came.
    """

    name: str
    segments: list[Segment] = field(default_factory=list)
    loops: list[Loop] = field(default_factory=list)
    unplaced: list[Segment] = field(default_factory=list)

    def all(self, tag: str, **when: str) -> list[Segment]:
        """The loop's own segments with a tag; `e1="ST"` keeps those whose element 1 is ST."""
        wanted = [(int(name[1:]), text) for name, text in when.items()]
        return [
            segment
            for segment in self.segments
            if segment.tag == tag and all(segment.value(number) == text for number, text in wanted)
        ]

    def first(self, tag: str, **when: str) -> Segment | None:
        """The first of `all`, or None."""
        found = self.all(tag, **when)
        return found[0] if found else None

    def value(self, tag: str, element: int, component: int = 1, **when: str) -> str:
        """A value of the first such segment, or an empty string."""
        segment = self.first(tag, **when)
        return segment.value(element, component) if segment is not None else ""

    def each(self, name: str) -> list[Loop]:
        """The loops of a name directly inside this one."""
        return [loop for loop in self.loops if loop.name == name]

    def walk(self) -> Iterator[Loop]:
        """This loop and all loops inside it, outer before inner."""
        waiting = [self]
        while waiting:
            loop = waiting.pop()
            yield loop
            waiting += reversed(loop.loops)


class _Frame:
    """A loop that is open while walking: how far along its members we are, and how often each occurred."""

    __slots__ = ("counts", "index", "lenient", "loop", "node")

    def __init__(self, loop: LoopUse, node: Loop | None, *, lenient: bool = False) -> None:
        self.loop = loop
        self.index = 0
        self.counts = [0] * len(loop.members)
        self.node = node
        self.lenient = lenient


class ConformanceCheck:
    """Takes a document's segments one by one, so that a document of any length is checked in bounded memory."""

    def __init__(self, guide: Guide, delimiters: Delimiters, *, tree: bool = False, max_findings: int = MAX_FINDINGS) -> None:
        self.guide = guide
        self.log = FindingLog(max_findings)
        self.root = Loop(guide.document) if tree else None
        self._edifact = guide.standard == "edifact"
        self._delimiters = delimiters
        self._component = delimiters.component.decode("latin-1")
        self._segment_check = SegmentCheck(delimiters, edifact=self._edifact, report=self._add)
        self._stack = [_Frame(guide.root, self.root)]
        self._levels: dict[str, str] = {}
        self._nodes: dict[str, Loop] = {}
        self._tags: frozenset[str] | None = None
        self._position = 1

    def segment(self, row: list[str], position: int, segment: Segment | None = None) -> None:
        """Place one segment of the body and check it. `position` counts from 1 at the document's header."""
        self._position = position
        tag = row[0]
        if self._edifact and self._component in tag:
            tag = tag.split(self._component, 1)[0]
        stack = self._stack
        full: tuple[int, int] | None = None
        for depth in range(len(stack) - 1, -1, -1):
            frame = stack[depth]
            hits = frame.loop.by_tag.get(tag)
            if hits is None:
                if frame.lenient and depth == len(stack) - 1 and tag != "HL" and not self._outer_takes(depth, tag):
                    self._unplaced(segment)
                    return
                continue
            for number in hits:
                if number < frame.index:
                    continue
                member = frame.loop.members[number]
                use = member if isinstance(member, SegmentUse) else member.opener
                if use.when and not use.takes(row):
                    continue
                if isinstance(member, SegmentUse) and frame.counts[number] >= member.max:
                    if full is None:
                        full = (depth, number)
                    continue
                if full is not None and self._skips_mandatory(depth, number):
                    break
                self._place(depth, number, row, segment)
                return
        if full is not None:
            depth, number = full
            most = stack[depth].loop.members[number].max
            self._add("segment-too-often", f"{tag} may stand here at most {most} times", tag)
            self._place(depth, number, row, segment)
            return
        self._misplaced(tag, row, segment)

    def finish(self, position: int) -> None:
        """The document ended; what is mandatory and never came is missing. `position` is the trailer's."""
        self._position = position
        self._pop_to(0)
        self._missing(self._stack[0], len(self._stack[0].loop.members))

    @property
    def found(self) -> list[Finding]:
        """What was found so far, byte positions not yet filled in."""
        return self.log.findings

    @property
    def depth(self) -> int:
        """How many loops are open around the segment placed last."""
        return len(self._stack) - 1

    # -- placing -------------------------------------------------------------------------------------------

    def _place(self, depth: int, number: int, row: list[str], segment: Segment | None) -> None:
        self._pop_to(depth)
        frame = self._stack[depth]
        if number > frame.index:
            self._missing(frame, number)
            frame.index = number
        frame.counts[number] += 1
        member = frame.loop.members[number]
        if isinstance(member, SegmentUse):
            if member.usage == "X":
                self._add("segment-not-used", f"{member.tag} is not used in this guide", member.tag)
            self._segment_check.row(row, member.shape)
            if frame.node is not None and segment is not None:
                frame.node.segments.append(segment)
            return
        if frame.counts[number] > member.max:
            self._add(
                "loop-too-often",
                f"loop {member.name or member.tag} may occur at most {member.max} times",
                member.tag,
                loop=member.name,
            )
        if member.usage == "X" or member.opener.usage == "X":
            self._add("segment-not-used", f"loop {member.name} is not used in this guide", member.tag)
        node = None
        if frame.node is not None:
            node = Loop(member.name, [segment] if segment is not None else [])
        if member.levels:
            inner = self._level(member, row, node, frame)
        else:
            inner = _Frame(member, node)
            if frame.node is not None and node is not None:
                frame.node.loops.append(node)
        inner.counts[0] = 1
        self._stack.append(inner)
        self._segment_check.row(row, inner.loop.opener.shape)

    def _level(self, member: LoopUse, row: list[str], node: Loop | None, frame: _Frame) -> _Frame:
        """Open an HL: its level chooses the members, its parent must exist and allow it (X12.22, HL)."""
        take = [*row, "", "", "", ""]
        own, parent, code = take[1], take[2], take[3]
        if own in self._levels:
            self._add("HL-id-duplicate", f"HL01 {own!r} was used before in this document", "HL", element=1, value=own)
        above = "top"
        if parent:
            if parent not in self._levels:
                self._add("HL-parent-unknown", f"HL02 {parent!r} names no earlier HL", "HL", element=2, value=parent)
                above = ""
            else:
                above = self._levels[parent]
        self._levels[own] = code
        if node is not None and frame.node is not None:
            holder = self._nodes.get(parent, frame.node) if parent else frame.node
            holder.loops.append(node)
            self._nodes[own] = node
        level = member.levels.get(code)
        if level is None:
            known = ", ".join(sorted(member.levels))
            self._add(
                "code-not-allowed",
                f"{code!r} is not one of the levels of this guide ({known})",
                "HL",
                element=3,
                value=code,
            )
            return _Frame(member, node, lenient=True)
        if level.under and above and above not in level.under:
            self._add(
                "HL-nesting",
                f"level {code} stands {'at the top' if above == 'top' else 'under level ' + above}, "
                f"expected under {', '.join(sorted(level.under))}",
                "HL",
                element=2,
                value=parent,
            )
        return _Frame(level.body, node)

    def _pop_to(self, depth: int) -> None:
        stack = self._stack
        while len(stack) > depth + 1:
            frame = stack.pop()
            self._missing(frame, len(frame.loop.members))

    def _missing(self, frame: _Frame, until: int) -> None:
        if frame.lenient:
            return
        counts, members = frame.counts, frame.loop.members
        for number in range(frame.index, until):
            member = members[number]
            if member.usage == "M" and not counts[number]:
                inside = f" in loop {frame.loop.name}" if frame.loop.name else ""
                self._add("segment-missing", f"mandatory {member.tag} is missing{inside}", member.tag, loop=frame.loop.name)

    def _skips_mandatory(self, depth: int, number: int) -> bool:
        frame = self._stack[depth]
        return any(frame.loop.members[n].usage == "M" and not frame.counts[n] for n in range(frame.index, number))

    def _outer_takes(self, depth: int, tag: str) -> bool:
        return any(number >= frame.index for frame in self._stack[:depth] for number in frame.loop.by_tag.get(tag, ()))

    def _misplaced(self, tag: str, row: list[str], segment: Segment | None) -> None:
        guide = self.guide
        if self._tags is None:
            self._tags = guide.tags()
        if tag in self._tags:
            passed = any(number < frame.index for frame in self._stack for number in frame.loop.by_tag.get(tag, ()))
            if passed:
                self._add("segment-out-of-sequence", f"{tag} stands after where the guide has it", tag)
            else:
                self._add("segment-unexpected", f"{tag} is not expected here", tag)
        elif tag in guide.known_tags:
            self._add("segment-not-in-guide", f"{tag} does not belong to document {guide.document}", tag)
        else:
            self._add("segment-unknown", f"{tag} is not a segment this guide knows", tag)
        self._unplaced(segment)

    def _unplaced(self, segment: Segment | None) -> None:
        node = self._stack[-1].node
        if node is not None and segment is not None:
            node.unplaced.append(segment)

    def _add(
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
    ) -> None:
        if self.log.suppressed and severity is not Severity.NOTE:
            self.log.suppressed += 1
            return
        self.log.add(
            Finding(
                code,
                self._delimiters.reveal(message),
                tag,
                self._position,
                element,
                component,
                0,
                severity,
                repetition,
                self._delimiters.reveal(value)[:99],
                reference,
                loop or self._stack[-1].loop.name,
            )
        )


def check_document(document: Document, guide: Guide, *, max_findings: int = MAX_FINDINGS) -> list[Finding]:
    """The findings of a document against a guide, each with its byte position."""
    check = ConformanceCheck(guide, document.delimiters, max_findings=max_findings)
    found: list[Finding] = []
    position = 2
    for run in document.runs:
        before = len(check.found)
        for row in rows(run, document.delimiters, document.charset):
            check.segment(row, position)
            position += 1
        if len(check.found) > before:
            found += located(check.found[before:], list(segments(run, document.delimiters, document.charset)))
    before = len(check.found)
    check.finish(position)
    trailer = document.trailer.byte_position if document.trailer is not None else 0
    found += [replace(finding, byte_position=trailer) for finding in check.found[before:]]
    return found


def located(findings: list[Finding], places: list[Segment]) -> list[Finding]:
    """The findings with the byte positions of the segments they are about."""
    if not places:
        return findings
    first = places[0].position
    exact = []
    for finding in findings:
        number = finding.segment_position - first
        if 0 <= number < len(places):
            at = places[number].locate(finding.element, finding.component)
            finding = replace(finding, byte_position=at)
        exact.append(finding)
    return exact


def parse_document(document: Document, guide: Guide) -> tuple[Loop, list[Finding]]:
    """A document as a tree of loops, and the findings of the walk. The tree holds all segments, placed or not."""
    check = ConformanceCheck(guide, document.delimiters, tree=True)
    position = 2
    places: list[Segment] = []
    for run in document.runs:
        for segment in segments(run, document.delimiters, document.charset):
            check.segment(segment.elements, position, segment)
            places.append(segment)
            position += 1
    check.finish(position)
    return check.root or Loop(guide.document), located(check.found, places)
