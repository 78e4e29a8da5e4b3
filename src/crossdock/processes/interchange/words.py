"""Findings and verdicts in sentences for people; pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from crossdock.canonical.acknowledgement import DocumentFinding
from crossdock.canonical.interchange import Interchange


def sentence(finding: DocumentFinding) -> str:
    """One finding: `PO104 (segment 14, byte 892): a mandatory element is missing`."""
    element = f"{int(finding.element.split('.')[0]):02d}" if finding.element.split(".")[0].isdecimal() else finding.element
    component = f"-{finding.element.split('.')[1]}" if "." in finding.element else ""
    place = f"{finding.segment}{element}{component}"
    where = [f"segment {finding.segment_position}"] if finding.segment_position else []
    if finding.offset:
        where.append(f"byte {finding.offset}")
    value = f" ({finding.value!r})" if finding.value else ""
    lead = f"{place} ({', '.join(where)}): " if place and where else f"{place or ', '.join(where)}: " if place or where else ""
    return f"{lead}{finding.message or finding.code}{value}"


def listed(findings: Iterable[DocumentFinding], most: int = 50) -> list[dict[str, Any]]:
    """Findings for an exception's detail."""
    return [
        {**each.model_dump(mode="json", exclude_defaults=True), "severity": each.severity, "words": sentence(each)}
        for each in findings
    ][:most]


def first(findings: Iterable[DocumentFinding]) -> str:
    """The first error in words and how many more there are."""
    found = list(findings)
    errors = [each for each in found if each.severity == "error"] or found
    if not errors:
        return "no reason was given"
    more = f" and {len(errors) - 1} more" if len(errors) > 1 else ""
    return sentence(errors[0]) + more


def name(interchange: Interchange) -> str:
    """An interchange for people."""
    number = f" {interchange.control_number.strip()}" if interchange.control_number.strip() else ""
    return f"{'test ' if interchange.test else ''}interchange{number} of {interchange.sender}"


def content(interchange: Interchange) -> str:
    """The one document an interchange is about, for people."""
    document = next((each for group in interchange.groups for each in group.documents), None)
    if document is None:
        return name(interchange)
    number = document.number or document.control_number
    return f"{document.type}{f' {number}' if number else ''} of {interchange.sender}"


def refused_documents(interchange: Interchange) -> list[dict[str, Any]]:
    """The documents of an interchange that were refused with others, for an exception's detail."""
    return [
        {"type": each.type, "control_number": each.control_number, "group": group.control_number}
        for group in interchange.groups
        for each in group.documents
        if each.verdict == "rejected"
    ]


def refused_with_others(interchange: Interchange) -> int:
    """How many sound documents were refused because of others."""
    return sum(
        any(finding.code == "refused-with-others" for finding in each.findings)
        for group in interchange.groups
        for each in group.documents
    )
