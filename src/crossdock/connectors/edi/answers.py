"""What the partner says of documents of ours: 997, 999, TA1, CONTRL and APERAK to canonical acknowledgements with their names. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from crossdock.canonical.acknowledgement import DocumentAcknowledgement, DocumentFinding, Verdict
from crossdock.canonical.events import Reference
from crossdock.connectors.edi.head import Head
from crossdock.connectors.edi.identity import SENT, document_name, group_name, interchange_name, plain, relation
from crossdock.connectors.edi.meanings import DOCUMENT, ELEMENT, GROUP, INTERCHANGE, SEGMENT, SYNTAX, meaning
from crossdock.connectors.edi.words import printable
from crossdock.documents.ubl.application_response import read_responses
from crossdock.edi.edifact.aperak import read_application_answers
from crossdock.edi.edifact.contrl import InterchangeReport, MessageReport, read_syntax_reports
from crossdock.edi.interchange import Interchange
from crossdock.edi.x12.ack_matching import (
    Acceptance,
    DocumentAck,
    GroupAck,
    SegmentError,
    read_acknowledgements,
    read_interchange_acks,
)
from crossdock.edi.x12.application_advice import read_application_advices

_VERDICTS: dict[Acceptance, Verdict] = {
    Acceptance.ACCEPTED: "accepted",
    Acceptance.ACCEPTED_WITH_ERRORS: "accepted_with_errors",
    Acceptance.PARTIALLY_ACCEPTED: "partially_accepted",
    Acceptance.REJECTED: "rejected",
}
ONLY_RECEIVED = "8"
"""CONTRL 0083: the interchange arrived; whether it is accepted is not said yet (ISO 9735 part 4)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One acknowledgement and the names of what it speaks of."""

    acknowledgement: DocumentAcknowledgement
    references: tuple[Reference, ...]


def answers(interchange: Interchange, head: Head, received: datetime, system: str) -> Iterator[Answer]:
    """Every acknowledgement in an interchange of the partner, each about one document of ours (or all of its group or interchange)."""
    ours = relation(head.standard, (head.receiver_qualifier, head.receiver), (head.sender_qualifier, head.sender), head.test)
    at = head.moment or received
    if head.standard == "x12":
        yield from _interchanges(interchange, ours, at)
        for ack in read_acknowledgements(interchange):
            yield from _group(ack, ours, at)
        yield from _advices(interchange, ours, at, system)
        return
    for report in read_syntax_reports(interchange):
        yield from _syntax(report, ours, at)
    yield from _application(interchange, at, system)


def _interchanges(interchange: Interchange, ours: str, at: datetime) -> Iterator[Answer]:
    for ack in read_interchange_acks(interchange):
        wrong = () if ack.outcome is Acceptance.ACCEPTED else (_finding(ack.note, meaning(INTERCHANGE, ack.note), "ISA"),)
        yield Answer(
            DocumentAcknowledgement(
                standard="x12", level="interchange", verdict=_VERDICTS[ack.outcome], acknowledged_at=at, document_type="TA1",
                interchange_control=printable(ack.control_number), code=printable(ack.note), findings=wrong,
            ),
            (Reference(SENT, interchange_name(ours, ack.control_number)),),
        )  # fmt: skip


def _group(ack: GroupAck, ours: str, at: datetime) -> Iterator[Answer]:
    wrong = tuple(_finding(code, meaning(GROUP, code), "GS") for code in ack.errors)
    if not ack.documents:
        yield Answer(
            DocumentAcknowledgement(
                standard="x12", level="group", verdict=_VERDICTS[ack.outcome], acknowledged_at=at, document_type=_set(ack.functional_id),
                group_control=printable(ack.control_number), findings=wrong,
            ),
            (Reference(SENT, group_name(ours, ack.functional_id, ack.control_number)),),
        )  # fmt: skip
    for each in ack.documents:
        # a group that was rejected is rejected with everything in it (X12.20: AK901 R)
        outcome = Acceptance.REJECTED if ack.outcome is Acceptance.REJECTED else each.outcome
        yield Answer(
            DocumentAcknowledgement(
                standard="x12", level="document", verdict=_VERDICTS[outcome], acknowledged_at=at, document_type=printable(each.type),
                group_control=printable(ack.control_number), document_control=printable(each.reference),
                findings=(*_document(each), *wrong),
            ),
            (Reference(SENT, document_name(ours, ack.functional_id, ack.control_number, each.reference)),),
        )  # fmt: skip


def _document(ack: DocumentAck) -> Iterator[DocumentFinding]:
    for segment in ack.segments:
        yield from _segment(segment)
    for code in ack.errors:
        if code != "5":  # the segments are listed already
            yield _finding(code, meaning(DOCUMENT, code), "ST")


def _segment(error: SegmentError) -> Iterator[DocumentFinding]:
    for code in error.errors:
        if code != "8" or not error.elements:
            yield _finding(code, meaning(SEGMENT, code), error.segment, error.position, loop=error.loop)
    for each in error.elements:
        place = f"{each.element}.{each.component}" if each.component else str(each.element or "")
        yield DocumentFinding(
            code=printable(each.error), message=meaning(ELEMENT, each.error), segment=printable(error.segment),
            segment_position=error.position or None, element=place, value=printable(each.value), repetition=each.repetition or None,
            reference=printable(each.reference), loop=printable(error.loop),
        )  # fmt: skip


def _syntax(report: InterchangeReport, ours: str, at: datetime) -> Iterator[Answer]:
    name = interchange_name(ours, report.reference)
    if not report.messages or not report.accepted:
        wrong = (_finding(report.error, meaning(SYNTAX, report.error), "UNB"),) if report.error else ()
        found = [*wrong, *(finding for message in report.messages for finding in _message(message))]
        yield Answer(
            DocumentAcknowledgement(
                standard="edifact", level="interchange", verdict="accepted" if report.accepted else "rejected", acknowledged_at=at,
                document_type="CONTRL", interchange_control=printable(report.reference), code=printable(report.action),
                findings=tuple(found), note="received" if report.action == ONLY_RECEIVED else "",
            ),
            (Reference(SENT, name),),
        )  # fmt: skip
        return
    for message in report.messages:
        yield Answer(
            DocumentAcknowledgement(
                standard="edifact", level="document", verdict="accepted" if message.accepted else "rejected", acknowledged_at=at,
                document_type=printable(message.type), interchange_control=printable(report.reference),
                document_control=printable(message.reference), code=printable(message.action), findings=tuple(_message(message)),
            ),
            (Reference(SENT, document_name(ours, "", report.reference, message.reference)),),
        )  # fmt: skip


def _message(message: MessageReport) -> Iterator[DocumentFinding]:
    if message.error:
        yield _finding(message.error, meaning(SYNTAX, message.error), "UNH")
    for segment in message.segments:
        if segment.error:
            yield _finding(segment.error, meaning(SYNTAX, segment.error), "", segment.position)
        for code, element, component in segment.elements:
            yield DocumentFinding(
                code=printable(code), message=meaning(SYNTAX, code), segment_position=segment.position or None,
                element=f"{element}.{component}" if component else str(element or ""),
            )  # fmt: skip


def _application(interchange: Interchange, at: datetime, system: str) -> Iterator[Answer]:
    for answer in read_application_answers(interchange):
        wrong = tuple(
            DocumentFinding(code=printable(e.code), message=printable(e.text), value=printable(e.reference[1]))
            for e in answer.errors
        )
        orders = {value for kind, value in answer.references if kind == "ON" and value}
        references = [Reference(SENT, f"{system}#{printable(answer.answers)}")] if answer.answers else []
        references += [Reference("purchase:order", printable(each)) for each in sorted(orders)]
        yield Answer(
            DocumentAcknowledgement(
                standard="edifact", level="application", verdict="accepted" if answer.accepted else "rejected", acknowledged_at=at,
                document_type="APERAK", document_number=printable(answer.answers), acknowledgement_control=printable(answer.number),
                findings=wrong,
            ),
            tuple(references),
        )  # fmt: skip


def _advices(interchange: Interchange, ours: str, at: datetime, system: str) -> Iterator[Answer]:
    """824: what the partner's application says of documents of ours, by their control numbers, else by their own numbers."""
    for advice in read_application_advices(interchange):
        wrong = tuple(
            DocumentFinding(
                code=printable(e.code), message=printable(e.text), segment=printable(e.segment), segment_position=e.position or None,
                element=str(e.element or ""), value=printable(e.value),
            )
            for e in advice.advices
        )  # fmt: skip
        references = [Reference(SENT, f"{system}#{printable(advice.number)}")] if advice.number else []
        if advice.group_control and advice.document_control:
            code = next((code for code, kind in _SETS.items() if kind == advice.type), "")
            references.insert(0, Reference(SENT, document_name(ours, code, advice.group_control, advice.document_control)))
        yield Answer(
            DocumentAcknowledgement(
                standard="x12", level="application", verdict="accepted" if advice.accepted else "rejected", acknowledged_at=at,
                document_type="824", document_number=printable(advice.number), group_control=printable(advice.group_control),
                document_control=printable(advice.document_control), findings=wrong,
            ),
            tuple(references),
        )  # fmt: skip


def application_responses(body: bytes, system: str, at: datetime) -> Iterator[Answer]:
    """What a UBL ApplicationResponse says of documents of ours, which have no other name than their number. Raises `PayloadMalformed`."""
    for number, response in read_responses(body):
        wrong = tuple(
            DocumentFinding(code=printable(e.kind), message=printable(e.message), loop=printable(e.place))
            for e in response.issues
        )
        yield Answer(
            DocumentAcknowledgement(
                standard="ubl", level="application", verdict=response.verdict, acknowledged_at=at, document_type="ApplicationResponse",
                document_number=printable(response.number), acknowledgement_control=printable(number), findings=wrong,
            ),
            (Reference(SENT, f"{system}#{printable(response.number)}"),),
        )  # fmt: skip


def _finding(code: str, message: str, segment: str, position: int = 0, loop: str = "") -> DocumentFinding:
    return DocumentFinding(
        code=printable(plain(code) if not code.startswith("0") else code), message=message, segment=printable(segment),
        segment_position=position or None, loop=printable(loop),
    )  # fmt: skip


def _set(functional: str) -> str:
    """The transaction set a functional group holds, as far as one follows from the other (X12 element 479)."""
    return _SETS.get(functional, printable(functional))


_SETS = {
        "PO": "850", "PC": "860", "PR": "855", "CA": "865", "SH": "856", "IN": "810", "OW": "940", "AR": "943", "RE": "944", "SW": "945",
        "IB": "846", "AW": "947", "SM": "204", "GF": "990", "IM": "210", "QM": "214", "PS": "830", "RA": "820",
}  # fmt: skip
