"""A supplier on the portal: an order is delivered when the ledger has it, because the supplier's list is read from there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, cast

from crossdock.canonical.events import Event
from crossdock.connectors.base import BaseConnector
from crossdock.connectors.portal.mapping import KINDS, events_of
from crossdock.connectors.portal.options import PortalOptions
from crossdock.connectors.protocol import Capabilities, ConnectorContext, Probe, StoredMessage
from crossdock.core.commands import Command
from crossdock.core.errors import TargetRefused
from crossdock.core.outcomes import Accepted, Effect, EffectAbsent, Outcome

SHOWN = frozenset({"purchase_order.send", "purchase_order.change", "purchase_order.cancel"})
"""Commands the supplier sees the effect of: the accepted delivery is the entry of their list (`ledger/portal.py` reads it)."""


class PortalConnector(BaseConnector):
    """One supplier. Nothing leaves the hub: what is delivered shows on the supplier's pages, what they do comes in through the intake."""

    kind: ClassVar[str] = "portal"
    title: ClassVar[str] = "Supplier portal"
    mapping_version: ClassVar[str] = "1"
    capabilities: ClassVar[Capabilities] = Capabilities(commands=SHOWN, repeatable=SHOWN, topics=frozenset(KINDS))
    Options: ClassVar[type[PortalOptions]] = PortalOptions
    inside: ClassVar[bool] = True

    def __init__(self, context: ConnectorContext) -> None:
        super().__init__(context)
        self.options = cast("PortalOptions", context.options)
        self.deliveries = dict.fromkeys(SHOWN, self._show)

    async def _show(self, command: Command) -> Outcome:
        order = command.data.get("purchase_order")
        if not isinstance(order, dict) or not order.get("number"):
            raise TargetRefused(f"{command.name} carries no purchase order")
        return Accepted({"reference": order["number"], "revision": order.get("revision", 0)})

    async def find_effect(self, command: Command) -> Effect:
        return EffectAbsent()  # showing it again shows the same

    def serial(self, command: Command) -> Sequence[str]:
        return ()

    def normalize(self, message: StoredMessage) -> Sequence[Event]:
        return events_of(message, self.options, self.context.value_maps)

    async def probe(self) -> Probe:
        return Probe(healthy=True, message="the portal is part of this hub")
