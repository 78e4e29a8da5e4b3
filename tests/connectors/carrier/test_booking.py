"""Bookings on the wire of both simulated carriers: what the carrier is told, what is kept, and what happens when it is unclear."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio

from crossdock.connectors.carrier.connector import CarrierConnector
from crossdock.connectors.carrier.process import CarrierProcess
from crossdock.connectors.http import CallScope, current_call
from crossdock.connectors.protocol import Question
from crossdock.core.commands import Command
from crossdock.core.errors import AnswerLost, CredentialRefused, SchemaInvalid, TargetRefused, TargetUnavailable, ValueMapMissing
from crossdock.core.outcomes import Accepted, EffectAbsent, EffectFound, EffectUnclear
from crossdock.simulators.carrier import DhlExpress, Ups
from crossdock.simulators.carrier.consignments import Carrier
from crossdock.simulators.faults import Fault, FaultPlan
from crossdock.testing import ManualClock, make_context
from tests.connectors.carrier.kits import CUSTOMS, WIEN, ZUERICH, booked, shipment

CARRIERS: dict[str, tuple[type[Any], dict[str, Any], dict[str, str]]] = {
    "ups": (
        Ups,
        {"carrier": "ups", "account_number": "A1B2C3", "label_format": "ZPL"},
        {"client_id": "client-id-tests", "client_secret": "client-secret-tests"},
    ),
    "dhl": (
        DhlExpress,
        {"carrier": "dhl", "account_number": "123456789"},
        {"username": "dhl-user-for-tests", "password": "dhl-password-for-tests"},
    ),
}


class Desk:
    """One connector against one simulated carrier."""

    def __init__(self, name: str, process: CarrierProcess) -> None:
        kind, self.options, self.secrets = CARRIERS[name]
        self.simulator: Carrier = kind(FaultPlan(timeout_delay=30))
        self.process = process
        self.clock = ManualClock()

    def connector(self, **options: Any) -> CarrierConnector:
        maps = {"levels": {"UPSSAV": "express"}}
        context = make_context(
            CarrierConnector,
            endpoint=self.simulator.url,
            options={**self.options, "timeout": 5, **options},
            secrets=self.secrets,
            clock=self.clock,
            value_maps=maps,
        )
        return CarrierConnector(context, self.process)


@pytest.fixture(scope="module")
def process() -> Iterator[CarrierProcess]:
    made = CarrierProcess(idle=30)
    yield made
    made.close()


@pytest_asyncio.fixture(params=["ups", "dhl"])
async def desk(request: pytest.FixtureRequest, process: CarrierProcess) -> AsyncIterator[Desk]:
    made = Desk(request.param, process)
    async with made.simulator.running():
        yield made


@pytest_asyncio.fixture
async def ups(process: CarrierProcess) -> AsyncIterator[Desk]:
    made = Desk("ups", process)
    async with made.simulator.running():
        yield made


@pytest_asyncio.fixture
async def dhl(process: CarrierProcess) -> AsyncIterator[Desk]:
    made = Desk("dhl", process)
    async with made.simulator.running():
        yield made


def book(name: str = "1", **changes: Any) -> Command:
    return Command(f"order/shop/{name}:shipment.book:1", "shipment.book", "carrier", "k", {"shipment": shipment(**changes)})


def cancel(waybill: str) -> Command:
    return Command("c", "shipment.cancel", "carrier", "k", {"waybill": waybill, "tracking_number": waybill})


async def sent(desk: Desk, command: Command) -> tuple[Accepted, dict[str, Any], CallScope]:
    """The outcome, what the carrier was told, and the record of the calls."""
    scope = CallScope(traceparent="00-" + "a" * 32 + "-" + "b" * 16 + "-01", correlation="corr-1")
    token = current_call.set(scope)
    try:
        outcome = await desk.connector().deliver(command)
    finally:
        current_call.reset(token)
    assert isinstance(outcome, Accepted)
    return outcome, json.loads(scope.exchanges[-1].sent), scope


async def test_a_carrier_is_told_exact_amounts_and_whole_addresses(desk: Desk) -> None:
    long = {**ZUERICH, "street": "Bahnhofstrasse 7, Eingang Hinterhof", "street2": "Stiege 4, 3. Stock links"}
    _, told, _ = await sent(desk, book(ship_to=long, customs=CUSTOMS, incoterm="DAP"))
    if "ShipmentRequest" in told:
        goods = told["ShipmentRequest"]["Shipment"]
        assert goods["InvoiceLineTotal"]["MonetaryValue"] == "69.98"
        units = [each["Unit"] for each in goods["ShipmentServiceOptions"]["InternationalForms"]["Product"]]
        assert [(unit["Number"], unit["Value"]) for unit in units] == [("3", "19.99"), ("1", "10.01")]
        assert goods["ShipTo"]["Address"]["AddressLine"] == ["Bahnhofstrasse 7, Eingang Hinterhof", "Stiege 4, 3. Stock links"]
        assert goods["ShipFrom"]["Address"]["AddressLine"] == ["Am Sandtorkai 1"]
    else:
        content = told["content"]
        assert content["declaredValue"] == 69.98
        items = content["exportDeclaration"]["lineItems"]
        assert [(item["quantity"]["value"], item["price"], item["priceCurrency"]) for item in items] == [
            (3, 19.99, "EUR"),
            (1, 10.01, "EUR"),
        ]
        assert content["exportDeclaration"]["invoice"]["number"] == "SH-1001-1"
        assert content["incoterm"] == "DAP"
        address = told["customerDetails"]["receiverDetails"]["postalAddress"]
        assert (address["addressLine1"], address["addressLine2"]) == (
            "Bahnhofstrasse 7, Eingang Hinterhof",
            "Stiege 4, 3. Stock links",
        )


async def test_the_acknowledgement_has_label_cost_and_tracking(desk: Desk) -> None:
    outcome, _, scope = await sent(desk, book())
    ack = outcome.ack
    assert ack["references"] == [["tracking", ack["tracking_number"]]]
    assert ack["label_format"] in ("ZPL", "PDF")
    assert ack["cost"] == {"amount": "8.45" if desk.options["carrier"] == "ups" else "42.35", "currency": "EUR"}
    assert ack["tracking_number"] in ack["tracking_url"]
    assert scope.exchanges[-1].status in (200, 201)
    assert ack["tracking_number"].encode() in scope.exchanges[-1].answered


async def test_trace_context_travels_to_the_carrier(desk: Desk) -> None:
    heard: list[dict[str, str]] = []

    class Listening(type(desk.simulator)):  # type: ignore[misc]
        async def ship(self, request: Any) -> Any:
            heard.append({name.lower(): value for name, value in request.headers.items()})
            return await super().ship(request)

    desk.simulator = Listening(FaultPlan())
    async with desk.simulator.running():
        await sent(desk, book())
    assert heard[0]["traceparent"].startswith("00-aaaa")
    assert heard[0]["x-correlation-id"] == "corr-1"


async def test_a_booking_nobody_shows_yet_is_not_taken_for_absent(desk: Desk) -> None:
    """The request is lost before the carrier took it; carriers show bookings late, so absence counts only after `settle`."""
    connector = desk.connector(settle=300)
    desk.simulator.faults.script(Fault.RESET_BEFORE, path="*ship*", method="POST")
    command = book()
    with pytest.raises(AnswerLost):
        await connector.deliver(command)
    desk.clock.advance(100)
    found = await connector.find_effect(command)
    assert isinstance(found, EffectUnclear)
    assert found.retry_after == pytest.approx(200)
    desk.clock.advance(200)
    assert isinstance(await connector.find_effect(command), EffectAbsent)
    restarted = desk.connector(settle=300)
    assert isinstance(await restarted.find_effect(command), EffectUnclear), "after a restart the time is counted anew"


async def test_a_lost_answer_is_found_with_its_label(desk: Desk) -> None:
    connector = desk.connector()
    desk.simulator.faults.script(Fault.RESET_AFTER, path="*ship*", method="POST")
    command = book()
    with pytest.raises(AnswerLost):
        await connector.deliver(command)
    found = await connector.find_effect(command)
    assert isinstance(found, EffectFound)
    assert found.ack["tracking_number"] in desk.simulator.consignments
    assert found.ack["label"]
    assert found.ack["label_format"] in ("ZPL", "PDF")
    assert found.ack["cost"] is None
    assert booked(desk.simulator, command) == 1


async def test_an_outage_of_the_search_is_not_an_answer(desk: Desk) -> None:
    connector = desk.connector(settle=0)
    command = book()
    desk.simulator.faults.script(Fault.ERROR_500, count=9)
    try:
        found: Any = await connector.find_effect(command)
    except Exception as error:
        found = error
    assert not isinstance(found, EffectAbsent | EffectFound)


async def test_a_wrong_secret_is_misconfigured_and_a_mended_one_is_used_at_once(process: CarrierProcess) -> None:
    desk = Desk("ups", process)
    desk.simulator = Ups(client_id="client-id-tests", client_secret="the-new-secret-of-ups")
    async with desk.simulator.running():
        connector = desk.connector()
        with pytest.raises(CredentialRefused):
            await connector.deliver(book())
        connector.context.secrets.rotate("vault:target/client_secret", "the-new-secret-of-ups")  # type: ignore[attr-defined]
        assert isinstance(await connector.deliver(book()), Accepted)


async def test_a_token_the_carrier_revoked_is_renewed_without_anybody_noticing(ups: Desk) -> None:
    connector = ups.connector()
    assert isinstance(await connector.deliver(book("1")), Accepted)
    assert isinstance(ups.simulator, Ups)
    ups.simulator.tokens.clear()
    command = book("2")
    assert isinstance(await connector.deliver(command), Accepted)
    assert ups.simulator.tokens_given == 2
    assert booked(ups.simulator, command) == 1


async def test_ups_voids_once_and_says_so_the_second_time(ups: Desk) -> None:
    connector = ups.connector()
    outcome = await connector.deliver(book())
    assert isinstance(outcome, Accepted)
    waybill = outcome.ack["waybill"]
    assert await connector.deliver(cancel(waybill)) == Accepted({"status": "cancelled"})
    assert await connector.deliver(cancel(waybill)) == Accepted({"status": "cancelled"}, repeated=True)
    assert len(ups.simulator.effects_of("shipment_cancelled")) == 1


async def test_what_the_carrier_has_cannot_be_cancelled(desk: Desk) -> None:
    connector = desk.connector()
    outcome = await connector.deliver(book())
    assert isinstance(outcome, Accepted)
    desk.simulator.advance(outcome.ack["waybill"])
    with pytest.raises(TargetRefused, match=r"picked up"):
        await connector.deliver(cancel(outcome.ack["waybill"]))


async def test_dhl_cancels_by_keeping_the_parcel(dhl: Desk) -> None:
    connector = dhl.connector()
    outcome = await connector.deliver(book())
    assert isinstance(outcome, Accepted)
    cancelled = await connector.deliver(cancel(outcome.ack["waybill"]))
    assert isinstance(cancelled, Accepted)
    assert cancelled.ack["status"] == "cancelled"
    assert "not charged" in cancelled.ack["note"]


async def test_a_delivered_consignment_is_told_and_followed_no_more(desk: Desk) -> None:
    connector = desk.connector()
    outcome = await connector.deliver(book())
    assert isinstance(outcome, Accepted)
    number = outcome.ack["tracking_number"]
    track = Command("t", "shipment.track", "carrier", "k", {"tracking_number": number})
    cursor = connector.follow({}, track)
    desk.simulator.advance(to="delivered")
    result = await connector.poll("tracking", cursor)
    assert len(result.messages) == 6
    assert result.cursor["open"] == {}
    cancelled = connector.follow(connector.follow({}, track), cancel(number))
    assert cancelled["open"] == {}


async def test_an_unknown_number_among_others_spoils_nothing(desk: Desk) -> None:
    connector = desk.connector()
    outcome = await connector.deliver(book())
    assert isinstance(outcome, Accepted)
    cursor: Any = {}
    for number in (outcome.ack["tracking_number"], "0000000000"):
        cursor = connector.follow(cursor, Command("t", "shipment.track", "carrier", "k", {"tracking_number": number}))
    result = await connector.poll("tracking", cursor)
    assert len(result.messages) == 1
    assert set(result.cursor["open"]) == {outcome.ack["tracking_number"], "0000000000"}


async def test_one_failing_request_does_not_hide_the_others(ups: Desk) -> None:
    connector = ups.connector()
    cursor: Any = {}
    for number in range(8):
        outcome = await connector.deliver(book(str(number)))
        assert isinstance(outcome, Accepted)
        tracked = Command("t", "shipment.track", "carrier", "k", {"tracking_number": outcome.ack["tracking_number"]})
        cursor = connector.follow(cursor, tracked)
    ups.simulator.faults.script(Fault.OUTAGE_503, path="*track*", count=3)
    first = await connector.poll("tracking", cursor)
    assert len(first.messages) == 5
    again = await connector.poll("tracking", first.cursor)
    assert len(again.messages) == 3
    ups.simulator.faults.script(Fault.OUTAGE_503, path="*track*", count=8)
    with pytest.raises(TargetUnavailable):
        await connector.poll("tracking", again.cursor)


@pytest.mark.parametrize(
    ("level", "options", "service"),
    [
        ("express", {}, "65"),
        ("", {}, "11"),
        ("", {"default_service": "ups_express"}, "07"),
        ("express", {"services": {"express": "ups_express"}}, "07"),
        ("express", {"service_map": "levels"}, "UPSSAV"),
    ],
)
async def test_a_service_level_becomes_the_carriers_service(ups: Desk, level: str, options: dict[str, Any], service: str) -> None:
    connector = ups.connector(**options)
    scope = CallScope()
    token = current_call.set(scope)
    await connector.deliver(book(service_level=level))
    current_call.reset(token)
    assert json.loads(scope.exchanges[-1].sent)["ShipmentRequest"]["Shipment"]["Service"]["Code"] == service


async def test_a_service_level_nobody_mapped_is_named(desk: Desk) -> None:
    with pytest.raises(ValueMapMissing, match="teleport") as caught:
        await desk.connector().deliver(book(service_level="teleport"))
    assert caught.value.detail["value"] == "teleport"


async def test_a_shipment_that_is_none_is_rejected_with_its_fields(desk: Desk) -> None:
    with pytest.raises(SchemaInvalid) as caught:
        await desk.connector().deliver(Command("c", "shipment.book", "carrier", "k", {"shipment": {"number": "", "ship_to": {}}}))
    assert {"shipment.number", "shipment.ship_to.country", "shipment.order_number"} <= {
        each["path"] for each in caught.value.detail["problems"]
    }


async def test_rates_are_exact(desk: Desk) -> None:
    answer = await desk.connector().ask(Question("rates", {"shipment": shipment(ship_to=WIEN)}))
    assert len(answer["rates"]) >= 3
    amounts = {rate["amount"] for rate in answer["rates"]}
    assert amounts >= ({"8.45", "24.90"} if desk.options["carrier"] == "ups" else {"42.35", "17.8"})


async def test_a_label_for_the_way_back_is_booked_once_from_the_customer_to_the_warehouse(desk: Desk) -> None:
    there = book().data["shipment"]
    back = {**there, "number": "RT-1001-1", "ship_from": ZUERICH, "ship_to": there.get("ship_from") or there["ship_to"]}
    command = Command(
        "order/shop/1001:return.label:1", "return.label", "carrier", "k", {"shipment": back, "return_number": "RT-1001-1"}
    )
    outcome, _, _ = await sent(desk, command)
    assert outcome.ack["label"] and outcome.ack["tracking_number"]
    assert isinstance(await desk.connector().find_effect(command), EffectFound)
    assert len(desk.simulator.effects_of("shipment_booked")) == 1
