"""Builds TA1 from what was found in an interchange's envelope. Sends nothing."""

from __future__ import annotations

from collections.abc import Iterator

from ..findings import Severity
from ..guides.values import valid_date, valid_time
from ..interchange import Interchange
from ..policy import DEFAULT, Policy
from ..segments import Segment
from ..writer import Row
from . import error_codes as codes


def interchange_acknowledgement(interchange: Interchange, policy: Policy = DEFAULT) -> Row:
    """The TA1 segment for an interchange: accepted (A), accepted with errors (E) or rejected (R), and why.

    Raises `ValueError` for a fragment without ISA: there is nothing a TA1 could name.
    """
    header = interchange.header
    if header is None:
        raise ValueError("a fragment without ISA cannot be acknowledged with TA1")
    outcome, note = "A", "000"
    for severity, code in _faults(interchange, header, policy):
        if severity is Severity.ERROR:
            outcome, note = "R", code
            break
        if outcome == "A":
            outcome, note = "E", code
    take = [header.element(n).strip() for n in range(14)]
    return ("TA1", take[13].zfill(9)[:9], take[9], take[10], outcome, note)


def _faults(interchange: Interchange, header: Segment, policy: Policy) -> Iterator[tuple[Severity, str]]:
    for finding in policy.apply(interchange.findings):
        if finding.severity is Severity.NOTE:
            continue
        if finding.segment == "ISA" and finding.element in codes.ISA_ELEMENT_ERRORS and finding.code == "ISA-width":
            yield finding.severity, codes.ISA_ELEMENT_ERRORS[finding.element]
        elif finding.code in codes.INTERCHANGE_ERRORS:
            yield finding.severity, codes.INTERCHANGE_ERRORS[finding.code]
        elif finding.severity is Severity.ERROR:
            yield finding.severity, "022"
    for element, good in (
        (9, valid_date(header.element(9).strip())),
        (10, valid_time(header.element(10).strip())),
        (13, header.element(13).strip().isdecimal()),
        (14, header.element(14).strip() in ("0", "1")),
        (15, header.element(15).strip() in ("P", "T", "I")),
    ):
        if not good:
            yield Severity.WARNING, codes.ISA_ELEMENT_ERRORS[element]
