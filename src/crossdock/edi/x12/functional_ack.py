"""Builds 997 and 999 from what was found in a group: outcome, error codes, positions. Sends nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from ..findings import Finding, Severity
from ..interchange import Document, Group
from ..policy import DEFAULT, Policy
from ..writer import OutDocument, Row
from . import error_codes as codes

CheckDocument = Callable[[Document], Sequence[Finding]]


@dataclass(frozen=True, slots=True)
class DocumentVerdict:
    """What the acknowledgement says of one transaction set: AK501 and the findings behind it."""

    document: Document
    outcome: str
    findings: tuple[Finding, ...]

    @property
    def accepted(self) -> bool:
        """Whether the sender may consider it received for processing."""
        return self.outcome in ("A", "E")


@dataclass(frozen=True, slots=True)
class GroupVerdict:
    """What the acknowledgement says of one functional group: AK901 and its documents."""

    group: Group
    outcome: str
    documents: tuple[DocumentVerdict, ...]
    findings: tuple[Finding, ...]


def no_guide(document: Document) -> Sequence[Finding]:
    """The check that looks at the envelope only."""
    return ()


def judge(group: Group, check: CheckDocument = no_guide, policy: Policy = DEFAULT) -> GroupVerdict:
    """Decide acceptance of a group and its documents: an error rejects, a warning is accepted with a remark."""
    verdicts = []
    for document in group.documents:
        found = tuple(policy.apply([*document.findings, *check(document)]))
        verdicts.append(DocumentVerdict(document, _outcome(found), found))
    own = tuple(policy.apply(group.findings))
    accepted = sum(verdict.accepted for verdict in verdicts)
    if any(f.severity is Severity.ERROR and f.code in codes.GROUP_ERRORS for f in own):
        outcome = "R"
        verdicts = [DocumentVerdict(v.document, "R", v.findings) for v in verdicts]
    elif accepted == len(verdicts):
        outcome = "E" if any(v.outcome == "E" for v in verdicts) or _outcome(own) != "A" else "A"
    else:
        outcome = "P" if accepted else "R"
    return GroupVerdict(group, outcome, tuple(verdicts), own)


def functional_acknowledgement(
    verdict: GroupVerdict, reference: str, *, detail: bool = True, implementation: str = ""
) -> OutDocument:
    """A 997 for one group. `detail` False leaves out accepted documents' AK2 loops, as some partners want it."""
    return OutDocument("997", tuple(_rows(verdict, detail, new=False)), reference, (implementation,) if implementation else ())


def implementation_acknowledgement(verdict: GroupVerdict, reference: str, *, implementation: str = "005010X231A1") -> OutDocument:
    """A 999 for one group (005010 and later), with the implementation error codes 997 does not have."""
    return OutDocument("999", tuple(_rows(verdict, True, new=True)), reference, (implementation,))


def _outcome(findings: Iterable[Finding]) -> str:
    worst = {finding.severity for finding in findings}
    return "R" if Severity.ERROR in worst else "E" if Severity.WARNING in worst else "A"


def _rows(verdict: GroupVerdict, detail: bool, *, new: bool) -> Iterator[Row]:
    header = verdict.group.header
    functional_id = header.value(1) if header is not None else ""
    number = header.value(6) if header is not None else ""
    version = header.value(8) if header is not None else ""
    ak1 = ["AK1", functional_id, number]
    if new or version[:6] >= "005010":
        ak1.append(version)
    yield tuple(ak1)
    for document in verdict.documents:
        if detail or document.outcome != "A":
            yield from _document(document, version, new=new)
    accepted = sum(document.accepted for document in verdict.documents)
    trailer = verdict.group.trailer
    declared = trailer.value(1) if trailer is not None else ""
    included = declared if declared.isdecimal() and declared.isascii() and len(declared) <= 6 else str(len(verdict.documents))
    errors = _distinct(verdict.findings, codes.GROUP_ERRORS)
    yield ("AK9", verdict.outcome, included, str(len(verdict.documents)), str(accepted), *errors)


def _document(verdict: DocumentVerdict, version: str, *, new: bool) -> Iterator[Row]:
    header = verdict.document.header
    kind = header.value(1) if header is not None else ""
    reference = header.value(2) if header is not None else ""
    implementation = header.value(3) if header is not None else ""
    yield ("AK2", kind, reference, implementation if new or version[:6] >= "005010" else "")
    weighed = [
        finding
        for finding in verdict.findings
        if finding.severity is not Severity.NOTE and _is_segment(finding) and finding.segment_position
    ]
    weighed.sort(key=lambda finding: (finding.segment_position, finding.segment))
    for (position, tag), found in groupby(weighed, key=lambda f: (f.segment_position, f.segment)):
        yield from _segment(tag, position, list(found), version, new=new)
    errors = _distinct(verdict.findings, codes.DOCUMENT_ERRORS)
    if weighed:
        errors = [*errors, codes.SEGMENTS_IN_ERROR][:5]
    yield ("IK5" if new else "AK5", verdict.outcome, *errors)


def _segment(tag: str, position: int, found: list[Finding], version: str, *, new: bool) -> Iterator[Row]:
    elements = [finding for finding in found if finding.code in codes.ELEMENT_ERRORS]
    errors = list(dict.fromkeys(_segment_error(f, new=new) for f in found if f.code in codes.SEGMENT_ERRORS))
    if elements and codes.ELEMENT_IN_ERROR not in errors:
        errors.append(codes.ELEMENT_IN_ERROR)
    tag = tag[:3] or "???"
    loop = found[0].loop[:6]
    if not new:
        yield ("AK3", tag, str(position), loop, *errors[:5])
        for finding in elements[:99]:
            yield _element(finding, version, "AK4", new=False)
        return
    for error in errors:
        yield ("IK3", tag, str(position), loop, error)
        if error == codes.ELEMENT_IN_ERROR:
            for finding in elements[:99]:
                yield _element(finding, version, "IK4", new=True)


def _segment_error(finding: Finding, *, new: bool) -> str:
    if new and finding.code == "segment-not-used":
        return codes.NOT_USED_SEGMENT_999
    return codes.SEGMENT_ERRORS[finding.code]


def _element(finding: Finding, version: str, tag: str, *, new: bool) -> Row:
    place = [str(finding.element or 1)]
    if finding.component or finding.repetition:
        place.append(str(finding.component) if finding.component else "")
    if finding.repetition and (new or version[:6] >= "004030"):
        place.append(str(finding.repetition))
    code = codes.ELEMENT_ERRORS[finding.code]
    if new:
        code = codes.ELEMENT_ERRORS_999.get(finding.code, code)
    elif version[:6] >= "005010":
        code = codes.ELEMENT_ERRORS_005010.get(finding.code, code)
    # AK402 is a number; composites have none.
    reference = finding.reference if finding.reference.isdecimal() else ""
    return (tag, place, reference, code, _clean(finding.value))


def _clean(value: str) -> str:
    """The bad value as far as it can be quoted: no delimiters of any likely interchange, no control characters."""
    return "".join(char if char.isprintable() and char not in "*~^>:|" else " " for char in value)[:99].strip()


def _is_segment(finding: Finding) -> bool:
    return finding.code in codes.SEGMENT_ERRORS or finding.code in codes.ELEMENT_ERRORS


def _distinct(findings: Iterable[Finding], table: dict[str, str]) -> list[str]:
    return list(
        dict.fromkeys(
            table[finding.code] for finding in findings if finding.code in table and finding.severity is not Severity.NOTE
        )
    )[:5]
