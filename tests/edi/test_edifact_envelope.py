"""EDIFACT envelopes: service characters, character sets, counts and references, each fault at its exact place."""

from __future__ import annotations

import pytest

from crossdock.edi.edifact.envelope import identity, read, read_documents
from crossdock.edi.findings import Finding, Severity
from crossdock.edi.policy import STRICT
from tests.edi.messages import ORDERS, edifact


def findings(data: bytes) -> list[Finding]:
    return [f for i in read(data) for f in i.all_findings() if f.severity is not Severity.NOTE]


def codes(data: bytes) -> list[str]:
    return [finding.code for finding in findings(data)]


def only(data: bytes) -> Finding:
    found = findings(data)
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize("advice", ["", "UNA:+.? '", "UNA:+.? '\r\n"])
@pytest.mark.parametrize("break_lines", ["", "\n", "\r\n   "])
def test_a_clean_interchange_is_read_whole(advice: str, break_lines: str) -> None:
    data = edifact(ORDERS, ORDERS, advice=advice, break_lines=break_lines)
    assert codes(data) == []
    interchange = read(data)[0]
    parties = identity(interchange.header)
    assert parties is not None
    assert (parties.sender, parties.sender_qualifier, parties.reference) == ("4012345000009", "14", "REF1")
    documents = list(interchange.documents())
    assert [(d.type, d.reference, d.count) for d in documents] == [("ORDERS", "1", 11), ("ORDERS", "2", 11)]
    assert [row[0] for row in documents[0].rows()] == [s.split("+")[0] for s in ORDERS]


def test_service_characters_from_una() -> None:
    data = edifact(ORDERS).replace(b"'", b"~").replace(b"+", b"*").replace(b":", b"=")
    assert codes(b"UNA=*,? ~" + data) == []
    assert next(read_documents(b"UNA=*,? ~" + data)).delimiters.decimal == b","


def test_other_service_characters_without_una_are_read_and_told() -> None:
    data = edifact(ORDERS).replace(b"'", b"~").replace(b"+", b"*").replace(b":", b"=")
    assert codes(data) == ["UNA-missing"]
    assert next(read_documents(data)).type == "ORDERS"


def test_information_separators_of_level_b() -> None:
    data = edifact(ORDERS, syntax="UNOB:2").replace(b"'", b"\x1c").replace(b"+", b"\x1d").replace(b":", b"\x1f")
    assert codes(data) == []
    assert next(read_documents(data)).type == "ORDERS"


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("it?'s", "it's"),
        ("a?+b", "a+b"),
        ("a?:b", "a:b"),
        ("a??", "a?"),
        ("a???'b", "a?'b"),
        ("????", "??"),
        ("?'?'?'", "'''"),
        ("a?xb", "axb"),
    ],
)
def test_released_characters_are_data(written: str, value: str) -> None:
    data = edifact([f"FTX+AAI+++{written}:second"])
    assert codes(data) == []
    segment = list(next(read_documents(data)).segments())[1]
    assert (segment.value(4, 1), segment.value(4, 2)) == (value, "second")
    at = segment.locate(4, 2)
    assert data[at : at + 6] == b"second"


def test_repetition_only_in_syntax_four() -> None:
    four = edifact(["RFF+ON:1*VN:2"], syntax="UNOC:4")
    three = edifact(["RFF+ON:1*VN:2"], syntax="UNOC:3")
    segment = list(next(read_documents(four)).segments())[1]
    assert [segment.value(1, 2, n) for n in (1, 2, 3)] == ["1", "2", ""]
    assert list(next(read_documents(three)).segments())[1].value(1, 2) == "1*VN"


def test_explicit_nesting_in_tags() -> None:
    data = edifact(["DTM:1:2+137:20230525:102"])
    assert codes(data) == []
    assert list(next(read_documents(data)).segments())[1].tag == "DTM"


@pytest.mark.parametrize(
    ("old", "new", "code", "place"),
    [
        (b"UNT+11+1'", b"UNT+12+1'", "UNT-count", "UNT01"),
        (b"UNT+11+1'", b"UNT+11+9'", "UNT-ref", "UNT02"),
        (b"UNZ+1+", b"UNZ+2+", "UNZ-count", "UNZ01"),
        (b"UNZ+1+REF1", b"UNZ+1+REF2", "UNZ-ref", "UNZ02"),
    ],
)
def test_trailers_that_disagree(old: bytes, new: bytes, code: str, place: str) -> None:
    data = edifact(ORDERS).replace(old, new)
    finding = only(data)
    assert (finding.code, finding.place) == (code, place)
    assert data.startswith(new.rstrip(b"'").split(b"+")[finding.element], finding.byte_position)


GROUPED = (
    b"UNB+UNOA:3+A+B+230525:2048+1'UNG+ORDERS+A+B+230525:2048+7+UN+D:96A'UNH+1+ORDERS:D:96A:UN'BGM+220'UNT+3+1'UNE+1+7'UNZ+1+1'"
)


def test_groups() -> None:
    assert codes(GROUPED) == []
    assert codes(GROUPED.replace(b"UNE+1+7", b"UNE+2+7")) == ["UNE-count"]
    assert codes(GROUPED.replace(b"UNE+1+7", b"UNE+1+8")) == ["UNE-ref"]
    assert codes(GROUPED.replace(b"UNE+1+7'", b"")) == ["missing-UNE"]
    mixed = GROUPED.replace(b"UNZ+1+1'", b"UNH+2+ORDERS:D:96A:UN'BGM+220'UNT+3+2'UNZ+1+1'")
    assert codes(mixed) == ["groups-and-messages-mixed"]


def test_truncation_and_fragments() -> None:
    data = edifact(ORDERS)
    assert codes(data[: data.index(b"UNZ")]) == ["missing-UNZ"]
    assert sorted(codes(data[: data.index(b"UNT")])) == ["missing-UNT", "missing-UNZ"]
    assert sorted(codes(data[: data.index(b"LIN") + 5])) == ["missing-UNT", "missing-UNZ", "no-final-terminator"]
    fragment = data[data.index(b"UNH") : data.index(b"UNZ")]
    assert codes(fragment) == ["no-UNB"]
    assert next(read_documents(fragment)).type == "ORDERS"


def test_duplicates() -> None:
    assert codes(edifact(ORDERS) + edifact(ORDERS)) == ["duplicate-interchange"]
    assert codes(edifact(ORDERS) + edifact(ORDERS, reference="REF2")) == []
    twice = edifact(ORDERS, ORDERS).replace(b"UNH+2+", b"UNH+1+").replace(b"UNT+11+2", b"UNT+11+1")
    assert codes(twice) == ["duplicate-document"]


@pytest.mark.parametrize(
    ("syntax", "text", "encoding", "value"),
    [
        ("UNOC:3", "Müller", "latin-1", "Müller"),
        ("UNOC:3", "Müller", "utf-8", "Müller"),
        ("UNOD:3", "Łódź", "iso8859-2", "Łódź"),
        ("UNOE:3", "Москва", "iso8859-5", "Москва"),
        ("UNOF:3", "Αθήνα", "iso8859-7", "Αθήνα"),
        ("UNOL:3", "100 €", "iso8859-15", "100 €"),
        ("UNOW:4", "東京", "utf-8", "東京"),
        ("UNOY:4", "東京", "utf-8", "東京"),
        ("UNOX:3", "東京'+", "iso2022_jp_2", "東京"),
        ("KECA:3", "서울", "utf-8", "서울"),
    ],
)
def test_character_sets(syntax: str, text: str, encoding: str, value: str) -> None:
    data = edifact(["FTX+AAI+++@"], syntax=syntax).replace(b"@", text.split("'")[0].encode(encoding))
    assert codes(data) == []
    assert list(next(read_documents(data)).segments())[1].value(4) == value


def test_bytes_outside_the_declared_character_set_are_found_where_they_are() -> None:
    data = edifact(["BGM+220+1+9", "FTX+AAI+++caf\xe9"], syntax="UNOA:3")
    finding = only(data)
    assert (finding.code, finding.segment, finding.element) == ("wrong-character-set", "FTX", 4)
    assert finding.segment_position == 3
    assert data[finding.byte_position] == 0xE9
    wrong = edifact(["FTX+AAI+++caf\xe9 au lait"], syntax="UNOW:4")
    assert only(wrong).severity is Severity.ERROR


def test_small_letters_in_level_a_are_noted_once_and_rejected_by_the_strict() -> None:
    data = edifact(["FTX+AAI+++small", "FTX+AAI+++letters"], syntax="UNOA:3")
    found = [f for i in read(data) for f in i.all_findings()]
    assert [(f.code, f.severity, f.segment_position) for f in found] == [("outside-character-set", Severity.NOTE, 2)]
    assert data[found[0].byte_position :].startswith(b"small")
    assert not STRICT.accepts(found)


def test_no_value_is_lost_when_the_charset_is_wrong() -> None:
    data = edifact(["FTX+AAI+++caf\xe9"], syntax="UNOW:4")
    assert list(next(read_documents(data)).segments())[1].value(4) == "café"


def test_mixed_delimiters_and_bad_segments() -> None:
    found = findings(edifact(ORDERS).replace(b"UNT+11+1'", b"UNT|11|1'"))
    assert "mixed-delimiters" in [f.code for f in found]
    bad = only(edifact(ORDERS).replace(b"PRI+AAA", b"PRICE+AAA"))
    assert (bad.code, bad.segment_position) == ("bad-segment", 8)


def test_unusable_una() -> None:
    assert "UNA-invalid" in codes(b"UNA12345 " + edifact(ORDERS))
