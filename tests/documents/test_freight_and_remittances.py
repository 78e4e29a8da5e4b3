"""Load tenders, their answers, freight invoices and remittance advices, in both syntaxes, between the wire and the canonical objects."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from crossdock.canonical.checks import problems
from crossdock.canonical.freight import FreightInvoice, Tender, TenderAnswer
from crossdock.canonical.payout import Payout
from crossdock.core.errors import SchemaInvalid
from crossdock.documents.options import MappingOptions
from crossdock.edi.edifact.envelope import read_documents as read_edifact
from crossdock.edi.guides import find_guide, parse_document
from crossdock.edi.guides.conformance import Loop
from crossdock.edi.x12.envelope import read_documents as read_x12
from tests.documents import corpus
from tests.documents.wire import over_the_wire, read
from tests.edi.messages import edifact, x12

US = MappingOptions(currency="USD", country="US")


def loop_of(standard: str, data: bytes, release: str) -> Loop:
    [document] = (read_x12 if standard == "x12" else read_edifact)([data])
    guide = find_guide(standard, document.type, release)
    assert guide is not None
    tree, findings = parse_document(document, guide)
    assert not findings, findings
    return tree


def from_x12(kind: str, group: str, body: list[str], options: MappingOptions = US) -> list[Any]:
    return list(read("x12", kind, "004010", loop_of("x12", x12(body, kind=kind, group=group), "004010"), options))


def tender(**changes: Any) -> Tender:
    stop = {"street": "Dock 1", "city": "Springfield", "region": "IL", "postal_code": "62701", "country": "US"}
    return Tender.model_validate(
        {
            "number": "T-1", "shipment_number": "SH-9", "order_numbers": ["P1", "P2"], "carrier": "ABCD", "service_level": "LTL",
            "equipment": "TL", "weight_kg": "1250.5", "volume_m3": "4.2", "packages": 12, "answer_by": "2026-03-02T18:00:00Z",
            "rate": {"amount": "812.50", "currency": "USD"}, "note": "Tail lift", "stops": [
                {"number": 1, "kind": "pick_up", "address": {**stop, "name": "Depot", "phone": "+1 555"},
                 "earliest": "2026-03-03T08:00:00Z", "latest": "2026-03-03T12:00:00Z"},
                {"number": 2, "kind": "delivery", "address": {**stop, "name": "Store 7", "city": "Chicago"},
                 "earliest": "2026-03-04T08:00:00Z", "reference": "DEL-7"},
            ], **changes,
        }
    )  # fmt: skip


@pytest.mark.parametrize("release", ["004010", "005010"])
def test_a_tender_is_a_204_that_keeps_to_its_guide(release: str) -> None:
    tree = over_the_wire("x12", "204", release, tender())
    rows = [[each.value(n) for n in range(len(each.elements))] for each in _flat(tree)]
    assert ["B2", "", "ABCD", "", "T-1", "", "PP"] in rows
    assert ["B2A", "00"] in rows
    assert [row[:3] for row in rows if row[0] == "L11"] == [
        ["L11", "SH-9", "SI"],
        ["L11", "P1", "PO"],
        ["L11", "P2", "PO"],
        ["L11", "DEL-7", "SI"],
    ]
    assert [row[:3] for row in rows if row[0] == "S5"] == [["S5", "1", "LD"], ["S5", "2", "UL"]]
    assert ["G62", "37", "20260303", "I", "0800"] in rows and ["G62", "38", "20260303", "K", "1200"] in rows
    [total] = [row for row in rows if row[0] == "L3"]
    assert (total[1], total[2], total[5], total[12]) == ("1250.5", "G", "81250", "K")


def test_a_tender_that_is_taken_back_says_so() -> None:
    assert ["B2A", "01"] in [
        [each.value(0), each.value(1)] for each in _flat(over_the_wire("x12", "204", "004010", tender(), purpose="cancel"))
    ]
    rows = _flat(over_the_wire("edifact", "IFTMIN", "D.96A", tender(purpose="cancellation")))
    assert next(each.value(3) for each in rows if each.tag == "BGM") == "1"


@pytest.mark.parametrize("release", ["D.96A", "D.01B"])
def test_a_tender_is_an_iftmin_that_keeps_to_its_guide(release: str) -> None:
    rows = _flat(over_the_wire("edifact", "IFTMIN", release, tender()))
    assert next(each.value(2, 1) for each in rows if each.tag == "BGM") == "T-1"
    assert [(each.value(1, 1), each.value(1, 2)) for each in rows if each.tag == "RFF"] == [
        ("CU", "SH-9"),
        ("ON", "P1"),
        ("ON", "P2"),
    ]
    assert {each.value(1) for each in rows if each.tag == "NAD"} == {"CA", "CZ", "CN"}
    assert ("AAE", "1250.5") in [(each.value(1), each.value(3, 2)) for each in rows if each.tag == "MEA"]


@pytest.mark.parametrize(("code", "answer"), [("A", "accepted"), ("D", "declined"), ("C", "accepted")])
def test_a_990_is_the_carriers_answer(code: str, answer: str) -> None:
    body = [f"B1*ABCD*T-1*20260302*{code}", "N9*CN*PRO77", "N9*SI*SH-9", "K1*No truck before Friday"]
    [made] = from_x12("990", "GF", body)
    assert isinstance(made.data, TenderAnswer) and made.type == "tender.answered"
    assert (made.data.tender_number, made.data.answer, made.data.carrier, made.data.carrier_reference) == (
        "T-1",
        answer,
        "ABCD",
        "PRO77",
    )
    assert [(each.scheme, each.value) for each in made.references] == [("tender", "T-1"), ("shipment", "SH-9")]
    assert made.data.reason == "No truck before Friday"


BILL = [
    "B3**699751522*134982*PP**20180914*12417**20180915*035*DDDD*20180914", "N9*PO*721295", "N9*BM*WB-1",
    "LX*1", "L5*1*FILM", "L0*1***1340*G***1*PLT**L", "L1*1*41.93*PH*56186",
    "LX*2", "L5*2*DISCOUNT", "L1*2***-44949****DSC",
    "LX*3", "L1*3*11.8*FR*1180****FUE********", "L3*1340*G***12417******1*L",
]  # fmt: skip


def test_a_210_is_a_freight_invoice_with_every_charge() -> None:
    [made] = from_x12("210", "IM", [each.rstrip("*") for each in BILL])
    bill = made.data
    assert isinstance(bill, FreightInvoice) and made.type == "freight_invoice.received"
    assert (bill.number, bill.carrier, bill.issue_date, bill.total.amount) == (
        "699751522",
        "DDDD",
        date(2018, 9, 14),
        Decimal("124.17"),
    )
    assert [(each.kind, each.code, each.amount.amount) for each in bill.lines] == [
        ("base", "", Decimal("561.86")), ("discount", "DSC", Decimal("-449.49")), ("fuel", "FUE", Decimal("11.80")),
    ]  # fmt: skip
    assert {(each.waybill, each.shipment_number, each.order_number) for each in bill.lines} == {("WB-1", "134982", "721295")}
    assert bill.lines[0].actual_weight_kg == Decimal("607.814")
    assert sum(each.amount.amount for each in bill.lines) == bill.total.amount
    assert not problems(bill)


def test_a_210_below_zero_gives_money_back() -> None:
    body = ["B3**C-1**PP**20180914*-1000****DDDD*20180914", "LX*1", "L1*1***-1000"]
    [made] = from_x12("210", "IM", body)
    assert (made.data.kind, made.data.total.amount, made.data.lines[0].amount.amount) == (
        "credit_note",
        Decimal("10.00"),
        Decimal("10.00"),
    )


def test_an_820_is_the_settlement_of_invoices() -> None:
    body = [
        "BPR*C*7889.73*C*ACH*CTX*****1657777777**01*148529553*DA*92283334*20120531", "TRN*1*12053011440000192", "N1*PR*YOUR COMPANY",
        "ENT*1", "ADX*-100*05", "RMR*IV*7321239**953.19", "REF*PO*24305", "RMR*IV*7321511**7036.54*7050*13.46", "REF*PO*24333",
    ]  # fmt: skip
    [made] = from_x12("820", "RA", body)
    told = made.data
    assert isinstance(told, Payout) and made.type == "payout.received"
    assert (told.number, told.statement_reference, told.paid_on) == ("12053011440000192", "12053011440000192", date(2012, 5, 31))
    assert [(each.reference, each.order_number, each.kind, each.amount.amount) for each in told.lines] == [
        ("7321239", "24305", "sale", Decimal("953.19")), ("7321511", "24333", "sale", Decimal("7036.54")), ("", "", "adjustment", Decimal(-100)),
    ]  # fmt: skip
    assert told.lines[1].description == "discount 13.46"
    assert not problems(told), "the lines make the total"


REMADV = [
    "BGM+481+RA-77+9", "DTM+137:20260302:102", "DTM+138:20260305:102", "RFF+PQ:E2E-1", "NAD+PR+4000001000005::9", "CUX+2:EUR:4",
    "DOC+380+INV-1", "MOA+9:119", "MOA+12:116.62", "RFF+ON:PO-1", "DOC+381+CN-9", "MOA+12:16.62", "UNS+S", "MOA+12:100",
]  # fmt: skip


@pytest.mark.parametrize("release", ["D:96A:UN:EAN004", "D:01B:UN:EAN003"])
def test_a_remadv_is_the_settlement_of_invoices(release: str) -> None:
    short = ".".join(release.split(":")[:2])
    tree = loop_of("edifact", edifact(REMADV, kind=f"REMADV:{release}"), short)
    [made] = read("edifact", "REMADV", short, tree)
    assert (made.data.number, made.data.statement_reference, made.data.paid_on) == ("RA-77", "E2E-1", date(2026, 3, 5))
    assert [(each.reference, each.order_number, each.kind, each.amount.amount) for each in made.data.lines] == [
        ("INV-1", "PO-1", "sale", Decimal("116.62")), ("CN-9", "", "adjustment", Decimal("-16.62")),
    ]  # fmt: skip
    assert not problems(made.data)


def test_what_they_lack_is_said_with_its_place() -> None:
    with pytest.raises(SchemaInvalid) as caught:
        from_x12("820", "RA", ["BPR*C*10*C*ACH", "ENT*1", "RMR*IV*1**1"], MappingOptions())
    assert "CUR02" in caught.value.message and {"BPR"} == {
        each["segment"] for each in caught.value.detail["problems"] if each["segment"]
    }
    with pytest.raises(SchemaInvalid) as caught:
        from_x12("210", "IM", ["B3**C-1**PP**20180914*1000****DDDD*20180914", "LX*1", "L5*1*NOTHING"])
    assert "lines" in caught.value.message
    with pytest.raises(SchemaInvalid):
        from_x12("990", "GF", ["B1*ABCD*T-1*20260302"])


@pytest.mark.parametrize("kind", ["204", "210", "820", "990"])
def test_samples_of_others_are_read_or_refused_with_places(kind: str) -> None:
    for path in corpus.samples("x12", kind):
        for document in corpus.documents(path, "x12"):
            found = corpus.tree_of(document, "x12")
            if kind == "204" or found is None:
                continue
            made = refusal = None
            try:
                made = read("x12", kind, found[1], found[0], US)
            except SchemaInvalid as refused:
                refusal = refused
            assert made or (refusal is not None and all(each["message"] for each in refusal.detail["problems"]))


def _flat(tree: Loop) -> list[Any]:
    return [*tree.segments, *(segment for inner in tree.loops for segment in _flat(inner))]


def test_moments_of_answers_are_in_the_agreements_zone() -> None:
    [made] = from_x12("990", "GF", ["B1*ABCD*T-1*20260302*A"], MappingOptions(zone="America/Chicago"))
    assert made.data.answered_at == datetime(2026, 3, 2, 6, tzinfo=UTC)
