"""What a reader found wrong in a message and where; knows no syntax, no partner and no hub."""

from __future__ import annotations

import enum
from dataclasses import dataclass

MAX_NOTES = 100


class Severity(enum.StrEnum):
    """How much a finding weighs: an error and a warning change the verdict, a note never does."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a reader found, said for people and exact enough to build an acknowledgement from.

    `segment` is the tag. `segment_position` counts from 1 at the header of the document (ST, UNH), or from
    the header of the interchange for segments outside a document. `element` and `component` count from 1,
    0 meaning the segment (or element) as a whole. `byte_position` counts bytes from the start of the file.
    """

    code: str
    message: str
    segment: str = ""
    segment_position: int = 0
    element: int = 0
    component: int = 0
    byte_position: int = 0
    severity: Severity = Severity.ERROR
    repetition: int = 0
    value: str = ""
    reference: str = ""
    loop: str = ""

    @property
    def place(self) -> str:
        """The place in the field's own notation: `PO1`, `PO103`, `PO103-2` or `DTM+2.1`-like `DTM02-1`."""
        if not self.element:
            return self.segment
        place = f"{self.segment}{self.element:02d}"
        return f"{place}-{self.component}" if self.component else place


class FindingLog:
    """Collects findings up to a limit, so that a hostile file cannot fill the memory with its own faults.

    Notes have a small limit of their own: they must not crowd out what weighs.
    """

    __slots__ = ("findings", "limit", "notes", "suppressed")

    def __init__(self, limit: int = 1000) -> None:
        self.findings: list[Finding] = []
        self.limit = limit
        self.notes = 0
        self.suppressed = 0

    def add(self, finding: Finding) -> bool:
        """Keep the finding and say True, or only count it when the limit is reached."""
        if finding.severity is Severity.NOTE:
            self.notes += 1
            if self.notes > MAX_NOTES:
                return False
        elif len(self.findings) - min(self.notes, MAX_NOTES) >= self.limit:
            self.suppressed += 1
            return False
        self.findings.append(finding)
        return True
