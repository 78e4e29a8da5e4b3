"""Walks the envelopes of a byte stream in bounded memory; knows nesting and counts, not one standard's details.

The speed comes from never looking at a segment in Python unless it is a control segment or odd: one regular
expression finds both, terminators are counted in C, and everything between goes out as uncut runs.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator

from .delimiters import BLANKS, Delimiters
from .envelope_state import EnvelopeState
from .findings import Severity
from .interchange import DOCUMENT, INTERCHANGE, Event, Loose, Run
from .segments import Segment
from .source import CHUNK, Source, Window

MAX_SEGMENT = 16 << 20
PLAIN, MOVED = -1, -2
_CONTROL = re.compile(rb"(?:ISA|GS|ST|SE|GE|IEA|UNB|UNG|UNH|UNT|UNE|UNZ)[^A-Za-z0-9]")
_TAG = re.compile(rb"[A-Za-z0-9]{0,3}")
BOM = b"\xef\xbb\xbf"


class Scanner(EnvelopeState, ABC):
    """Reads one source and yields events and findings. Never raises, whatever the bytes are.

    Only a failing disk or stream raises (`OSError`). Indexes into the data count from the start of the window;
    `masked` is the window's data with released delimiters blanked.
    """

    name: str

    def __init__(self, source: Source, *, chunk: int = CHUNK, max_segment: int = MAX_SEGMENT, max_findings: int = 1000) -> None:
        super().__init__(max_findings)
        self.window = Window(source, chunk)
        self.max_segment = max_segment
        self._pattern: re.Pattern[bytes] = re.compile(b"")
        self._blank_run: re.Pattern[bytes] = re.compile(b"")
        self._mask_of: tuple[bytes, Delimiters, bytes] = (b"", self.delimiters, b"")
        self._body_from = 0
        self._empties = 0
        self._counted = (0, 0)

    # -- what a standard adds ------------------------------------------------------------------------------

    @abstractmethod
    def _begin(self) -> bool:
        """Read the start of an interchange at the window; True when delimiters are known and scanning can go on."""

    @abstractmethod
    def _special(self, tag: str, masked: bytes, start: int) -> int:
        """Handle a segment whose data may hold delimiters, `start` its index.

        Returns the index of its terminator, `PLAIN` to read it like any other, or `MOVED` when the window
        already stands on its terminator.
        """

    def _inspect(self, data: bytes, offset: int, position: int) -> None:
        """A run of whole segments is given out; a standard may check its characters."""

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
        last = -1
        while self._skip_blanks():
            here = window.base + window.at
            if here <= last:
                # An interchange header that cannot be read stands where the last scan stopped: pass over it.
                self._pass_over()
                if not self._skip_blanks():
                    break
            last = here
            if not self._begin():
                break
            yield from self._flush()
            yield from self._segments()
        yield from self._flush()
        self._close_down_to(INTERCHANGE, self._end_of_data())
        yield from self._flush()

    def _pass_over(self) -> None:
        """Skip one segment that looks like an interchange header and is none."""
        window = self.window
        self.find(
            "bad-segment",
            "this looks like an interchange header, but cannot be read as one",
            segment=window.data[window.at : window.at + 3].decode("latin-1"),
            at=window.base + window.at,
        )
        end = window.data.find(self.delimiters.segment, window.at)
        window.at = end + len(self.delimiters.segment) if end >= 0 else len(window.data)

    def _segments(self) -> Iterator[Event]:
        """Scan until the interchange ends, another begins, or the data ends. The window stands on a terminator."""
        window = self.window
        while True:
            masked = self._masked()
            end = masked.rfind(self.delimiters.segment, window.at + len(self.delimiters.segment))
            if end < 0:
                if window.fill():
                    if len(window.data) - window.at > self.max_segment:
                        self._too_long()
                        yield from self._flush()
                    continue
                self._tail()
                yield from self._flush()
                return
            again = self._block(masked, end)
            yield from self._flush()
            if again:
                return

    def _block(self, masked: bytes, end: int) -> bool:
        """Scan the whole segments up to the terminator at `end`; True when an interchange boundary was met."""
        window, terminator, special = self.window, self.delimiters.segment, self.tags.special
        width = len(terminator)
        stop = end + width
        search = self._pattern.search
        at = window.at
        self._start_body(at + width)
        while (match := search(masked, at, stop)) is not None and (mark := match.start()) < end:
            if match.lastindex is None:
                start = match.end()
                if masked.startswith(terminator, start):
                    at = self._skip_empty(masked, mark, end)
                    continue
                at = masked.find(terminator, start)
                self._odd(window.data[start:at], masked, mark, start)
                if self._open[INTERCHANGE] is None and (header := self._header_inside(masked, start, at)) >= 0:
                    self._emit(masked, mark + width)
                    window.at = header
                    return True
                continue
            tag = match.group(1).decode("ascii")
            start = match.start(1)
            self._emit(masked, mark + width)
            if tag == self.tags.headers[INTERCHANGE] or tag == "UNA":
                self._close_down_to(INTERCHANGE, window.base + start)
                window.at = start
                return True
            if tag in special:
                at = self._special(tag, masked, start)
                if at == MOVED:
                    return False
                if at == PLAIN:
                    at = masked.find(terminator, start)
                    continue
                self._start_body(at + width)
                if at > end:
                    window.at = at
                    return False
                continue
            at = masked.find(terminator, start)
            closes = tag == self.tags.trailers[INTERCHANGE] and self._open[INTERCHANGE] is not None
            self._control(tag, window.data[start:at], window.base + start)
            self._start_body(at + width)
            if closes:
                window.at = at + width
                return True
        self._emit(masked, stop)
        window.at = end
        return False

    def _start_body(self, at: int) -> None:
        self._body_from, self._empties, self._counted = at, 0, (at, 0)

    def _skip_empty(self, masked: bytes, mark: int, end: int) -> int:
        """Pass over terminators without segments between them; the index of the last of them."""
        terminator = self.delimiters.segment
        match = self._blank_run.match(masked, mark, end + len(terminator))
        last = masked.rfind(terminator, mark, match.end() if match else end)
        self._empties += masked.count(terminator, mark, last)
        if terminator not in BLANKS:
            self.find(
                "empty-segment",
                "a segment terminator without a segment",
                at=self.window.base + mark + len(terminator),
                severity=Severity.NOTE,
            )
        return last

    def _emit(self, masked: bytes, until: int) -> None:
        """Give out the segments between the last control segment and index `until`, as a run or one by one."""
        start = self._body_from
        if until <= start:
            return
        number = masked.count(self.delimiters.segment, start, until) - self._empties
        self._start_body(until)
        if number <= 0:
            return
        data = self.window.data[start:until]
        offset = self.window.base + start
        document = self._open[DOCUMENT]
        if document is not None:
            self._out.append(Run(data, offset, document.count + 1))
            self._inspect(data, offset, document.count + 1)
            document.count += number
        else:
            self._loose(data, offset)

    def _loose(self, data: bytes, offset: int) -> None:
        if self.log.suppressed:
            # A thousand findings are told already: nobody needs this garbage one by one.
            self._position += data.count(self.delimiters.segment)
            return
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

    def _line_ending(self) -> bytes:
        """What stands between the first terminator in the window and the next segment, if it is a line end."""
        window, terminator = self.window, self.delimiters.segment
        mark = window.data.find(terminator, window.at)
        match = re.compile(rb"\r?\n").match(window.data, mark + len(terminator)) if mark >= 0 else None
        return match.group() if match and terminator not in (b"\n", b"\r\n") else b""

    # -- oddities ------------------------------------------------------------------------------------------

    def _odd(self, raw: bytes, masked: bytes, mark: int, start: int) -> None:
        """A segment whose tag no standard could contain: bad data, or another interchange's delimiters."""
        if self.log.suppressed:
            self.log.suppressed += 1
            return
        document = self._open[DOCUMENT]
        until, count = self._counted
        upto = mark + len(self.delimiters.segment)
        count += masked.count(self.delimiters.segment, until, upto)
        self._counted = (max(upto, until), count)
        position = (document.count if document is not None else self._position) + count - self._empties + 1
        shown = raw[:20].decode("latin-1")
        control = _CONTROL.match(raw)
        tag = _TAG.match(raw)
        self.find(
            "mixed-delimiters" if control else "bad-segment",
            f"{shown!r} uses other delimiters than the interchange declared"
            if control
            else f"{shown!r} does not begin with a segment tag",
            segment=tag.group().decode("ascii") if tag else "",
            position=position,
            at=self.window.base + start,
            value=shown,
        )

    def _header_inside(self, masked: bytes, start: int, close: int) -> int:
        """Where inside a piece of garbage another interchange begins; -1 for nowhere."""
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
        tag = _TAG.match(head)
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

    def _tail(self) -> None:
        """The data ended without a terminator: a last segment, or blanks."""
        window, terminator = self.window, self.delimiters.segment
        start = window.at + len(terminator)
        rest = window.data[start:].rstrip(BLANKS)
        window.at = len(window.data)
        start += len(rest) - len(rest.lstrip(BLANKS))
        rest = rest.lstrip(BLANKS)
        if not rest:
            return
        at = window.base + start
        if terminator not in (b"\n", b"\r"):
            self.find(
                "no-final-terminator",
                "the data ends without a segment terminator",
                segment=rest[:3].decode("latin-1"),
                at=at,
            )
        match = self._pattern.match(terminator + rest + terminator)
        tag = match.group(1).decode("ascii") if match and match.lastindex else ""
        if tag and tag != self.tags.headers[INTERCHANGE] and tag not in self.tags.special:
            self._control(tag, rest, at)
            return
        odd = match is not None and match.lastindex is None
        if odd:
            self._start_body(start)
            self._odd(rest, b"", start - len(terminator), start)
        document = self._open[DOCUMENT]
        if document is not None:
            self._out.append(Run(rest, at, document.count + 1, single=True))
            document.count += 1
        elif not odd:
            self._loose(rest + terminator, at)

    # -- small things --------------------------------------------------------------------------------------

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
        self._blank_run = re.compile(b"(?:" + re.escape(terminator) + b"[" + blanks + b"]*+)++")

    def _tag_ends(self) -> bytes:
        marks = [self.delimiters.element, self.delimiters.segment]
        if self.tags.herald:
            # EDIFACT tags may carry explicit nesting indicators: `DTM:1:2+...` (ISO 9735, 8.2).
            marks.append(self.delimiters.component)
        return b"(?:" + b"|".join(re.escape(mark) for mark in marks) + b")"

    def _masked(self) -> bytes:
        """The window's data with released delimiters blanked; made once for each filling of the window."""
        data, delimiters = self.window.data, self.delimiters
        if not delimiters.release:
            return data
        known, by, masked = self._mask_of
        if known is not data or by != delimiters:
            at = self.window.at
            masked = data[:at] + delimiters.mask(data[at:])
            self._mask_of = (data, delimiters, masked)
        return masked

    def _stand_before(self) -> None:
        """Stand on a terminator before the unread data, as the block scan expects; put one there if need be."""
        window, terminator = self.window, self.delimiters.segment
        at, data = window.at, window.data
        while at > 0 and data[at - 1] in BLANKS and not data.endswith(terminator, 0, at):
            at -= 1
        if data.endswith(terminator, 0, at):
            window.at = at - len(terminator)
            return
        window.data = terminator + data[window.at :]
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
