"""What the partner hears of a document whose envelope and guide were right and whose content is not: 824, APERAK, ApplicationResponse. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from crossdock.canonical.acknowledgement import DocumentAcknowledgement, DocumentFinding
from crossdock.canonical.interchange import Interchange, InterchangeDocument, InterchangeGroup
from crossdock.connectors.edi.acknowledging import Acknowledgement, application_refusal
from crossdock.connectors.edi.document import number_of
from crossdock.connectors.edi.plain import document_type, standard_of
from crossdock.connectors.edi.reading import Unreadable, read_envelope, release_of
from crossdock.connectors.edi.terms import Terms
from crossdock.connectors.edi.words import printable
from crossdock.connectors.protocol import Given, StoredMessage
from crossdock.core.errors import CrossdockError, DocumentUnwritable, PayloadMalformed, RuleViolated, SchemaInvalid
from crossdock.documents.ubl.application_response import DOCUMENT as APPLICATION_RESPONSE
from crossdock.documents.ubl.application_response import Issue, Response, write_response
from crossdock.documents.ubl.elements import root_of
from crossdock.edi.ubl.safe_xml import NAMESPACES
from crossdock.edi.x12.application_advice import INCORRECT, MISSING, MUTUAL, Advice, ApplicationAdvice, application_advice

WORDS: Final[Mapping[str, str]] = {"x12": "824", "edifact": "APERAK", "ubl": APPLICATION_RESPONSE}
"""The document by which each standard says that the content of another one was refused; tables have none."""
THEIRS: Final = (SchemaInvalid, RuleViolated)
"""Errors that are in what the partner wrote. A code without a value map, a missing agreement or a missing right are ours to mend."""
MOST: Final = 100
_NO_ITEM: Final = "999"


def refusal(message: StoredMessage, error: CrossdockError, terms: Terms) -> Interchange | None:
    """What is owed for a document that was refused for its content; None where the partner has nothing to hear of it."""
    standard = (
        message.headers.get("standard", "")
        if message.headers.get("standard") in ("x12", "edifact")
        else standard_of(message, terms)
    )
    kind = WORDS.get(standard, "")
    if not kind or not isinstance(error, THEIRS) or not terms.tells_refusals(kind):
        return None
    envelope = _envelope(message, standard, terms) if standard != "ubl" else _file(message, terms)
    if envelope is None:
        return None
    facts, code, group, document = envelope
    told = InterchangeDocument.model_validate({**document, "verdict": "rejected", "findings": _findings(error)})
    held = InterchangeGroup(**group, code=code, verdict="rejected", documents=(told,))
    return Interchange(
        **facts, judged="content", groups=(held,), verdict="rejected", owed=(kind,), received_at=message.received_at
    )


def _envelope(
    message: StoredMessage, standard: str, terms: Terms
) -> tuple[dict[str, Any], str, dict[str, Any], dict[str, Any]] | None:
    try:
        interchange, head, _ = read_envelope(message.body, standard)
    except Unreadable:
        return None
    document = next(iter(interchange.documents()), None)
    if document is None:
        return None
    opened = document.group.header if document.group is not None else None
    places = (1, 6, 8, 2, 3) if standard == "x12" else (1, 5, 7, 2, 3)
    code, control, release, sender, receiver = (printable(opened.value(n)) if opened is not None else "" for n in places)
    facts = {
        "standard": standard, "version": head.version, "relation": head.relation, "sender": head.sender, "sender_qualifier": head.sender_qualifier,
        "receiver": head.receiver, "receiver_qualifier": head.receiver_qualifier, "test": head.test, "control_number": head.control,
        "prepared_at": head.moment, "size": len(message.body),
    }  # fmt: skip
    group = {"control_number": control, "release": release, "sender": sender, "receiver": receiver}
    return facts, code, group, {
        "type": printable(document.type), "control_number": printable(document.reference), "number": printable(number_of(document)),
        "release": printable(release_of(document, standard)),
    }  # fmt: skip


def _file(message: StoredMessage, terms: Terms) -> tuple[dict[str, Any], str, dict[str, Any], dict[str, Any]] | None:
    try:
        number = root_of(message.body).findtext("cbc:ID", "", NAMESPACES).strip()
    except PayloadMalformed:
        return None
    facts = {
        "standard": "ubl", "relation": f"ubl/{terms.partner}", "sender": terms.partner, "receiver": "us", "test": terms.test,
        "size": len(message.body),
    }  # fmt: skip
    return facts, "", {}, {"type": document_type(message, terms), "number": printable(number)}


def _findings(error: CrossdockError) -> list[dict[str, Any]]:
    """What is wrong, each with its place: the fields of a document, or the rules it breaks."""
    found: list[dict[str, Any]] = []
    for each in [*error.detail.get("problems", ()), *error.detail.get("violations", ())][:MOST]:
        place = str(each.get("place") or each.get("path") or "")
        text = str(each.get("message") or "")
        component = f".{each['component']}" if each.get("component") else ""
        found.append(
            {
                "code": str(each.get("kind") or each.get("rule") or error.code),
                "message": printable(text if not place or text.startswith(place) else f"{place}: {text}"),
                "segment": str(each.get("segment") or ""),
                "segment_position": each.get("position") or None,
                "element": f"{each['element']}{component}" if each.get("element") else "",
                "loop": place if not each.get("segment") else "",
            }
        )
    return found or [{"code": error.code, "message": printable(error.message)}]


def refusal_answer(told: Interchange, kind: str, given: Given, terms: Terms) -> Acknowledgement:
    """The 824 or APERAK that says it. Raises `DocumentUnwritable` for a kind the standard does not have."""
    group, document = _refused(told)
    if kind == "824":
        advice = ApplicationAdvice(
            document.type, document.number, group.control_number, document.control_number, accepted=False,
            advices=[_advice(each) for each in document.findings],
        )  # fmt: skip
        written = application_advice("0001", f"{given.number:09d}", given.at, [advice], codes=(group.sender, group.receiver))
        return Acknowledgement(documents=((group.receiver, group.sender, written),), group="AG")
    if kind == "APERAK":
        answer = DocumentAcknowledgement(
            standard="edifact", level="application", verdict="rejected", acknowledged_at=given.at, document_type=document.type,
            document_number=document.number or document.control_number, acknowledgement_control=f"A{given.number:09d}",
            findings=tuple(each.model_copy(update={"code": _NO_ITEM}) for each in document.findings),
        )  # fmt: skip
        return application_refusal(answer, given.at, terms.parties("edifact"))
    raise DocumentUnwritable(f"a refused document in {told.standard} is not told of with {kind}", kind=kind)


def refusal_file(told: Interchange, number: str, given: Given, terms: Terms) -> bytes:
    """The ApplicationResponse that says it."""
    _, document = _refused(told)
    issues = tuple(Issue(each.loop or "NA", each.message) for each in document.findings)
    return write_response(number, given.at, Response(document.number, "rejected", issues), terms.parties("ubl"))


def _refused(told: Interchange) -> tuple[InterchangeGroup, InterchangeDocument]:
    for group in told.groups:
        for document in group.documents:
            return group, document
    raise DocumentUnwritable("there is no document that could be told of")


def _advice(finding: DocumentFinding) -> Advice:
    code = MISSING if finding.code == "missing" else INCORRECT if finding.segment else MUTUAL
    element = finding.element.partition(".")[0]
    return Advice(
        code, finding.message, finding.segment, finding.segment_position or 0, int(element) if element.isdecimal() else 0
    )
