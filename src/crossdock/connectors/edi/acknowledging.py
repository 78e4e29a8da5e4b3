"""Writes the acknowledgement of an interchange that came in, from its canonical event, with the standard's exact codes. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from crossdock.canonical.acknowledgement import DocumentAcknowledgement
from crossdock.canonical.interchange import Interchange, InterchangeDocument, InterchangeGroup
from crossdock.connectors.edi.words import library
from crossdock.core.errors import DocumentUnwritable
from crossdock.documents.mapping import Parties
from crossdock.edi.delimiters import Delimiters
from crossdock.edi.edifact import contrl
from crossdock.edi.edifact.aperak import ApplicationError, application_answer
from crossdock.edi.findings import Finding, Severity
from crossdock.edi.interchange import Document, Group
from crossdock.edi.interchange import Interchange as Read
from crossdock.edi.segments import Segment
from crossdock.edi.writer import OutDocument, Row
from crossdock.edi.x12 import functional_ack, interchange_ack

_X12: Final = Delimiters(b"\x1d", b"\x1f", b"\x1c", b"\x1e")
_EDIFACT: Final = Delimiters(b"\x1d", b"\x1f", b"\x1c")
_QUIET: Final = frozenset({"997", "999", "CONTRL", "APERAK"})


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """What goes back: segments beside groups (TA1), and documents with the application codes of the group they answer."""

    loose: tuple[Row, ...] = ()
    documents: tuple[tuple[str, str, OutDocument], ...] = ()
    """(our application code, theirs, document); codes are empty where the standard has none."""
    group: str = "FA"
    """Functional identifier of the groups (X12 element 479)."""


def acknowledgement(interchange: Interchange, kind: str, detail: bool = True) -> Acknowledgement:
    """The acknowledgement of `kind`. Raises `DocumentUnwritable` for a kind this standard does not have."""
    if interchange.standard == "x12" and kind == "TA1":
        return Acknowledgement(loose=(interchange_ack.interchange_acknowledgement(_envelope(interchange)),))
    if interchange.standard == "x12" and kind in ("997", "999"):
        return Acknowledgement(documents=tuple(_functional(interchange, kind, detail)))
    if interchange.standard == "edifact" and kind == "CONTRL":
        report = contrl.syntax_report(_skeleton(interchange), "1", check=contrl.no_guide, detail=True)
        return Acknowledgement(documents=(("", "", report),))
    raise DocumentUnwritable(f"an interchange in {interchange.standard} is not acknowledged with {kind}", kind=kind)


def application_refusal(told: DocumentAcknowledgement, at: datetime, parties: Parties) -> Acknowledgement:
    """An APERAK: what our people say of a document whose syntax was right (ISO 9735 leaves this to the application). Each finding is an ERC."""
    errors = [ApplicationError(each.code or "999", each.message) for each in told.findings]
    if told.verdict == "rejected" and not errors:
        errors = [ApplicationError("999", told.note)]
    written = application_answer(
        "1", told.acknowledgement_control or f"A{told.document_number}"[:35], told.document_number, at, errors if told.verdict == "rejected" else (),
        buyer=parties.theirs.gln, supplier=parties.ours.gln,
    )  # fmt: skip
    return Acknowledgement(documents=(("", "", written),))


def _functional(interchange: Interchange, kind: str, detail: bool) -> list[tuple[str, str, OutDocument]]:
    found: list[tuple[str, str, OutDocument]] = []
    for group in interchange.groups:
        if group.code == "FA" or all(each.type in _QUIET for each in group.documents):
            continue
        verdict = _verdict(interchange, group)
        reference = f"{len(found) + 1:04d}"
        if kind == "999":
            written = functional_ack.implementation_acknowledgement(verdict, reference)
        else:
            written = functional_ack.functional_acknowledgement(verdict, reference, detail=detail)
        found.append((group.receiver, group.sender, written))
    return found


def _verdict(interchange: Interchange, group: InterchangeGroup) -> functional_ack.GroupVerdict:
    read = Group(_segment("GS", group.code, group.sender, group.receiver, "", "", group.control_number, "X", group.release))
    findings = library(group.findings)
    declared = next((f.value for f in findings if f.code == "GE01-count" and f.value.isdecimal()), str(len(group.documents)))
    read.trailer = _segment("GE", declared, group.control_number)
    documents = tuple(
        functional_ack.DocumentVerdict(_document(each), _OUTCOMES[each.verdict], tuple(library(each.findings)))
        for each in group.documents
    )
    accepted = sum(each.accepted for each in documents)
    if accepted == len(documents):
        clean = not findings and all(each.outcome == "A" for each in documents)
        outcome = "A" if clean else "E"
    else:
        outcome = "P" if accepted else "R"
    return functional_ack.GroupVerdict(read, outcome, documents, tuple(findings))


_OUTCOMES: Final = {"accepted": "A", "accepted_with_errors": "E", "partially_accepted": "R", "rejected": "R"}


def _document(each: InterchangeDocument) -> Document:
    implementation = each.release if len(each.release) > 6 else ""
    return Document(_segment("ST", each.type, each.control_number, implementation), _X12)


def _envelope(interchange: Interchange) -> Read:
    moment = interchange.prepared_at
    header = _segment(
        "ISA", "00", "", "00", "", interchange.sender_qualifier, interchange.sender, interchange.receiver_qualifier, interchange.receiver,
        moment.strftime("%y%m%d") if moment else "", moment.strftime("%H%M") if moment else "", "U", interchange.version,
        interchange.control_number, "1" if interchange.acknowledgement_requested else "0", "T" if interchange.test else "P", ">",
    )  # fmt: skip
    return Read(header, _X12, findings=library(interchange.findings))


def _skeleton(interchange: Interchange) -> Read:
    """The interchange as the CONTRL writer looks at it: heads, references and findings, no bodies."""
    moment = interchange.prepared_at
    syntax, _, version = interchange.version.partition(":")
    header = Segment(
        _EDIFACT.element.join(
            (
                b"UNB",
                _composite(syntax, version),
                _composite(interchange.sender, interchange.sender_qualifier),
                _composite(interchange.receiver, interchange.receiver_qualifier),
                _composite(moment.strftime("%y%m%d") if moment else "", moment.strftime("%H%M") if moment else ""),
                interchange.control_number.encode(),
            )
        ),
        _EDIFACT,
        1,
    )
    # a finding of a group refuses the interchange here, because UCF is not in use between partners
    skeleton = Read(
        header, _EDIFACT, findings=[*library(interchange.findings), *(f for g in interchange.groups for f in library(g.findings))]
    )
    for group in interchange.groups:
        own = Group(None)
        for each in group.documents:
            if each.type in _QUIET:
                continue
            release = each.release.split(".", 1)
            head = _composite(each.type, release[0], release[1] if len(release) > 1 else "", "UN")
            unh = Segment(_EDIFACT.element.join((b"UNH", each.control_number.encode(), head)), _EDIFACT, 1)
            found = library(each.findings)
            if each.verdict == "rejected" and not any(f.severity is Severity.ERROR for f in found):
                found.append(Finding("refused-with-others", "refused with others", "UNH", 1))
            own.documents.append(Document(unh, _EDIFACT, findings=found))
        skeleton.groups.append(own)
    return skeleton


def _segment(*elements: str) -> Segment:
    return Segment(_X12.element.join(each.encode() for each in elements), _X12, 1)


def _composite(*parts: str) -> bytes:
    kept: Sequence[str] = parts
    while kept and not kept[-1]:
        kept = kept[:-1]
    return _EDIFACT.component.join(each.encode() for each in kept)
