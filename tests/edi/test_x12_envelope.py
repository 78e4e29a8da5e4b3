"""X12 envelopes: delimiters as they come, and each fault found at its exact place."""

from __future__ import annotations

import pytest

from crossdock.edi.findings import Finding, Severity
from crossdock.edi.policy import DEFAULT, STRICT, TOLERANT, Policy, Verdict
from crossdock.edi.x12.envelope import X12Scanner, identity, read, read_documents
from tests.edi.messages import ORDER, x12


def findings(data: bytes) -> list[Finding]:
    return [f for i in read(data) for f in i.all_findings() if f.severity is not Severity.NOTE]


def codes(data: bytes) -> list[str]:
    return [finding.code for finding in findings(data)]


def only(data: bytes) -> Finding:
    found = findings(data)
    assert len(found) == 1, found
    return found[0]


def test_a_clean_interchange_is_read_whole() -> None:
    interchange = read(x12(ORDER, ORDER))[0]
    assert findings(x12(ORDER, ORDER)) == []
    parties = identity(interchange.header)
    assert parties is not None
    assert (parties.sender, parties.receiver, parties.control_number) == ("SENDER", "RECEIVER", "000000001")
    assert not parties.test
    first, second = interchange.documents()
    assert (first.type, first.reference, second.reference) == ("850", "0001", "0002")
    assert first.count == len(ORDER) + 2
    assert next(iter(first.rows())) == ["BEG", "00", "SA", "PO-4711", "", "20230525"]


@pytest.mark.parametrize("end", ["~", "\n", "\r\n", "\r", "'", "\x1c", "|"])
@pytest.mark.parametrize("break_lines", ["", "\n", "\r\n", "  \r\n", "\n\n\t"])
def test_any_terminator_and_any_blanks_after_it(end: str, break_lines: str) -> None:
    if end.strip() == "" and end not in ("\x1c",):
        break_lines = ""
    data = x12(ORDER, end=end, break_lines=break_lines)
    assert codes(data) == []
    document = next(read_documents(data))
    assert [row[0] for row in document.rows()] == [segment.split("*")[0] for segment in ORDER]


@pytest.mark.parametrize(("element", "component"), [("|", ":"), ("+", "^"), ("\x1d", "\x1f"), (",", ";"), ("!", "\\")])
def test_any_element_separator(element: str, component: str) -> None:
    data = x12(ORDER).replace(b">~", component.encode() + b"~").replace(b"*", element.encode())
    assert codes(data) == []
    header = read(data)[0].delimiters
    assert (header.element, header.component) == (element.encode(), component.encode())


def test_bom_and_trailing_blanks_are_no_fault() -> None:
    assert codes(b"\xef\xbb\xbf" + x12(ORDER) + b"   \r\n\x1a\x00") == []


def test_utf16_is_read() -> None:
    text = x12(ORDER).decode()
    assert codes(text.encode("utf-16")) == []
    assert codes(text.encode("utf-16-be")) == []


def test_repetition_separator_only_where_the_version_has_one() -> None:
    old = x12(ORDER).replace(b"*U*00401*", b"*^*00401*")
    new = x12(ORDER, version="005010").replace(b"*U*00401*", b"*^*00501*")
    letter = x12(ORDER, version="005010").replace(b"*U*00401*", b"*U*00501*")
    assert read(old)[0].delimiters.repetition == b""
    assert read(new)[0].delimiters.repetition == b"^"
    assert read(letter)[0].delimiters.repetition == b""


def test_repetitions_and_components_are_split() -> None:
    data = x12(["REF*ZZ*A^B:C"], version="005010").replace(b"*U*00401*", b"*^*00501*").replace(b"*>~", b"*:~")
    segment = next(iter(list(next(read_documents(data)).segments())[1:]))
    assert segment.value(2, 1, 1) == "A"
    assert (segment.value(2, 1, 2), segment.value(2, 2, 2)) == ("B", "C")
    assert segment.value(2, 3, 2) == segment.value(9) == segment.value(2, 1, 7) == ""


def test_several_interchanges_in_one_file_each_with_its_own_delimiters() -> None:
    other = x12(ORDER, number=2, end="'", break_lines="").replace(b"*", b"|")
    interchanges = read(x12(ORDER) + other + x12(ORDER, ORDER, number=3, end="\n", break_lines=""))
    assert [len(list(i.documents())) for i in interchanges] == [1, 1, 2]
    assert not [f for i in interchanges for f in i.all_findings()]


@pytest.mark.parametrize(
    ("old", "new", "code", "place"),
    [
        (b"SE*11*0001", b"SE*12*0001", "SE01-count", "SE01"),
        (b"SE*11*0001", b"SE*x*0001", "SE01-count", "SE01"),
        (b"SE*11*0001", b"SE**0001", "SE01-count", "SE01"),
        (b"SE*11*0001", b"SE*11*0009", "SE02-control", "SE02"),
        (b"GE*1*1", b"GE*2*1", "GE01-count", "GE01"),
        (b"GE*1*1", b"GE*1*7", "GE02-control", "GE02"),
        (b"IEA*1*", b"IEA*3*", "IEA01-count", "IEA01"),
        (b"IEA*1*000000001", b"IEA*1*000000002", "IEA02-control", "IEA02"),
    ],
)
def test_trailers_that_disagree(old: bytes, new: bytes, code: str, place: str) -> None:
    data = x12(ORDER).replace(old, new)
    finding = only(data)
    assert (finding.code, finding.place) == (code, place)
    number = finding.element
    assert data.startswith(new.split(b"*")[number], finding.byte_position)


def test_group_numbers_are_compared_as_numbers_and_document_numbers_as_text() -> None:
    assert codes(x12(ORDER).replace(b"GE*1*1~", b"GE*1*0001~")) == []
    assert codes(x12(ORDER).replace(b"SE*11*0001", b"SE*11*1")) == ["SE02-control"]


@pytest.mark.parametrize(
    ("cut", "missing"),
    [
        (b"SE*11", ["missing-SE", "missing-GE", "missing-IEA"]),
        (b"GE*1", ["missing-GE", "missing-IEA"]),
        (b"IEA*1", ["missing-IEA"]),
    ],
)
def test_truncated_interchanges(cut: bytes, missing: list[str]) -> None:
    data = x12(ORDER)
    data = data[: data.index(cut)]
    assert sorted(codes(data)) == sorted(missing)
    assert all(f.byte_position == len(data) for f in findings(data))


def test_cut_in_the_middle_of_a_segment() -> None:
    data = x12(ORDER)
    data = data[: data.index(b"PID*F") + 4]
    assert "no-final-terminator" in codes(data)
    assert "missing-SE" in codes(data)
    assert [row[0] for row in next(read_documents(data)).rows()][-1] == "PID"


def test_missing_headers_make_a_fragment() -> None:
    whole = x12(ORDER)
    for start in (b"GS*", b"ST*"):
        data = whole[whole.index(start) : whole.index(b"IEA")]
        if start == b"ST*":
            data = data[: data.index(b"GE*")]
        assert codes(data) == ["no-ISA"]
        assert next(read_documents(data)).type == "850"


def test_nesting_that_is_wrong() -> None:
    data = x12(ORDER)
    assert "ST-outside-GS" in codes(data.replace(b"GS*PO*SENDER*RECEIVER*20230525*2048*1*X*004010~\n", b""))
    assert "GE-without-GS" in codes(data.replace(b"GS*PO", b"GX*PO"))
    assert "segment-outside-document" in codes(data.replace(b"GE*1*1~", b"NTE**LOST~GE*1*1~"))
    assert "missing-SE" in codes(data.replace(b"SE*11*0001~", b""))


def test_duplicate_control_numbers() -> None:
    assert codes(x12(ORDER) + x12(ORDER)) == ["duplicate-interchange"]
    assert codes(x12(ORDER) + x12(ORDER, mode="T")) == []
    data = x12(ORDER, ORDER).replace(b"*0002~", b"*0001~")
    finding = only(data)
    assert (finding.code, finding.place) == ("duplicate-document", "ST02")
    assert data[finding.byte_position :].startswith(b"0001")


def test_isa_widths() -> None:
    data = x12(ORDER).replace(b"SENDER         ", b"SENDER")
    finding = only(data)
    assert (finding.code, finding.place, finding.value) == ("ISA-width", "ISA06", "SENDER")
    assert data[finding.byte_position :].startswith(b"SENDER")
    assert next(read_documents(data)).count == 11


def test_isa_without_its_last_element() -> None:
    data = x12(ORDER).replace(b"*P*>~", b"*P*~")
    assert read(data)[0].delimiters.segment == b"~"
    assert len(list(read(data)[0].documents())) == 1


def test_lines_broken_at_a_fixed_width() -> None:
    whole = x12(ORDER, break_lines="")
    wrapped = b"\r\n".join(whole[at : at + 80] for at in range(0, len(whole), 80))
    assert codes(wrapped) == ["line-wrapped"]
    assert [row[0] for row in next(read_documents(wrapped)).rows()] == [s.split("*")[0] for s in ORDER]


def test_empty_segments_do_not_count() -> None:
    data = x12(ORDER).replace(b"PID*F", b"~~ ~\n~PID*F").replace(b"CTT*2", b"%%*2")
    finding = only(data)
    assert (finding.code, finding.segment_position) == ("bad-segment", 10)
    document = next(read_documents(data))
    assert document.count == 11
    assert [s.position for s in document.segments()] == list(range(1, 12))
    assert len(list(document.rows())) == len(ORDER)


def test_terminator_of_several_bytes() -> None:
    data = x12(ORDER, end="…", break_lines="\n")
    assert codes(data) == ["wide-terminator"]
    assert [row[0] for row in next(read_documents(data)).rows()] == [s.split("*")[0] for s in ORDER]


def test_mixed_delimiters_are_named_where_they_begin() -> None:
    data = x12(ORDER).replace(b"SE*11*0001~", b"SE|11|0001~")
    found = findings(data)
    assert "mixed-delimiters" in [f.code for f in found]
    mixed = next(f for f in found if f.code == "mixed-delimiters")
    assert data[mixed.byte_position :].startswith(b"SE|11")
    swallowed = x12(ORDER).replace(b"*004010~\n", b"*004010\n")
    assert "mixed-delimiters" in codes(swallowed)


def test_bad_segment_has_position_and_place() -> None:
    data = x12(ORDER).replace(b"PID*F", b"WIDGET*F")
    finding = only(data)
    assert (finding.code, finding.segment_position) == ("bad-segment", 8)
    assert data[finding.byte_position :].startswith(b"WIDGET")


def test_binary_data_may_hold_delimiters() -> None:
    data = x12(["BIN*9*a~SE*1*b~", "NTE**after"])
    assert codes(data) == []
    segments = list(next(read_documents(data)).segments())
    assert [s.tag for s in segments] == ["ST", "BIN", "NTE", "SE"]
    assert segments[1].raw == b"BIN*9*a~SE*1*b~"
    assert "binary-length" in codes(x12(["BIN*3*a~SE*1*b"]))
    assert codes(x12(["BIN*3000*short"])) == ["binary-length"]
    assert codes(x12(["BIN*many*short"])) == ["binary-length"]


def test_binary_data_across_chunks() -> None:
    blob = bytes(range(256)) * 400
    data = x12(["NTE**x"]).replace(b"NTE**x", b"BIN*%d*" % len(blob) + blob)
    events = list(X12Scanner(data, chunk=1000).events())
    assert not [e for e in events if isinstance(e, Finding)]


def test_a_segment_of_ten_megabytes_is_read_and_a_longer_one_skipped() -> None:
    data = x12([f"MTX**{'A' * 10_000_000}", "NTE**after"])
    assert codes(data) == []
    found = [e for e in X12Scanner(data, max_segment=1 << 20).events() if isinstance(e, Finding)]
    assert [(f.code, f.segment, f.segment_position) for f in found] == [("segment-too-long", "MTX", 2)]
    assert data[found[0].byte_position :].lstrip().startswith(b"MTX")


def test_interchange_segments_beside_groups() -> None:
    data = x12(ORDER).replace(b"IEA*1", b"TA1*000000007*230525*2048*A*000~\nIEA*1")
    assert codes(data) == []
    assert read(data)[0].loose[0].value(4) == "A"


def test_findings_are_limited_and_notes_do_not_crowd_them_out() -> None:
    noisy = x12(ORDER).replace(b"BEG*", b"~" * 5000 + b"BEG*").replace(b"SE*11", b"SE*12")
    assert codes(noisy) == ["SE01-count"]
    scanner = X12Scanner(x12(["%%*1"] * 5000))
    found = [e for e in scanner.events() if isinstance(e, Finding)]
    assert len(found) == 1000
    assert scanner.log.suppressed == 4000


def test_strictness_is_the_partners_policy() -> None:
    found = findings(x12(ORDER).replace(b"SE*11", b"SE*12"))
    assert DEFAULT.verdict(found) is Verdict.FINDINGS
    assert not DEFAULT.accepts(found)
    assert TOLERANT.accepts(found)
    forgiving = Policy("acme", {"SE01-count": Severity.NOTE})
    assert forgiving.verdict(found) is Verdict.OK
    with_bom = [f for i in read(b"\xef\xbb\xbf" + x12(ORDER)) for f in i.all_findings()]
    assert not STRICT.accepts(with_bom)
    assert DEFAULT.accepts(with_bom)
