"""What every sender of tracking pushes has to say of itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

from crossdock.canonical.shipment import MilestoneCode
from crossdock.connectors.carrier_webhooks.options import CarrierWebhooksOptions
from crossdock.connectors.carrier_webhooks.told import Json, Push, Scan
from crossdock.connectors.protocol import InboundRequest


class Sender(ABC):
    """Stateless. `table`: `kind/code` or `kind` -> milestone. `silent`: kinds that say nothing of where the parcel is."""

    name: ClassVar[str]
    table: ClassVar[Mapping[str, MilestoneCode]]
    silent: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, options: CarrierWebhooksOptions) -> None:
        self.options = options

    @abstractmethod
    def verify(self, request: InboundRequest, keys: Sequence[str]) -> None:
        """Raise `Unauthenticated`, `SignatureInvalid` or `SignatureExpired` unless the request is the carrier's."""

    @abstractmethod
    def read(self, document: Json) -> Push:
        """What a push says. Raises `SchemaInvalid`, and `DocumentUnknown` for one that is about something else."""

    def refined(self, scan: Scan) -> MilestoneCode | None:
        """What the carrier says in words only; None: its codes say it."""
        return None


def customs(description: str) -> MilestoneCode | None:
    """Customs in a carrier's words."""
    told = description.casefold()
    if "customs" not in told and "clearance" not in told:
        return None
    if any(word in told for word in ("cleared", "released", "completed", "clearance event complete")):
        return "customs_cleared"
    return "customs_held" if any(word in told for word in ("held", "hold", "delay", "awaiting", "on hold")) else None
