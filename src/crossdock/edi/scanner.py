"""Walks the envelopes of a byte stream in bounded memory; knows nesting and counts, not one standard's details.

The speed comes from never looking at a segment in Python unless it is a control segment or odd: one regular
expression finds both, terminators are counted in C, and everything between goes out as uncut runs.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field

from .delimiters import BLANKS, Delimiters
from .findings import Finding, FindingLog, Severity
from .interchange import DOCUMENT, GROUP, INTERCHANGE, Closed, Event, Loose, Opened, Run
from .number_set import NumberSet
from .segments import Segment
from .source import CHUNK, Source, Window

MAX_SEGMENT = 16 << 20
PLAIN, MOVED = -1, -2
BOM = b"\xef\xbb\xbf"


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


class Scanner(ABC):
    """Reads one source and yields events and findings. Never raises, whatever the bytes are.

    Only a failing disk or stream raises (`OSError`).
    """

    tags: Tags
    name: str

    def __init__(self, source: Source, *, chunk: int = CHUNK, max_segment: int = MAX_SEGMENT, max_findings: int = 1000) -> None:
        self.window = Window(source, chunk)
        self.max_segment = max_segment
        self.log = FindingLog(max_findings)
        self.delimiters = Delimiters()
        self.charset = "utf-8"
        self.interchanges = 0
        self.document_count = 0
        self._out: list[Event] = []
        self._open: list[_Open | None] = [None, None, None]
        self._fragment = -1
        self._position = 0
        self._interchange_numbers: dict[str, NumberSet] = {}
        self._implicit_group = False
        self._pattern: re.Pattern[bytes] = re.compile(b"")
        self._body_from = 0
        self._empties = 0
        self._advice = b""

    # -- what a standard adds ------------------------------------------------------------------------------

    @abstractmethod
    def _begin(self) -> bool:
        """Read the start of an interchange at the window; True when delimiters are known and scanning can go on."""

    @abstractmethod
    def _special(self, tag: str, masked: bytes, start: int) -> int:
        """Handle a segment whose data may hold delimiters, `start` counted from the window's place.

        Returns the index of its terminator, `PLAIN` to read it like any other, or `MOVED` when the window
        already stands on its terminator.
        """

    def _inspect(self, data: bytes, offset: int, position: int) -> None:  # noqa: B027
        """A run of whole segments is given out; a standard may check its characters."""

    def _opened(self, level: int, segment: Segment) -> None:  # noqa: B027
        """A header was read; a standard may check its elements."""

    # -- the walk ------------------------------------------------------------------------------------------

    def events(self) -> Iterator[Event]:
        """The interchanges in the source, in order."""
        window = self.window
        window.ensure(3)
        if window.data.startswith(BOM, window.at):
            window.at += 3
            self.find("BOM", "the file starts with a byte order mark", severity=Severity.NOTE)
        if window.encoding:
            self.find(
                "wide-characters",
                f"the file is written in {window.encoding}; byte positions are those of its UTF-8 form",
                severity=Severity.NOTE,
            )
        while self._skip_blanks() and self._begin():
            yield from self._flush()
            yield from self._segments()
        yield from self._flush()
        self._close_down_to(INTERCHANGE, self._end_of_data())
        yield from self._flush()

    def _segments(self) -> Iterator[Event]:
        """Scan until the interchange ends, another begins, or the data ends. The window stands on a terminator."""
        window = self.window
        while True:
            terminator = self.delimiters.segment
            width = len(terminator)
            masked = self._masked()
            end = masked.rfind(terminator, width)
            if end < 0:
                if window.fill():
                    if len(window.data) - window.at > self.max_segment:
                        self._too_long()
                        yield from self._flush()
                    continue
                self._tail(masked[width:])
                yield from self._flush()
                return
            again = self._block(masked, end)
            yield from self._flush()
            if again:
                return

    def _block(self, masked: bytes, end: int) -> bool:
        """Scan the whole segments up to the terminator at `end`; True when an interchange boundary was met."""
        window, terminator = self.window, self.delimiters.segment
        width, origin = len(terminator), window.at
        stop = end + width
        search = self._pattern.search
        self._body_from, self._empties = width, 0
        at = 0
        while (match := search(masked, at, stop)) is not None and (mark := match.start()) < end:
            if match.lastindex is None:
                start = match.end()
                if masked.startswith(terminator, start):
                    self._empties += 1
                    if width == 1 and terminator not in BLANKS:
                        self.find(
                            "empty-segment",
                            "a segment terminator without a segment",
                            at=window.base + origin + start,
                            severity=Severity.NOTE,
                        )
                    at = start
                    continue
                close = masked.find(terminator, start)
                self._odd(window.data[origin + start : origin + close], masked, mark, start)
                if self._open[INTERCHANGE] is None and (header := self._header_inside(masked, start, close)) >= 0:
                    self._emit(masked, mark + width)
                    window.at = origin + header
                    return True
                at = close
                continue
            tag = match.group(1).decode("ascii")
            start = match.start(1)
            self._emit(masked, mark + width)
            if tag == self.tags.headers[INTERCHANGE] or tag == "UNA":
                self._close_down_to(INTERCHANGE, window.base + origin + start)
                window.at = origin + start
                return True
            if tag in self.tags.special:
                close = self._special(tag, masked, start)
                if close == MOVED:
                    return False
                if close == PLAIN:
                    at = masked.find(terminator, start)
                else:
                    at, self._body_from = close, close + width
                    if close > end:
                        window.at = origin + close
                        return False
                continue
            close = masked.find(terminator, start)
            raw = window.data[origin + start : origin + close]
            self._control(tag, raw, window.base + origin + start)
            self._body_from = close + width
            self._empties = 0
            at = close
            if tag == self.tags.trailers[INTERCHANGE]:
                window.at = origin + close + width
                return True
        self._emit(masked, stop)
        window.at = origin + end
        return False

    def _emit(self, masked: bytes, until: int) -> None:
        """Give out the segments between the last control segment and index `until`, as a run or one by one."""
        start = self._body_from
        if until <= start:
            return
        terminator = self.delimiters.segment
        number = masked.count(terminator, start, until) - self._empties
        self._empties = 0
        self._body_from = until
        if number <= 0:
            return
        window = self.window
        data = window.data[window.at + start : window.at + until]
        offset = window.base + window.at + start
        document = self._open[DOCUMENT]
        if document is not None:
            self._out.append(Run(data, offset, document.count + 1))
            self._inspect(data, offset, document.count + 1)
            document.count += number
        else:
            self._loose(data, offset)

    def _loose(self, data: bytes, offset: int) -> None:
        for raw in self.delimiters.cut(data):
            if raw.strip(BLANKS):
                self._position += 1
                segment = Segment(raw, self.delimiters, self._position, offset, self.charset)
                if len(raw) < 1 << 16:
                    self._out.append(Loose(segment))
                self._outside(segment)
            offset += len(raw) + len(self.delimiters.segment)

    def _outside(self, segment: Segment) -> None:
        """A segment stands outside any document; a standard says which may."""
        self.find(
            "segment-outside-document",
            f"segment {segment.tag[:3]} stands outside any document",
            segment=segment.tag[:3],
            position=segment.position,
            at=segment.byte_position,
        )

    # -- envelope state ------------------------------------------------------------------------------------

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

    def _line_ending(self) -> bytes:
        """What stands between the first terminator in the window and the next segment, if it is a line end."""
        window, terminator = self.window, self.delimiters.segment
        mark = window.data.find(terminator, window.at)
        match = re.compile(rb"\r?\n").match(window.data, mark + len(terminator)) if mark >= 0 else None
        return match.group() if match and terminator not in (b"\n", b"\r\n") else b""

    def _parties(self, segment: Segment) -> str:
        """What the interchange's control number must be unique within."""
        return ""

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

    # -- oddities ------------------------------------------------------------------------------------------

    def _odd(self, raw: bytes, masked: bytes, mark: int, start: int) -> None:
        """A segment whose tag no standard could contain: bad data, or another interchange's delimiters."""
        document = self._open[DOCUMENT]
        before = masked.count(self.delimiters.segment, self._body_from, mark + len(self.delimiters.segment))
        inside = before - self._empties
        position = (document.count if document is not None else self._position) + inside + 1
        at = self.window.base + self.window.at + start
        shown = raw[:20].decode("latin-1")
        control = re.match(rb"(ISA|GS|ST|SE|GE|IEA|UNB|UNG|UNH|UNT|UNE|UNZ)[^A-Za-z0-9]", raw)
        code = "mixed-delimiters" if control else "bad-segment"
        message = (
            f"{shown!r} uses other delimiters than the interchange declared"
            if control
            else f"{shown!r} does not begin with a segment tag"
        )
        tag = re.match(rb"[A-Za-z0-9]{0,3}", raw)
        self.find(
            code,
            message,
            segment=tag.group().decode("ascii") if tag else "",
            position=position,
            at=at,
            value=shown,
        )

    def _header_inside(self, masked: bytes, start: int, close: int) -> int:
        """Where inside a piece of garbage another interchange begins, relative to the window; -1 for nowhere."""
        return -1

    def _too_long(self) -> None:
        """Drop a segment that outgrows the limit, up to its terminator, and say so."""
        window, terminator = self.window, self.delimiters.segment
        width = len(terminator)
        document = self._open[DOCUMENT]
        if document is not None:
            document.count += 1
        position = document.count if document is not None else self._position
        head = window.data[window.at + width : window.at + width + 20].lstrip(BLANKS)
        tag = re.match(rb"[A-Za-z0-9]{0,3}", head)
        self.find(
            "segment-too-long",
            f"a segment is longer than the limit of {self.max_segment} bytes; it was skipped",
            segment=tag.group().decode("ascii") if tag else "",
            position=position,
            at=window.base + window.at + width,
        )
        window.at += width
        while (end := window.data.find(terminator, window.at)) < 0:
            window.at = max(window.at, len(window.data) - width)
            if not window.fill():
                window.at = len(window.data)
                return
        window.at = end

    def _tail(self, masked: bytes) -> None:
        """The data ended without a terminator: a last segment, or blanks."""
        window, delimiters = self.window, self.delimiters
        width = len(delimiters.segment)
        start = window.at + width
        rest = window.data[start:].rstrip(BLANKS)
        lead = len(rest) - len(rest.lstrip(BLANKS))
        rest = rest.lstrip(BLANKS)
        at = window.base + start + lead
        window.at = len(window.data)
        if not rest:
            return
        if delimiters.segment not in (b"\n", b"\r"):
            self.find(
                "no-final-terminator",
                "the data ends without a segment terminator",
                segment=rest[:3].decode("latin-1"),
                at=at,
            )
        match = self._pattern.match(delimiters.segment + rest + delimiters.segment)
        tag = match.group(1).decode("ascii") if match and match.lastindex else ""
        if tag == self.tags.headers[INTERCHANGE] or tag in self.tags.special:
            tag = ""
        if tag:
            self._control(tag, rest, at)
            return
        if match is not None and match.lastindex is None:
            self._body_from = width
            self._empties = 0
            self._odd(rest, masked, -width, at - window.base - window.at)
        document = self._open[DOCUMENT]
        if document is not None:
            self._out.append(Run(rest, at, document.count + 1, single=True))
            document.count += 1
        elif match is None or match.lastindex is not None:
            self._loose(rest + delimiters.segment, at)

    # -- small things --------------------------------------------------------------------------------------

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
        """Log a finding and put it into the stream of events."""
        finding = Finding(code, message, segment, position, element, 0, at, severity, 0, value[:99])
        self.log.add(finding)
        if not self.log.suppressed:
            self._out.append(finding)

    def compile(self) -> None:
        """Build the pattern that finds control segments and oddities with the present delimiters."""
        tags, terminator = self.tags, self.delimiters.segment
        names = b"|".join(name.encode("ascii") for name in dict.fromkeys((*tags.headers, *tags.trailers, *tags.special)))
        blanks = b"".join(re.escape(bytes([b])) for b in BLANKS if bytes([b]) not in terminator)
        ends = self._tag_ends()
        control = b"((?:" + names + b")(?=" + ends + b")" + tags.herald + b")"
        self._pattern = re.compile(
            re.escape(terminator) + b"[" + blanks + b"]*+(?:" + control + b"|(?!" + tags.tag + ends + b"))", re.DOTALL
        )

    def _tag_ends(self) -> bytes:
        marks = [self.delimiters.element, self.delimiters.segment]
        if self.tags.herald:
            # EDIFACT tags may carry explicit nesting indicators: `DTM:1:2+...` (ISO 9735, 8.2).
            marks.append(self.delimiters.component)
        return b"(?:" + b"|".join(re.escape(mark) for mark in marks) + b")"

    def _masked(self) -> bytes:
        window = self.window
        data = window.data[window.at :] if window.at else window.data
        return self.delimiters.mask(data)

    def _stand_before(self) -> None:
        """Put a terminator before the unread data, which the block scan expects to stand on."""
        window, terminator = self.window, self.delimiters.segment
        window.data = terminator + window.data[window.at :]
        window.base += window.at - len(terminator)
        window.at = 0

    def _end_of_data(self) -> int:
        return self.window.base + len(self.window.data)

    def _skip_blanks(self) -> bool:
        window = self.window
        while True:
            rest = window.data
            at = window.at
            size = len(rest)
            while at < size and rest[at] in BLANKS:
                at += 1
            window.at = at
            if at < size:
                return True
            if not window.fill():
                return False

    def _flush(self) -> Iterator[Event]:
        if self._out:
            out, self._out = self._out, []
            yield from out
