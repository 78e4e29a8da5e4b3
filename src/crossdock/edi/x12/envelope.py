"""Reads X12 envelopes (ISA, GS, ST) with all the faults partners send; knows nothing of guides."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from ..delimiters import Delimiters
from ..envelope_state import Tags
from ..findings import Severity
from ..interchange import DOCUMENT, INTERCHANGE, Document, Event, Interchange, Opened, Run, assemble, documents
from ..scanner import MOVED, PLAIN, Scanner
from ..segments import Segment
from ..source import Source
from .isa import ISA_WIDTHS, IsaIdentity, ends_early, identity, terminator_at

X12_TAGS = Tags(
    headers=("ISA", "GS", "ST"),
    trailers=("IEA", "GE", "SE"),
    reference=(13, 6, 2),
    count_code=("IEA01-count", "GE01-count", "SE01-count"),
    reference_code=("IEA02-control", "GE02-control", "SE02-control"),
    # ISA13 and IEA02 have nine digits each; only GS06 may lose its leading zeros.
    numeric=(False, True, False),
    duplicate_code=("duplicate-interchange", "duplicate-group", "duplicate-document"),
    group_required=True,
    tag=rb"[A-Z][A-Z0-9]{1,2}",
    special=("BIN", "BDS"),
)

# Segments the interchange may hold beside its groups (X12.5, X12.56, X12.58).
_INTERCHANGE_SEGMENTS = frozenset({"TA1", "TA3", "ISB", "ISE", "S1S", "S1E", "S2S", "S2E", "S3S", "S4S", "SVA"})

_LOOK_AHEAD = 1 << 16
_HEADER_AHEAD = re.compile(rb"(?<![A-Za-z0-9])ISA([^A-Za-z0-9\s])(?=[^\r\n]{2,20}?\1)")
_NO_REPETITION = re.compile(rb"[A-Za-z0-9 ]")


class X12Scanner(Scanner):
    """Scans X12. Finding codes are the field's own: `SE01-count`, `IEA02-control`, `ISA-width`, `no-ISA`."""

    tags = X12_TAGS
    name = "x12"
    _unwrapped = False
    _plain_at = -1

    def _begin(self) -> bool:
        window = self.window
        window.ensure(200)
        if window.data.startswith(b"ISA", window.at) and self._read_isa():
            return True
        window.ensure(_LOOK_AHEAD)
        data, at = window.data, window.at
        fragment = self.interchanges == 0 and self._infer()
        if not fragment and self._find_isa():
            return True
        if fragment:
            self.compile()
            self._stand_before()
            return True
        if self.interchanges and self.delimiters.segment in data[at : at + _LOOK_AHEAD]:
            self._stand_before()
            return True
        self.find(
            "text-after-end" if self.interchanges else "ISA-unreadable",
            "text stands after the end of the interchange" if self.interchanges else "no delimiters can be read",
            at=window.base + at,
            value=data[at : at + 20].decode("latin-1"),
            severity=Severity.WARNING if self.interchanges else Severity.ERROR,
        )
        return False

    def _find_isa(self) -> bool:
        """Look for an interchange header behind other text; True when one was read."""
        window, data = self.window, self.window.data
        begin = window.at
        for ahead in islice(_HEADER_AHEAD.finditer(data, begin + 1, begin + _LOOK_AHEAD), 50):
            window.at = ahead.start()
            after = self.interchanges > 0
            if self._read_isa():
                self.find(
                    "text-between-interchanges" if after else "text-before-header",
                    f"{ahead.start() - begin} bytes stand before the ISA segment",
                    at=window.base + begin if window.data is data else 0,
                    severity=Severity.WARNING,
                )
                return True
            if window.data is not data:
                # Reading it as line-wrapped text moved the window; there is no going back.
                return False
        window.at = begin
        return False

    def _read_isa(self) -> bool:
        """Read the ISA at the window: by its fixed widths when they are right, by its separators otherwise."""
        window = self.window
        data, at = window.data, window.at
        separator = data[at + 3 : at + 4]
        if not separator or separator.isalnum() or separator in b" \r\n\t\x00":
            return False
        marks = [at + 3]
        limit = min(len(data), at + 600)
        while len(marks) < 16:
            mark = data.find(separator, marks[-1] + 1, limit)
            if mark < 0:
                break
            marks.append(mark)
        if len(marks) < 16:
            return self._short_isa(separator)
        if not self._unwrapped and b"\n" in data[at : marks[15]] and separator != b"\n":
            self._unwrapped = True
            self.find(
                "line-wrapped",
                "lines are broken inside segments; byte positions are those without the line ends",
                segment="ISA",
                position=1,
                at=window.base + at + data[at : marks[15]].find(b"\n"),
            )
            window.strip_line_ends()
            return self._read_isa()
        component_at = marks[15] + 1
        end = component_at + 1
        if ends_early(data, component_at, separator):
            # ISA16 is missing: the character after the last separator is the terminator.
            component_at, end = -1, component_at
        terminator = terminator_at(data, end, separator)
        if not terminator:
            return False
        component = data[component_at : component_at + 1] if component_at >= 0 else b":"
        repetition = b""
        version = data[marks[11] + 1 : marks[12]].strip()
        standard = data[marks[10] + 1 : marks[11]].strip()
        # ISA11 is a repetition separator from 00402 on; older releases carry `U` there, and so do many newer ones.
        if len(standard) == 1 and not _NO_REPETITION.match(standard) and version >= b"00402":
            repetition = standard
        self.delimiters = Delimiters(separator, component, terminator, repetition)
        raw = data[at:end]
        self._start_interchange(raw, at)
        self._check_isa(raw, separator, marks, at)
        if len(terminator) > 1:
            self.find(
                "wide-terminator",
                "the segment terminator is a character of several bytes",
                segment="ISA",
                position=1,
                at=window.base + end,
            )
        window.at = end
        return True

    def _short_isa(self, separator: bytes) -> bool:
        """An ISA with too few elements: the group header after it shows where it ends."""
        window = self.window
        data, at = window.data, window.at
        follows = re.compile(rb"([^A-Za-z0-9\s])[\r\n]{0,2}(?:GS|TA1|IEA|ST)" + re.escape(separator))
        match = follows.search(data, at, at + 600) or re.compile(rb"(\r?\n)(?:GS|TA1|IEA|ST)" + re.escape(separator)).search(
            data, at, at + 600
        )
        if match is None or match.group(1) == separator:
            return False
        terminator = match.group(1)[:1]
        self.delimiters = Delimiters(separator, b":", terminator)
        raw = data[at : match.start(1)]
        self._start_interchange(raw, at)
        self.find(
            "ISA-width",
            f"ISA has {raw.count(separator)} elements instead of 16",
            segment="ISA",
            position=1,
            at=window.base + at,
        )
        window.at = match.start(1)
        return True

    def _start_interchange(self, raw: bytes, at: int) -> None:
        self.compile()
        self.interchanges += 1
        self._fragment = -1
        self._position = 1
        segment = Segment(raw, self.delimiters, 1, self.window.base + at, self.charset)
        self._header(INTERCHANGE, segment)

    def _check_isa(self, raw: bytes, separator: bytes, marks: list[int], at: int) -> None:
        base = self.window.base
        ends = [*marks[1:], marks[15] + 2]
        for number, (mark, end, width) in enumerate(zip(marks, ends, ISA_WIDTHS, strict=True), start=1):
            if number < 16 and end - mark - 1 != width:
                self.find(
                    "ISA-width",
                    f"ISA{number:02d} is {end - mark - 1} bytes long instead of {width}",
                    segment="ISA",
                    position=1,
                    element=number,
                    at=base + mark + 1,
                    value=self.window.data[mark + 1 : end].decode("latin-1"),
                )
        if self.delimiters.clash():
            self.find(
                "delimiter-clash",
                "two of the service characters in ISA are the same",
                segment="ISA",
                position=1,
                element=16,
                at=base + at,
            )

    def _infer(self) -> bool:
        """Delimiters of a fragment that begins with GS or ST, from the shape of these segments."""
        window = self.window
        data = window.data[window.at : window.at + 2000]
        match = re.match(
            rb"GS([^A-Za-z0-9\s])(?:[^\1\r\n]{0,40}?\1){7}[A-Za-z0-9 ]{0,12}?(?P<t>[^A-Za-z0-9 ])", data
        ) or re.match(
            rb"ST([^A-Za-z0-9\s])[A-Z0-9]{3}\1[A-Za-z0-9 ]{1,9}(?:\1[A-Za-z0-9]{0,35}?)?(?P<t>(?!\1)[^A-Za-z0-9 ])", data
        )
        if match is None:
            return False
        terminator = terminator_at(data, match.start("t"), match.group(1))
        if not terminator:
            return False
        group = data.startswith(b"GS")
        self.delimiters = Delimiters(match.group(1), b">" if b">" in data and b":" not in data else b":", terminator)
        self._fragment = INTERCHANGE if group else DOCUMENT - 1
        self.find(
            "no-ISA",
            f"the data begins with {'GS' if group else 'ST'}: there is no interchange header",
            segment="ISA",
            at=window.base + window.at,
        )
        return True

    def _special(self, tag: str, masked: bytes, start: int) -> int:
        """BIN01 and BDS02 give the length of the data, which may contain any byte (X12.6, 3.5.1.7)."""
        window, separator = self.window, self.delimiters.element
        if window.base + start == self._plain_at:
            return PLAIN
        parts = masked[start : start + 64].split(separator, 3)
        number = 1 if tag == "BIN" else 2
        if len(parts) <= number + 1 or not parts[number].isdigit():
            self.find(
                "binary-length",
                f"{tag}{number:02d} must be the number of bytes that follow",
                segment=tag,
                position=self._next_position(),
                element=number,
                at=window.base + start + len(tag) + 1,
                value=parts[number][:20].decode("latin-1") if len(parts) > number else "",
            )
            return PLAIN
        lead = sum(len(part) + 1 for part in parts[: number + 1])
        length = int(parts[number][:18])
        place = window.base + start
        size, width = lead + length, len(self.delimiters.segment)
        inside = start + size + width <= len(masked)
        if not inside:
            if size > self.max_segment:
                self.find(
                    "segment-too-long",
                    f"{tag} announces {length} bytes, more than the limit of {self.max_segment}",
                    segment=tag,
                    position=self._next_position(),
                    element=number,
                    at=place,
                )
                return PLAIN
            window.at = start
            window.ensure(size + width)
            data = window.data[window.at : window.at + size + width]
        else:
            data = window.data[start : start + size + width]
        if data[size : size + width] != self.delimiters.segment:
            self.find(
                "binary-length",
                f"{tag} announces {length} bytes, but no segment terminator follows them",
                segment=tag,
                position=self._next_position(),
                element=number,
                at=place,
                value=str(length),
            )
            if inside:
                return PLAIN
            self._plain_at = place
            self._stand_before()
            return MOVED
        document = self._open[DOCUMENT]
        if document is not None:
            self._out.append(Run(data[:size], place, document.count + 1, single=True))
            document.count += 1
        if inside:
            return start + size
        window.at += size
        return MOVED

    def _next_position(self) -> int:
        document = self._open[DOCUMENT]
        return (document.count if document is not None else self._position) + 1

    def _header_inside(self, masked: bytes, start: int, close: int) -> int:
        match = _HEADER_AHEAD.search(masked, start, close)
        return match.start() if match else -1

    def _outside(self, segment: Segment) -> None:
        if segment.tag not in _INTERCHANGE_SEGMENTS or self._open[INTERCHANGE] is None:
            super()._outside(segment)

    def _parties(self, segment: Segment) -> str:
        return "|".join(segment.element(n).strip() for n in (5, 6, 7, 8, 15))


def scan(source: Source, **limits: int) -> Iterator[Event]:
    """The events of an X12 source: envelopes opening and closing, runs of segments, findings."""
    return X12Scanner(source, **limits).events()


def read(source: Source, **limits: int) -> list[Interchange]:
    """All interchanges in a source, whole in memory, with their findings. Never raises on bad data."""
    return list(assemble(scan(source, **limits)))


def read_documents(source: Source, **limits: int) -> Iterator[Document]:
    """Transaction sets one at a time, in the memory of the largest."""
    return documents(scan(source, **limits))


__all__ = ["IsaIdentity", "Opened", "X12Scanner", "identity", "read", "read_documents", "scan"]
