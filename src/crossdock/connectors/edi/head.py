"""Who sent an interchange to whom under which number, whatever its standard; and where one interchange ends and the next begins."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from crossdock.edi.edifact import envelope as edifact
from crossdock.edi.interchange import Interchange
from crossdock.edi.recognise import HEAD, Standard, recognise
from crossdock.edi.segments import Segment
from crossdock.edi.x12 import envelope as x12

_NEXT: Final = {
    Standard.X12: re.compile(rb"(?<![A-Za-z0-9])ISA[^A-Za-z0-9\s][0-9 ]{2}[^A-Za-z0-9\s]"),
    Standard.EDIFACT: re.compile(
        rb"(?<![A-Za-z0-9])(?:UNA[^A-Za-z0-9].{4}.[\r\n]{0,2}(?=UNB)|(?<!UNA......)UNB[+\x1d])UN?", re.DOTALL
    ),
}


@dataclass(frozen=True, slots=True)
class Head:
    """The envelope's own words. `moment` is None where date and time make none; `series` counts the partner's fresh starts."""

    standard: str
    sender_qualifier: str
    sender: str
    receiver_qualifier: str
    receiver: str
    control: str
    version: str
    moment: datetime | None
    test: bool
    requested: bool

    @property
    def relation(self) -> str:
        """What control numbers are counted in: standard, both parties with their qualifiers, test or production."""
        names = (self.sender_qualifier, self.sender, self.receiver_qualifier, self.receiver, "T" if self.test else "P")
        return "/".join((self.standard, *(part.replace("%", "%25").replace("/", "%2F") for part in names)))

    @property
    def identity(self) -> str:
        """The interchange's own name: relation and control number, written as a number where it is one."""
        number = self.control.strip()
        return f"{self.relation}/{number.lstrip('0') or '0' if number.isdecimal() and number.isascii() else number}"


def head_of(interchange: Interchange, standard: str) -> Head | None:
    """The head of an interchange that was read; None for a fragment without ISA or UNB."""
    return x12_head(interchange.header) if standard == "x12" else edifact_head(interchange.header)


def x12_head(header: Segment | None) -> Head | None:
    """The head in an ISA segment."""
    found = x12.identity(header)
    if found is None:
        return None
    return Head(
        "x12", found.sender_qualifier, found.sender, found.receiver_qualifier, found.receiver, found.control_number, found.version,
        moment_of(found.date, found.time), found.test, found.acknowledgement_requested,
    )  # fmt: skip


def edifact_head(header: Segment | None) -> Head | None:
    """The head in a UNB segment."""
    found = edifact.identity(header)
    if found is None:
        return None
    return Head(
        "edifact", found.sender_qualifier, found.sender, found.receiver_qualifier, found.receiver, found.reference,
        f"{found.syntax}:{found.syntax_version}", moment_of(found.date, found.time), found.test, found.acknowledgement_requested,
    )  # fmt: skip


def moment_of(date: str, time: str) -> datetime | None:
    """YYMMDD or CCYYMMDD and HHMM as UTC, because envelopes name no zone; None where that is no moment."""
    text = (date if len(date) == 8 else "20" + date) + time[:4]
    try:
        return datetime.strptime(text, "%Y%m%d%H%M").replace(tzinfo=UTC) if len(text) == 12 and text.isascii() else None
    except ValueError:
        return None


def peek(body: bytes) -> tuple[str, Head | None, int]:
    """What a body is at first sight: its standard, the head of its first interchange, and how many interchanges seem to begin in it.

    Reads the header only, whatever the body's size; `documents` that are no EDI have no head.
    """
    standard = recognise(body[:HEAD])
    if standard not in _NEXT:
        return standard.value, None, 1
    begun = sum(1 for _ in _NEXT[standard].finditer(body))
    reader = x12 if standard is Standard.X12 else edifact
    for found in reader.read(body[:4096]):
        return standard.value, head_of(found, standard.value), begun
    return standard.value, None, begun


def pieces(body: bytes) -> list[bytes]:
    """A file of several interchanges as one piece each; what stands before the first goes with it."""
    standard = recognise(body[:HEAD])
    if standard not in _NEXT:
        return [body]
    begins = [match.start() for match in _NEXT[standard].finditer(body)]
    if len(begins) < 2:
        return [body]
    begins[0] = 0
    return [body[start:end] for start, end in zip(begins, [*begins[1:], len(body)], strict=True)]


def digest(body: bytes) -> str:
    """A short digest of bytes, for identities."""
    return sha256(body).hexdigest()[:16]
