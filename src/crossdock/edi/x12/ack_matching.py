"""Reads 997, 999 and TA1 and pairs them with what was sent. Remembers nothing itself."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ..interchange import Document, Interchange, segments
from ..segments import Segment


class Acceptance(enum.StrEnum):
    """What a partner said about something we sent."""

    ACCEPTED = "accepted"
    ACCEPTED_WITH_ERRORS = "accepted-with-errors"
    PARTIALLY_ACCEPTED = "partially-accepted"
    REJECTED = "rejected"


_OUTCOMES = {
    "A": Acceptance.ACCEPTED,
    "E": Acceptance.ACCEPTED_WITH_ERRORS,
    "P": Acceptance.PARTIALLY_ACCEPTED,
    "M": Acceptance.REJECTED,
    "R": Acceptance.REJECTED,
    "W": Acceptance.REJECTED,
    "X": Acceptance.REJECTED,
}


@dataclass(frozen=True, slots=True)
class ElementError:
    """AK4 or IK4: which element, which error, which value."""

    element: int
    component: int
    repetition: int
    reference: str
    error: str
    value: str


@dataclass(slots=True)
class SegmentError:
    """AK3 or IK3 with its AK4s: which segment, counted from ST as 1, and its errors."""

    segment: str
    position: int
    loop: str
    errors: list[str]
    elements: list[ElementError] = field(default_factory=list)


@dataclass(slots=True)
class DocumentAck:
    """One AK2 loop: what the partner says of one transaction set."""

    type: str
    reference: str
    outcome: Acceptance = Acceptance.REJECTED
    errors: list[str] = field(default_factory=list)
    segments: list[SegmentError] = field(default_factory=list)


@dataclass(slots=True)
class GroupAck:
    """One 997 or 999: what the partner says of one functional group."""

    functional_id: str
    control_number: str
    outcome: Acceptance = Acceptance.REJECTED
    included: int = 0
    received: int = 0
    accepted: int = 0
    errors: list[str] = field(default_factory=list)
    documents: list[DocumentAck] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class InterchangeAck:
    """One TA1."""

    control_number: str
    date: str
    time: str
    outcome: Acceptance
    note: str


@dataclass(frozen=True, slots=True)
class SentDocument:
    """The key of a transaction set we sent: GS01, GS06, ST01, ST02."""

    functional_id: str
    group_number: str
    type: str
    reference: str


def read_acknowledgements(interchange: Interchange) -> Iterator[GroupAck]:
    """Every 997 and 999 in an interchange, however incomplete."""
    for document in interchange.documents():
        if document.type in ("997", "999"):
            yield read_acknowledgement(document)


def read_acknowledgement(document: Document) -> GroupAck:
    """One 997 or 999. A missing AK9 leaves the group rejected: silence is no acceptance."""
    ack = GroupAck("", "")
    for run in document.runs:
        for segment in segments(run, document.delimiters, document.charset):
            _take(ack, segment)
    return ack


def _take(ack: GroupAck, segment: Segment) -> None:
    tag, value = segment.tag, segment.value
    last = ack.documents[-1] if ack.documents else None
    if tag == "AK1":
        ack.functional_id, ack.control_number = value(1), value(2)
    elif tag == "AK2":
        ack.documents.append(DocumentAck(value(1), value(2)))
    elif tag in ("AK3", "IK3") and last is not None:
        errors = [value(n) for n in range(4, len(segment.elements)) if value(n)]
        last.segments.append(SegmentError(value(1), _number(value(2)), value(3), errors))
    elif tag in ("AK4", "IK4") and last is not None and last.segments:
        last.segments[-1].elements.append(
            ElementError(_number(value(1, 1)), _number(value(1, 2)), _number(value(1, 3)), value(2), value(3), value(4))
        )
    elif tag in ("AK5", "IK5") and last is not None:
        last.outcome = _OUTCOMES.get(value(1), Acceptance.REJECTED)
        last.errors = [value(n) for n in range(2, len(segment.elements)) if value(n)]
    elif tag == "AK9":
        ack.outcome = _OUTCOMES.get(value(1), Acceptance.REJECTED)
        ack.included, ack.received, ack.accepted = (_number(value(n)) for n in (2, 3, 4))
        ack.errors = [value(n) for n in range(5, len(segment.elements)) if value(n)]


def read_interchange_acks(interchange: Interchange) -> Iterator[InterchangeAck]:
    """Every TA1 in an interchange."""
    for segment in interchange.loose:
        if segment.tag == "TA1":
            value = segment.value
            yield InterchangeAck(value(1), value(2), value(3), _OUTCOMES.get(value(4), Acceptance.REJECTED), value(5))


def match(
    sent: Iterable[SentDocument], acknowledgements: Iterable[GroupAck]
) -> tuple[dict[SentDocument, Acceptance], list[SentDocument], list[tuple[GroupAck, DocumentAck | None]]]:
    """Pair what was sent with what came back.

    Returns the outcome of each document that was answered, the documents still unanswered, and answers to
    nothing we sent. A group accepted or rejected as a whole answers for every document in it that has no AK2
    loop of its own; one partially accepted does not. Control numbers are compared as numbers.
    """
    waiting: dict[tuple[str, str], dict[tuple[str, str], SentDocument]] = {}
    order = list(sent)
    for document in order:
        group = waiting.setdefault((document.functional_id, _plain(document.group_number)), {})
        group[(document.type, document.reference.strip())] = document
    answered: dict[SentDocument, Acceptance] = {}
    strangers: list[tuple[GroupAck, DocumentAck | None]] = []
    for ack in acknowledgements:
        group = waiting.get((ack.functional_id, _plain(ack.control_number)), {})
        if not group:
            strangers.append((ack, None))
            continue
        named = set()
        for item in ack.documents:
            key = (item.type, item.reference.strip())
            known = group.get(key)
            if known is None:
                strangers.append((ack, item))
                continue
            named.add(key)
            answered[known] = Acceptance.REJECTED if ack.outcome is Acceptance.REJECTED else item.outcome
        if ack.outcome is not Acceptance.PARTIALLY_ACCEPTED:
            for key, known in group.items():
                if key not in named:
                    answered[known] = ack.outcome
    return answered, [document for document in order if document not in answered], strangers


def _plain(number: str) -> str:
    number = number.strip()
    return number.lstrip("0") or "0" if number.isdecimal() else number


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 12 else 0
