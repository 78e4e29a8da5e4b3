"""997, 999, TA1, CONTRL and APERAK: built with the exact codes and positions, read back, and paired with what was sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from crossdock.edi.acknowledge import NothingToAcknowledge, acknowledge
from crossdock.edi.edifact import aperak, contrl
from crossdock.edi.edifact import envelope as edifact_reader
from crossdock.edi.edifact.writer import UnbHeader
from crossdock.edi.edifact.writer import write as write_edifact
from crossdock.edi.findings import Finding
from crossdock.edi.guides import check_document, find_guide
from crossdock.edi.interchange import Document
from crossdock.edi.policy import TOLERANT, Policy
from crossdock.edi.x12 import ack_matching, functional_ack, interchange_ack
from crossdock.edi.x12 import envelope as x12_reader
from crossdock.edi.x12.ack_matching import Acceptance, SentDocument
from tests.edi.messages import ORDER, ORDERS, edifact, x12

NOW = datetime(2024, 6, 11, 9, 30, tzinfo=UTC)


def with_guide(document: Document) -> Sequence[Finding]:
    header = document.group.header if document.group is not None else None
    release = header.value(8) if header is not None else "004010"
    guide = find_guide("x12", document.type, release)
    return check_document(document, guide) if guide is not None else ()


def ack_rows(data: bytes, *, new: bool = False, policy: Policy | None = None) -> list[str]:
    group = x12_reader.read(data)[0].groups[0]
    verdict = functional_ack.judge(group, with_guide, policy or Policy())
    build = functional_ack.implementation_acknowledgement if new else functional_ack.functional_acknowledgement
    out = []
    for row in build(verdict, "0001").rows:
        parts = [value if isinstance(value, str) else ":".join(v or "" for v in value or ()) for value in row]
        out.append("*".join(parts).rstrip("*"))
    return out


def test_a_clean_group_is_accepted() -> None:
    assert ack_rows(x12(ORDER, ORDER)) == [
        "AK1*PO*1",
        "AK2*850*0001",
        "AK5*A",
        "AK2*850*0002",
        "AK5*A",
        "AK9*A*2*2*2",
    ]


def changed(old: str, new: str | None) -> list[str]:
    at = next(n for n, segment in enumerate(ORDER) if segment.startswith(old))
    return [*ORDER[:at], *([] if new is None else new.split("~")), *ORDER[at + 1 :]]


@pytest.mark.parametrize(
    ("old", "new", "rows"),
    [
        # Element 723: one code for each way an element can be wrong.
        ("BEG", "BEG*00*SA*PO-1", ["AK3*BEG*2**8", "AK4*5*373*1"]),
        ("N1", "N1*ST*ACME*92", ["AK3*N1*4*N1*8", "AK4*4*67*2"]),
        ("REF", "REF*DP*1*2**4", ["AK3*REF*3**8", "AK4*5**3*4"]),
        ("BEG", "BEG*0*SA*PO-1**20230525", ["AK3*BEG*2**8", "AK4*1*353*4*0"]),
        ("BEG", "BEG*00*SAX*PO-1**20230525", ["AK3*BEG*2**8", "AK4*2*92*5*SAX"]),
        ("PO1*1", "PO1*1*ten*EA*9.25*TE*CB*1", ["AK3*PO1*7*PO1*8", "AK4*2*330*6*ten"]),
        ("PID", "PID*Q****X", ["AK3*PID*8*PID*8", "AK4*1*349*7*Q"]),
        ("BEG", "BEG*00*SA*PO-1**20230229", ["AK3*BEG*2**8", "AK4*5*373*8*20230229"]),
        ("REF", "DTM*002*20230601*2561", ["AK3*DTM*3**8", "AK4*3*337*9*2561"]),
        # Element 720: one code for each way a segment can be wrong.
        ("PID", "ZZZ*1", ["AK3*ZZZ*8*PO1*1"]),
        ("BEG", None, ["AK3*BEG*2**3"]),
        ("CTT", "CTT*2~CTT*2", ["AK3*CTT*11*CTT*4"]),
        ("REF", "CUR*BY*USD~CUR*BY*EUR", ["AK3*CUR*4**5"]),
        ("PID", "BIG*20230525*1", ["AK3*BIG*8*PO1*6"]),
        ("PID", "BEG*00*SA*PO-1**20230525", ["AK3*BEG*8*PO1*7"]),
        # Both levels at once, and two elements of one segment.
        ("BEG", "BEG*0*SAX*PO-1**20230525", ["AK3*BEG*2**8", "AK4*1*353*4*0", "AK4*2*92*5*SAX"]),
    ],
)
def test_error_codes_and_positions(old: str, new: str | None, rows: list[str]) -> None:
    assert ack_rows(x12(changed(old, new))) == ["AK1*PO*1", "AK2*850*0001", *rows, "AK5*R*5", "AK9*R*1*1*0"]


@pytest.mark.parametrize(
    ("old", "new", "ak5", "ak9"),
    [
        (b"SE*11*0001", b"SE*12*0001", "AK5*R*4", "AK9*R*1*1*0"),
        (b"SE*11*0001", b"SE*11*0002", "AK5*R*3", "AK9*R*1*1*0"),
        (b"SE*11*0001~\n", b"", "AK5*R*2", "AK9*R*1*1*0"),
        (b"GE*1*1", b"GE*2*1", "AK5*R", "AK9*R*2*1*0*5"),
        (b"GE*1*1", b"GE*1*2", "AK5*R", "AK9*R*1*1*0*4"),
        (b"GE*1*1~\n", b"", "AK5*R", "AK9*R*1*1*0*3"),
    ],
)
def test_envelope_errors(old: bytes, new: bytes, ak5: str, ak9: str) -> None:
    rows = ack_rows(x12(ORDER).replace(old, new))
    assert rows[-2:] == [ak5, ak9]


def test_duplicate_document_number() -> None:
    rows = ack_rows(x12(ORDER, ORDER).replace(b"*0002~", b"*0001~"))
    assert rows[-2:] == ["AK5*R*23", "AK9*P*2*2*1"]


def test_partial_acceptance_and_acceptance_with_errors() -> None:
    rows = ack_rows(x12(ORDER, changed("BEG", None)))
    assert rows[2] == "AK5*A"
    assert rows[-2:] == ["AK5*R*5", "AK9*P*2*2*1"]
    lenient = ack_rows(x12(ORDER).replace(b"SE*11", b"SE*12"), policy=TOLERANT)
    assert lenient[-2:] == ["AK5*E*4", "AK9*E*1*1*1"]


def test_bad_segment_is_an_unrecognised_segment() -> None:
    rows = ack_rows(x12(ORDER).replace(b"PID*F", b"WIDGET*F"))
    assert "AK3*WID*8**1" in rows or "AK3*WID*8*PO1*1" in rows


def test_999_says_more() -> None:
    data = x12(changed("BEG", "BEG*0*SA*PO-1**20230525"), version="005010")
    assert ack_rows(data, new=True) == [
        "AK1*PO*1*005010",
        "AK2*850*0001",
        "IK3*BEG*2**8",
        "IK4*1*353*4*0",
        "IK5*R*5",
        "AK9*R*1*1*0",
    ]


def test_repetitions_have_their_own_code_from_005010() -> None:
    data = x12(changed("REF", "REF*DP*1^2"), version="005010").replace(b"*U*00401*", b"*^*00501*")
    assert "AK4*2::2**12" in ack_rows(data)


def test_ta1() -> None:
    def ta1(data: bytes) -> tuple[str, ...]:
        return tuple(str(v) for v in interchange_ack.interchange_acknowledgement(x12_reader.read(data)[0]))

    good = x12(ORDER)
    assert ta1(good) == ("TA1", "000000001", "230525", "2048", "A", "000")
    assert ta1(good.replace(b"IEA*1*000000001", b"IEA*1*000000009"))[4:] == ("R", "001")
    assert ta1(good.replace(b"IEA*1*", b"IEA*2*"))[4:] == ("R", "021")
    assert ta1(good[: good.index(b"IEA")])[4:] == ("R", "023")
    assert ta1(good.replace(b"SENDER         ", b"SENDER"))[4:] == ("R", "006")
    assert ta1(good.replace(b"RECEIVER       ", b"RECEIVER"))[4:] == ("R", "008")
    assert ta1(good.replace(b"*230525*2048*U", b"*231325*2048*U"))[4:] == ("E", "014")
    assert ta1(good.replace(b"*230525*2048*U", b"*230525*2561*U"))[4:] == ("E", "015")
    duplicate = x12_reader.read(good + good)[1]
    assert interchange_ack.interchange_acknowledgement(duplicate)[4:] == ("R", "025")
    with pytest.raises(ValueError, match="fragment"):
        interchange_ack.interchange_acknowledgement(x12_reader.read(good[good.index(b"GS") :])[0])


@pytest.mark.parametrize("kind", ["997", "999", "TA1"])
def test_our_acknowledgements_are_clean_and_read_back(kind: str) -> None:
    version = "005010" if kind == "999" else "004010"
    received = x12(ORDER, changed("BEG", None), version=version)
    answer = acknowledge(received, moment=NOW, control_number=77, kind=kind, guide="auto")
    (interchange,) = x12_reader.read(answer)
    assert interchange.all_findings() == []
    parties = x12_reader.identity(interchange.header)
    assert parties is not None
    assert (parties.sender, parties.receiver, parties.control_number) == ("RECEIVER", "SENDER", "000000077")
    for document in interchange.documents():
        guide = find_guide("x12", document.type, "005010")
        assert guide is not None
        assert check_document(document, guide) == []
    if kind == "TA1":
        (ta1,) = ack_matching.read_interchange_acks(interchange)
        assert (ta1.control_number, ta1.outcome, ta1.note) == ("000000001", Acceptance.ACCEPTED, "000")
        return
    (ack,) = ack_matching.read_acknowledgements(interchange)
    assert (ack.functional_id, ack.control_number, ack.outcome) == ("PO", "1", Acceptance.PARTIALLY_ACCEPTED)
    assert (ack.included, ack.received, ack.accepted) == (2, 2, 1)
    assert [d.outcome for d in ack.documents] == [Acceptance.ACCEPTED, Acceptance.REJECTED]
    (error,) = ack.documents[1].segments
    assert (error.segment, error.position, error.errors) == ("BEG", 2, ["3"])


def test_ta1_is_added_when_the_sender_asked_for_it() -> None:
    asked = x12(ORDER).replace(b"*0*P*>", b"*1*P*>")
    interchange = x12_reader.read(acknowledge(asked, moment=NOW))[0]
    assert [ack.outcome for ack in ack_matching.read_interchange_acks(interchange)] == [Acceptance.ACCEPTED]
    assert len(list(ack_matching.read_acknowledgements(interchange))) == 1


def test_acknowledgements_are_not_acknowledged() -> None:
    answer = acknowledge(x12(ORDER), moment=NOW)
    with pytest.raises(NothingToAcknowledge):
        acknowledge(answer, moment=NOW)
    report = acknowledge(edifact(ORDERS), moment=NOW)
    with pytest.raises(NothingToAcknowledge):
        acknowledge(report, moment=NOW)
    with pytest.raises(NothingToAcknowledge):
        acknowledge(b"{}", moment=NOW)


def test_pairing_997_with_what_was_sent() -> None:
    sent = [SentDocument("PO", "0007", "850", f"{n:04d}") for n in (1, 2, 3)] + [SentDocument("PO", "8", "850", "0001")]
    ack = ack_matching.GroupAck("PO", "7", Acceptance.PARTIALLY_ACCEPTED)
    ack.documents = [
        ack_matching.DocumentAck("850", "0001", Acceptance.ACCEPTED),
        ack_matching.DocumentAck("850", "0002", Acceptance.REJECTED),
        ack_matching.DocumentAck("850", "0099", Acceptance.ACCEPTED),
    ]
    stranger = ack_matching.GroupAck("IN", "7", Acceptance.ACCEPTED)
    answered, waiting, strangers = ack_matching.match(sent, [ack, stranger])
    assert answered == {sent[0]: Acceptance.ACCEPTED, sent[1]: Acceptance.REJECTED}
    assert waiting == [sent[2], sent[3]]
    assert [(a.functional_id, d and d.reference) for a, d in strangers] == [("PO", "0099"), ("IN", None)]


@pytest.mark.parametrize("outcome", [Acceptance.ACCEPTED, Acceptance.REJECTED])
def test_a_group_answered_as_a_whole_answers_for_its_documents(outcome: Acceptance) -> None:
    sent = [SentDocument("PO", "7", "850", "0001"), SentDocument("PO", "7", "850", "0002")]
    answered, waiting, _ = ack_matching.match(sent, [ack_matching.GroupAck("PO", "7", outcome)])
    assert set(answered.values()) == {outcome}
    assert waiting == []


def test_an_acknowledgement_without_its_end_accepts_nothing() -> None:
    data = x12(["AK1*PO*7", "AK2*850*0001", "AK5*A"], kind="997", group="FA")
    (ack,) = ack_matching.read_acknowledgements(x12_reader.read(data)[0])
    assert ack.outcome is Acceptance.REJECTED
    answered, _, _ = ack_matching.match([SentDocument("PO", "7", "850", "0001")], [ack])
    assert set(answered.values()) == {Acceptance.REJECTED}


def contrl_rows(data: bytes) -> list[str]:
    def check(document: Document) -> Sequence[Finding]:
        guide = find_guide("edifact", document.type, "D.96A")
        return check_document(document, guide) if guide is not None else ()

    report = contrl.syntax_report(edifact_reader.read(data)[0], "1", check=check)
    return [
        "+".join(v if isinstance(v, str) else ":".join(p or "" for p in v or ()).rstrip(":") for v in row).rstrip("+")
        for row in report.rows
    ]


UCI = "UCI+REF1+4012345000009:14+5412345000013:14"
UCM = "UCM+1+ORDERS:D:96A:UN:EAN008+4"


def with_change(old: str, new: str) -> bytes:
    return edifact([new if segment.startswith(old) else segment for segment in ORDERS])


def test_contrl_accepts() -> None:
    assert contrl_rows(edifact(ORDERS)) == [f"{UCI}+7"]


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        (edifact(ORDERS).replace(b"UNZ+1", b"UNZ+4"), [f"{UCI}+4+29+UNZ+2"]),
        (edifact(ORDERS).replace(b"UNZ+1+REF1", b"UNZ+1+REFX"), [f"{UCI}+4+28+UNZ+3"]),
        (edifact(ORDERS).replace(b"UNZ+1+REF1'", b""), [f"{UCI}+4+13+UNZ"]),
        (edifact(ORDERS).replace(b"UNT+11", b"UNT+12"), [f"{UCI}+7", f"{UCM}+29+UNT+2"]),
        (edifact(ORDERS).replace(b"UNT+11+1", b"UNT+11+9"), [f"{UCI}+7", f"{UCM}+28+UNT+3"]),
        (with_change("DTM", "DTM+137:20230230:102"), [f"{UCI}+7", UCM, "UCS+3", "UCD+12+2:2"]),
        (with_change("BGM", "BGM+2201+PO+9"), [f"{UCI}+7", UCM, "UCS+2", "UCD+39+2:1"]),
        (with_change("QTY", "QTY+21:ten"), [f"{UCI}+7", UCM, "UCS+7", "UCD+37+2:2"]),
        (with_change("UNS", "ZZZ+1"), [f"{UCI}+7", UCM, "UCS+9+15", "UCS+10+13"]),
        (with_change("NAD+BY", "NAD"), [f"{UCI}+7", UCM, "UCS+4", "UCD+13+2"]),
    ],
)
def test_contrl_error_codes_and_positions(data: bytes, rows: list[str]) -> None:
    assert contrl_rows(data) == rows


def test_contrl_round_trip_and_pairing() -> None:
    received = edifact(ORDERS, [s for s in ORDERS if not s.startswith("UNS")])
    answer = acknowledge(received, moment=NOW, control_number=9, guide="auto")
    (interchange,) = edifact_reader.read(answer)
    assert interchange.all_findings() == []
    guide = find_guide("edifact", "CONTRL", "D.3")
    assert guide is not None
    assert check_document(next(interchange.documents()), guide) == []
    (report,) = contrl.read_syntax_reports(interchange)
    assert report.accepted
    assert [(m.reference, m.accepted) for m in report.messages] == [("1", True), ("2", False)]
    assert report.messages[1].segments[0].error == "13"
    answered, waiting, strangers = contrl.match([("REF1", "1"), ("REF1", "2"), ("REF2", "1")], [report])
    assert answered == {("REF1", "1"): True, ("REF1", "2"): False}
    assert waiting == [("REF2", "1")]
    assert strangers == []


def test_receipt_alone_answers_nothing() -> None:
    document = contrl.receipt(edifact_reader.read(edifact(ORDERS))[0], "1")
    data = write_edifact(UnbHeader("A", "B", "5", NOW), [document])
    (report,) = contrl.read_syntax_reports(edifact_reader.read(data)[0])
    assert report.action == contrl.Action.RECEIVED
    answered, waiting, _ = contrl.match([("REF1", "1")], [report])
    assert answered == {}
    assert waiting == [("REF1", "1")]


@pytest.mark.parametrize("release", ["96A", "01B"])
def test_aperak_round_trip(release: str) -> None:
    errors = [
        aperak.ApplicationError("E10", "article 4000862141404 is unknown; " + "x" * 60, ("LI", "1")),
        aperak.ApplicationError("E11"),
    ]
    refused = aperak.application_answer(
        "1", "AP-1", "PO-4711", NOW, errors, order="PO-4711", buyer="5412345000013", release=release
    )
    taken = aperak.application_answer("2", "AP-2", "PO-4712", NOW, release=release)
    data = write_edifact(UnbHeader("4012345000009", "5412345000013", "6", NOW), [refused, taken])
    (interchange,) = edifact_reader.read(data)
    assert interchange.all_findings() == []
    guide = find_guide("edifact", "APERAK", f"D.{release}")
    assert guide is not None
    for document in interchange.documents():
        assert check_document(document, guide) == []
    first, second = aperak.read_application_answers(interchange)
    assert (first.number, first.answers, first.accepted) == ("AP-1", "PO-4711", False)
    assert [e.code for e in first.errors] == ["E10", "E11"]
    assert first.errors[0].text.startswith("article 4000862141404 is unknown")
    assert first.errors[0].reference == ("LI", "1")
    assert (second.answers, second.accepted, second.errors) == ("PO-4712", True, [])


def test_a_sender_no_envelope_can_name_is_told_instead_of_written() -> None:
    long = x12(ORDER).replace(b"*ZZ*SENDER         *", b"*ZZ*SENDER WITH A NAME OF MORE THAN FIFTEEN*")
    with pytest.raises(NothingToAcknowledge, match="cannot be addressed"):
        acknowledge(long, moment=NOW)
