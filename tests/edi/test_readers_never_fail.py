"""Whatever the bytes are, the readers give findings and never an exception, and chunking changes nothing."""

from __future__ import annotations

import json
import os
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crossdock.edi.check import check_bytes
from crossdock.edi.edifact.envelope import EdifactScanner
from crossdock.edi.findings import Finding
from crossdock.edi.guides import check_document, find_guide, parse_document
from crossdock.edi.interchange import Closed, Loose, Opened, Run, assemble, segments
from crossdock.edi.scanner import Scanner
from crossdock.edi.show import show
from crossdock.edi.writer import rewrite
from crossdock.edi.x12.envelope import X12Scanner
from tests.edi.messages import ORDER, ORDERS, corpus_folder, edifact, x12

# How long to fuzz: CI sets a larger number.
EXAMPLES = int(os.environ.get("CROSSDOCK_FUZZ_EXAMPLES", "200"))

X12_SEEDS = [
    x12(ORDER, ORDER),
    x12(ORDER, break_lines=""),
    x12(ORDER, end="\n", break_lines=""),
    x12(["BIN*5*a~b*c", "BDS*ASC*3*~~~"], kind="841"),
    x12(ORDER) + x12(ORDER, number=2),
    b"\xef\xbb\xbf" + x12(ORDER),
    x12(ORDER)[x12(ORDER).index(b"GS*") :],
    x12(ORDER)[x12(ORDER).index(b"ST*") :],
]
EDIFACT_SEEDS = [
    edifact(ORDERS, ORDERS),
    edifact(["FTX+AAI+++it?'s ?+ ?: ??'x"], advice="UNA:+.? '"),
    edifact(ORDERS, syntax="UNOC:4", break_lines="\n"),
    edifact(ORDERS)[edifact(ORDERS).index(b"UNH") :],
    b"UNB+UNOA:3+A+B+230525:2048+1'UNG+ORDERS+A+B+230525:2048+7+UN+D:96A'UNH+1+ORDERS:D:96A:UN'BGM+220'UNT+3+1'UNE+1+7'UNZ+1+1'",
]

_PIECES = st.sampled_from(
    [b"ISA*", b"GS*PO*", b"ST*850*0001", b"SE*", b"IEA*1*1", b"BIN*9*", b"~", b"*", b"\r\n", b"UNA:+.? '", b"UNB+UNOA:3+",
     b"UNH+1+ORDERS:D:96A:UN", b"UNT+", b"'", b"?", b"+", b":", b"??", b"?'", b"\x00", b"\xff", b" ", b"HL*1**S", b"1", b"A"]
)  # fmt: skip


@st.composite
def broken(draw: st.DrawFn, seeds: list[bytes]) -> bytes:
    """A message with cuts, repeats, swapped bytes and foreign pieces."""
    data = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(data)))
        kind = draw(st.integers(0, 4))
        if kind == 0:
            del data[at : at + draw(st.integers(1, 40))]
        elif kind == 1:
            data[at:at] = draw(_PIECES)
        elif kind == 2:
            data[at:at] = data[at : at + draw(st.integers(1, 60))]
        elif kind == 3 and at < len(data):
            data[at] = draw(st.integers(0, 255))
        else:
            data[at:at] = draw(st.binary(max_size=12))
    return bytes(data)


def _events(scanner: type[Scanner], data: bytes, chunk: int) -> list[object]:
    seen: list[object] = []
    found: list[object] = []
    reader = scanner(data, chunk=chunk)
    for event in reader.events():
        if isinstance(event, Run):
            # Where a run is cut is up to the chunk; the segments it holds and where they stand are not.
            seen += [(s.position, s.byte_position, s.raw) for s in segments(event, reader.delimiters)]
            continue
        if isinstance(event, Finding):
            # A finding may come before or after the run it is about, and a row of empty segments is told once a chunk.
            if event.code == "empty-segment":
                continue
            found.append((event.code, event.segment, event.segment_position, event.element, event.byte_position))
            continue
        if isinstance(event, Opened):
            seen.append(("open", event.level, event.segment and (event.segment.raw, event.segment.byte_position)))
        elif isinstance(event, Closed):
            seen.append(("close", event.level, event.count, event.segment and event.segment.raw))
        elif isinstance(event, Loose):
            seen.append(("loose", event.segment.raw, event.segment.byte_position))
    return [*seen, *sorted(found, key=repr)]


def _walk(scanner: type[Scanner], data: bytes, standard: str) -> None:
    depth: list[int] = []
    for event in scanner(data).events():
        if isinstance(event, Opened):
            depth = [level for level in depth if level < event.level]
            depth.append(event.level)
        elif isinstance(event, Closed):
            assert event.level in depth
            depth = [level for level in depth if level < event.level]
        elif isinstance(event, Run):
            assert depth and depth[-1] == 2, "a run outside any document"
    for interchange in assemble(scanner(data).events()):
        rewrite(interchange)
        for document in interchange.documents():
            list(document.rows())
            guide = find_guide(standard, document.type, "004010" if standard == "x12" else "D.96A")
            if guide is not None:
                check_document(document, guide)
                parse_document(document, guide)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(broken(X12_SEEDS))
def test_broken_x12_gives_findings(data: bytes) -> None:
    _walk(X12Scanner, data, "x12")


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(broken(EDIFACT_SEEDS))
def test_broken_edifact_gives_findings(data: bytes) -> None:
    _walk(EdifactScanner, data, "edifact")


@settings(max_examples=EXAMPLES, deadline=None)
@given(broken(X12_SEEDS + EDIFACT_SEEDS), st.sampled_from([1, 3, 7, 64]))
def test_the_size_of_chunks_changes_nothing(data: bytes, chunk: int) -> None:
    for scanner in (X12Scanner, EdifactScanner):
        assert _events(scanner, data, chunk) == _events(scanner, data, 1 << 18)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.one_of(st.binary(max_size=300), st.lists(_PIECES, max_size=40).map(b"".join), broken(X12_SEEDS + EDIFACT_SEEDS)))
def test_check_and_show_take_any_bytes(data: bytes) -> None:
    result = check_bytes(data, "any", guide="auto", notes=True)
    assert set(result) == {"file", "standard", "type", "verdict", "findings", "interchanges", "documents"}
    assert result["verdict"] in ("ok", "findings", "refused")
    json.dumps(result)
    list(show(data))


@settings(max_examples=EXAMPLES, deadline=None)
@given(broken(X12_SEEDS + EDIFACT_SEEDS))
def test_every_segment_knows_where_it_stands(data: bytes) -> None:
    for scanner in (X12Scanner, EdifactScanner):
        wrapped = False
        for event in scanner(data).events():
            wrapped |= isinstance(event, Finding) and event.code in ("line-wrapped", "wide-characters")
            if isinstance(event, Run) and not wrapped:
                for segment in segments(event, event_delimiters(scanner, data, event)):
                    at = segment.byte_position
                    assert data[at : at + len(segment.raw)] == segment.raw


def event_delimiters(scanner: type[Scanner], data: bytes, run: Run):  # type: ignore[no-untyped-def]
    """The delimiters in force at a run."""
    found = None
    for event in scanner(data).events():
        if isinstance(event, Opened):
            found = event.delimiters
        elif isinstance(event, Run) and event.offset == run.offset:
            return found
    return found


def test_corpus_bytes_survive_random_damage() -> None:
    folder = corpus_folder()
    if folder is None:
        pytest.skip("no sample corpus on this machine: set CROSSDOCK_CORPUS")
    chance = random.Random(20240611)
    for path in sorted(folder.glob("*/*/*"))[::6]:
        data = bytearray(path.read_bytes()[:4000])
        for _ in range(5):
            if data:
                data[chance.randrange(len(data))] = chance.randrange(256)
        cut = chance.randrange(len(data) + 1)
        check_bytes(bytes(data[:cut]), path.name, guide="auto")
