"""Spreadsheets of suppliers: what they say is read, what is wrong is told by row and column, and what is hostile is refused."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from crossdock.canonical.gs1 import build_sscc
from crossdock.canonical.purchase_order import PurchaseOrder
from crossdock.core.errors import CrossdockError, PayloadMalformed, SchemaInvalid
from crossdock.documents.mapping import ReadContext, WriteContext, find_reader, find_writer
from crossdock.documents.options import MappingOptions
from crossdock.documents.tables.columns import COLUMNS, Kind
from crossdock.documents.tables.grid import guarded, rows
from crossdock.documents.tables.order import answer_template
from crossdock.documents.tables.writing import write
from tests.documents.papers import PARTIES, purchase_orders
from tests.documents.test_ubl_round_trip import NoCodes


def read(kind: str, data: bytes, **options: Any) -> list[Any]:
    context = ReadContext(PARTIES, kind, "", datetime(2026, 5, 4, 8, tzinfo=UTC), control="77", options=MappingOptions(**options))
    return [mapped.data for mapped in find_reader("tables", kind)(data, context, NoCodes())]


def problems(kind: str, data: bytes, **options: Any) -> list[dict[str, Any]]:
    with pytest.raises(SchemaInvalid) as caught:
        read(kind, data, **options)
    found: list[dict[str, Any]] = caught.value.detail["problems"]
    return found


def workbook(*lines: tuple[Any, ...]) -> bytes:
    book = Workbook()
    assert book.active is not None
    for line in lines:
        book.active.append(line)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


ANSWER = "Bestellnummer;Pos.;Antwort;bestätigte Menge;Preis;Währung;Liefertermin\r\n"


def test_a_german_csv_is_understood_by_its_titles_and_its_stated_formats() -> None:
    text = ANSWER + "P00012;10;geändert;1234,5;0,12;EUR;31.05.2026\r\nP00012;20;bestätigt;;;;\r\nP00013;1;abgelehnt;;;;\r\n"
    first, second = read("order_response", text.encode(), decimal=",", dates="d.m.y")
    assert (first.order_number, first.verdict, len(first.lines)) == ("P00012", "changed", 2)
    line = first.lines[0]
    assert (line.order_line, line.answer, line.quantity.value, line.unit_price.amount) == (
        "10",
        "changed",
        Decimal("1234.5"),
        Decimal("0.12"),
    )
    assert line.delivery_date == date(2026, 5, 31)
    assert (second.order_number, second.verdict) == ("P00013", "refused")


def test_everything_wrong_is_told_at_once_by_row_and_column() -> None:
    text = ANSWER + "P00012;10;vielleicht;1.234,5;zwölf;EUR;05/31/2026\r\n;20;geändert;5;;;\r\n"
    found = problems("order_response", text.encode(), decimal=",", dates="d.m.y")
    places = {(each["row"], each["letter"], each["column"]) for each in found}
    assert {
        (2, "C", "Antwort"),
        (2, "D", "bestätigte Menge"),
        (2, "E", "Preis"),
        (2, "G", "Liefertermin"),
        (3, "A", "Bestellnummer"),
    } <= places


def test_a_number_is_never_guessed_from_the_other_notation() -> None:
    text = 'order_number,line,answer,quantity\r\nP1,1,changed,"1,500"\r\n'
    (only,) = problems("order_response", text.encode())
    assert only["column"] == "quantity"
    assert "1234.50" in only["message"]


def test_a_workbook_gives_typed_cells_and_its_letterhead_is_passed_over() -> None:
    sscc = build_sscc("3401234", 1)
    data = workbook(
        ("Muster GmbH",),
        (),
        ("Lieferschein", "Bestellung", "Position", "Menge", "Einheit", "Charge", "MHD", "NVE", "Gewicht", "Ankunft"),
        ("LS-1", "P00012", 1, 40, "Stk", "L1", date(2027, 5, 1), sscc, 12.1, datetime(2026, 5, 20)),
        ("LS-1", "P00012", 1, 40.5, "KGM", "L2", None, sscc, 12.1, None),
    )
    (notice,) = read("ship_notice", data, zone="Europe/Berlin")
    assert [(line.order_line, line.quantity.value, line.lot, line.package) for line in notice.lines] == [
        ("1", Decimal(40), "L1", sscc),
        ("1", Decimal("40.5"), "L2", sscc),
    ]
    assert (notice.units[0].sscc, notice.units[0].weight_kg, notice.gross_weight_kg) == (sscc, Decimal("12.1"), Decimal("12.1"))
    assert notice.expected_at == datetime(2026, 5, 19, 22, tzinfo=UTC)


def test_an_invoice_needs_its_total_and_says_where_it_is_missing() -> None:
    head = ("invoice_number", "issue_date", "currency", "line", "quantity", "unit_price", "tax_percent", "total", "order_number")
    (invoice,) = read("invoice", workbook(head, ("R-1", date(2026, 5, 21), "EUR", "1", 80, 0.12, 19, 11.42, "P00012")))
    assert (invoice.payable.amount, invoice.lines[0].net_amount.amount, invoice.order_number) == (
        Decimal("11.42"),
        Decimal("9.60"),
        "P00012",
    )
    (only,) = problems("invoice", workbook(head, ("R-1", date(2026, 5, 21), "EUR", "1", 80, 0.12, 19, None, "P00012")))
    assert (only["row"], only["letter"]) == (2, "H")


def test_a_percent_cell_is_read_as_people_see_it() -> None:
    book = Workbook()
    assert book.active is not None
    book.active.append(("invoice_number", "issue_date", "currency", "line", "quantity", "unit_price", "tax_percent", "total"))
    book.active.append(("R-1", date(2026, 5, 21), "EUR", "1", 1, 100, 0.19, 119))
    book.active["G2"].number_format = "0%"
    stream = io.BytesIO()
    book.save(stream)
    (invoice,) = read("invoice", stream.getvalue())
    assert invoice.lines[0].tax_percent == Decimal(19)


def test_rows_of_one_document_must_not_contradict_each_other() -> None:
    head = ("invoice_number", "issue_date", "currency", "line", "quantity", "unit_price", "total")
    rows_of = [("R-1", date(2026, 5, 21), "EUR", "1", 1, 10, 30), ("R-1", date(2026, 5, 22), "EUR", "2", 2, 10, 30)]
    (only,) = problems("invoice", workbook(head, *rows_of))
    assert (only["row"], only["column"]) == (3, "issue_date")


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@given(order=purchase_orders())
@settings(max_examples=8, deadline=None)
def test_the_templates_filled_with_an_order_are_read_back(form: Any, order: PurchaseOrder) -> None:
    for kind in ("order_response",):
        data = answer_template(kind, order, form)
        wanted = [line.number for line in order.lines if line.status == "open"]
        if not wanted:
            continue
        (answer,) = read(kind, data)
        assert [(line.order_line, line.answer, line.sku, line.gtin) for line in answer.lines] == [
            (line.number, "accepted", line.sku, line.gtin) for line in order.lines if line.status == "open"
        ]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@given(
    st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=20).map(
        lambda tail: "=+-@'＝"[len(tail) % 6] + tail
    )
)
@settings(max_examples=25, deadline=None)
def test_text_that_looks_like_a_formula_stays_text(form: Any, text: str) -> None:
    data = write("order", [{"order_number": "P1", "name": text, "quantity": Decimal("-2")}], form)
    place = [column.name for column in COLUMNS["order"]].index("name")
    assert list(rows(data))[1].cells[place] == text
    if form == "csv":
        cell = data.decode("utf-8-sig").splitlines()[1].split(",", place)[-1]
        assert not cell.lstrip('"').startswith(("=", "+", "-", "@", "＝")), cell
    else:
        raw = load_workbook(io.BytesIO(data)).worksheets[0].cell(2, place + 1)
        assert raw.data_type == "s"


def test_an_order_goes_out_as_a_table() -> None:
    order = purchase_orders()

    @given(order)
    @settings(max_examples=4, deadline=None)
    def every(one: PurchaseOrder) -> None:
        data = find_writer("tables", "order")(one, WriteContext(PARTIES, "", extra={"format": "csv"}), NoCodes())
        assert len(list(rows(data))) == 1 + len(one.lines)

    every()


def zipped(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml").replace("TYPES", "[Content_Types]"), data)
    return stream.getvalue()


BOMB = zipped(TYPES_xml=b"<a/>", xl__workbook_xml=b"<a/>", xl__sheet_xml=b" " * (80 << 20))
ENTITIES = zipped(TYPES_xml=b"<a/>", xl__workbook_xml=b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (BOMB, "", "unpacks to far more"),
        (ENTITIES, "", "entities"),
        (zipped(a=b"b"), "a.xlsx", "no Excel workbook"),
        (zipped(TYPES_xml=b"<a/>", xl__workbook_xml=b"<a/>", xl__vbaProject=b"x"), "", "macros"),
        (zipped(TYPES_xml=b"<a/>", xl__workbook_xml=b"<a/>"), "", "cannot be read"),
        (b"PK\x03\x04broken", "", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1xxxx", "orders.xlsx", "old Excel"),
        (b"%PDF-1.7", "", "PDF"),
        (b"<html></html>", "orders.csv", "web page"),
        (b"a,b\r\n1,2\r\n", "orders.xlsx", "name says XLSX"),
        (b"a,b\r\n1,2\r\n", "orders.xls", ".xls files are not read"),
        (b"", "", "empty"),
        ("Menge;ü".encode("latin-1"), "", "UTF-8"),
        (b"order_number,line,answer\r\nP1,1,\x00", "", "no text"),
        (b'order_number,line,answer\r\nP1,"1', "", "not CSV"),
        (b"nothing,of,this\r\n1,2,3\r\n", "", "header"),
        (b"order_number,answer\r\nP1,yes\r\n", "", "missing columns: line"),
        (b"order_number,line,line,answer\r\nP1,1,1,yes\r\n", "", "twice"),
        (b"order_number,line,answer\r\n", "", "no rows below"),
        (b"order_number,line,answer\r\n" + b"P,1,ok\r\n" * 20_001, "", "more than 20000 rows"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_that_is_not_what_it_should_be_is_refused_with_advice(data: bytes, name: str, words: str) -> None:
    with pytest.raises(PayloadMalformed) as caught:
        assert not (name and list(rows(data, name))) and read("order_response", data)
    assert words in str(caught.value)


@given(st.binary(max_size=300) | st.binary(max_size=200).map(lambda tail: b"PK\x03\x04" + tail))
@settings(max_examples=150, deadline=None)
def test_no_bytes_make_anything_but_a_refusal(data: bytes) -> None:
    for kind in ("order_response", "ship_notice", "invoice"):
        with pytest.raises(CrossdockError):
            read(kind, data)


def test_names_of_columns_lead_to_one_column_only() -> None:
    kinds: tuple[Kind, ...] = ("order_response", "ship_notice", "invoice")
    for kind in kinds:
        own = [column.name for column in COLUMNS[kind]]
        assert len(set(own)) == len(own)


def test_what_was_guarded_is_read_as_it_was() -> None:
    for text in ("=1+1", "'=1", "''", "-", "plain", "'plain"):
        data = f'name\r\n"{guarded(text)}"\r\n'.encode()
        assert list(rows(data))[1].cells[0] == text


FREIGHT = "Rechnungsnummer;Rechnungsdatum;Währung;Sendungsnummer;Gewicht;Gebührenart;Betrag;Rechnungsbetrag\r\n"


def test_a_carriers_invoice_has_a_row_for_each_charge() -> None:
    text = FREIGHT + "F-1;31.03.2026;EUR;1Z1;12,5;Fracht;12,40;14,26\r\nF-1;31.03.2026;EUR;1Z1;12,5;Dieselzuschlag;1,86;14,26\r\n"
    (invoice,) = read("freight_invoice", text.encode(), decimal=",", dates="d.m.y")
    assert [(line.kind, line.amount.amount, line.tracking_number) for line in invoice.lines] == [
        ("base", Decimal("12.40"), "1Z1"),
        ("fuel", Decimal("1.86"), "1Z1"),
    ]
    assert (invoice.number, invoice.kind, invoice.total.amount, invoice.lines[0].billed_weight_kg) == (
        "F-1",
        "invoice",
        Decimal("14.26"),
        Decimal("12.5"),
    )


def test_a_carriers_invoice_may_have_a_column_for_each_charge_and_be_a_credit_note() -> None:
    text = "invoice,date,currency,waybill,base,fuel,discount,total\nF-1,2026-03-31,EUR,W1,-12.40,,,-14.26\nF-1,2026-03-31,EUR,W2,,-1.86,,-14.26\n"
    (invoice,) = read("freight_invoice", text.encode())
    assert [(line.number, line.kind, line.amount.amount, line.waybill) for line in invoice.lines] == [
        ("1", "base", Decimal("12.40"), "W1"),
        ("2", "fuel", Decimal("1.86"), "W2"),
    ]
    assert (invoice.kind, invoice.total.amount) == ("credit_note", Decimal("14.26"))


def test_a_charge_nobody_knows_names_the_entry_that_is_missing_and_what_is_wrong_its_place() -> None:
    text = "invoice,date,currency,waybill,charge,amount,total\nF-1,2026-03-31,EUR,W1,peak season,4.00,4.00\n"
    with pytest.raises(CrossdockError) as unknown:
        read("freight_invoice", text.encode())
    assert unknown.value.code == "normalize.value_map_missing"
    found = problems("freight_invoice", b"invoice,date,currency,waybill,amount,total\nF-1,soon,EUR,W1,much,4.00\n")
    assert sorted(each["column"] for each in found) == ["amount", "date"]
