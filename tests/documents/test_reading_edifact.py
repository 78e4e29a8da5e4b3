"""What EDIFACT messages of partners say in their many ways."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from crossdock.canonical.freight import FreightInvoice
from crossdock.core.errors import SchemaInvalid, ValueMapMissing
from crossdock.documents.mapping import Mapped, ReadContext, find_reader
from crossdock.documents.options import MappingOptions
from crossdock.edi.guides import find_guide, parse_document
from crossdock.edi.writer import Row
from crossdock.processes.freight_audit import Agreed, audit
from crossdock.testing.contexts import DictValueMaps
from tests.documents.wire import CODES, NOW, PARTIES, document_of, interchange

EURO = MappingOptions(currency="EUR", country="DE", zone="Europe/Berlin")
BUYER, STORE = "4000001000005", "4000003000003"


def every(
    type: str, rows: Sequence[Row], options: MappingOptions = EURO, release: str = "D.96A", codes: Any = CODES
) -> list[Mapped]:
    guide = find_guide("edifact", type, release)
    assert guide is not None
    tree, _ = parse_document(document_of("edifact", interchange("edifact", type, release, rows)), guide)
    return list(find_reader("edifact", type, release)(tree, ReadContext(PARTIES, type, release, NOW, "7", options), codes))


def one(type: str, rows: Sequence[Row], options: MappingOptions = EURO, release: str = "D.96A") -> dict[str, Any]:
    (mapped,) = every(type, rows, options, release)
    return mapped.data.model_dump()


ORDER: tuple[Row, ...] = (
    ("BGM", "220", "B-1", "9"),
    ("DTM", ("137", "202601050915", "203")),
    ("DTM", ("2", "20260202", "102")),
    ("NAD", "BY", (BUYER, "", "9")),
    ("NAD", "SU", ("4000002000004", "", "9")),
    ("NAD", "DP", (STORE, "", "9")),
    ("CUX", ("2", "EUR", "9")),
    ("LIN", "1", "", ("4006381333931", "EN")),
    ("PIA", "1", ("A-1", "SA"), ("B-1", "IN")),
    ("IMD", "F", "", ("", "", "", "Rolle", "40 mm")),
    ("QTY", ("21", "12")),
    ("PRI", ("AAA", "250", "CT", "NTP", "100", "PCE")),
    ("UNS", "S"),
)
BOOK = MappingOptions.model_validate(
    {"currency": "EUR", "zone": "Europe/Berlin", "locations": {STORE: {"company": "Filiale 7", "city": "Köln", "country": "DE"}}}
)


def test_an_order_with_parties_by_gln_finds_its_address_in_the_address_book() -> None:
    order = one("ORDERS", ORDER, BOOK)
    assert order["ship_to"]["city"] == "Köln" and order["placed_at"] == datetime(2026, 1, 5, 8, 15, tzinfo=UTC)
    (line,) = order["lines"]
    assert (line["sku"], line["name"], Decimal(line["unit_price"]["amount"]), line["quantity"]["unit"]) == (
        "A-1",
        "Rolle 40 mm",
        Decimal("2.5"),
        "C62",
    )
    assert {"scheme": "delivery:requested", "value": "2026-02-02"} in [dict(each) for each in order["identifiers"]]
    with pytest.raises(SchemaInvalid, match=f"location '{STORE}' is not in the agreement's address book"):
        every("ORDERS", ORDER, EURO)


def test_a_price_that_is_only_an_amount() -> None:
    rows = [row for row in ORDER if row[0] != "PRI"]
    rows.insert(-1, ("MOA", ("203", "30.00")))
    order = one("ORDERS", rows, BOOK)
    assert Decimal(order["lines"][0]["unit_price"]["amount"]) == Decimal("2.5")
    assert Decimal(order["total"]["amount"]) == Decimal(30)


def test_an_order_without_price_or_currency_is_refused_with_the_places() -> None:
    rows = [row for row in ORDER if row[0] not in ("PRI", "CUX")]
    with pytest.raises(SchemaInvalid) as refused:
        every("ORDERS", rows, MappingOptions.model_validate(BOOK.model_dump() | {"currency": None}))
    found = {(each["place"], each["segment"]) for each in refused.value.detail["problems"]}
    assert ("BGM", "BGM") in found and ("LIN/PRI[AAA]01-2", "LIN") in found


def test_a_change_and_a_cancellation() -> None:
    change = [("BGM", "230", "7", "1"), ORDER[1], ("RFF", ("ON", "B-1")), ("UNS", "S")]
    (mapped,) = every("ORDCHG", change)
    assert (mapped.type, mapped.number, mapped.data.model_dump()["number"]) == ("order.cancelled", "B-1", "B-1")


def test_unknown_units_are_named() -> None:
    rows = [("QTY", ("21", "12", "QQQ")) if row[0] == "QTY" else row for row in ORDER]
    with pytest.raises(ValueMapMissing) as missing:
        every("ORDERS", rows, BOOK)
    assert (missing.value.detail["map"], missing.value.detail["value"]) == ("units", "QQQ")
    codes = DictValueMaps({"acme": {"QQQ": "XCT"}})
    options = BOOK.model_copy(update={"maps": {"units": "acme"}})
    (mapped,) = every("ORDERS", rows, options, codes=codes)
    assert mapped.data.model_dump()["lines"][0]["quantity"]["unit"] == "XCT"


NOTICE: tuple[Row, ...] = (("BGM", "351", "LS-1", "9"), ("DTM", ("137", "20260206", "102")), ("RFF", ("ON", "P1")))


def line(place: int, quantity: str, *more: Row) -> tuple[Row, ...]:
    return (("LIN", str(place)), ("PIA", "5", (f"A-{place}", "SA")), ("QTY", ("12", quantity, "PCE")), *more)


def test_pallets_carry_cartons_and_cartons_carry_lines() -> None:
    data = one(
        "DESADV",
        (
            *NOTICE,
            ("CPS", "1"),
            ("CPS", "2", "1"), ("PAC", "1", "", "201"), ("PCI", "33E"), ("GIN", "BJ", "340123450000000017"),
            ("CPS", "3", "2"), ("PAC", "1", "", "CT"), ("PCI", "33E"), ("GIN", "BJ", "340123450000000024"), *line(1, "5"),
        ),
    )  # fmt: skip
    assert [(unit["kind"], unit["inside"][-2:]) for unit in data["units"]] == [("PX", ""), ("CT", "17")]
    assert data["lines"][0]["package"] == "340123450000000024"


def test_several_labels_in_one_level_do_not_guess_which_holds_a_line() -> None:
    data = one(
        "DESADV",
        (
            *NOTICE,
            ("CPS", "1"),
            ("PAC", "2", "", "CT"),
            ("PCI", "33E"),
            ("GIN", "BJ", "340123450000000017", "340123450000000024"),
            *line(1, "5"),
        ),
    )
    assert len(data["units"]) == 2 and data["lines"][0]["package"] == ""


def test_lots_of_one_line_are_lines_of_their_own() -> None:
    lots = (
        ("PCI", "36E"), ("DTM", ("361", "20270131", "102")), ("QTY", ("12", "3", "PCE")), ("GIN", "BX", "L-1"),
        ("PCI", "36E"), ("DTM", ("36", "20270228", "102")), ("QTY", ("12", "2", "PCE")), ("GIN", "BX", "L-2"),
    )  # fmt: skip
    data = one("DESADV", (*NOTICE, ("CPS", "1"), *line(1, "5", *lots)))
    assert [
        (each["number"], each["lot"], Decimal(each["quantity"]["value"]), each["best_before"], each["expiry"])
        for each in data["lines"]
    ] == [
        ("1", "L-1", 3, date(2027, 1, 31), None),
        ("2", "L-2", 2, None, date(2027, 2, 28)),
    ]


def test_a_notice_for_two_orders_is_two_events() -> None:
    mapped = every(
        "DESADV",
        (
            NOTICE[0],
            NOTICE[1],
            ("CPS", "1"),
            *line(1, "5", ("RFF", ("ON", "P1", "10"))),
            *line(2, "1", ("RFF", ("ON", "P2", "20"))),
        ),
    )
    assert [(each.references[0].value, each.data.model_dump()["lines"][0]["order_line"]) for each in mapped] == [
        ("P1", "10"),
        ("P2", "20"),
    ]


BILL: tuple[Row, ...] = (
    ("BGM", "380", "RE-1", "9"),
    ("DTM", ("137", "20260210", "102")),
    ("CUX", ("2", "EUR", "4")),
    ("LIN", "1"),
    ("PIA", "5", ("A-1", "SA")),
    ("QTY", ("47", "-3", "PCE")),
    ("MOA", ("203", "-9.00")),
    ("PRI", ("AAA", "3.00")),
    ("UNS", "S"),
    ("MOA", ("77", "-10.71")),
    ("TAX", "7", "VAT", "", "", ("", "", "", "19"), "S"),
    ("MOA", ("124", "-1.71")),
    ("MOA", ("125", "-9.00")),
)


def test_an_invoice_below_zero_is_a_credit_note_with_positive_amounts() -> None:
    data = one("INVOIC", BILL)
    assert (data["kind"], data["type_code"]) == ("credit_note", "381")
    assert [data[name]["amount"] for name in ("payable", "tax_inclusive", "tax_total")] == ["10.71", "10.71", "1.71"]
    assert (data["lines"][0]["quantity"]["value"], data["lines"][0]["net_amount"]["amount"]) == ("3", "9.00")
    assert (data["taxes"][0]["taxable"]["amount"], data["taxes"][0]["tax"]["amount"]) == ("9.00", "1.71")


def test_a_credit_note_by_its_code() -> None:
    rows = [
        ("BGM", "381", "GS-1", "9"),
        *BILL[1:5],
        ("QTY", ("47", "3", "PCE")),
        ("MOA", ("203", "9")),
        *BILL[7:9],
        ("MOA", ("77", "9")),
    ]
    data = one("INVOIC", rows)
    assert data["kind"] == "credit_note" and data["payable"]["amount"] == "9"


FREIGHT_BILL: tuple[Row, ...] = (
    ("BGM", "780", "F-9", "9"),
    ("DTM", ("137", "20260210", "102")),
    ("NAD", "CA", ("SPEDX", "", "91")),
    ("CUX", ("2", "EUR", "4")),
    ("LIN", "1"),
    ("IMD", "F", "", ("", "", "", "Fracht")),
    ("MEA", "AAE", "AAF", ("KGM", "12.5")),
    ("MOA", ("203", "11.20")),
    ("RFF", ("AAM", "WB-1")),
    ("RFF", ("CU", "SH-1")),
    ("ALC", "C", "", "", "", ("ZZ1", "", "", "Dieselzuschlag")),
    ("MOA", ("8", "1.70")),
    ("ALC", "A", "", "", "", ("DI", "", "", "")),
    ("MOA", ("8", "0.50")),
    ("UNS", "S"),
    ("MOA", ("9", "13.33")),
    ("MOA", ("124", "2.13")),
)


@pytest.mark.parametrize(
    ("code", "options"), [("780", EURO), ("380", EURO.model_copy(update={"invoices": "freight"}))], ids=["by type", "agreed"]
)
def test_a_carriers_invoice_is_freight_with_every_charge(code: str, options: MappingOptions) -> None:
    (mapped,) = every("INVOIC", (("BGM", code, "F-9", "9"), *FREIGHT_BILL[1:]), options)
    bill = mapped.data
    assert mapped.type == "freight_invoice.received" and isinstance(bill, FreightInvoice)
    assert [(each.number, each.kind, str(each.amount.amount)) for each in bill.lines] == [
        ("1", "base", "10.00"), ("1.1", "fuel", "1.70"), ("1.2", "discount", "-0.50"),
    ]  # fmt: skip
    assert {(each.waybill, each.shipment_number, str(each.billed_weight_kg)) for each in bill.lines} == {("WB-1", "SH-1", "12.5")}
    assert (str(bill.total.amount), bill.tax_total and str(bill.tax_total.amount), bill.kind) == ("13.33", "2.13", "invoice")
    assert audit(bill, [Agreed("SH-1", bill.carrier, "WB-1", currency="EUR", total=Decimal("11.20"))]).clean


def test_a_carriers_own_charge_codes_go_by_the_agreed_map() -> None:
    codes = DictValueMaps({"their-charges": {"ZZ1": "remote", "DI": "discount"}})
    (mapped,) = every("INVOIC", FREIGHT_BILL, EURO.model_copy(update={"maps": {"charges": "their-charges"}}), codes=codes)
    assert [each.kind for each in mapped.data.lines] == ["base", "remote", "discount"]  # type: ignore[attr-defined]
    with pytest.raises(ValueMapMissing):
        every(
            "INVOIC",
            FREIGHT_BILL,
            EURO.model_copy(update={"maps": {"charges": "their-charges"}}),
            codes=DictValueMaps({"their-charges": {}}),
        )


def test_a_carriers_invoice_below_zero_gives_back_and_one_without_a_total_is_refused() -> None:
    back = [("MOA", (each[1][0], f"-{each[1][1]}")) if each[0] == "MOA" else each for each in FREIGHT_BILL]
    bill = one("INVOIC", back)
    assert (bill["kind"], bill["total"]["amount"], bill["lines"][0]["amount"]["amount"]) == ("credit_note", "13.33", "10.00")
    with pytest.raises(SchemaInvalid, match="no amount says what is to be paid"):
        every("INVOIC", FREIGHT_BILL[:-2])


def test_an_invoice_that_says_no_total_is_refused() -> None:
    with pytest.raises(SchemaInvalid, match="no amount says what is to be paid"):
        every("INVOIC", BILL[:9])


def test_stock_by_lot_in_both_directories() -> None:
    head: tuple[Row, ...] = (("BGM", "35", "I-1", "9"), ("DTM", ("137", "202602090600", "203")), ("NAD", "WH", (STORE, "", "9")))
    item: tuple[Row, ...] = (("LIN", "1"), ("PIA", "5", ("A-1", "SA")))
    old = one("INVRPT", (*head, *item, ("QTY", ("145", "5")), ("GIN", "BX", "L-1"), ("QTY", ("145", "2")), ("GIN", "BX", "L-2")))
    new = one(
        "INVRPT",
        (
            *head,
            *item,
            ("INV", "1"),
            ("QTY", ("145", "5")),
            ("GIN", "BX", "L-1"),
            ("INV", "1"),
            ("QTY", ("145", "2")),
            ("GIN", "BX", "L-2"),
        ),
        release="D.01B",
    )
    for data in (old, new):
        assert [(level["lot"], level["on_hand"]["value"], level["location"]) for level in data["levels"]] == [
            ("L-1", "5", STORE),
            ("L-2", "2", STORE),
        ]


def test_a_message_without_a_head_is_refused() -> None:
    for type in ("ORDERS", "ORDRSP", "DESADV", "RECADV", "INVOIC", "INVRPT", "IFTSTA"):
        with pytest.raises(SchemaInvalid, match="no BGM segment"):
            every(type, [("DTM", ("137", "20260210", "102"))])
