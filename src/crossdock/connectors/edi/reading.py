"""Reads an interchange and judges it: envelope by the partner's strictness, documents by their guides. Pure; maps nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from crossdock.connectors.edi.head import Head, head_of
from crossdock.connectors.edi.terms import ACKNOWLEDGEMENTS, Agreement, Terms
from crossdock.edi.edifact import envelope as edifact
from crossdock.edi.findings import Finding, Severity
from crossdock.edi.guides import check_document, find_guide
from crossdock.edi.guides.model import Guide
from crossdock.edi.interchange import Document, Group, Interchange
from crossdock.edi.x12 import envelope as x12
from crossdock.edi.x12.error_codes import GROUP_ERRORS

_READERS: Final = {"x12": x12.read, "edifact": edifact.read}


@dataclass(slots=True)
class JudgedDocument:
    """A document with the agreement it falls under and everything found in it, weighed as agreed."""

    document: Document
    agreement: Agreement | None
    release: str
    findings: list[Finding] = field(default_factory=list)
    spared: bool = True
    """False when it is refused with its group or interchange, although nothing is wrong with it."""

    @property
    def faulty(self) -> bool:
        """Whether it has an error of its own."""
        return any(each.severity is Severity.ERROR for each in self.findings)

    @property
    def accepted(self) -> bool:
        """Whether it may take effect."""
        return self.spared and not self.faulty


@dataclass(slots=True)
class JudgedGroup:
    """A functional group, its own findings and its documents."""

    group: Group
    findings: list[Finding]
    documents: list[JudgedDocument] = field(default_factory=list)


@dataclass(slots=True)
class Judged:
    """An interchange that was read, weighed as agreed with its sender."""

    standard: str
    head: Head
    interchange: Interchange
    findings: list[Finding]
    groups: list[JudgedGroup] = field(default_factory=list)
    refused: bool = False
    """Nothing in it takes effect."""

    def documents(self) -> Iterator[JudgedDocument]:
        """All documents of all groups."""
        for group in self.groups:
            yield from group.documents


class Unreadable(ValueError):
    """No interchange can be read from the bytes; `findings` say why."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = findings
        super().__init__(findings[0].message if findings else "nothing can be read")


def read_envelope(body: bytes, standard: str) -> tuple[Interchange, Head, list[Finding]]:
    """The first interchange in `body` with its head, and what was found beside it; nothing is judged. Raises `Unreadable`."""
    read = _READERS.get(standard)
    if read is None:
        raise Unreadable([Finding("unrecognised", "neither X12 nor EDIFACT was recognised")])
    found = read(body)
    interchange = next((each for each in found if each.header is not None), None)
    head = head_of(interchange, standard) if interchange is not None else None
    if interchange is None or head is None or not (head.sender.strip() and head.control.strip()):
        raise Unreadable([finding for each in found for finding in each.all_findings()])
    return interchange, head, [f for each in found if each is not interchange for f in each.findings]


def read_interchange(body: bytes, standard: str, terms: Terms, *, most: int = 1_000_000) -> Judged:
    """The first interchange in `body`, judged. Raises `Unreadable`."""
    interchange, head, after = read_envelope(body, standard)
    judged = Judged(
        standard, head, interchange, terms.policy.apply([*interchange.findings, *after, *_strangers(head, interchange, terms)])
    )
    count = sum(len(group.documents) for group in interchange.groups)
    if count > most:
        judged.findings.append(Finding("too-many-documents", f"{count} documents in one interchange, at most {most} are taken"))
    guides: dict[tuple[str, str], tuple[Agreement | None, Guide | None]] = {}
    for group in interchange.groups:
        own = JudgedGroup(group, terms.policy.apply(group.findings))
        own.documents = [_judged(document, standard, terms, guides) for document in group.documents]
        judged.groups.append(own)
    _spread(judged, terms.refuse)
    return judged


def _strangers(head: Head, interchange: Interchange, terms: Terms) -> Iterator[Finding]:
    """Sender, receiver and test indicator must be those agreed on."""
    header = interchange.header
    tag = header.tag if header is not None else ""
    at = header.byte_position if header is not None else 0
    x12_places, places = {"sender": 6, "receiver": 8, "test": 15}, {"sender": 2, "receiver": 3, "test": 11}
    where = x12_places if head.standard == "x12" else places
    if not terms.known_sender(head.standard, head.sender_qualifier, head.sender):
        text = f"the sender {head.sender_qualifier}:{head.sender} is none of the identifiers of {terms.partner}"
        yield Finding("sender-unknown", text, tag, 1, where["sender"], 0, at, value=head.sender)
    if not terms.known_receiver(head.standard, head.receiver_qualifier, head.receiver):
        text = f"the receiver {head.receiver_qualifier}:{head.receiver} is not what {terms.partner} agreed to call us"
        yield Finding("receiver-unknown", text, tag, 1, where["receiver"], 0, at, value=head.receiver)
    if head.test != terms.test:
        text = (
            "a test interchange came for a live partnership"
            if head.test
            else "a production interchange came for a partnership under test"
        )
        yield Finding("test-indicator", text, tag, 1, where["test"], 0, at, value="T" if head.test else "P")


def release_of(document: Document, standard: str) -> str:
    """The release a document says it is written in: GS08 (else ST03) or the version parts of UNH02 (`D.96A`)."""
    header = document.header
    if header is None:
        return ""
    if standard == "edifact":
        return f"{header.value(2, 2)}.{header.value(2, 3)}"
    group = document.group.header if document.group is not None else None
    return (group.value(8) if group is not None else "") or header.value(3)


def _judged(
    document: Document, standard: str, terms: Terms, guides: dict[tuple[str, str], tuple[Agreement | None, Guide | None]]
) -> JudgedDocument:
    release = release_of(document, standard)
    key = (document.type, release)
    if key not in guides:
        guides[key] = guide_of(document.type, release, standard, terms)
    agreement, guide = guides[key]
    found = list(document.findings)
    if agreement is None and document.type not in ACKNOWLEDGEMENTS[standard]:
        header = document.header
        found.append(
            Finding(
                "document-not-supported",
                f"there is no agreement with {terms.partner} on {document.type or 'documents without a type'} {release}".rstrip(),
                header.tag if header is not None else "",
                1,
                1 if standard == "x12" else 2,
                0,
                header.byte_position if header is not None else 0,
                value=document.type,
            )
        )
    elif guide is not None:
        found += check_document(document, guide)
    return JudgedDocument(document, agreement, release, terms.policy.apply(found))


def guide_of(document: str, release: str, standard: str, terms: Terms) -> tuple[Agreement | None, Guide | None]:
    """The agreement and the guide by which a document that came in is judged."""
    agreement = terms.incoming(standard, document, release)
    if agreement is not None:
        guide = agreement.guide
        if guide is not None and guide.release and not release.startswith(guide.release) and agreement.judged:
            guide = find_guide(standard, document, release) or guide
        return agreement, guide
    if document in ACKNOWLEDGEMENTS[standard]:
        return None, None
    return None, None


def _spread(judged: Judged, refuse: str) -> None:
    """Refuse what must go with a faulty envelope, group or document, as the partner's file says."""
    whole = any(each.severity is Severity.ERROR for each in judged.findings)
    for group in judged.groups:
        lost = any(
            f.severity is Severity.ERROR and (f.code in GROUP_ERRORS or judged.standard == "edifact") for f in group.findings
        )
        if refuse != "document":
            lost = lost or any(document.faulty for document in group.documents)
        if refuse == "interchange":
            whole = whole or lost
        for document in group.documents:
            document.spared = not lost
    if whole:
        judged.refused = True
        for document in judged.documents():
            document.spared = False
