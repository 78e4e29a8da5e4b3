"""One module for each carrier: how it proves itself, what its push says, what its codes mean."""

from __future__ import annotations

from typing import Final

from crossdock.connectors.carrier_webhooks.carriers.base import Sender
from crossdock.connectors.carrier_webhooks.carriers.dhl import Dhl
from crossdock.connectors.carrier_webhooks.carriers.easypost import EasyPost
from crossdock.connectors.carrier_webhooks.carriers.fedex import FedEx
from crossdock.connectors.carrier_webhooks.carriers.shippo import Shippo
from crossdock.connectors.carrier_webhooks.carriers.ups import Ups
from crossdock.connectors.carrier_webhooks.options import CarrierName

SENDERS: Final[dict[CarrierName, type[Sender]]] = {
    "ups": Ups,
    "fedex": FedEx,
    "dhl": Dhl,
    "easypost": EasyPost,
    "shippo": Shippo,
}
