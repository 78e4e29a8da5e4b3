"""An interchange that was judged, as the canonical event of its arrival: verdicts, findings, what is owed. Pure."""

from __future__ import annotations

from datetime import datetime

from crossdock.canonical.acknowledgement import Verdict
from crossdock.canonical.interchange import Interchange, InterchangeDocument, InterchangeGroup
from crossdock.connectors.edi.identity import document_identity
from crossdock.connectors.edi.reading import Judged, JudgedDocument, JudgedGroup
from crossdock.connectors.edi.terms import SILENT, Terms
from crossdock.connectors.edi.words import canonical, printable
from crossdock.edi.findings import Finding, Severity


def interchange_of(judged: Judged, terms: Terms, received: datetime, size: int, file_name: str = "") -> Interchange:
    """The payload of `interchange.received`."""
    head = judged.head
    groups = tuple(_group(judged, group) for group in judged.groups)
    verdict = _verdict(judged, groups)
    return Interchange(
        standard=judged.standard,
        version=head.version,
        relation=head.relation,
        sender=head.sender,
        sender_qualifier=head.sender_qualifier,
        receiver=head.receiver,
        receiver_qualifier=head.receiver_qualifier,
        test=head.test,
        control_number=head.control,
        prepared_at=head.moment,
        received_at=received,
        file_name=printable(file_name),
        size=size,
        syntax=judged.interchange.charset,
        acknowledgement_requested=head.requested,
        groups=groups,
        findings=canonical(judged.findings),
        verdict=verdict,
        owed=owed(judged, terms, verdict),
        gap_patience=terms.gap_patience,
    )


def owed(judged: Judged, terms: Terms, verdict: Verdict) -> tuple[str, ...]:
    """The acknowledgements that go back: as agreed, else 997 or CONTRL, and TA1 where it was asked for or the envelope failed.

    What acknowledges is never acknowledged (X12.20, 1.2; ISO 9735 part 4, 4).
    """
    silent = SILENT[judged.standard]
    business = any(document.document.type not in silent for document in judged.documents())
    envelope = any(each.severity is Severity.ERROR for each in judged.findings)
    wanted = terms.acknowledge
    if judged.standard == "edifact":
        return ("CONTRL",) if (business or envelope) and (wanted is None or "CONTRL" in wanted) else ()
    found = []
    if wanted is None:
        if judged.head.requested or envelope:
            found.append("TA1")
        if business and not envelope:
            found.append("997")
        return tuple(found)
    if "TA1" in wanted and (business or envelope):
        found.append("TA1")
    if business and not envelope:
        found += [each for each in ("997", "999") if each in wanted]
    return tuple(found)


def _group(judged: Judged, group: JudgedGroup) -> InterchangeGroup:
    header = group.group.header
    documents = tuple(_document(judged, each, place) for place, each in enumerate(group.documents, start=1))
    names = ("", "", "", "", "")
    if header is not None:
        take = header.value
        names = (
            (take(1), take(6), take(8), take(2), take(3))
            if judged.standard == "x12"
            else (take(1), take(5), take(7, 2), take(2), take(3))
        )
    accepted = sum(each.accepted for each in group.documents)
    if accepted == len(group.documents):
        clean = not group.findings and all(each.verdict == "accepted" for each in documents)
        verdict: Verdict = "accepted" if clean else "accepted_with_errors"
    else:
        verdict = "partially_accepted" if accepted else "rejected"
    return InterchangeGroup(
        code=printable(names[0]), control_number=printable(names[1]), release=printable(names[2]), sender=printable(names[3]),
        receiver=printable(names[4]), verdict=verdict, findings=canonical(group.findings), documents=documents,
    )  # fmt: skip


def _document(judged: Judged, each: JudgedDocument, place: int) -> InterchangeDocument:
    document = each.document
    weighing = [finding for finding in each.findings if finding.severity is not Severity.NOTE]
    if each.accepted:
        verdict: Verdict = "accepted_with_errors" if weighing else "accepted"
    else:
        verdict = "rejected"
    return InterchangeDocument(
        type=printable(document.type),
        control_number=printable(document.reference),
        release=printable(each.release),
        position=place,
        segments=document.count or None,
        verdict=verdict,
        findings=canonical(weighing if each.faulty or each.accepted else [*weighing, *_why(judged)]),
        event=document_identity(judged, each, place) if each.accepted else "",
    )


def _why(judged: Judged) -> list[Finding]:
    text = "refused with its interchange" if judged.refused else "refused with its group"
    return [Finding("refused-with-others", f"{text}, as agreed with the partner")]


def _verdict(judged: Judged, groups: tuple[InterchangeGroup, ...]) -> Verdict:
    if judged.refused:
        return "rejected"
    verdicts = {group.verdict for group in groups}
    if "rejected" in verdicts or "partially_accepted" in verdicts:
        return "rejected" if verdicts == {"rejected"} else "partially_accepted"
    if "accepted_with_errors" in verdicts or any(f.severity is Severity.WARNING for f in judged.findings):
        return "accepted_with_errors"
    return "accepted"
