"""Builds and reads CONTRL, the syntax and service report (ISO 9735 part 4), and pairs it with what was sent."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from ..findings import Finding, Severity
from ..interchange import Document, Interchange, segments
from ..policy import DEFAULT, Policy
from ..segments import Segment
from ..writer import OutDocument, Row
from . import error_codes as codes

CheckDocument = Callable[[Document], Sequence[Finding]]


class Action(enum.StrEnum):
    """Data element 0083: what a level of a CONTRL says."""

    REJECTED = "4"
    ACKNOWLEDGED = "7"
    RECEIVED = "8"


def no_guide(document: Document) -> Sequence[Finding]:
    """The check that looks at the envelope only."""
    return ()


def syntax_report(
    interchange: Interchange,
    reference: str,
    *,
    check: CheckDocument = no_guide,
    policy: Policy = DEFAULT,
    version: tuple[str, ...] = ("D", "3", "UN"),
    detail: bool = False,
) -> OutDocument:
    """A CONTRL for an interchange: rejected as a whole, or acknowledged with the messages that are not.

    `detail` also lists the accepted messages. Raises `ValueError` for a fragment without UNB.
    """
    header = interchange.header
    if header is None:
        raise ValueError("a fragment without UNB cannot be answered with CONTRL")
    return OutDocument("CONTRL", tuple(_rows(interchange, header, check, policy, detail)), reference, version)


def receipt(interchange: Interchange, reference: str, *, version: tuple[str, ...] = ("D", "3", "UN")) -> OutDocument:
    """A CONTRL that only confirms receipt of the interchange (action 8). Raises `ValueError` without UNB."""
    header = interchange.header
    if header is None:
        raise ValueError("a fragment without UNB cannot be answered with CONTRL")
    return OutDocument("CONTRL", (_uci(header, Action.RECEIVED),), reference, version)


def _rows(interchange: Interchange, header: Segment, check: CheckDocument, policy: Policy, detail: bool) -> Iterator[Row]:
    own = [f for f in policy.apply(interchange.findings) if f.severity is Severity.ERROR]
    for group in interchange.groups:
        own += [f for f in policy.apply(group.findings) if f.severity is Severity.ERROR]
    if own:
        yield _uci(header, Action.REJECTED, own[0])
        return
    yield _uci(header, Action.ACKNOWLEDGED)
    for document in interchange.documents():
        found = [f for f in policy.apply([*document.findings, *check(document)]) if f.severity is Severity.ERROR]
        if found:
            yield from _message(document, found)
        elif detail:
            yield _ucm(document, Action.ACKNOWLEDGED)


def _uci(header: Segment, action: Action, finding: Finding | None = None) -> Row:
    parties = (_components(header, 2), _components(header, 3))
    return ("UCI", header.value(5), *parties, action.value, *_error(finding))


def _ucm(document: Document, action: Action, finding: Finding | None = None) -> Row:
    header = document.header
    kind = _components(header, 2) if header is not None else []
    return ("UCM", document.reference, kind, action.value, *_error(finding))


def _message(document: Document, found: list[Finding]) -> Iterator[Row]:
    service = [f for f in found if f.segment in codes.MESSAGE_SERVICE]
    body = [f for f in found if f.segment not in codes.MESSAGE_SERVICE]
    yield _ucm(document, Action.REJECTED, service[0] if service else None)
    body.sort(key=lambda f: f.segment_position)
    for position, group in groupby(body, key=lambda f: f.segment_position):
        findings = list(group)
        whole = [f for f in findings if not f.element]
        yield ("UCS", str(max(position, 1)), _code(whole[0]) if whole else "")
        for finding in findings:
            if finding.element:
                yield ("UCD", _code(finding), _place(finding))


def _error(finding: Finding | None) -> tuple[str | list[str], ...]:
    if finding is None:
        return ()
    segment = finding.segment if finding.segment.startswith("UN") else ""
    return (_code(finding), segment, _place(finding) if finding.element else "")


def _place(finding: Finding) -> list[str]:
    # 0098 counts the segment tag as element 1 (ISO 9735 part 4, note to S011).
    place = [str(finding.element + 1)]
    if finding.component:
        place.append(str(finding.component))
    return place


def _code(finding: Finding) -> str:
    return codes.SYNTAX_ERRORS.get(finding.code, codes.UNSPECIFIED)


def _components(segment: Segment, number: int) -> list[str]:
    count = segment.element(number).count(segment.delimiters.component.decode("latin-1")) + 1
    return [segment.value(number, n) for n in range(1, count + 1)]


@dataclass(slots=True)
class SegmentReport:
    """UCS with its UCDs: position (UNH is 1), error of the segment, and (error, element, component) below it.

    Elements are counted from 1 after the tag, as everywhere in this library.
    """

    position: int
    error: str
    elements: list[tuple[str, int, int]] = field(default_factory=list)


@dataclass(slots=True)
class MessageReport:
    """UCM: what the partner says of one message."""

    reference: str
    type: str
    action: str
    error: str = ""
    segments: list[SegmentReport] = field(default_factory=list)

    @property
    def accepted(self) -> bool:
        """Whether the message was acknowledged."""
        return self.action in (Action.ACKNOWLEDGED, Action.RECEIVED)


@dataclass(slots=True)
class InterchangeReport:
    """UCI: what the partner says of one interchange and the messages it names."""

    reference: str
    sender: str
    receiver: str
    action: str
    error: str = ""
    messages: list[MessageReport] = field(default_factory=list)

    @property
    def accepted(self) -> bool:
        """Whether the interchange was acknowledged at its own level."""
        return self.action in (Action.ACKNOWLEDGED, Action.RECEIVED)


def read_syntax_reports(interchange: Interchange) -> Iterator[InterchangeReport]:
    """Every CONTRL in an interchange, however incomplete."""
    for document in interchange.documents():
        if document.type == "CONTRL":
            yield from _read(document)


def _read(document: Document) -> Iterator[InterchangeReport]:
    report: InterchangeReport | None = None
    for run in document.runs:
        for segment in segments(run, document.delimiters, document.charset):
            tag, value = segment.tag, segment.value
            if tag == "UCI":
                report = InterchangeReport(value(1), value(2), value(3), value(4), value(5))
                yield report
            elif report is None:
                continue
            elif tag == "UCM":
                report.messages.append(MessageReport(value(1), value(2), value(3), value(4)))
            elif tag == "UCS" and report.messages:
                report.messages[-1].segments.append(SegmentReport(_number(value(1)), value(2)))
            elif tag == "UCD" and report.messages and report.messages[-1].segments:
                report.messages[-1].segments[-1].elements.append(
                    (value(1), max(_number(value(2, 1)) - 1, 0), _number(value(2, 2)))
                )


def match(
    sent: Iterable[tuple[str, str]], reports: Iterable[InterchangeReport]
) -> tuple[dict[tuple[str, str], bool], list[tuple[str, str]], list[InterchangeReport]]:
    """Pair messages sent, as (interchange reference, message reference), with CONTRLs that came back.

    Returns accepted or not for each message that was answered, those still unanswered, and answers to nothing
    we sent. A message that a 7 does not name is accepted; an 8 alone only confirms receipt and answers nothing.
    """
    order = list(sent)
    waiting: dict[str, list[tuple[str, str]]] = {}
    for key in order:
        waiting.setdefault(key[0], []).append(key)
    answered: dict[tuple[str, str], bool] = {}
    strangers: list[InterchangeReport] = []
    for report in list(reports):
        keys = waiting.get(report.reference)
        if keys is None:
            strangers.append(report)
            continue
        named = {message.reference: message.accepted for message in report.messages}
        for key in keys:
            if report.action == Action.REJECTED:
                answered[key] = False
            elif key[1] in named:
                answered[key] = named[key[1]]
            elif report.action == Action.ACKNOWLEDGED:
                answered[key] = True
    return answered, [key for key in order if key not in answered], strangers


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 12 else 0
