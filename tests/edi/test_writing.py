"""What we write reads back as it was meant, and what cannot be written is refused rather than spoilt."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock.edi.delimiters import Delimiters
from crossdock.edi.edifact import envelope as edifact_reader
from crossdock.edi.edifact.writer import UnbHeader
from crossdock.edi.edifact.writer import write as write_edifact
from crossdock.edi.writer import OutDocument, UnwritableValue, rewrite
from crossdock.edi.x12 import envelope as x12_reader
from crossdock.edi.x12.writer import IsaHeader, OutGroup
from crossdock.edi.x12.writer import write as write_x12
from tests.edi.messages import ORDER, ORDERS, edifact, x12

NOW = datetime(2024, 6, 11, 9, 30, tzinfo=UTC)
ISA = IsaHeader("ZZ", "SENDER", "01", "123456789", 42, NOW)
UNB = UnbHeader("4012345000009", "5412345000013", "REF42", NOW)


def test_x12_counts_and_numbers_are_right_by_construction() -> None:
    documents = [OutDocument("850", [s.split("*") for s in ORDER], f"{n:04d}") for n in (1, 2)]
    data = write_x12(ISA, [OutGroup("PO", "S", "R", 42, documents)])
    assert data[:106] == (
        b"ISA*00*          *00*          *ZZ*SENDER         *01*123456789      *240611*0930*U*00401*000000042*0*P*>~"
    )
    (interchange,) = x12_reader.read(data)
    assert interchange.all_findings() == []
    assert [list(d.rows()) for d in interchange.documents()] == [[s.split("*") for s in ORDER]] * 2


def test_x12_version_decides_the_repetition_separator() -> None:
    new = IsaHeader("ZZ", "S", "ZZ", "R", 1, NOW, version="00501", test=True, acknowledgement_requested=True)
    header = x12_reader.read(write_x12(new, []))[0]
    assert header.delimiters.repetition == b"^"
    parties = x12_reader.identity(header.header)
    assert parties is not None
    assert parties.test
    assert parties.acknowledgement_requested


@pytest.mark.parametrize("value", ["a*b", "a~b", "a^b"])
def test_x12_refuses_delimiters_in_data(value: str) -> None:
    document = OutDocument("850", [["REF", "ZZ", value]], "0001")
    with pytest.raises(UnwritableValue, match="REF02"):
        write_x12(ISA, [OutGroup("PO", "S", "R", 1, [document])])


def test_x12_refuses_what_does_not_fit_isa() -> None:
    with pytest.raises(UnwritableValue, match="ISA06"):
        write_x12(IsaHeader("ZZ", "A SENDER TOO LONG FOR ISA", "ZZ", "R", 1, NOW), [])


def test_composites_and_trailing_empties() -> None:
    rows = [["MEA", "WT", "G", "5", ("LB", "", None)], ["REF", "ZZ", "1", None, ""]]
    data = write_x12(ISA, [OutGroup("PO", "S", "R", 1, [OutDocument("850", rows, "0001")])])
    assert b"~MEA*WT*G*5*LB~REF*ZZ*1~" in data
    with pytest.raises(UnwritableValue, match="component"):
        write_x12(ISA, [OutGroup("PO", "S", "R", 1, [OutDocument("850", [["MEA", ("a>b", "c")]], "0001")])])


TEXT = st.text(st.sampled_from("abÄ 09?'+:*~.,"), min_size=1, max_size=12)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.lists(st.one_of(TEXT, st.lists(TEXT, min_size=1, max_size=4)), min_size=1, max_size=5), max_size=6), st.booleans()
)
def test_edifact_values_survive_whatever_they_hold(rows: list[list[str | list[str]]], four: bool) -> None:
    header = UnbHeader("A+B'C", "D:E?F", "R?1", NOW, syntax_version="4" if four else "3")
    marks = Delimiters(b"+", b":", b"'", b"*" if four else b"", b"?")
    document = OutDocument("ORDERS", [["FTX", *row] for row in rows], "1", ("D", "96A", "UN"))
    (interchange,) = edifact_reader.read(write_edifact(header, [document], delimiters=marks))
    assert [f for f in interchange.all_findings() if f.severity != "note"] == []
    parties = edifact_reader.identity(interchange.header)
    assert parties is not None
    assert (parties.sender, parties.receiver, parties.reference) == ("A+B'C", "D:E?F", "R?1")
    segments = list(next(interchange.documents()).segments())[1:-1]
    assert len(segments) == len(rows)
    for segment, row in zip(segments, rows, strict=True):
        for number, value in enumerate(row, start=1):
            parts = [value] if isinstance(value, str) else value
            for component, part in enumerate(parts, start=1):
                assert segment.value(number, component) == part
    assert rewrite(edifact_reader.read(rewrite(interchange))[0]) == rewrite(interchange)


def test_edifact_refuses_characters_its_charset_lacks() -> None:
    with pytest.raises(UnwritableValue, match="ascii"):
        write_edifact(UnbHeader("A", "B", "1", NOW, syntax="UNOA"), [OutDocument("ORDERS", [["FTX", "é"]], "1")])


@pytest.mark.parametrize(
    "data",
    [
        x12(ORDER, ORDER),
        x12(ORDER, break_lines=""),
        x12(ORDER, end="\n", break_lines=""),
        x12(ORDER, break_lines="\r\n"),
        x12(["BIN*9*a~SE*1*b~", "NTE**after"]),
        x12(ORDER).replace(b"IEA*1", b"TA1*000000007*230525*2048*A*000~\nIEA*1"),
        x12(["NTE**caf\xe9"]).replace("é".encode(), b"\xe9"),
    ],
)
def test_x12_is_rewritten_byte_for_byte(data: bytes) -> None:
    assert b"".join(rewrite(i) for i in x12_reader.read(data)) == data


@pytest.mark.parametrize(
    "data",
    [
        edifact(ORDERS, ORDERS),
        edifact(ORDERS, advice="UNA:+.? '"),
        edifact(ORDERS, advice="UNA:+.? '\n", break_lines="\n"),
        edifact(["FTX+AAI+++it?'s ?+ ?: ??"]),
        edifact(["FTX+AAI+++caf\xe9"]),
    ],
)
def test_edifact_is_rewritten_byte_for_byte(data: bytes) -> None:
    assert b"".join(rewrite(i) for i in edifact_reader.read(data)) == data
