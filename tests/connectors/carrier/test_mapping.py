"""Shipments to requests and scans to milestones: exact amounts, whole addresses, every scan told once."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock.canonical.shipment import Shipment
from crossdock.connectors.carrier import mapping, request
from crossdock.connectors.carrier.account import Account
from crossdock.connectors.carrier.connector import CarrierConnector
from crossdock.connectors.carrier.dialects import Scan, dialect_of
from crossdock.connectors.carrier.dialects.base import amount_text, number, read_exact, utc_text
from crossdock.connectors.carrier.options import Options
from crossdock.connectors.carrier.tracking import Tracking
from crossdock.connectors.protocol import PollResult
from crossdock.core.commands import Command
from crossdock.core.errors import PayloadMalformed, SchemaInvalid, TargetUnavailable
from crossdock.testing import make_context
from tests.connectors.carrier.kits import CUSTOMS, WIEN, ZUERICH, shipment

UPS, DHL = dialect_of("ups"), dialect_of("dhl")


def made(data: dict[str, Any], **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    whole = Options.model_validate({"carrier": "ups", **options})
    return request.booking(Shipment.model_validate(data), whole, UPS, "ups_standard", "REF-1234")


@given(st.text(min_size=1, max_size=119))
def test_a_reference_is_short_plain_and_its_own(command_id: str) -> None:
    reference = request.reference_of(command_id)
    assert reference == request.reference_of(command_id)
    assert len(reference) <= 35
    assert reference.isascii()
    assert reference.replace("-", "").isalnum()
    assert reference != request.reference_of(command_id + "x")


def test_customs_amounts_are_exact_and_nothing_is_rounded_away() -> None:
    _, exact = made(shipment(ship_to=ZUERICH, customs=CUSTOMS, incoterm="DAP"))
    declared = exact["declared"]
    assert declared["total"] == "69.98"
    assert declared["lines"][0] == {"quantity": "3", "unit_price": "19.99", "name": "Steel bolt"}
    assert declared["lines"][1] == {"quantity": "1", "unit_price": "10.01", "name": "2.5 x Cable by the metre"}
    thirds = [{**CUSTOMS[0], "value": {"amount": "10.00", "currency": "EUR"}}]
    _, exact = made(shipment(ship_to=ZUERICH, customs=thirds))
    assert exact["declared"]["lines"][0] == {"quantity": "1", "unit_price": "10.00", "name": "3 x Steel bolt"}


@given(st.lists(st.tuples(st.integers(1, 10**9), st.integers(1, 500)), min_size=1, max_size=6))
def test_what_is_declared_adds_up_to_what_was_given(lines: list[tuple[int, int]]) -> None:
    customs = [
        {"sku": "A", "quantity": {"value": str(pieces)}, "value": {"amount": str(Decimal(cents) / 100), "currency": "EUR"}}
        for cents, pieces in lines
    ]
    _, exact = made(shipment(ship_to=ZUERICH, customs=customs))
    declared = exact["declared"]
    total = sum(Decimal(line["quantity"]) * Decimal(line["unit_price"]) for line in declared["lines"])
    assert total == Decimal(declared["total"]) == sum(Decimal(cents) / 100 for cents, _ in lines)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"ship_from": None}, "ship_from"),
        ({"packages": [{"reference": "P"}]}, "packages.0.weight_kg"),
        ({"packages": []}, "packages.0.weight_kg"),
        ({"packages": [{"reference": "P", "weight_kg": "0"}]}, "packages.0.weight_kg"),
        ({"ship_to": {**WIEN, "street": "x" * 20 + " " + "y" * 100}}, "ship_to.street"),
        ({"customs": [{"sku": "A", "quantity": {"value": "1"}}]}, "customs.value"),
    ],
)
def test_what_is_missing_or_does_not_fit_is_named(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(SchemaInvalid) as caught:
        made(shipment(**changes))
    assert [each["path"] for each in caught.value.detail["problems"]] == [f"shipment.{field}"]


def test_defaults_of_the_system_fill_what_a_shipment_leaves_open() -> None:
    payload, _ = made(shipment(ship_from=None, packages=[]), ship_from=WIEN, default_weight_kg="2.5")
    assert payload["shipper"]["city"] == "Wien"
    assert payload["parcels"] == [{"weight": 2.5, "weight_unit": "KG", "reference_number": "REF-1234"}]


def test_a_long_street_is_wrapped_not_cut() -> None:
    street = "Donaudampfschifffahrtsgesellschaftsstrasse 12, Stiege 3, Tuer 14, im Hinterhof links"
    _, exact = made(shipment(ship_to={**WIEN, "street": street}))
    lines = exact["address_lines"]["ShipTo"]
    assert all(len(line) <= 35 for line in lines)
    assert "".join(lines).replace(" ", "") == street.replace(" ", "")


UPS_BODY = {
    "ShipmentRequest": {
        "Shipment": {
            "Shipper": {"Address": {"AddressLine": ["1 x"], "CountryCode": "DE"}},
            "ShipFrom": {"Address": {"AddressLine": ["1 x"], "CountryCode": "DE"}},
            "ShipTo": {"Address": {"AddressLine": ["12 Mariahilfer"], "CountryCode": "CH"}},
            "ReferenceNumber": {"Value": "REF"},
            "InvoiceLineTotal": {"CurrencyCode": "EUR", "MonetaryValue": "69.97999999999999"},
            "Package": [{"Dimensions": {"Height": "None", "Length": "None", "Width": "None"}, "ReferenceNumber": {"Value": "R"}}],
            "ShipmentServiceOptions": {
                "InternationalForms": {
                    "Product": [{"Unit": {"Number": "3", "Value": "19.990000000000002"}}, {"Unit": {"Value": "10.0"}}]
                }
            },
        }
    }
}


def amended_ups(country: str = "CH", declared: bool = True) -> dict[str, Any]:
    body = json.loads(json.dumps(UPS_BODY))
    for part in ("ShipFrom", "ShipTo"):
        body["ShipmentRequest"]["Shipment"][part]["Address"]["CountryCode"] = country if part == "ShipTo" else "DE"
    if country == "PR":
        body["ShipmentRequest"]["Shipment"]["ShipFrom"]["Address"]["CountryCode"] = "US"
    _, exact = made(shipment(ship_to=ZUERICH, customs=CUSTOMS if declared else []))
    sent = UPS.amended("POST", "https://ups/api/shipments/v2409/ship", json.dumps(body).encode(), exact)
    result: dict[str, Any] = json.loads(sent)["ShipmentRequest"]["Shipment"]
    return result


def test_ups_gets_references_exact_amounts_and_no_invented_figures() -> None:
    sent = amended_ups()
    assert sent["ReferenceNumber"] == [{"Value": "REF-1234"}, {"Value": "SH-1001-1"}]
    assert sent["InvoiceLineTotal"] == {"CurrencyCode": "EUR", "MonetaryValue": "69.98"}
    units = [product["Unit"] for product in sent["ShipmentServiceOptions"]["InternationalForms"]["Product"]]
    assert [(unit["Number"], unit["Value"]) for unit in units] == [("3", "19.99"), ("1", "10.01")]
    assert "Dimensions" not in sent["Package"][0]
    assert sent["ShipTo"]["Address"]["AddressLine"] == ["Bahnhofstrasse 7"]
    assert "InvoiceLineTotal" not in amended_ups(declared=False)


def test_ups_takes_package_references_inside_the_united_states() -> None:
    sent = amended_ups("PR")
    assert "ReferenceNumber" not in sent
    assert sent["Package"][0]["ReferenceNumber"][0] == {"Value": "REF-1234"}
    assert "ReferenceNumber" not in amended_ups("CH")["Package"][0]


def test_only_the_booking_is_amended() -> None:
    for dialect in (UPS, DHL, dialect_of("gls")):
        assert dialect.amended("POST", "https://x/oauth/token", b"grant", {"references": []}) == b"grant"


def ups_error(message: str) -> str:
    return json.dumps({"response": {"errors": [{"code": "1", "message": message}]}})


def test_only_a_clear_no_means_that_nothing_was_booked() -> None:
    for status in (400, 404):
        assert UPS.found([(status, ups_error("No shipment found for the given reference number."))]) is None
    unclear = [(400, ups_error("Invalid shipper number")), (500, ups_error("No shipment found")), (200, "{}"), (200, "half a")]
    for answer in unclear:
        with pytest.raises((ValueError, KeyError)):
            UPS.found([answer])
    assert DHL.found([(404, "")]) is None
    assert DHL.found([(200, '{"shipments":[]}')]) is None
    for answer in [(400, "{}"), (200, "half a"), (422, "{}")]:
        with pytest.raises(ValueError):
            DHL.found([answer])


def test_amounts_are_read_digit_by_digit() -> None:
    huge = '{"shipmentCharges":[{"currencyType":"BILLC","priceCurrency":"EUR","price":12345678901234567.89}]}'
    assert DHL.cost(huge) == ("12345678901234567.89", "EUR")
    assert DHL.cost("{}") is None
    charges = {"ShipmentCharges": {"TotalCharges": {"CurrencyCode": "EUR", "MonetaryValue": "8.10"}}}
    assert UPS.cost(json.dumps({"ShipmentResponse": {"ShipmentResults": charges}})) == ("8.10", "EUR")
    with pytest.raises(ValueError, match="float"):
        amount_text(0.1)
    for wrong in ("NaN", "Infinity", "a", None, True):
        with pytest.raises(ValueError):
            amount_text(wrong)


@given(st.decimals(min_value=0, max_value=10**12, places=2))
def test_a_json_number_is_written_with_the_digits_it_was_given(amount: Decimal) -> None:
    written = json.dumps(number(format(amount, "f")))
    assert Decimal(written) == amount
    assert read_exact(written) == amount


def test_a_number_a_double_cannot_carry_is_refused() -> None:
    with pytest.raises(ValueError, match="more digits"):
        number("1234567890123456.78")


@pytest.mark.parametrize(
    ("date", "clock", "offset", "expected"),
    [
        ("20260302", "093000", "+01:00", "2026-03-02T08:30:00Z"),
        ("2026-03-02", "09:30:00", "-05:00", "2026-03-02T14:30:00Z"),
        ("2026-03-02", "09:30", "", "2026-03-02T09:30:00Z"),
        ("20260302", "", "", "2026-03-02T00:00:00Z"),
    ],
)
def test_local_times_become_utc(date: str, clock: str, offset: str, expected: str) -> None:
    assert utc_text(date, clock, offset) == expected


@pytest.mark.parametrize(
    ("dialect", "kind", "code", "description", "milestone"),
    [
        (UPS, "M", "MP", "", "booked"),
        (UPS, "M", "MV", "Voided", "cancelled"),
        (UPS, "I", "OR", "Origin Scan", "picked_up"),
        (UPS, "I", "OT", "Out For Delivery Today", "out_for_delivery"),
        (UPS, "I", "ZZ", "something new", "in_transit"),
        (UPS, "D", "FS", "DELIVERED", "delivered"),
        (UPS, "X", "48", "", "attempted"),
        (UPS, "X", "A7", "Held in customs", "customs_held"),
        (UPS, "I", "1", "Cleared Customs", "customs_cleared"),
        (UPS, "RS", "RS", "", "returned"),
        (DHL, "", "SA", "", "booked"),
        (DHL, "", "PU", "Shipment picked up", "picked_up"),
        (DHL, "", "CD", "", "customs_held"),
        (DHL, "", "OK", "", "delivered"),
        (DHL, "", "??", "", "in_transit"),
        (dialect_of("gls"), "delivery_failed", "7", "", "exception"),
        (dialect_of("gls"), "delivered", "9", "", "delivered"),
    ],
)
def test_scans_become_milestones(dialect: Any, kind: str, code: str, description: str, milestone: str) -> None:
    assert dialect.milestone({"kind": kind, "code": code, "description": description}) == milestone


def test_a_milestone_may_be_set_by_the_landscape() -> None:
    body = b'{"tracking_number":"1","kind":"","code":"OH","at":"2026-03-02T09:00:00Z"}'
    assert mapping.milestone_event("c", "dhl", DHL, {}, body).data.code == "exception"  # type: ignore[attr-defined]
    assert mapping.milestone_event("c", "dhl", DHL, {"OH": "in_transit"}, body).data.code == "in_transit"  # type: ignore[attr-defined]
    with pytest.raises(PayloadMalformed):
        mapping.milestone_event("c", "dhl", DHL, {}, b'{"tracking_number": 7}')


@pytest.mark.parametrize(
    ("content", "form"),
    [("XlhBXkZP", "ZPL"), ("JVBERi0xLjQK", "PDF"), ("R0lGODlhAQAB", "GIF"), ("iVBORw0KGgo=", "PNG"), ("AAAA", ""), ("é", "")],
)
def test_a_label_is_called_what_it_is(content: str, form: str) -> None:
    assert mapping.label_form(content) == form


def tracked(numbered: str, name: str = "shipment.track") -> Command:
    return Command("c", name, "carrier", "k", {"tracking_number": numbered})


def test_following_is_pure_and_idempotent() -> None:
    before: dict[str, Any] = {"open": {"A": {"code": "booked", "seen": ["x"]}}, "turn": "A"}
    kept = json.dumps(before)
    after = mapping.follow(mapping.follow(before, tracked("B")), tracked("B"))
    assert after == {"open": {"A": {"code": "booked", "seen": ["x"]}, "B": {"code": "", "seen": []}}, "turn": "A"}
    assert mapping.follow(after, tracked("A")) == after
    assert mapping.follow({}, Command("c", "shipment.track", "s", "k", {})) == {"open": {}}
    assert mapping.unfollow(after, "B")["open"] == before["open"]
    assert json.dumps(before) == kept


class Told(Tracking):
    """Tracking whose carrier is a table of scans; polls fail after so many steps."""

    def __init__(self, at_once: int) -> None:
        options = {"carrier": "ups", "track_at_once": at_once}
        super().__init__(Account(make_context(CarrierConnector, options=options)))
        self.table: dict[str, list[Scan]] = {}
        self.fails_after = 1_000

    async def _scans_of(self, numbers: Any) -> list[Scan]:
        self.fails_after -= 1
        if self.fails_after < 0:
            raise TargetUnavailable("down")
        return [scan for each in numbers for scan in self.table.get(each, [])]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("track"), st.integers(0, 6)),
        st.tuples(st.just("scan"), st.integers(0, 6)),
        st.tuples(st.just("late"), st.integers(0, 6)),
        st.tuples(st.just("deliver"), st.integers(0, 6)),
        st.tuples(st.just("poll"), st.booleans()),
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(STEPS, st.integers(1, 4))
def test_every_scan_of_a_followed_consignment_is_told_once_whatever_the_order(steps: list[tuple[str, Any]], at_once: int) -> None:
    """Consignments are added, scans come (also late, with an older time), polls fail in between: nothing is missed or told twice."""
    tracking = Told(at_once)
    cursor: Any = {}
    heard: list[str] = []
    followed: set[str] = set()
    final: set[str] = set()

    async def poll() -> None:
        nonlocal cursor
        for _ in range(20):
            result: PollResult = await tracking.poll(cursor)
            heard.extend(message.dedupe_key for message in result.messages)
            cursor = result.cursor
            if not result.more:
                assert result.cursor.get("turn", "") == "", "the next poll would begin in the middle"
                return
        raise AssertionError("the round never ends")

    async def play() -> None:
        nonlocal cursor
        for number_, (step, value) in enumerate(steps):
            name = f"N{value}"
            if step == "track" and name not in followed:
                cursor = mapping.follow(cursor, tracked(name))
                followed.add(name)
            elif step in ("scan", "late", "deliver") and name not in final:
                at = f"2026-03-{'01' if step == 'late' else '02'}T09:{number_:02d}:00Z"
                tracking.table.setdefault(name, []).append(
                    Scan(name, "D" if step == "deliver" else "I", "FS" if step == "deliver" else "DP", at)
                )
                if step == "deliver":
                    final.add(name)
            elif step == "poll":
                tracking.fails_after = 1 if value else 1_000
                with suppress(TargetUnavailable):
                    await poll()
        tracking.fails_after = 1_000
        await poll()
        await poll()

    asyncio.run(play())
    wanted = sorted(mapping.scan_message(scan).dedupe_key for name in followed for scan in tracking.table.get(name, []))
    assert sorted(heard) == wanted
    assert set(cursor["open"]) == followed - {name for name in final if name in tracking.table}
