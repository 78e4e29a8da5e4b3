"""The Amazon connector: polls orders and settlement reports, confirms shipments, states stock, cancels orders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from crossdock.canonical.events import Event
from crossdock.connectors.amazon import notifications, orders, settlements
from crossdock.connectors.amazon.api import SellingPartnerApi
from crossdock.connectors.amazon.cancelling import Cancelling
from crossdock.connectors.amazon.mapping import Mapper
from crossdock.connectors.amazon.options import AmazonOptions
from crossdock.connectors.amazon.shipping import Shipping, package
from crossdock.connectors.amazon.stock import Stock
from crossdock.connectors.document import read_json
from crossdock.connectors.protocol import (
    Capabilities,
    ConnectorContext,
    Inbound,
    InboundRequest,
    PollResult,
    Probe,
    StoredMessage,
)
from crossdock.connectors.web_shop import CHANNEL, WebShopConnector
from crossdock.core.commands import Command
from crossdock.core.errors import CallNotAllowed, CrossdockError, DocumentUnknown
from crossdock.core.outcomes import Accepted, Outcome

SETTLEMENTS: Final = "settlements"


class AmazonConnector(WebShopConnector):
    """One seller account on Amazon, in one region."""

    kind: ClassVar[str] = "amazon"
    title: ClassVar[str] = "Amazon (Selling Partner API)"
    mapping_version: ClassVar[str] = "1"
    capabilities: ClassVar[Capabilities] = Capabilities(
        commands=frozenset({"shop.fulfil", "shop.stock", "order.cancel"}),
        repeatable=frozenset({"shop.stock", "order.cancel"}),
        topics=frozenset({orders.TOPIC, settlements.TOPIC, notifications.TOPIC}),
        receives=True,
        polls=True,
    )
    Options: ClassVar[type[Any]] = AmazonOptions

    def __init__(self, context: ConnectorContext) -> None:
        super().__init__(context)
        self._options: AmazonOptions = context.options
        self.deliveries = {name: each for name, each in self.deliveries.items() if name in self.capabilities.commands}
        self._api = SellingPartnerApi(context)
        self._mapper = Mapper(context.system, self._options, context.value_maps)
        self._shipping = Shipping(self._api, self._options, context.value_maps)
        self._stock = Stock(self._api, self._options)
        self._cancelling = Cancelling(self._api, self._options)

    @classmethod
    def credential_purposes(cls, options: AmazonOptions) -> frozenset[str]:
        return frozenset({"client_id", "client_secret", "refresh_token"})

    # Inbound -----------------------------------------------------------------------------------------------

    def receive(self, request: InboundRequest) -> Sequence[Inbound]:
        return (notifications.received(request, self.context.secret("notification_key")),)

    def normalize(self, message: StoredMessage) -> Sequence[Event]:
        """`order.placed`, `order.cancelled`, `payout.received`; a notification gives no event, the poll reads what it is about."""
        if message.topic == orders.TOPIC:
            event = self._mapper.order_event(read_json(message.body))
            return (event,) if event else ()
        if message.topic == settlements.TOPIC:
            return (settlements.payout_event(message.system, message.body, message.received_at),)
        if message.topic == notifications.TOPIC:
            notifications.noticed(message.body)
            return ()
        raise DocumentUnknown(f"no mapping for the topic {message.topic!r}", topic=message.topic)

    @classmethod
    def poll_channels(cls, options: Any) -> frozenset[str]:
        return frozenset({CHANNEL, SETTLEMENTS})

    async def poll(self, channel: str, cursor: Mapping[str, Any]) -> PollResult:
        """Channel `orders`: the orders changed since the last poll. Channel `settlements`: the settlement reports made since."""
        if channel == SETTLEMENTS:
            return await settlements.new_reports(self._api, self._options, cursor, self.context.clock.now())
        return await super().poll(channel, cursor)

    async def _changed_orders(self, cursor: Mapping[str, Any]) -> PollResult:
        return await orders.changed_orders(self._api, self._options, cursor, self.context.clock.now())

    # Outbound ----------------------------------------------------------------------------------------------

    def serial(self, command: Command) -> Sequence[str]:
        """A stock command writes the listings; any other writes its order."""
        return ("listings",) if command.name == "shop.stock" else (f"order:{command.key}",)

    async def _set_stock(self, commands: Sequence[Command]) -> Sequence[Outcome]:
        return [await self._stock.deliver(command) for command in commands]

    async def _fulfil(self, command: Command) -> Outcome:
        wanted, number = package(command), await self._order_id(command)
        if await self._shipping.shown(number, wanted):
            return Accepted({"fulfilment_id": wanted.reference}, repeated=True)
        await self._shipping.confirm(number, wanted, self.context.clock.now())
        return Accepted({"fulfilment_id": wanted.reference})

    async def _milestone(self, command: Command) -> Outcome:
        raise CallNotAllowed("Amazon asks the carrier itself; set `shop_milestones: []` in the flow", command=command.name)

    async def _cancel(self, command: Command) -> Outcome:
        fresh = await self._cancelling.cancel(await self._order_id(command), command)
        return Accepted({"state": "cancelled"}, repeated=not fresh)

    async def _find_fulfilment(self, command: Command) -> Mapping[str, Any] | None:
        wanted = package(command)
        shown = await self._shipping.shown(await self._order_id(command), wanted)
        return {"fulfilment_id": wanted.reference} if shown else None

    async def _find_milestone(self, command: Command) -> Mapping[str, Any] | None:
        return None

    async def _find_cancellation(self, command: Command) -> Mapping[str, Any] | None:
        return {"state": "cancelled"} if await self._cancelling.cancelled(await self._order_id(command)) else None

    async def _ids_of(self, number: str) -> Sequence[str]:
        return (number,)  # an order's number is its id

    async def probe(self) -> Probe:
        """Reachable, and the account takes part in the marketplaces of the options."""
        try:
            told = await self._api.get("getMarketplaceParticipations", "/sellers/v1/marketplaceParticipations")
        except CrossdockError as error:
            return Probe(False, f"{error.code}: {error.message}")
        found = told.get("payload")
        ids = {
            str(one["marketplace"].get("id"))
            for one in (found if isinstance(found, list) else ())
            if isinstance(one, dict) and isinstance(one.get("marketplace"), dict)
        }
        missing = sorted(set(self._options.marketplaces) - ids)
        words = f"the account does not sell in {', '.join(missing)}" if missing else ""
        return Probe(not missing, words, self._options.orders_api, detail={"marketplaces": sorted(ids)})
