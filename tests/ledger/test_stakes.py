"""What is at stake in a message nobody could read: its names and its worth, exact, and nothing invented."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.ledger.batch import EVENT_COLUMNS
from crossdock.ledger.payloads import pack
from crossdock.ledger.session import Session
from crossdock.ledger.stakes import Stake, major_units, minor_units, read_stake, stakes
from crossdock.ledger.store import Store

SHOPS: list[tuple[dict[str, Any], int | None, str, str]] = [
    (
        {"id": 8201, "name": "#1001", "total_price": "129.90", "currency": "EUR", "customer": {"name": "Greta"}},
        12990,
        "EUR",
        "1001",
    ),
    ({"name": "#1001", "currencyCode": "EUR", "currentTotalPriceSet": {"shopMoney": {"amount": "90.08"}}}, 9008, "EUR", "#1001"),
    ({"name": "#1001", "totalPriceSet": {"shopMoney": {"amount": "5000", "currencyCode": "JPY"}}}, 5000, "JPY", "#1001"),
    ({"id": 77, "number": "W-77", "total": "19.00", "currency": "EUR"}, 1900, "EUR", "W-77"),
    ({"version": 1, "order": {"number": "4711", "total": {"amount": "1.005", "currency": "EUR"}}}, 101, "EUR", "4711"),
    ({"docNo": "DESADV-9", "lines": [{"number": "1"}]}, None, "", "DESADV-9"),
]


@pytest.mark.parametrize(("document", "amount", "currency", "name"), SHOPS)
def test_shops_say_it_in_many_ways(document: dict[str, Any], amount: int | None, currency: str, name: str) -> None:
    found = read_stake(0, json.dumps(document).encode())
    assert (found.amount, found.currency) == (amount, currency)
    assert name in found.names
    assert "Greta" not in found.names


def test_a_number_in_json_is_exact() -> None:
    found = read_stake(0, b'{"total": 0.29, "currency": "EUR", "number": 12345}')
    assert (found.amount, found.names) == (29, ["12345"])


@given(st.binary(max_size=200))
def test_anything_else_has_none_and_breaks_nothing(body: bytes) -> None:
    assert len(read_stake(0, body).names) <= 12


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2), st.sampled_from(["EUR", "JPY", "KWD"]))
def test_minor_units_and_back(amount: Decimal, currency: str) -> None:
    minor = minor_units(amount, currency)
    assert minor is not None
    assert abs(major_units(minor, currency) - amount) <= Decimal("0.5")


@pytest.mark.parametrize("amount", [1.5, True, None, "NaN", "Infinity", "ten", 10**40, {}])
def test_what_is_no_amount_is_none(amount: object) -> None:
    assert minor_units(amount, "EUR") is None
    assert minor_units("1", "XYZ") is None


ISA = "ISA*00*          *00*          *ZZ*ACME           *ZZ*US             *261123*0800*U*00401*000000001*0*P*>~"
PAPERS: list[tuple[str, int | None, str, list[str]]] = [
    (ISA + "GS*IN~ST*810*0001~BIG*20261123*R-900*20261120*P00042~CUR*SE*USD~TDS*12990~SE*5*0001~", 12990, "USD", ["R-900", "P00042"]),
    (ISA + "ST*856*0001~BSN*00*ASN-17*20261123*0800~HL*1**S~PRF*P00042~", None, "", ["ASN-17", "P00042"]),
    (ISA.replace("*", "|") + "BEG|00|SA|P00042||20261123~AMT|TT|129.90~", None, "", ["P00042"]),
    (
        "UNA:+,? 'UNB+UNOC:3+A+B+261123:0800+1'UNH+1+INVOIC:D:96A:UN'BGM+380+R-900+9'RFF+ON:P00042'CUX+2:EUR:4'MOA+79:100'MOA+9:1234,5'",
        123450,
        "EUR",
        ["R-900", "P00042"],
    ),
    ("UNB+UNOC:3+A+B+261123:0800+1'BGM+351+ASN?'17+9'", None, "", ["ASN 17"]),
    (
        '<?xml version="1.0"?><Invoice xmlns="urn:x" xmlns:cbc="urn:y"><cbc:ID>R-900</cbc:ID><cac:OrderReference><cbc:ID>P00042</cbc:ID>'
        '</cac:OrderReference><cbc:PayableAmount currencyID="JPY">5000</cbc:PayableAmount></Invoice>',
        5000,
        "JPY",
        ["R-900", "P00042"],
    ),
    ("<html><body>Invoice</body></html>", None, "", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "amount", "currency", "names"), PAPERS)
def test_papers_say_it_where_their_standard_puts_it(text: str, amount: int | None, currency: str, names: list[str]) -> None:
    found = read_stake(0, text.encode())
    assert (found.amount, found.currency, found.names) == (amount, currency, names)


@given(
    st.sampled_from([ISA, "UNA:+.? 'UNB+", "UNB+", "<Invoice>"]),
    st.text(alphabet="BIGTDSMOAUNARFF+:'*~?<>0123456789. ", max_size=300),
)
def test_damaged_papers_break_nothing(head: str, rest: str) -> None:
    for cut in (0, 3, 50, 104, len(head)):
        read_stake(0, (head[:cut] + rest).encode())


def test_a_purchase_order_stakes_its_newest_total(store: Store) -> None:
    def row(number: int, kind: str, total: str) -> tuple[Any, ...]:
        data = pack(json.dumps({"total": {"amount": total, "currency": "EUR"}}).encode())
        identity = f"e{number}".encode()
        return (
            number, 0, 0, identity, f"e{number}", "purchase/odoo/P00042", kind, "odoo", "purchase_order/1.0", "", None, False, "", data,
            identity, number, number, "", 1, None, "",
        )  # fmt: skip

    rows = [
        row(1, "purchase_order.confirmed", "290.00"),
        row(2, "purchase_order.changed", "415.00"),
        row(3, "ship_notice.received", "9"),
    ]

    def read(session: Session) -> dict[str, Stake]:
        session.insert("ledger_event", EVENT_COLUMNS, rows)
        return stakes(session, ["purchase/odoo/P00042"], [])[0]

    assert store.work.run(read) == {"purchase/odoo/P00042": Stake(41500, "EUR")}
