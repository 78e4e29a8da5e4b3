"""Findings as people read them and as canonical objects carry them: place, value, what was expected. Knows no document."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from crossdock.canonical.acknowledgement import DocumentFinding
from crossdock.edi.findings import Finding, Severity

SHOWN = 50
"""Findings kept in an error's detail."""


def sentence(finding: Finding) -> str:
    """One finding in a sentence: `PO104 (segment 14, byte 892): mandatory unit price is missing`."""
    places = []
    if finding.segment_position:
        places.append(f"segment {finding.segment_position}")
    if finding.byte_position:
        places.append(f"byte {finding.byte_position}")
    where = (
        f"{finding.place} ({', '.join(places)}): "
        if finding.segment and places
        else f"{finding.place}: "
        if finding.segment
        else ""
    )
    return f"{where}{finding.message}"


def summary(findings: Sequence[Finding]) -> str:
    """The first error in words, and how many more there are."""
    errors = [each for each in findings if each.severity is Severity.ERROR] or list(findings)
    if not errors:
        return "nothing was found"
    more = f" and {len(errors) - 1} more" if len(errors) > 1 else ""
    return sentence(errors[0]) + more


def detail(findings: Iterable[Finding], shift: int = 0) -> list[dict[str, Any]]:
    """Findings for an exception's detail; notes are left out. `shift` is added to byte positions."""
    return [
        {
            "code": each.code,
            "severity": each.severity.value,
            "place": each.place,
            "segment": each.segment,
            "segment_position": each.segment_position,
            "element": each.element,
            "component": each.component,
            "position": each.byte_position + shift,
            "value": each.value,
            "message": each.message,
            **({"loop": each.loop} if each.loop else {}),
        }
        for each in findings
        if each.severity is not Severity.NOTE
    ][:SHOWN]


def canonical(findings: Iterable[Finding]) -> tuple[DocumentFinding, ...]:
    """Findings as canonical objects; notes are left out."""
    return tuple(
        DocumentFinding(
            code=each.code,
            message=each.message,
            severity="error" if each.severity is Severity.ERROR else "warning",
            segment=each.segment,
            segment_position=each.segment_position or None,
            element=f"{each.element}.{each.component}" if each.component else str(each.element or ""),
            offset=each.byte_position,
            value=printable(each.value),
            repetition=each.repetition or None,
            reference=each.reference,
            loop=each.loop,
        )
        for each in findings
        if each.severity is not Severity.NOTE
    )


def library(findings: Iterable[DocumentFinding]) -> list[Finding]:
    """Canonical findings as the EDI library builds acknowledgements from them."""
    found = []
    for each in findings:
        element, _, component = each.element.partition(".")
        found.append(
            Finding(
                each.code,
                each.message,
                each.segment,
                each.segment_position or 0,
                _number(element),
                _number(component),
                each.offset or 0,
                Severity.ERROR if each.severity == "error" else Severity.WARNING,
                each.repetition or 0,
                each.value,
                each.reference,
                each.loop,
            )
        )
    return found


def printable(text: str) -> str:
    """Text without what no database takes."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and text.isascii() else 0
