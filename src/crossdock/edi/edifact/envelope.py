"""Reads EDIFACT envelopes (UNA, UNB, UNG, UNH) by ISO 9735 syntax 1 to 4; knows nothing of guides."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..delimiters import Delimiters
from ..envelope_state import Tags
from ..findings import Severity
from ..interchange import DOCUMENT, GROUP, INTERCHANGE, Document, Event, Interchange, assemble, documents
from ..scanner import PLAIN, Scanner
from ..segments import Segment
from ..source import Source
from . import charsets

DEFAULT_DELIMITERS = Delimiters(element=b"+", component=b":", segment=b"'", release=b"?")
# ISO 9735 level B without UNA: the information separators IS4, IS3 and IS1.
_LEVEL_B = Delimiters(element=b"\x1d", component=b"\x1f", segment=b"\x1c", release=b"")

EDIFACT_TAGS = Tags(
    headers=("UNB", "UNG", "UNH"),
    trailers=("UNZ", "UNE", "UNT"),
    reference=(5, 5, 1),
    count_code=("UNZ-count", "UNE-count", "UNT-count"),
    reference_code=("UNZ-ref", "UNE-ref", "UNT-ref"),
    numeric=(False, False, False),
    duplicate_code=("duplicate-interchange", "duplicate-group", "duplicate-document"),
    group_required=False,
    tag=rb"[A-Z][A-Z0-9]{2}",
    herald=rb"|UNA(?=[^A-Za-z0-9]{5})",
)

_LONGEST_UNB = 2000
_SAMPLE = 1 << 16
_HEADER_AHEAD = re.compile(rb"(?<![A-Za-z0-9])(?:UNA[^A-Za-z0-9]{6}\s*UNB|UNB[^A-Za-z0-9\s][A-Z]{4}[^A-Za-z0-9\s]\d)")
_FRAGMENT = re.compile(rb"(UN[HG]|[A-Z][A-Z0-9]{2})\+")


@dataclass(frozen=True, slots=True)
class UnbIdentity:
    """Who sent an interchange to whom, under which reference: UNB as the control-number ledger keys it."""

    syntax: str
    syntax_version: str
    sender: str
    sender_qualifier: str
    receiver: str
    receiver_qualifier: str
    date: str
    time: str
    reference: str
    application: str
    acknowledgement_requested: bool
    test: bool


def identity(header: Segment | None) -> UnbIdentity | None:
    """The identity in a UNB segment, or None for a fragment without one."""
    if header is None:
        return None
    value = header.value
    return UnbIdentity(
        syntax=value(1, 1),
        syntax_version=value(1, 2),
        sender=value(2, 1),
        sender_qualifier=value(2, 2),
        receiver=value(3, 1),
        receiver_qualifier=value(3, 2),
        date=value(4, 1),
        time=value(4, 2),
        reference=value(5),
        application=value(7),
        acknowledgement_requested=value(9) == "1",
        test=value(11) == "1",
    )


class EdifactScanner(Scanner):
    """Scans EDIFACT. Finding codes are the field's own: `UNT-count`, `UNZ-ref`, `no-UNB`."""

    tags = EDIFACT_TAGS
    name = "edifact"
    _syntax = ""
    _charset_told = False
    _level_told = False
    _mixed_told = False

    def _begin(self) -> bool:
        window = self.window
        window.ensure(600)
        data, at = window.data, window.at
        self._charset_told = self._level_told = False
        self._advice = b""
        if data.startswith(b"UNA", at):
            delimiters = self._read_una()
            if delimiters is None:
                return False
            if not self._skip_blanks():
                return False
            data, at = window.data, window.at
            if data.startswith(b"UNB", at):
                return self._read_unb(delimiters)
            if self.interchanges:
                return self._stray_advice()
            return self._start_fragment(delimiters)
        if data.startswith(b"UNB", at) and (guess := self._guess_unb()) is not None:
            return self._read_unb(guess)
        window.ensure(_SAMPLE)
        data, at = window.data, window.at
        ahead = _HEADER_AHEAD.search(data, at, at + _SAMPLE)
        fragment = self.interchanges == 0 and _FRAGMENT.match(data, at) is not None
        if ahead is not None and ahead.start() > at and not fragment:
            self.find(
                "text-between-interchanges" if self.interchanges else "text-before-header",
                f"{ahead.start() - at} bytes stand before the interchange header",
                at=window.base + at,
                severity=Severity.WARNING,
            )
            window.at = ahead.start()
            return self._begin()
        if fragment:
            return self._start_fragment(DEFAULT_DELIMITERS)
        if self.interchanges and self.delimiters.segment in data[at : at + _SAMPLE]:
            self._stand_before()
            return True
        self.find(
            "text-after-end" if self.interchanges else "UNB-unreadable",
            "text stands after the end of the interchange" if self.interchanges else "no delimiters can be read",
            at=window.base + at,
            value=data[at : at + 20].decode("latin-1"),
            severity=Severity.WARNING if self.interchanges else Severity.ERROR,
        )
        return False

    def _read_una(self) -> Delimiters | None:
        window = self.window
        una = window.data[window.at + 3 : window.at + 9]
        marks = [una[n : n + 1] for n in range(6)]
        if len(una) < 6 or any(marks[n].isalnum() for n in (0, 1, 3, 5)) or una[1:2].isspace():
            self.find(
                "UNA-invalid",
                "the service string advice does not name usable service characters",
                segment="UNA",
                at=window.base + window.at,
                value=una.decode("latin-1"),
            )
            window.at += 3
            return DEFAULT_DELIMITERS
        self._advice = window.data[window.at : window.at + 9]
        window.at += 9
        component, element, decimal, release, repetition, terminator = marks
        return Delimiters(
            element=element,
            component=component,
            segment=terminator,
            repetition=b"" if repetition == b" " else repetition,
            release=b"" if release == b" " else release,
            decimal=decimal,
        )

    def _stray_advice(self) -> bool:
        """A UNA that no UNB follows, behind other data: the delimiters in force stay in force."""
        window = self.window
        self.find(
            "UNA-invalid",
            "a service string advice without an interchange header after it",
            segment="UNA",
            at=window.base + window.at,
        )
        self._stand_before()
        return True

    def _guess_unb(self) -> Delimiters | None:
        """Delimiters of an interchange without UNA: the default ones, or those UNB visibly uses."""
        data, at = self.window.data, self.window.at
        separator = data[at + 3 : at + 4]
        if separator == b"+":
            return DEFAULT_DELIMITERS
        if separator == b"\x1d":
            return _LEVEL_B
        if not separator or separator.isalnum() or separator.isspace():
            return None
        match = re.compile(
            rb"UNB"
            + re.escape(separator)
            + rb"[A-Z]{4}([^A-Za-z0-9])\d.{0,400}?([^A-Za-z0-9\s]|\n)\s*UN[HG]"
            + re.escape(separator),
            re.DOTALL,
        ).match(data, at, at + 600)
        if match is None:
            return None
        self.find(
            "UNA-missing",
            "the interchange uses other service characters than the default ones without announcing them in UNA",
            segment="UNB",
            position=1,
            at=self.window.base + at,
        )
        return replace(DEFAULT_DELIMITERS, element=separator, component=match.group(1), segment=match.group(2))

    def _read_unb(self, delimiters: Delimiters) -> bool:
        window = self.window
        syntax = window.data[window.at + 4 : window.at + 40].split(delimiters.element, 1)[0]
        parts = syntax.split(delimiters.component)
        self._syntax = parts[0].decode("latin-1").strip()
        version = parts[1].strip() if len(parts) > 1 else b""
        if version < b"4":
            delimiters = replace(delimiters, repetition=b"")
        elif not delimiters.repetition and delimiters == DEFAULT_DELIMITERS:
            delimiters = replace(delimiters, repetition=b"*")
        if charsets.declared(self._syntax) == "iso2022_jp_2" and window.data.find(b"\x1b", window.at) >= 0:
            window.transcode("iso2022_jp_2")
        self.delimiters = delimiters
        self.charset = charsets.choose(self._syntax, window.data[window.at : window.at + _SAMPLE])
        self.compile()
        window.ensure(_LONGEST_UNB)
        end = delimiters.mask(window.data[window.at : window.at + _LONGEST_UNB]).find(delimiters.segment)
        if end < 0:
            self.interchanges += 1
            raw = window.data[window.at : window.at + _LONGEST_UNB]
            self._fragment = -1
            self._position = 1
            self._header(INTERCHANGE, Segment(raw, delimiters, 1, window.base + window.at, self.charset))
            self.find(
                "no-final-terminator",
                "the interchange header is not terminated",
                segment="UNB",
                position=1,
                at=window.base + window.at,
            )
            window.at = len(window.data)
            return False
        raw = window.data[window.at : window.at + end]
        self.interchanges += 1
        self._fragment = -1
        self._position = 1
        at = window.base + window.at
        self._header(INTERCHANGE, Segment(raw, delimiters, 1, at, self.charset))
        window.at += end
        if delimiters.clash():
            self.find("delimiter-clash", "two of the service characters are the same", segment="UNA", position=1, at=at)
        return True

    def _start_fragment(self, delimiters: Delimiters) -> bool:
        window = self.window
        group = window.data.startswith(b"UNG", window.at)
        self.delimiters = delimiters
        self.charset = charsets.choose("UNOC", window.data[window.at : window.at + _SAMPLE])
        self._fragment = INTERCHANGE if group else GROUP
        self.find(
            "no-UNB",
            f"the data begins with {window.data[window.at : window.at + 3].decode('latin-1')}: there is no interchange header",
            segment="UNB",
            at=window.base + window.at,
        )
        self.compile()
        self._stand_before()
        return True

    def _special(self, tag: str, masked: bytes, start: int) -> int:
        return PLAIN

    def _header_inside(self, masked: bytes, start: int, close: int) -> int:
        match = _HEADER_AHEAD.search(masked, start, close)
        return match.start() if match else -1

    def _opened(self, level: int, segment: Segment) -> None:
        interchange = self._open[INTERCHANGE]
        if level == DOCUMENT and self._open[GROUP] is None and self._grouped and interchange is not None:
            # UNZ counts groups as soon as there are groups (ISO 9735, 0036).
            interchange.count -= 1
            if not self._mixed_told:
                self._mixed_told = True
                self.find(
                    "groups-and-messages-mixed",
                    "messages stand both inside and outside functional groups",
                    segment="UNH",
                    position=1,
                    at=segment.byte_position,
                )
        if level == INTERCHANGE:
            self._grouped = self._mixed_told = False
        elif level == GROUP:
            self._grouped = True

    _grouped = False

    def _inspect(self, data: bytes, offset: int, position: int) -> None:
        if self._syntax == "UNOA" and not self._level_told and (odd := charsets.OUTSIDE_LEVEL_A.search(data)):
            self._level_told = True
            self.find(
                "outside-character-set",
                f"UNOA allows capitals, digits and some marks, not {odd.group().decode('latin-1')!r}",
                position=position + data.count(self.delimiters.segment, 0, odd.start()),
                at=offset + odd.start(),
                severity=Severity.NOTE,
            )
        if data.isascii() or self._charset_told:
            return
        codec = charsets.declared(self._syntax)
        if codec == "ascii":
            at, message = _first_high(data), f"{self._syntax} allows only characters of ISO 646 (ASCII)"
        elif codec == "utf-8" and self._syntax in charsets.CHARSETS:
            try:
                data.decode("utf-8")
                return
            except UnicodeDecodeError as error:
                at, message = error.start, f"these bytes are not UTF-8, which {self._syntax} promises"
        elif self.charset == "utf-8":
            self._charset_told = True
            self.find(
                "outside-character-set",
                f"{self._syntax} is declared, but the text is UTF-8; it is read as such",
                at=offset + _first_high(data),
                severity=Severity.NOTE,
            )
            return
        else:
            return
        self._charset_told = True
        delimiters = self.delimiters
        before = delimiters.mask(data)[:at]
        start = before.rfind(delimiters.segment) + 1
        segment = data[start:].lstrip()[:3].decode("latin-1")
        self.find(
            "wrong-character-set",
            message,
            segment=segment,
            position=position + before.count(delimiters.segment),
            element=before.count(delimiters.element, start),
            at=offset + at,
            value=data[at : at + 8].decode("latin-1"),
            severity=Severity.WARNING if codec == "ascii" else Severity.ERROR,
        )

    def _parties(self, segment: Segment) -> str:
        return f"{segment.element(2)}|{segment.element(3)}|{segment.element(11)}"


def _first_high(data: bytes) -> int:
    match = re.search(rb"[\x80-\xff]", data)
    return match.start() if match else 0


def scan(source: Source, **limits: int) -> Iterator[Event]:
    """The events of an EDIFACT source: envelopes opening and closing, runs of segments, findings."""
    return EdifactScanner(source, **limits).events()


def read(source: Source, **limits: int) -> list[Interchange]:
    """All interchanges in a source, whole in memory, with their findings. Never raises on bad data."""
    return list(assemble(scan(source, **limits)))


def read_documents(source: Source, **limits: int) -> Iterator[Document]:
    """Messages one at a time, in the memory of the largest."""
    return documents(scan(source, **limits))
