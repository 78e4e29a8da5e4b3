"""Prints a message readably, as lines of text: who to whom, loops indented, elements named by the guide."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from .check import guide_for
from .edifact import envelope as edifact
from .findings import Finding
from .guides import ConformanceCheck, Guide
from .guides.model import SegmentShape, walk
from .interchange import DOCUMENT, GROUP, INTERCHANGE, Closed, Loose, Opened, Run, segments
from .mt940 import fields
from .recognise import HEAD, Standard, recognise
from .scanner import Scanner
from .segments import Segment
from .source import Source, chunks
from .x12 import envelope as x12


def show(source: Source, *, limit: int = 100_000) -> Iterator[str]:
    """The lines of a file's readable form, at most `limit`. Raises `OSError` when a file cannot be read."""
    pieces = chunks(source)
    head = b""
    for piece in pieces:
        head += piece
        if len(head) >= HEAD:
            break
    standard = recognise(head)
    whole = _chain(head, pieces)
    if standard is Standard.X12:
        lines = _envelopes(x12.X12Scanner(whole))
    elif standard is Standard.EDIFACT:
        lines = _envelopes(edifact.EdifactScanner(whole))
    elif standard is Standard.MT940:
        lines = (f":{item.tag}: {line}" for item in fields(whole) for line in item.text.splitlines() or [""])
    elif standard in (Standard.UBL, Standard.CAMT):
        lines = _xml(whole)
    else:
        lines = iter(["not recognised as X12, EDIFACT, UBL, camt or MT940"])
    yield from islice(lines, limit)


def _envelopes(scanner: Scanner) -> Iterator[str]:
    release = ""
    check: ConformanceCheck | None = None
    shapes: dict[str, SegmentShape] = {}
    for event in scanner.events():
        if isinstance(event, Opened):
            if event.level == INTERCHANGE:
                yield _interchange(event)
            elif event.level == GROUP and event.segment is not None:
                release = event.segment.value(8)
                yield f"  Group {_plain(event.segment)}"
            elif event.level == DOCUMENT and event.segment is not None:
                number = 1 if scanner.name == "x12" else 2
                guide = guide_for(scanner.name, event.segment.value(number), release, event, nearest=True)
                title = f" ({guide.title})" if guide is not None else ""
                yield f"    Document {event.segment.value(number)}{title} {event.segment.value(3 - number)}"
                check = ConformanceCheck(guide, event.delimiters, tree=True) if guide is not None else None
                shapes = _shapes(guide)
        elif isinstance(event, Run):
            for segment in segments(event, scanner.delimiters, scanner.charset):
                depth = 0
                if check is not None:
                    check.segment(segment.elements, segment.position, segment)
                    depth = check.depth
                yield "      " + "  " * depth + _segment(segment, shapes.get(segment.tag))
        elif isinstance(event, Closed):
            if event.level == DOCUMENT:
                check = None
        elif isinstance(event, Loose):
            yield f"  {_plain(event.segment)}"
        else:
            yield _finding(event)


def _interchange(event: Opened) -> str:
    if event.segment is None:
        return "Fragment without interchange header"
    if event.segment.tag == "ISA":
        isa = x12.identity(event.segment)
        if isa is None:
            return _plain(event.segment)
        mode = "test" if isa.test else "production"
        return (
            f"X12 interchange {isa.control_number}, {isa.sender_qualifier}:{isa.sender} to "
            f"{isa.receiver_qualifier}:{isa.receiver}, {isa.date} {isa.time}, version {isa.version}, {mode}"
        )
    unb = edifact.identity(event.segment)
    if unb is None:
        return _plain(event.segment)
    mode = "test" if unb.test else "production"
    return (
        f"EDIFACT interchange {unb.reference}, {unb.sender} ({unb.sender_qualifier}) to {unb.receiver} "
        f"({unb.receiver_qualifier}), {unb.date} {unb.time}, {unb.syntax}:{unb.syntax_version}, {mode}"
    )


def _segment(segment: Segment, shape: SegmentShape | None) -> str:
    if shape is None:
        return _plain(segment)
    parts = []
    for number, element in enumerate(shape.elements, start=1):
        if not segment.element(number):
            continue
        if element.components:
            inner = [segment.value(number, n) for n in range(1, len(element.components) + 1)]
            value = ":".join(inner).rstrip(":")
        else:
            value = segment.value(number)
        parts.append(f"{element.label} {value!r}")
    return f"{segment.tag:<4} " + ", ".join(parts)


def _plain(segment: Segment) -> str:
    values = [segment.delimiters.reveal(element).strip() for element in segment.elements]
    return f"{values[0]:<4} " + " | ".join(values[1:])


def _finding(finding: Finding) -> str:
    place = f" at {finding.place}" if finding.segment else ""
    return f"!! {finding.severity}: {finding.message} [{finding.code}{place}, byte {finding.byte_position}]"


def _shapes(guide: Guide | None) -> dict[str, SegmentShape]:
    return {use.tag: use.shape for use in walk(guide.root)} if guide is not None else {}


def _xml(pieces: Iterator[bytes]) -> Iterator[str]:
    """Elements as an indented outline with their texts. Reads with expat: no entities, no outside files."""
    from xml.parsers import expat

    lines: list[str] = []
    stack: list[tuple[str, list[str]]] = []
    pending: list[bool] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        flush()
        shown = "".join(f" {key.rpartition(':')[2]}={value!r}" for key, value in attributes.items() if "xmlns" not in key)
        stack.append((name.rpartition(":")[2] + (shown if "schemaLocation" not in shown else ""), []))
        pending.append(True)

    def text(data: str) -> None:
        if stack:
            stack[-1][1].append(data)

    def flush() -> None:
        if pending and pending[-1]:
            pending[-1] = False
            content = " ".join("".join(stack[-1][1]).split())
            lines.append("  " * (len(stack) - 1) + stack[-1][0] + (f": {content}" if content else ""))

    def end(_name: str) -> None:
        flush()
        stack.pop()
        pending.pop()

    def doctype(*_: object) -> None:
        raise ValueError("a document type declaration is not accepted")

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = text, doctype
    try:
        for piece in pieces:
            parser.Parse(piece, False)
            yield from lines
            lines.clear()
        parser.Parse(b"", True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        lines.append(f"!! error: {error}")
    yield from lines


def _chain(head: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if head:
        yield head
    yield from rest
