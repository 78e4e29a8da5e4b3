"""Guides: the notation and its errors, starter guides for every document, and each kind of deviation found in place."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock.edi.edifact.envelope import read_documents as read_edifact
from crossdock.edi.findings import Finding, Severity
from crossdock.edi.guides import GuideError, check_document, find_guide, list_guides, load_guide, parse_document
from crossdock.edi.guides.model import walk
from crossdock.edi.guides.values import valid_date, valid_period, valid_time
from crossdock.edi.x12.envelope import read_documents as read_x12
from tests.edi.messages import ORDER, ORDERS, edifact, x12

X12_DOCUMENTS = [
    "850", "855", "856", "860", "865", "810", "820", "830", "846", "940", "943", "944", "945", "947",
    "204", "990", "210", "214", "824", "997",
]  # fmt: skip
EDIFACT_DOCUMENTS = [
    "ORDERS", "ORDCHG", "ORDRSP", "DESADV", "RECADV", "INVOIC", "REMADV", "IFTMIN", "IFTSTA", "INVRPT", "SLSRPT",
    "APERAK", "CONTRL",
]  # fmt: skip


@pytest.mark.parametrize("release", ["004010", "005010"])
@pytest.mark.parametrize("document", X12_DOCUMENTS)
def test_there_is_a_starter_guide_for_every_x12_document(document: str, release: str) -> None:
    guide = find_guide("x12", document, release)
    assert guide is not None
    assert (guide.document, guide.release) == (document, release)


@pytest.mark.parametrize("release", ["D.96A", "D.01B"])
@pytest.mark.parametrize("document", EDIFACT_DOCUMENTS)
def test_there_is_a_starter_guide_for_every_edifact_message(document: str, release: str) -> None:
    guide = find_guide("edifact", document, release)
    assert guide is not None
    assert guide.document == document


def test_every_starter_guide_loads_and_every_position_has_elements() -> None:
    seen = 0
    for _, _, release, path in list_guides():
        guide = load_guide(path, release)
        for use in walk(guide.root):
            assert use.shape.elements, (guide.name, use.tag)
        seen += 1
    assert seen >= 2 * (len(X12_DOCUMENTS) + len(EDIFACT_DOCUMENTS))


def order(*changes: tuple[str, str | None]) -> list[Finding]:
    """The findings of an 850 whose segments, by their beginning, are replaced or (None) left out."""
    body = list(ORDER)
    for old, new in changes:
        at = next(n for n, segment in enumerate(body) if segment.startswith(old))
        body[at : at + 1] = [] if new is None else new.split("~")
    guide = find_guide("x12", "850", "004010")
    assert guide is not None
    data = x12(body)
    found = [f for f in check_document(next(read_x12(data)), guide) if f.severity is not Severity.NOTE]
    for finding in found:
        assert data[finding.byte_position : finding.byte_position + 1]
    return found


def test_a_good_order_has_no_findings() -> None:
    assert order() == []


@pytest.mark.parametrize(
    ("old", "new", "code", "place", "position"),
    [
        ("BEG", None, "segment-missing", "BEG", 2),
        ("BEG", "BEG*00*SA*PO-1", "element-missing", "BEG05", 2),
        ("BEG", "BEG*00*SAX*PO-1**20230525", "element-too-long", "BEG02", 2),
        ("BEG", "BEG*0*SA*PO-1**20230525", "element-too-short", "BEG01", 2),
        ("BEG", "BEG*00*SA*PO-1**20230229", "invalid-date", "BEG05", 2),
        ("REF", "REF*DP", "element-condition", "REF02", 3),
        ("REF", "DTM*002*20230601*2561", "invalid-time", "DTM03", 3),
        ("REF", "REF*DP*1*2*3*4*5", "too-many-elements", "REF05", 3),
        ("N1", "N1*ST*ACME*92", "element-condition", "N104", 4),
        ("PO1*1", "PO1*1*ten*EA*9.25*TE*CB*1", "invalid-character", "PO102", 7),
        ("PO1*1", "PO1*1*10**9.25*TE*CB", "element-condition", "PO107", 7),
        ("PID", "PID*Q****X", "code-not-allowed", "PID01", 8),
        ("PID", "PID*F****A\x07B", "invalid-character", "PID05", 8),
        ("PID", "ZZZ*1", "segment-unknown", "ZZZ", 8),
        ("PID", "BIG*20230525*1", "segment-not-in-guide", "BIG", 8),
        ("PID", "BEG*00*SA*PO-1**20230525", "segment-out-of-sequence", "BEG", 8),
        ("CTT", "CTT*2~CTT*2", "loop-too-often", "CTT", 11),
        ("REF", "CUR*BY*USD~CUR*BY*EUR", "segment-too-often", "CUR", 4),
    ],
)
def test_each_deviation_is_found_in_its_place(old: str, new: str | None, code: str, place: str, position: int) -> None:
    found = order((old, new))
    assert code in [finding.code for finding in found], found
    finding = next(f for f in found if f.code == code)
    assert (finding.place, finding.segment_position) == (place, position)


def test_byte_positions_point_at_the_element() -> None:
    data = x12([*ORDER[:5], "PO1*1*ten*EA*9.25*TE*CB*1"])
    guide = find_guide("x12", "850", "004010")
    assert guide is not None
    finding = next(f for f in check_document(next(read_x12(data)), guide) if f.code == "invalid-character")
    assert data[finding.byte_position :].startswith(b"ten*EA")


def test_segments_after_the_loop_belong_to_the_outer_one() -> None:
    guide = find_guide("x12", "850", "004010")
    assert guide is not None
    tree, found = parse_document(next(read_x12(x12(ORDER))), guide)
    assert found == []
    assert [loop.name for loop in tree.loops] == ["N1", "PO1", "PO1", "CTT"]
    buyer = tree.each("N1")[0]
    assert buyer.value("N4", 3) == "62701"
    first, second = tree.each("PO1")
    assert first.value("PO1", 7) == "065322-117"
    assert first.each("PID")[0].value("PID", 5) == "SMALL WIDGET"
    assert second.each("PID") == []


SHIPMENT = [
    "BSN*00*SHIP1*20230525*1200",
    "HL*1**S",
    "TD5**2*UPSN",
    "HL*2*1*O",
    "PRF*PO-4711",
    "HL*3*2*P",
    "MAN*GM*00340123450000000018",
    "HL*4*3*I",
    "LIN**UP*012345678905",
    "SN1**10*EA",
    "HL*5*2*I",
    "LIN**UP*012345678912",
    "SN1**4*EA",
    "CTT*5",
]


def shipment(body: list[str]) -> list[Finding]:
    guide = find_guide("x12", "856", "005010")
    assert guide is not None
    document = next(read_x12(x12(body, kind="856", group="SH", version="005010")))
    return [f for f in check_document(document, guide) if f.severity is not Severity.NOTE]


def test_an_hl_tree_is_a_tree() -> None:
    guide = find_guide("x12", "856", "004010")
    assert guide is not None
    tree, found = parse_document(next(read_x12(x12(SHIPMENT, kind="856", group="SH"))), guide)
    assert found == []
    (ship,) = tree.each("HL")
    (ordered,) = ship.each("HL")
    assert [loop.value("HL", 3) for loop in ordered.each("HL")] == ["P", "I"]
    assert ordered.each("HL")[0].each("HL")[0].value("SN1", 2) == "10"
    assert [loop.value("HL", 1) for loop in tree.walk() if loop.name == "HL"] == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize(
    ("old", "new", "code", "element"),
    [
        ("HL*4*3*I", "HL*4*9*I", "HL-parent-unknown", 2),
        ("HL*4*3*I", "HL*3*2*I", "HL-id-duplicate", 1),
        ("HL*4*3*I", "HL*4*3*QQ", "code-not-allowed", 3),
        ("HL*2*1*O", "HL*2**O", "HL-nesting", 2),
        ("HL*1**S", "HL*1**S*7", "code-not-allowed", 4),
    ],
)
def test_faults_of_an_hl_tree(old: str, new: str, code: str, element: int) -> None:
    found = shipment([new if segment == old else segment for segment in SHIPMENT])
    assert (code, element) in [(f.code, f.element) for f in found]


def test_loops_nested_past_the_guide_are_bounded() -> None:
    body = ["BSN*00*SHIP1*20230525*1200", "HL*1**S"]
    body += [f"HL*{n}*{n - 1}*I" for n in range(2, 3000)]
    assert "HL-nesting" not in {f.code for f in shipment(body)}
    guide = find_guide("x12", "856", "004010")
    assert guide is not None
    tree, _ = parse_document(next(read_x12(x12(body, kind="856", group="SH"))), guide)
    assert sum(1 for _ in tree.walk()) == 3000


def test_releases_differ_where_the_standard_does() -> None:
    long_reference = "REF*DP*" + "9" * 40
    body = [long_reference if segment.startswith("REF") else segment for segment in ORDER]
    document = next(read_x12(x12(body)))
    by_release = {}
    for release in ("004010", "005010"):
        guide = find_guide("x12", "850", release)
        assert guide is not None
        by_release[release] = [f.code for f in check_document(document, guide)]
    assert by_release == {"004010": ["element-too-long"], "005010": []}


def orders(body: list[str]) -> list[Finding]:
    guide = find_guide("edifact", "ORDERS", "D.96A")
    assert guide is not None
    return [f for f in check_document(next(read_edifact(edifact(body))), guide) if f.severity is not Severity.NOTE]


@pytest.mark.parametrize(
    ("old", "new", "code", "element", "component"),
    [
        ("DTM", "DTM+137:20230230:102", "invalid-date", 1, 2),
        ("DTM", "DTM+137:2023052:102", "invalid-date", 1, 2),
        ("DTM", "DTM+:20230525:102", "component-missing", 1, 1),
        ("DTM", "DTM+137:20230525:102:9", "too-many-components", 1, 4),
        ("BGM", "BGM+2201+PO-4711+9", "element-too-long", 1, 1),
        ("BGM", "BGM+220+PO:4711+9", "too-many-components", 2, 2),
        ("QTY", "QTY+21:ten", "invalid-character", 1, 2),
        ("UNS", "UNS+X", "code-not-allowed", 1, 0),
        ("NAD+BY", "NAD", "element-missing", 1, 0),
    ],
)
def test_edifact_deviations(old: str, new: str, code: str, element: int, component: int) -> None:
    found = orders([new if segment.startswith(old) else segment for segment in ORDERS])
    assert (code, element, component) in [(f.code, f.element, f.component) for f in found], found


def test_edifact_groups_and_missing_segments() -> None:
    assert orders(ORDERS) == []
    assert [f.segment for f in orders([s for s in ORDERS if not s.startswith("UNS")])] == ["UNS"]
    assert [f.code for f in orders([*ORDERS[:1], *ORDERS[2:], ORDERS[1]])] == ["segment-missing", "segment-out-of-sequence"]


def test_released_values_are_measured_as_they_are_read() -> None:
    guide = find_guide("edifact", "ORDERS", "D.96A")
    assert guide is not None
    body = ["BGM+220+" + "?+" * 35 + "+9", *ORDERS[1:]]
    assert orders(body) == []
    assert [f.code for f in orders(["BGM+220+" + "?+" * 36 + "+9", *ORDERS[1:]])] == ["element-too-long"]


PARTNER = """
crossdock-guide: 1
extends: x12/850
release: "004010"
partner: ACME
change:
  REF: {usage: M, max: 1, elements: {1: {codes: [DP, IA]}}}
  PO1/PO1: {elements: {1: {usage: M}, 6: {codes: [CB]}}, rules: [R0204]}
  PO1/PID/PID: {usage: X}
  PO1/: {max: 1}
  PO1/REF: {then: ["SDP O 1", {loop: "LM O 2", of: [LM M 1, LQ M 100]}]}
"""


def test_a_partners_guide_changes_a_starter_guide(tmp_path: Path) -> None:
    path = tmp_path / "acme-850.yaml"
    path.write_text(PARTNER)
    guide = load_guide(path)
    assert guide.partner == "ACME"
    found = [f.code for f in check_document(next(read_x12(x12(ORDER))), guide)]
    assert found == ["segment-not-used", "loop-too-often"]
    more = [*ORDER[:6], "REF*IA*1", "SDP*A*B", "LM*VI", "LQ*0*X", ORDER[-1]]
    assert [f.code for f in check_document(next(read_x12(x12(more))), guide)] == []
    starter = find_guide("x12", "850", "004010")
    assert starter is not None
    assert [f.code for f in check_document(next(read_x12(x12(more))), starter)] == ["segment-not-in-guide"] * 3
    assert check_document(next(read_x12(x12(ORDER))), starter) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("structure: [", "not readable as YAML"),
        ("- a", "mapping of keys"),
        ("standard: x13\nstructure: [BEG M 1]", "standard must be"),
        ("standard: x12\ndocument: '1'\nsegments: {A1: [wrong]}\nstructure: [A1]", "is not an element"),
        ("standard: x12\ndocument: '1'\nsegments: {A1: [a M AN9/1]}\nstructure: [A1]", "must not exceed"),
        (
            "standard: x12\ndocument: '1'\nsegments: {A1: {elements: [a M AN1/9], rules: [P0102]}}\nstructure: [A1]",
            "does not have",
        ),
        ("standard: x12\ndocument: '1'\nsegments: {A1: [a M AN1/9]}\nstructure: [B1]", "not described"),
        ("standard: x12\ndocument: '1'\nsegments: {A1: [a M AN1/9]}\nstructure: []", "must list segments"),
        ("standard: x12\ndocument: '1'\nsegments: {A1: [a M AN1/9]}\nstructure: [A1]\ncolour: red", "unknown key"),
        ("extends: x12/999999\nchange: {}", "is no guide"),
        ("extends: x12/850\nchange: {NOPE: {usage: M}}", "no position 'NOPE'"),
        ("extends: x12/850\nchange: {BEG: {usage: Q}}", "usage is M, O, C or X"),
        ("extends: x12/850\nchange: {BEG: {max: many}}", "max is a number"),
        ("extends: x12/850\nchange: {BEG: 5}", "give elements"),
        ("extends: x12/850\nchange: {BEG: {then: [QQQ O 1]}}", "QQQ is not described"),
        ("extends: x12/850\nchange: {BEG: {rules: [Z01]}}", "is not a rule"),
        ("standard: x12\ndocument: '1'\nreleases: []\nstructure: [A1]", "cannot be read"),
        ("extends: x12/850\nchange: {BEG: {elements: {77: {usage: M}}}}", "no element 77"),
    ],
)
def test_a_guide_that_cannot_be_used_says_why(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text(text)
    with pytest.raises(GuideError) as caught:
        load_guide(path)
    assert any(problem in line for line in caught.value.problems), caught.value.problems


@pytest.mark.parametrize(
    ("value", "good"),
    [
        ("20230131", True),
        ("20230132", False),
        ("20240229", True),
        ("230229", False),
        ("240229", True),
        ("2023131", False),
        ("２０２３０１３１", False),
    ],
)
def test_dates(value: str, good: bool) -> None:
    assert valid_date(value) is good


@pytest.mark.parametrize(
    ("value", "good"), [("1200", True), ("2400", False), ("1260", False), ("120059", True), ("12005999", True), ("12", False)]
)
def test_times(value: str, good: bool) -> None:
    assert valid_time(value) is good


@pytest.mark.parametrize(
    ("value", "layout", "good"),
    [
        ("20230525", "102", True),
        ("20230230", "102", False),
        ("202305251159", "203", True),
        ("202305259959", "203", False),
        ("202305", "610", True),
        ("202313", "610", False),
        ("2023052520230526", "718", True),
        ("20230525-20230526", "718", True),
        ("anything", "ZZZ", True),
    ],
)
def test_periods(value: str, layout: str, good: bool) -> None:
    assert valid_period(value, layout) is good


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(SHIPMENT + ORDER + ["HL*9*9*9", "HL", "", "LS*1", "SLN*1**I"]), max_size=25))
def test_any_order_of_segments_ends_with_findings(body: list[str]) -> None:
    for kind in ("850", "856"):
        guide = find_guide("x12", kind, "004010")
        assert guide is not None
        for document in read_x12(x12([s for s in body if s], kind=kind)):
            tree, found = parse_document(document, guide)
            placed = sum(len(loop.segments) + len(loop.unplaced) for loop in tree.walk())
            assert placed == sum(1 for _ in document.rows())
            assert len(found) <= 300


ADVICE = [
    "BGN*11*77*20261123*1200",
    "OTI*TR*TN*PO-1*SENDER*RECEIVER*20261123*1200*1*0001*850",
    "TED*848*no such article*PO1*7*7**4711",
]


@pytest.mark.parametrize("release", ["004010", "005010"])
@pytest.mark.parametrize(
    ("place", "written", "code"),
    [
        (0, ADVICE[0], ""),
        (0, "BGN*11*77", "element-missing"),
        (1, "OTI*XX*TN*PO-1", "code-not-allowed"),
        (1, "OTI*TR*TN*PO-1******0001", "element-condition"),
        (2, "TED*848*" + "x" * 61, "element-too-long"),
        (2, "BEG*00*SA*PO-1**20230525", "segment-not-in-guide"),
    ],
)
def test_an_application_advice_is_checked_by_its_guide(release: str, place: int, written: str, code: str) -> None:
    guide = find_guide("x12", "824", release)
    assert guide is not None
    body = [*ADVICE[:place], written, *ADVICE[place + 1 :]]
    found = [each.code for each in check_document(next(read_x12(x12(body, kind="824", group="AG"))), guide)]
    assert code in found if code else not found
