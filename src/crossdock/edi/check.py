"""Checks one file of any standard: recognise, read, judge. Prints nothing; knows neither Odoo nor the hub."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from .edifact.envelope import EdifactScanner
from .findings import Finding, FindingLog, Severity
from .guides import ConformanceCheck, Guide, find_guide
from .guides.conformance import located
from .interchange import DOCUMENT, GROUP, Closed, Event, Opened, Run, rows, segments
from .mt940 import check_mt940
from .policy import DEFAULT, Policy, Verdict
from .recognise import HEAD, Standard, recognise
from .scanner import Scanner
from .source import CHUNK
from .x12.envelope import X12Scanner
from .xml_messages import check_xml

MAX_FINDINGS = 1000
MAX_JUDGED = 16 << 20
AUTO = "auto"

# A guide, AUTO to take the starter guide for each document, or None to check envelopes only.
GuideChoice = Guide | str | None


class _Report:
    """What a check gathers."""

    def __init__(self) -> None:
        self.types: dict[str, None] = {}
        self.interchanges = 0
        self.documents = 0
        self.log = FindingLog(MAX_FINDINGS)

    def add(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            self.log.add(finding)


def check_file(path: Path | str, *, guide: GuideChoice = None, policy: Policy = DEFAULT, notes: bool = False) -> dict[str, Any]:
    """One file's verdict: `file, standard, type, verdict, findings, interchanges, documents`.

    `standard` is x12, edifact, ubl, camt, mt940 or unknown; `verdict` is ok, findings or refused; each finding
    has code, segment, element (0: the whole segment), position (byte in the file) and message; what schemas and rules found in a
    UBL document, also the path and the name of the rules. Notes, which
    never change the verdict, are listed only when asked for. Never raises: an unreadable file is refused.
    """
    try:
        with open(path, "rb") as stream:
            return check_stream(stream, str(path), guide=guide, policy=policy, notes=notes)
    except OSError as error:
        finding = Finding("unreadable", f"the file cannot be read: {error.strerror or error}")
        return _result(str(path), Standard.UNKNOWN, _with([finding]), policy, notes)


def check_bytes(
    data: bytes, name: str = "", *, guide: GuideChoice = None, policy: Policy = DEFAULT, notes: bool = False
) -> dict[str, Any]:
    """Like `check_file`, for bytes in memory."""
    return _check(iter([data]) if data else iter(()), name, guide, policy, notes)


def check_stream(
    stream: BinaryIO, name: str = "", *, guide: GuideChoice = None, policy: Policy = DEFAULT, notes: bool = False
) -> dict[str, Any]:
    """Like `check_file`, for an open binary stream. Raises `OSError` when reading fails."""
    return _check(iter(lambda: stream.read(CHUNK), b""), name, guide, policy, notes)


def _check(pieces: Iterator[bytes], name: str, guide: GuideChoice, policy: Policy, notes: bool) -> dict[str, Any]:
    head = b""
    for piece in pieces:
        head += piece
        if len(head) >= HEAD:
            break
    whole = _chain(head, pieces)
    if not head.strip(b" \t\r\n\x00\xef\xbb\xbf"):
        return _result(name, Standard.UNKNOWN, _with([Finding("empty-file", "the file is empty")]), policy, notes)
    standard = recognise(head[:HEAD])
    report = _Report()
    if standard is Standard.X12:
        _check_envelopes(X12Scanner(whole, max_findings=MAX_FINDINGS), report, guide)
    elif standard is Standard.EDIFACT:
        _check_envelopes(EdifactScanner(whole, max_findings=MAX_FINDINGS), report, guide)
    elif standard in (Standard.UBL, Standard.CAMT):
        kept = _Kept(whole)
        summary = check_xml(iter(kept))
        report.types[summary.type] = None
        report.interchanges, report.documents = 1, summary.documents
        report.add(summary.findings)
        if standard is Standard.UBL and not summary.findings:
            report.add(_rules(kept.data))
    elif standard is Standard.MT940:
        statement = check_mt940(whole)
        report.types[statement.type] = None
        report.interchanges, report.documents = 1, statement.documents
        report.add(statement.findings)
    else:
        message = "neither X12, EDIFACT, UBL, camt nor MT940 was recognised"
        if head.lstrip(b" \t\r\n\xef\xbb\xbf").startswith(b"<"):
            found = check_xml(whole).findings
            report.add(f for f in found if f.code in ("not-well-formed", "doctype-forbidden"))
        report.add([Finding("unrecognised", message)])
    return _result(name, standard, report, policy, notes)


class _Kept:
    """The pieces of a file on their way to a reader, kept as long as they are small enough to be judged by rules."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._kept: list[bytes] = []
        self._size = 0

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            self._size += len(piece)
            if self._size <= MAX_JUDGED:
                self._kept.append(piece)
            else:
                self._kept.clear()
            yield piece

    @property
    def data(self) -> bytes:
        """The whole file, or nothing when it is too large."""
        return b"".join(self._kept)


def _rules(data: bytes) -> list[Finding]:
    """What the installed schemas and official rules say of a UBL document; nothing when none are installed."""
    from .ubl.rules import installed

    book = installed()
    return book.judge(data) if book is not None and data else []


def _check_envelopes(scanner: Scanner, report: _Report, choice: GuideChoice) -> None:
    check: ConformanceCheck | None = None
    release = ""
    loose: set[str] = set()
    for event in scanner.events():
        if isinstance(event, Finding):
            report.add([event])
        elif isinstance(event, Opened):
            if event.level == GROUP:
                release = event.segment.value(8) if event.segment is not None else ""
            elif event.level == DOCUMENT:
                kind = _type(event, scanner.name)
                if len(report.types) < 50:
                    report.types[kind] = None
                report.documents += 1
                check = _open_check(choice, event, kind, release, scanner.name)
                if check is None and choice is not None:
                    report.add([_no_guide(kind, event)])
        elif check is not None:
            _feed(check, event, scanner, report)
            if isinstance(event, Closed):
                check = None
        elif not isinstance(event, (Run, Closed)):
            loose.add(event.segment.tag)
    report.interchanges = scanner.interchanges
    if not report.interchanges and not report.documents and len(report.log.findings) == report.log.notes:
        tag = "UNB" if scanner.name == "edifact" else "ISA"
        report.add([Finding(f"no-{tag}", "there is no interchange in the file", tag)])
    report.log.suppressed += scanner.log.suppressed
    if not report.types and "TA1" in loose:
        report.types["TA1"] = None


def _type(event: Opened, standard: str) -> str:
    if event.segment is None:
        return ""
    return event.segment.value(1).strip() if standard == "x12" else event.segment.value(2).strip()


def _open_check(choice: GuideChoice, event: Opened, kind: str, release: str, standard: str) -> ConformanceCheck | None:
    guide: Guide | None
    if isinstance(choice, Guide):
        guide = choice if choice.standard == standard and choice.document == kind else None
    elif choice == AUTO:
        guide = guide_for(standard, kind, release, event)
    else:
        guide = None
    return ConformanceCheck(guide, event.delimiters) if guide is not None else None


def _no_guide(kind: str, event: Opened) -> Finding:
    at = event.segment.byte_position if event.segment is not None else 0
    tag = event.segment.tag if event.segment is not None else ""
    message = f"there is no guide for document {kind or 'without a type'} in its release; only its envelope was checked"
    return Finding("no-guide", message, tag, 1, byte_position=at, severity=Severity.NOTE)


def guide_for(standard: str, kind: str, release: str, event: Opened, *, nearest: bool = False) -> Guide | None:
    """The starter guide for a document that opens, by GS08 or ST03, or by the version parts of UNH02."""
    header = event.segment
    if standard == "edifact" and header is not None:
        return find_guide(standard, kind, f"{header.value(2, 2)}.{header.value(2, 3)}", nearest=nearest)
    implementation = header.value(3) if header is not None else ""
    return find_guide(standard, kind, release or implementation, nearest=nearest)


def _feed(check: ConformanceCheck, event: Event, scanner: Scanner, report: _Report) -> None:
    if isinstance(event, Run):
        before = len(check.found)
        position = event.position
        for row in rows(event, scanner.delimiters, scanner.charset):
            check.segment(row, position)
            position += 1
        if len(check.found) > before:
            places = list(segments(event, scanner.delimiters, scanner.charset))
            report.add(located(check.found[before:], places))
    elif isinstance(event, Closed) and event.level == DOCUMENT:
        before = len(check.found)
        check.finish(event.count if event.segment is not None else event.count + 1)
        place = [event.segment] if event.segment is not None else []
        report.add(located(check.found[before:], place))


def _with(findings: list[Finding]) -> _Report:
    report = _Report()
    report.add(findings)
    return report


def _result(name: str, standard: Standard, report: _Report, policy: Policy, notes: bool) -> dict[str, Any]:
    findings = sorted(policy.apply(report.log.findings), key=lambda finding: finding.byte_position)
    shown = [f for f in findings if notes or f.severity is not Severity.NOTE]
    listed = [
        {
            "code": f.code,
            "segment": f.segment,
            "element": f.element,
            "position": f.byte_position,
            "message": f.message,
        }
        | ({"path": f.loop, "rules": f.reference} if standard is Standard.UBL and f.loop else {})
        for f in shown
    ]
    verdict = policy.verdict(findings)
    if report.log.suppressed and verdict is not Verdict.OK:
        listed.append(
            {
                "code": "more-findings",
                "segment": "",
                "element": 0,
                "position": 0,
                "message": f"{report.log.suppressed} more findings are not listed",
            }
        )
    return {
        "file": name,
        "standard": standard.value,
        "type": ",".join(kind for kind in report.types if kind),
        "verdict": verdict.value,
        "findings": listed,
        "interchanges": report.interchanges,
        "documents": report.documents,
    }


def _chain(head: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if head:
        yield head
    yield from rest
