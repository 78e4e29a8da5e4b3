"""What X12 documents of partners say in their many ways, and what is told of those that cannot be mapped."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from crossdock.canonical.purchase_order import PurchaseOrder
from crossdock.core.errors import DocumentUnknown, SchemaInvalid, ValueMapMissing
from crossdock.documents.mapping import Mapped, ReadContext, find_reader, find_writer
from crossdock.documents.moments import edifact_moment, x12_moment
from crossdock.documents.options import MappingOptions
from crossdock.documents.x12.purchase_order import read_purchase_order
from crossdock.edi.guides import Loop, find_guide, parse_document
from crossdock.edi.writer import Row
from crossdock.testing.contexts import DictValueMaps
from tests.documents.examples import purchase_order
from tests.documents.wire import CODES, NOW, PARTIES, document_of, interchange, over_the_wire, read

US = MappingOptions(currency="USD")
HEAD: tuple[Row, ...] = (
    ("BEG", "00", "SA", "PO-1", "", "20260105"),
    ("N1", "ST", "Store 7", "92", "0007"),
    ("N3", "Main St 1"),
    ("N4", "Austin", "TX", "78701"),
)
LINE: Row = ("PO1", "1", "10", "EA", "2.50", "", "UP", "012345678905", "VN", "V-1", "BP", "B-1")


def one(type: str, rows: Any, options: MappingOptions = US, codes: DictValueMaps = CODES) -> Mapped:
    (mapped,) = every(type, rows, options, codes)
    return mapped


def every(type: str, rows: Any, options: MappingOptions = US, codes: DictValueMaps = CODES) -> list[Mapped]:
    guide = find_guide("x12", type, "004010")
    assert guide is not None
    parsed, _ = parse_document(document_of("x12", interchange("x12", type, "004010", rows)), guide)
    context = ReadContext(PARTIES, type, "004010", NOW, control="7/7/0001", options=options)
    return list(find_reader("x12", type, "004010")(parsed, context, codes))


def tree_of(type: str, rows: Any) -> Loop:
    guide = find_guide("x12", type, "004010")
    assert guide is not None
    return parse_document(document_of("x12", interchange("x12", type, "004010", rows)), guide)[0]


def refused(type: str, rows: Any, options: MappingOptions = US) -> list[dict[str, Any]]:
    with pytest.raises(SchemaInvalid) as error:
        every(type, rows, options)
    problems: list[dict[str, Any]] = error.value.detail["problems"]
    return problems


def test_a_customers_order_becomes_a_sales_order() -> None:
    rows = (*HEAD, LINE, ("SAC", "A", "C310", "", "", "500"), ("CTT", "1"))
    mapped = one("850", rows)
    order = mapped.data.model_dump(mode="json")
    assert (mapped.type, mapped.number, mapped.purpose) == ("order.placed", "PO-1", "original")
    assert order["ship_to"]["country"] == "US" and order["ship_to"]["name"] == "Store 7"
    assert order["customer"]["id"] == "THEIRS"
    (line,) = order["lines"]
    assert (line["sku"], line["unit_price"]["amount"], line["discount"]["amount"]) == ("V-1", "2.50", "5.00")
    assert {"scheme": "gtin", "value": "012345678905"} in [{k: i[k] for k in ("scheme", "value")} for i in line["identifiers"]]
    assert order["total"]["amount"] == "20.00"  # 10 x 2.50 less 5.00, the document states none


def test_all_that_is_missing_is_told_at_once_with_its_place() -> None:
    problems = refused(
        "850",
        (
            ("BEG", "00", "SA", "PO-1", "", "20260105"),
            ("PO1", "1", "x", "EA", "2.50", "", "VN", "V-1"),
            ("PO1", "2", "1", "EA", "", "", "VN", "V-2"),
        ),
        MappingOptions(),
    )
    found = {(each["path"], each["place"], each["position"], each["element"]) for each in problems}
    assert ("", "BEG", 2, 0) in found  # no currency
    assert ("", "PO102", 3, 2) in found  # x is no number
    assert ("ship_to", "", 0, 0) in found
    assert ("lines.1.unit_price", "PO1/PO104", 4, 4) in found
    assert "lines.0.quantity" in {each["path"] for each in problems}
    assert all(each["message"] for each in problems)


def test_a_unit_is_not_guessed_and_a_comma_is_no_decimal_point() -> None:
    rows = (*HEAD, ("PO1", "1", "10", "", "2.50", "", "VN", "V-1"), ("PO1", "2", "1", "EA", "1,250", "", "VN", "V-2"))
    found = {(each["place"], each["position"], each["message"]) for each in refused("850", rows)}
    assert ("PO103", 6, "the quantity has no unit of measure") in found
    assert ("PO104", 7, "'1,250' is not a number") in found


def test_all_unknown_codes_are_told_with_map_and_value() -> None:
    rows = (*HEAD, ("PO1", "1", "10", "QQ", "2.50", "", "VN", "V-1"), ("PO1", "2", "10", "WW", "1", "", "VN", "V-2"))
    with pytest.raises(ValueMapMissing) as error:
        every("850", rows)
    assert error.value.detail["map"] == "units" and error.value.detail["value"] == "QQ"
    assert [(each["value"], each["place"], each["position"]) for each in error.value.detail["missing"]] == [
        ("QQ", "PO103", 6),
        ("WW", "PO103", 7),
    ]


def test_a_value_map_goes_before_the_standard_and_skus_go_through_it() -> None:
    codes = DictValueMaps({"acme-units": {"QQ": "XCT"}, "acme-skus": {"012345678905": "OURS-1"}})
    options = US.model_copy(update={"maps": {"units": "acme-units", "skus": "acme-skus"}, "sku": ("gtin",)})
    rows = (*HEAD, ("PO1", "1", "10", "QQ", "2.50", "", "UP", "12345678905", "VN", "V-1"))
    (line,) = one("850", rows, options, codes).data.model_dump()["lines"]
    assert line["quantity"]["unit"] == "XCT"
    assert line["sku"] == "OURS-1"  # the zero that a spreadsheet took from the U.P.C. is given back


def test_the_agreement_says_which_item_number_is_our_sku() -> None:
    row = ("PO1", "1", "10", "EA", "2.50", "", "MG", "M-1", "VN", "V-1", "BP", "B-1", "UP", "012345678905")
    found = {}
    for kind in ("seller", "buyer", "gtin", "manufacturer"):
        (line,) = one("850", (*HEAD, row), US.model_copy(update={"sku": (kind,)})).data.model_dump()["lines"]
        found[kind] = line["sku"]
    assert found == {"seller": "V-1", "buyer": "B-1", "gtin": "012345678905", "manufacturer": "M-1"}


def test_a_location_code_is_looked_up_in_the_address_book() -> None:
    rows = (HEAD[0], ("N1", "ST", "", "92", "0007"), LINE)
    book = MappingOptions.model_validate(
        {"currency": "USD", "locations": {"0007": {"company": "Store 7", "city": "Austin", "country": "US"}}}
    )
    assert one("850", rows, book).data.model_dump()["ship_to"]["city"] == "Austin"
    assert any("'0007' is not in the agreement's address book" in each["message"] for each in refused("850", rows))


@pytest.mark.parametrize(("basis", "price"), [("", "250"), ("HP", "2.50"), ("TP", "0.250")])
def test_a_price_is_for_one_a_hundred_or_a_thousand(basis: str, price: str) -> None:
    row = ("PO1", "1", "10", "EA", "250", basis, "VN", "V-1")
    (line,) = one("850", (*HEAD, row)).data.model_dump()["lines"]
    assert Decimal(line["unit_price"]["amount"]) == Decimal(price)


def test_a_cancellation_by_purpose() -> None:
    rows = (("BEG", "01", "SA", "PO-1", "", "20260105"), *HEAD[1:], LINE)
    mapped = one("850", rows)
    assert (mapped.type, mapped.purpose, mapped.data.model_dump()["number"]) == ("order.cancelled", "cancel", "PO-1")


def test_a_change_that_lists_differences_is_an_amendment() -> None:
    rows = (
        ("BCH", "04", "SA", "P00042", "", "3", "20260105"),
        ("CUR", "BY", "EUR"),
        ("POC", "10", "QD", "50", "50", "EA", "4.125", "HP", "VP", "V-100"),
        ("POC", "20", "DI", "0", "0", "KG", "19.9", "", "VP", "V-200"),
        ("POC", "30", "AI", "5", "5", "EA", "1.00", "", "VP", "V-300"),
    )
    mapped = one("860", rows)
    amendment = mapped.data.model_dump()
    assert (mapped.type, mapped.purpose, mapped.version, mapped.occurred_at) == ("order.amended", "change", 3, NOW)
    assert amendment["removed"] == ("20",)
    assert [
        (line["number"], Decimal(line["quantity"]["value"]), line["unit_price"]["amount"]) for line in amendment["lines"]
    ] == [
        ("10", Decimal(50), "0.04125"),
        ("30", Decimal(5), "1.00"),
    ]
    assert amendment["ship_to"] is None and amendment["total"] is None


def test_charges_of_a_change_that_lists_differences_are_refused() -> None:
    rows = (
        ("BCH", "04", "SA", "P00042", "", "3", "20260105"),
        ("CUR", "BY", "EUR"),
        ("POC", "10", "QD", "50", "50", "EA", "4.125", "HP", "VP", "V-100"),
        ("SAC", "C", "D240", "", "", "1250"),
    )
    assert "belong to no version" in refused("860", rows)[0]["message"]


def test_a_change_that_only_takes_lines_back_cancels_them() -> None:
    rows = (
        ("BCH", "04", "SA", "P00042", "", "3", "20260105"),
        ("POC", "20", "DI", "0", "0", "KG"),
        ("POC", "30", "DI", "0", "0", "EA"),
    )
    mapped = one("860", rows)
    assert mapped.type == "order.cancelled" and mapped.data.model_dump()["lines"] == ("20", "30")


def test_a_whole_change_needs_no_version_before() -> None:
    tree = over_the_wire("x12", "860", "004010", purchase_order(True, 2))
    (mapped,) = read("x12", "860", "004010", tree, MappingOptions(changes="whole"))
    assert mapped.type == "order.changed" and len(mapped.data.model_dump()["lines"]) == 2
    with pytest.raises(SchemaInvalid, match="belong to no version"):
        read("x12", "860", "004010", tree)  # its charges would be those of the lines that change of many
    replacing = tree_of(
        "860",
        (("BCH", "05", "SA", "P1", "", "1", "20260105"), *HEAD[1:], ("POC", "1", "RZ", "10", "10", "EA", "2", "", "VN", "V-1")),
    )
    (mapped,) = read("x12", "860", "004010", replacing, US)
    assert (mapped.type, mapped.purpose) == ("order.changed", "replace")


def notice(*rows: Row) -> list[Mapped]:
    return every("856", (("BSN", "00", "LS-1", "20260206", "1200"), *rows))


ITEM: tuple[Row, ...] = (("LIN", "1", "VP", "V-1"), ("SN1", "", "4", "EA"))


def test_levels_of_a_ship_notice_in_the_order_packing_item() -> None:
    (mapped,) = notice(
        ("HL", "1", "", "S"),
        ("HL", "2", "1", "O"),
        ("PRF", "P1"),
        ("HL", "3", "2", "P"),
        ("MAN", "GM", "00340123450000000017"),
        ("HL", "4", "3", "I"),
        *ITEM,
    )
    data = mapped.data.model_dump()
    assert data["lines"][0]["package"] == data["units"][0]["sscc"] == "340123450000000017"


def test_levels_of_a_ship_notice_in_the_order_item_packing() -> None:
    (mapped,) = notice(
        ("HL", "1", "", "S"), ("HL", "2", "1", "O"), ("PRF", "P1"), ("HL", "3", "2", "I"), *ITEM,
        ("HL", "4", "3", "P"), ("SN1", "", "3", "EA"), ("MAN", "GM", "00340123450000000017"),
        ("HL", "5", "3", "P"), ("SN1", "", "1", "EA"), ("MAN", "GM", "00340123450000000024"),
    )  # fmt: skip
    lines = mapped.data.model_dump()["lines"]
    assert [(line["package"][-2:], Decimal(line["quantity"]["value"]), line["number"]) for line in lines] == [
        ("17", 3, "1"),
        ("24", 1, "2"),
    ]


def test_levels_of_a_ship_notice_with_packing_above_the_order_and_children_before_parents_end() -> None:
    mapped = notice(
        ("HL", "1", "", "S"), ("HL", "2", "1", "P"), ("MAN", "GM", "00340123450000000017"),
        ("HL", "3", "2", "O"), ("PRF", "P1"), ("HL", "4", "2", "O"), ("PRF", "P2"),
        ("HL", "5", "3", "I"), *ITEM, ("HL", "6", "4", "I"), *ITEM,
    )  # fmt: skip
    assert [[(r.scheme, r.value) for r in each.references] for each in mapped] == [
        [("purchase:order", "P1")],
        [("purchase:order", "P2")],
    ]
    assert all(len(each.data.model_dump()["lines"]) == 1 and len(each.data.model_dump()["units"]) == 1 for each in mapped)


def test_a_ship_notice_without_an_order_or_a_quantity_is_refused() -> None:
    with pytest.raises(SchemaInvalid) as error:
        notice(("HL", "1", "", "S"), ("HL", "2", "1", "I"), ("LIN", "1", "VP", "V-1"))
    words = " ".join(each["message"] for each in error.value.detail["problems"])
    assert "names no purchase order (PRF01)" in words and "no quantity (SN1 is missing)" in words


BILL: tuple[Row, ...] = (("BIG", "20260210", "RE-1", "", "P1"), ("CUR", "SE", "USD"))


def test_a_total_has_two_implied_decimals_and_a_net_amount_is_worked_out() -> None:
    rows = (
        *BILL,
        ("ITD", "01", "3", "2", "", "10", "", "30"),
        ("IT1", "1", "3", "EA", "3.335", "", "VP", "V-1"),
        ("TDS", "1001"),
    )
    data = one("810", rows).data.model_dump()
    assert Decimal(data["payable"]["amount"]) == Decimal("10.01")
    assert Decimal(data["lines"][0]["net_amount"]["amount"]) == Decimal("10.01")  # 10.005, half away from zero
    assert (data["due_date"], data["payment_terms"]) == (date(2026, 3, 12), "2% 10 days, net 30 days")


@pytest.mark.parametrize(
    ("quantity", "price", "kind"),
    [("-3", "3.00", ""), ("3", "-3.00", ""), ("-3", "3.00", "CR")],
    ids=["quantity", "price", "both"],
)
def test_what_is_below_zero_gives_money_back(quantity: str, price: str, kind: str) -> None:
    rows = (
        ("BIG", "20260210", "RE-1", "", "P1", "", "", kind),
        ("CUR", "SE", "USD"),
        ("IT1", "1", quantity, "EA", price, "", "VP", "V-1"),
        ("TDS", "-900"),
    )
    data = one("810", rows).data.model_dump()
    (line,) = data["lines"]
    assert (data["kind"], data["type_code"], Decimal(data["payable"]["amount"])) == ("credit_note", "381", Decimal(9))
    assert (Decimal(line["quantity"]["value"]), Decimal(line["unit_price"]["amount"]), Decimal(line["net_amount"]["amount"])) == (
        3,
        3,
        9,
    )


def test_a_credit_note_with_positive_amounts_stays_positive() -> None:
    rows = (
        ("BIG", "20260210", "RE-1", "", "P1", "", "", "CR"),
        ("CUR", "SE", "USD"),
        ("IT1", "1", "3", "EA", "3.00", "", "VP", "V-1"),
        ("TDS", "900"),
    )
    data = one("810", rows).data.model_dump()
    assert data["kind"] == "credit_note" and Decimal(data["payable"]["amount"]) == 9


def test_an_answer_of_two_parts_to_one_line() -> None:
    rows = (
        ("BAK", "00", "AC", "P1", "20260105", "", "", "", "", "20260106"),
        ("PO1", "1", "10", "EA", "", "", "VP", "V-1"),
        ("ACK", "IQ", "6", "EA", "068", "20260201"),
        ("ACK", "IB", "4", "EA", "067", "20260301"),
    )
    mapped = one("855", rows)
    data = mapped.data.model_dump()
    assert [(line["answer"], line["ship_date"], line["delivery_date"]) for line in data["lines"]] == [
        ("changed", date(2026, 2, 1), None),
        ("backordered", None, date(2026, 3, 1)),
    ]
    assert data["number"] == "P1/7/7/0001"  # an answer without a number is told apart by its control number


def test_a_partial_shipping_advice_must_count() -> None:
    def advice(count: str, status: str) -> tuple[Row, ...]:
        return (
            ("W06", "F", "FO-1", "20260106", "", "", "", "", count),
            ("LX", "1"),
            ("W12", status, "2", "1", "1", "EA", "", "VN", "V-1"),
            ("N9", "LI", "1"),
        )

    first, last = one("945", advice("1", "BP")).data.model_dump(), one("945", advice("2", "CC")).data.model_dump()
    assert [(each["sequence"], each["final"]) for each in (first, last)] == [(1, False), (2, True)]
    assert "nothing counts the advices" in refused("945", advice("", "BP"))[0]["message"]


def test_dates_and_times_in_their_zones() -> None:
    assert x12_moment("20260701", "", "", "America/Chicago") == datetime(2026, 7, 1, 5, tzinfo=UTC)
    assert x12_moment("260701", "0930", "ET", "UTC") == datetime(2026, 7, 1, 13, 30, tzinfo=UTC)
    assert x12_moment("20260701", "093015", "ES", "UTC") == datetime(2026, 7, 1, 14, 30, 15, tzinfo=UTC)
    assert x12_moment("20260701", "0930", "24", "UTC") == datetime(2026, 7, 1, 10, 30, tzinfo=UTC)
    assert edifact_moment("202607010930", "203", "Europe/Berlin") == datetime(2026, 7, 1, 7, 30, tzinfo=UTC)
    assert edifact_moment("202607010930+0200", "205", "UTC") == datetime(2026, 7, 1, 7, 30, tzinfo=UTC)
    assert edifact_moment("202607010930UTC", "303", "Europe/Berlin") == datetime(2026, 7, 1, 9, 30, tzinfo=UTC)
    assert edifact_moment("202627", "616", "UTC") == datetime(2026, 6, 29, tzinfo=UTC)
    assert edifact_moment("20260701-20260710", "718", "UTC") == datetime(2026, 7, 1, tzinfo=UTC)
    for day, time, zone in (
        ("2026071", "", ""),
        ("20261301", "", ""),
        ("20260701", "9", ""),
        ("20260701", "0930", "QQ"),
        ("20260701", "2530", ""),
    ):
        with pytest.raises(ValueError, match="is not"):
            x12_moment(day, time, zone, "UTC")
    for value, form in (("20260701", "999"), ("2026", "102"), ("x", "203"), ("", "205")):
        with pytest.raises(ValueError, match="is not"):
            edifact_moment(value, form, "UTC")


def test_what_cannot_be_written_is_told_with_map_and_value() -> None:
    order = PurchaseOrder.model_validate({**purchase_order(True).model_dump(), "tax": None})
    odd = order.model_dump()
    odd["lines"][0]["quantity"]["unit"] = "KMQ"
    with pytest.raises(ValueMapMissing) as error:
        over_the_wire("x12", "850", "004010", PurchaseOrder.model_validate(odd))
    assert (error.value.detail["map"], error.value.detail["value"], error.value.detail["direction"]) == (
        "units",
        "KMQ",
        "to_partner",
    )
    odd = order.model_dump()
    odd["lines"][0]["price_base"], odd["lines"][0]["unit_price"]["amount"] = "7", "1.00"
    odd["allowances"][0]["amount"]["amount"] = "1.005"
    with pytest.raises(SchemaInvalid) as refused_order:
        over_the_wire("x12", "850", "004010", PurchaseOrder.model_validate(odd))
    assert len(refused_order.value.detail["problems"]) == 2


def test_free_text_with_delimiters_is_written_without_them() -> None:
    order = purchase_order(True).model_copy(update={"note": "a*b~c\r\nd>e " + "word " * 80})
    back = read_purchase_order(over_the_wire("x12", "850", "004010", order), ReadContext(PARTIES, "850", "004010", NOW), CODES)
    assert back.note == "a b c\nd e " + " ".join(["word"] * 80)


def test_a_blanket_orders_release_is_part_of_its_number() -> None:
    rows = (("BEG", "00", "RL", "BL-7", "003", "20260105"), *HEAD[1:], LINE)
    assert one("850", rows).number == "BL-7#003"
    order = purchase_order(True).model_copy(update={"number": "BL-7#003"})
    tree = over_the_wire("x12", "850", "004010", order)
    assert (tree.value("BEG", 2), tree.value("BEG", 3), tree.value("BEG", 4)) == ("RL", "BL-7", "003")


def test_documents_nobody_maps() -> None:
    with pytest.raises(DocumentUnknown, match="x12 document 999 cannot be read; known are"):
        find_reader("x12", "999")
    with pytest.raises(DocumentUnknown, match="known are none"):
        find_writer("morse", "850")
