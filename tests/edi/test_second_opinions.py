"""Two libraries of others, used in tests only, agree with what we write and with our acknowledgements."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crossdock.edi.acknowledge import acknowledge
from crossdock.edi.x12 import ack_matching, envelope
from crossdock.edi.x12.writer import IsaHeader, OutDocument, OutGroup, write
from tests.edi.messages import ORDER, ORDERS, edifact, x12

NOW = datetime(2024, 6, 11, 9, 30, tzinfo=UTC)
x12doctor = pytest.importorskip("x12doctor", reason="x12-doctor is not installed")
mockedi_x12 = pytest.importorskip("mockedi.x12", reason="mock-edi is not installed")
from mockedi import ack as mockedi_ack  # noqa: E402
from mockedi import edifact as mockedi_edifact  # noqa: E402
from mockedi import validate as mockedi_validate  # noqa: E402
from x12doctor.fa997 import explain_997  # noqa: E402


def doctor_errors(data: bytes) -> list[str]:
    reports = x12doctor.diagnose(data.decode())
    reports = reports if isinstance(reports, (list, tuple)) else [reports]
    return [f"{f.code} {f.message}" for report in reports for f in report.findings if str(f.severity).lower().endswith("error")]


def test_the_doctor_finds_nothing_in_what_we_write() -> None:
    rows = [segment.split("*") for segment in ORDER]
    data = write(
        IsaHeader("ZZ", "SENDER", "ZZ", "RECEIVER", 1, NOW), [OutGroup("PO", "S", "R", 1, [OutDocument("850", rows, "0001")])]
    )
    assert doctor_errors(data) == []
    assert doctor_errors(acknowledge(data, moment=NOW, guide="auto")) == []


# The same order with the product qualifier both dictionaries know.
KNOWN = [segment.replace("*CB*", "*VP*") for segment in ORDER]
BROKEN = x12([s if not s.startswith("BEG") else "BEG*00*SAX*PO-1**20230229" for s in ORDER])


def test_the_doctor_reads_our_997_as_we_meant_it() -> None:
    answer = acknowledge(BROKEN, moment=NOW, guide="auto")
    report = explain_997(answer.decode(), BROKEN.decode())
    text = str(report)
    assert "BEG" in text
    (ack,) = ack_matching.read_acknowledgements(envelope.read(answer)[0])
    assert [(e.element, e.error) for e in ack.documents[0].segments[0].elements] == [(2, "5"), (5, "8")]


def test_the_mock_partner_accepts_our_documents_and_acknowledgements() -> None:
    for data in (x12(ORDER), acknowledge(x12(ORDER), moment=NOW, guide="auto"), acknowledge(BROKEN, moment=NOW, guide="auto")):
        report = mockedi_validate.validate(mockedi_x12.parse(data.decode()))
        assert report.accepted, vars(report)
    for data in (edifact(ORDERS), acknowledge(edifact(ORDERS), moment=NOW, guide="auto")):
        report = mockedi_validate.validate(mockedi_edifact.parse(data.decode()))
        assert report.accepted, vars(report)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (x12(KNOWN), [("AK5", "A", "")]),
        (x12(KNOWN).replace(b"SE*11", b"SE*12"), [("AK5", "R", "4")]),
        (x12(KNOWN).replace(b"SE*11*0001", b"SE*11*0002"), [("AK5", "R", "3")]),
        (x12([*KNOWN[:5], "PO1*1*ten*EA*9.25*TE*VP*1"]), [("AK3", "PO1", "7"), ("AK4", "2", "6")]),
        (x12(["BEG*00*SA*PO-1**20230229", *KNOWN[1:]]), [("AK3", "BEG", "2"), ("AK4", "5", "8")]),
        (x12(["BEG*00*SA*PO-1", *KNOWN[1:]]), [("AK3", "BEG", "2"), ("AK4", "5", "1")]),
        (x12([KNOWN[0], "REF*DPXX*038", *KNOWN[2:]]), [("AK3", "REF", "3"), ("AK4", "1", "5")]),
        (x12([*KNOWN[:2], "ZZZ*1", *KNOWN[2:]]), [("AK3", "ZZZ", "4")]),
    ],
)
def test_the_mock_partners_997_names_the_same_errors_at_the_same_places(data: bytes, expected: list[tuple[str, ...]]) -> None:
    interchange = mockedi_x12.parse(data.decode())
    report = mockedi_validate.validate(interchange)
    theirs = [
        _told(segment.tag, [str(segment.get(n) or "") for n in range(1, 5)])
        for group in mockedi_ack.group_reports(interchange, report)
        for segment in mockedi_ack.functional_acknowledgment(*group)
    ]
    ours = [
        _told(row[0], [*row[1:], "", "", "", ""])
        for document in envelope.read_documents(acknowledge(data, moment=NOW, guide="auto"))
        for row in document.rows()
    ]
    for told in expected:
        assert told in ours, ours
        assert told in theirs, theirs


def _told(tag: str, elements: list[str]) -> tuple[str, ...]:
    """What both must say: outcome and error, segment and position, element and error."""
    return (tag, elements[0], elements[2] if tag == "AK4" else elements[1])
