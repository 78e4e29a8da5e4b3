"""Which interchange, group and document are open, and whether their trailers agree; reads no bytes itself."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .delimiters import Delimiters
from .findings import Finding, FindingLog, Severity
from .interchange import DOCUMENT, GROUP, INTERCHANGE, Closed, Event, Opened
from .number_set import NumberSet
from .segments import Segment

_CONTROL_LINE = re.compile(rb"\n\s*(ISA|GS|ST|SE|GE|IEA|UNB|UNG|UNH|UNT|UNE|UNZ)[^A-Za-z0-9\s]")


@dataclass(frozen=True, slots=True)
class Tags:
    """The control segments of a standard. Each tuple is by level: interchange, group, document.

    `reference` is the element of the header that the trailer must repeat; `count_code` and `reference_code`
    name the findings when the trailer disagrees.
    """

    headers: tuple[str, str, str]
    trailers: tuple[str, str, str]
    reference: tuple[int, int, int]
    count_code: tuple[str, str, str]
    reference_code: tuple[str, str, str]
    numeric: tuple[bool, bool, bool]
    duplicate_code: tuple[str, str, str]
    group_required: bool
    tag: bytes
    special: tuple[str, ...] = ()
    herald: bytes = b""


@dataclass(slots=True)
class _Open:
    reference: str
    count: int = 0
    seen: NumberSet = field(default_factory=NumberSet)


class EnvelopeState:
    """Follows control segments through the nesting and turns them into events and findings."""

    tags: Tags

    def __init__(self, max_findings: int) -> None:
        self.log = FindingLog(max_findings)
        self.delimiters = Delimiters()
        self.charset = "utf-8"
        self.interchanges = 0
        self.document_count = 0
        self._out: list[Event] = []
        self._open: list[_Open | None] = [None, None, None]
        # The outermost level a fragment lacks, -1 for a whole interchange.
        self._fragment = -1
        self._position = 0
        self._interchange_numbers: dict[str, NumberSet] = {}
        self._implicit_group = False
        self._advice = b""

    def _opened(self, level: int, segment: Segment) -> None:
        """A header was read; a standard may check its elements."""

    def _parties(self, segment: Segment) -> str:
        """What the interchange's control number must be unique within."""
        return ""

    def _line_ending(self) -> bytes:
        """What the sender puts after each terminator."""
        return b""

    def find(
        self,
        code: str,
        message: str,
        *,
        segment: str = "",
        position: int = 0,
        element: int = 0,
        at: int = 0,
        severity: Severity = Severity.ERROR,
        value: str = "",
    ) -> None:
        """Log a finding and put it into the stream of events, up to the limit."""
        finding = Finding(code, message, segment, position, element, 0, at, severity, 0, value[:99])
        if self.log.add(finding):
            self._out.append(finding)

    def _control(self, tag: str, raw: bytes, at: int) -> None:
        tags = self.tags
        document = self._open[DOCUMENT]
        inside = document is not None and tag not in tags.headers[GROUP:] and tag != tags.trailers[INTERCHANGE]
        if inside and document is not None:
            position = document.count + 1
        else:
            self._position += 1
            position = self._position
        segment = Segment(raw, self.delimiters, position, at, self.charset)
        if b"\n" in raw and (inner := _CONTROL_LINE.search(raw)) is not None:
            self.find(
                "mixed-delimiters",
                f"{inner.group(1).decode('ascii')} begins inside {tag}: a segment terminator is missing before it",
                segment=tag,
                position=position,
                at=at + inner.start(1),
            )
        if tag in tags.headers:
            self._header(tags.headers.index(tag), segment)
        else:
            self._trailer(tags.trailers.index(tag), segment)

    def _header(self, level: int, segment: Segment) -> None:
        tags = self.tags
        self._close_down_to(level, segment.byte_position)
        if level > INTERCHANGE:
            parent = self._open[level - 1]
            interchange = self._open[INTERCHANGE]
            if parent is not None:
                parent.count += 1
            elif level == DOCUMENT and interchange is not None and not tags.group_required:
                interchange.count += 1
            elif level - 1 > self._fragment:
                self._orphan(level, segment)
        reference = segment.value(tags.reference[level]).strip()
        if level == DOCUMENT:
            self.document_count += 1
            segment.position = 1
        if level > INTERCHANGE and self.interchanges == 0:
            self.interchanges = 1
            self._out.append(Opened(INTERCHANGE, None, self.delimiters, self.charset))
        if level == DOCUMENT and self._open[GROUP] is None and not self._implicit_group:
            self._implicit_group = True
            self._out.append(Opened(GROUP, None, self.delimiters, self.charset))
        if level == GROUP:
            self._implicit_group = False
        self._open[level] = _Open(reference, 1 if level == DOCUMENT else 0)
        opened = Opened(level, segment, self.delimiters, self.charset)
        if level == INTERCHANGE:
            opened.advice, opened.line_ending = self._advice, self._line_ending()
        self._out.append(opened)
        self._unique(level, reference, segment)
        self._opened(level, segment)

    def _trailer(self, level: int, segment: Segment) -> None:
        tags = self.tags
        opened = self._open[level]
        tag = tags.trailers[level]
        if opened is None:
            if self._fragment < level:
                header = tags.headers[level]
                self.find(
                    f"{tag}-without-{header}",
                    f"{tag} closes nothing: there was no {header} before it",
                    segment=tag,
                    position=segment.position,
                    at=segment.byte_position,
                )
            return
        self._close_down_to(level + 1, segment.byte_position)
        if level == DOCUMENT:
            opened.count += 1
            segment.position = opened.count
        self._compare(level, opened, segment)
        self._open[level] = None
        self._out.append(Closed(level, segment, opened.count))
        if level == INTERCHANGE:
            self._implicit_group = False

    def _compare(self, level: int, opened: _Open, segment: Segment) -> None:
        tags, tag = self.tags, self.tags.trailers[level]
        declared = segment.value(1).strip()
        if not (declared.isdecimal() and declared.isascii() and int(declared[:18]) == opened.count):
            what = ("groups" if tags.group_required else "messages or groups", "documents", "segments")[level]
            self.find(
                tags.count_code[level],
                f"{tag} says {declared or 'nothing'}, but {opened.count} {what} were found",
                segment=tag,
                position=segment.position,
                element=1,
                at=segment.locate(1),
                value=declared,
            )
        given = segment.value(2).strip()
        same = given == opened.reference
        if not same and tags.numeric[level] and given.isdecimal() and opened.reference.isdecimal():
            same = int(given[:18]) == int(opened.reference[:18])
        if not same:
            header = tags.headers[level]
            self.find(
                tags.reference_code[level],
                f"{tag} carries {given or 'no reference'}, its {header} carries {opened.reference or 'none'}",
                segment=tag,
                position=segment.position,
                element=2,
                at=segment.locate(2),
                value=given,
            )

    def _unique(self, level: int, reference: str, segment: Segment) -> None:
        if not reference:
            return
        if level == INTERCHANGE:
            seen = self._interchange_numbers.setdefault(self._parties(segment), NumberSet())
        else:
            holder = self._open[level - 1] or self._open[INTERCHANGE]
            if holder is None:
                return
            seen = holder.seen
        if not seen.add(reference):
            tag = self.tags.headers[level]
            element = self.tags.reference[level]
            self.find(
                self.tags.duplicate_code[level],
                f"{tag} repeats the control number {reference}, which was used before",
                segment=tag,
                position=segment.position,
                element=element,
                at=segment.locate(element),
                value=reference,
            )

    def _orphan(self, level: int, segment: Segment) -> None:
        header, outer = self.tags.headers[level], self.tags.headers[level - 1]
        self.find(
            f"{header}-outside-{outer}",
            f"{header} is not inside any {outer}",
            segment=header,
            position=segment.position,
            at=segment.byte_position,
        )

    def _close_down_to(self, level: int, at: int) -> None:
        """Close what is still open at `level` and inside it, each with a finding: its trailer is missing."""
        for inner in range(DOCUMENT, level - 1, -1):
            opened = self._open[inner]
            if opened is None:
                continue
            trailer, header = self.tags.trailers[inner], self.tags.headers[inner]
            self.find(
                f"missing-{trailer}",
                f"{header} {opened.reference} is not closed by {trailer}",
                segment=trailer,
                position=opened.count + 1 if inner == DOCUMENT else self._position + 1,
                at=at,
            )
            self._open[inner] = None
            self._out.append(Closed(inner, None, opened.count))
        if level == INTERCHANGE:
            self._implicit_group = False
