"""The carrier connector through the public conformance suite, on both simulated carriers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crossdock.core.commands import Command
from crossdock.simulators.carrier import DhlExpress, Ups
from crossdock.simulators.carrier.consignments import Carrier
from crossdock.testing import CommandSample, SimulatorTarget, Target
from tests.connectors.carrier.kits import CarrierKit, a_booking, shipment

HEAVY = {"shipment": shipment(packages=[{"reference": "P-1", "weight_kg": "700"}])}


def cancelled(simulator: Carrier, command: Command) -> int:
    waybill = command.data["waybill"]
    return sum(effect.key == waybill for effect in simulator.effects_of("shipment_cancelled"))


class TestUps(CarrierKit):
    system = "carrier-ups"
    options: Mapping[str, Any] = {"carrier": "ups", "account_number": "A1B2C3", "label_format": "ZPL"}
    secrets: Mapping[str, str] = {"client_id": "ups-client-id-tests", "client_secret": "ups-client-secret-tests"}
    ship_path = "/api/shipments/v2409/ship"

    def target(self) -> Target:
        return SimulatorTarget(Ups(client_id=self.secrets["client_id"], client_secret=self.secrets["client_secret"]))

    def commands(self) -> Sequence[CommandSample]:
        cancel = CommandSample(
            "shipment.cancel",
            {"waybill": "1ZUNKNOWN", "tracking_number": "1ZUNKNOWN"},
            count=cancelled,
            path="/api/shipments/v2409/void/*",
            ack=("status",),
            prepare=a_booking,
            refused={"waybill": "1ZNOBODYKNOWS"},
            refused_words="No shipment found within the allowed void period",
        )
        return [self.book(refused=HEAVY, refused_words="maximum per package weight"), cancel, self.track(), self.back()]


class TestDhlExpress(CarrierKit):
    system = "carrier-dhl"
    options: Mapping[str, Any] = {"carrier": "dhl", "account_number": "123456789"}
    secrets: Mapping[str, str] = {"username": "dhl-user-for-tests", "password": "dhl-password-for-tests"}
    ship_path = "/shipments"

    def target(self) -> Target:
        return SimulatorTarget(DhlExpress(username=self.secrets["username"], password=self.secrets["password"]))

    def commands(self) -> Sequence[CommandSample]:
        # DHL Express has no cancellation: the command asks whether the goods are there, and changes nothing.
        cancel = CommandSample(
            "shipment.cancel",
            {"waybill": "999", "tracking_number": "999"},
            prepare=a_booking,
            effect=False,
            ack=("status",),
            refused={"waybill": "1"},
            refused_words="knows no consignment",
        )
        return [self.book(refused=HEAVY, refused_words="exceeds the limit of 70 KG"), cancel, self.track(), self.back()]
