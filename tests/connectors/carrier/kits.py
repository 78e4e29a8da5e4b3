"""The carrier connector against each simulated carrier, as the conformance suite needs it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from crossdock.connectors.carrier.connector import CarrierConnector
from crossdock.connectors.carrier.process import CarrierProcess
from crossdock.connectors.carrier.request import reference_of
from crossdock.connectors.protocol import Connector
from crossdock.core.commands import Command
from crossdock.simulators.carrier.consignments import Carrier
from crossdock.testing import (
    Bench,
    CommandSample,
    ConnectorConformance,
    ManualClock,
    MessageSample,
    PollSample,
    QuestionSample,
    make_context,
)

HAMBURG = {"company": "North 3PL GmbH", "street": "Am Sandtorkai 1", "city": "Hamburg", "postal_code": "20457", "country": "DE"}
WIEN = {"name": "Eva Huber", "street": "Mariahilfer Strasse 12", "city": "Wien", "postal_code": "1060", "country": "AT"}
ZUERICH = {"name": "Urs Meier", "street": "Bahnhofstrasse 7", "city": "Zuerich", "postal_code": "8001", "country": "CH"}
CUSTOMS = [
    {
        "sku": "A-1",
        "description": "Steel bolt",
        "quantity": {"value": "3"},
        "hs_code": "731815",
        "origin_country": "DE",
        "value": {"amount": "59.97", "currency": "EUR"},
        "weight_kg": "0.6",
    },
    {
        "sku": "B-2",
        "description": "Cable by the metre",
        "quantity": {"value": "2.5", "unit": "MTR"},
        "hs_code": "854442",
        "origin_country": "FR",
        "value": {"amount": "10.01", "currency": "EUR"},
        "weight_kg": "0.4",
    },
]


def shipment(number: str = "SH-1001-1", **changes: Any) -> dict[str, Any]:
    """A Shipment as a process sends it."""
    return {
        "number": number,
        "order_number": "1001",
        "ship_from": HAMBURG,
        "ship_to": WIEN,
        "service_level": "standard",
        "packages": [{"reference": "P-1", "weight_kg": "1.5"}],
        **changes,
    }


def booked(simulator: Carrier, command: Command) -> int:
    """How many bookings there are under the reference of a command."""
    reference = reference_of(command.id)
    return sum(effect.key == reference for effect in simulator.effects_of("shipment_booked"))


async def a_booking(bench: Bench) -> Mapping[str, Any]:
    """Book something, for what comes after a booking."""
    command = Command(
        "order/shop/1001:shipment.book:prepared", "shipment.book", bench.context.system, "k", {"shipment": shipment()}
    )
    outcome = await bench.connector.deliver(command)
    return {key: outcome.ack[key] for key in ("waybill", "tracking_number")}  # type: ignore[union-attr]


async def open_consignments(bench: Bench) -> Mapping[str, Any]:
    """Three consignments on their way."""
    cursor: Mapping[str, Any] = {}
    for number in range(3):
        data = {"shipment": shipment(f"SH-{number}")}
        command = Command(f"order/shop/{number}:shipment.book:1", "shipment.book", bench.context.system, "k", data)
        outcome = await bench.connector.deliver(command)
        tracked = {"tracking_number": outcome.ack["tracking_number"]}  # type: ignore[union-attr]
        cursor = bench.connector.follow(cursor, Command("t", "shipment.track", bench.context.system, "k", tracked))
    bench.simulator.advance(steps=2)
    return cursor


class CarrierKit(ConnectorConformance):
    """What both carriers share."""

    connector = CarrierConnector
    patience = 1.0
    process: CarrierProcess
    ship_path = ""

    @pytest.fixture(autouse=True, scope="module")
    @staticmethod
    def carrier_process(request: pytest.FixtureRequest) -> Iterator[None]:
        process = CarrierProcess(idle=20)
        CarrierKit.process = process
        yield
        process.close()

    def build(self, endpoint: str, clock: ManualClock) -> Connector:
        context = make_context(
            CarrierConnector,
            system=self.system,
            endpoint=endpoint,
            options={**self.options, "timeout": self.patience},
            secrets=self.secrets,
            clock=clock,
            timeout=self.patience,
        )
        return CarrierConnector(context, getattr(CarrierKit, "process", None))

    def book(self, **changes: Any) -> CommandSample:
        return CommandSample(
            "shipment.book",
            {"shipment": shipment()},
            count=booked,
            path=self.ship_path,
            method="POST",
            ack=("waybill", "tracking_number", "tracking_url", "label", "label_format", "cost", "references"),
            **changes,
        )

    def back(self) -> CommandSample:
        """A label for the way back."""
        sent = shipment("RT-1001-1", ship_from=WIEN, ship_to=HAMBURG)
        return CommandSample(
            "return.label",
            {"shipment": sent, "return_number": "RT-1001-1"},
            count=booked,
            path=self.ship_path,
            method="POST",
            ack=("waybill", "tracking_number", "tracking_url", "label", "label_format", "cost", "references"),
        )

    def track(self) -> CommandSample:
        return CommandSample("shipment.track", {"tracking_number": "X1", "carrier": "any"}, effect=False)

    def polls(self) -> Sequence[PollSample]:
        return [PollSample("tracking", ["tracking.scan"], messages=9, prepare=open_consignments, path="*track*")]

    def questions(self) -> Sequence[QuestionSample]:
        return [QuestionSample("rates", {"shipment": shipment()}, answer=("rates",), path="*rat*", method="POST")]

    def messages(self) -> Sequence[MessageSample]:
        body = (
            b'{"tracking_number":"%s","kind":"%s","code":"%s","at":"2026-03-02T09:00:00Z","location":"Koeln","description":"x"}'
        )
        kinds = {"D/FS": b"D", "M/MP": b"M"} if self.system == "carrier-ups" else {"OK": b"", "SA": b""}
        codes = {"D/FS": b"FS", "M/MP": b"MP", "OK": b"OK", "SA": b"SA"}
        types = {"D/FS": "shipment.delivered", "OK": "shipment.delivered"}
        return [
            MessageSample(
                "tracking.scan",
                body % (b"N1", kind, codes[name]),
                [types.get(name, "shipment.milestone")],
                channel="tracking",
                label=name,
            )
            for name, kind in kinds.items()
        ]


def process_pids() -> set[int]:
    """Carrier processes of this test run that live."""
    found = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if b"crossdock.connectors.carrier.worker" in file.read():
                    found.add(int(pid))
        except OSError:
            continue
    return found
