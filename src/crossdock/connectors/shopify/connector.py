"""The Shopify connector: receives signed webhooks, polls for missed ones, delivers fulfilments, tracking events, stock and cancellations."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Final

from crossdock.canonical.events import Event
from crossdock.connectors.document import Node, Problems, read_json
from crossdock.connectors.protocol import (
    Capabilities,
    ConnectorContext,
    Inbound,
    InboundRequest,
    PollResult,
    Probe,
    StoredMessage,
)
from crossdock.connectors.rotation import Rotation
from crossdock.connectors.shop_orders import deleted_order
from crossdock.connectors.shopify import backfill, queries, returns, stock
from crossdock.connectors.shopify.fulfilment import Fulfilment, wanted
from crossdock.connectors.shopify.graphql import AdminApi, nodes_of
from crossdock.connectors.shopify.mapping import Mapper
from crossdock.connectors.shopify.node import dig, number_of, webhook_shape
from crossdock.connectors.shopify.options import ShopifyOptions
from crossdock.connectors.shopify.products import product_events
from crossdock.connectors.signing import check_age, check_signature
from crossdock.connectors.web_shop import CHANNEL, WebShopConnector
from crossdock.core.commands import Command
from crossdock.core.errors import (
    CrossdockError,
    DocumentUnknown,
    SignatureExpired,
    TargetRefused,
    TargetUnavailable,
    Unauthenticated,
)
from crossdock.core.outcomes import Accepted, Outcome

ORDER_TOPICS: Final = frozenset(
    {
        "orders/create",
        "orders/updated",
        "orders/paid",
        "orders/cancelled",
        "orders/fulfilled",
        "orders/partially_fulfilled",
        backfill.TOPIC,
    }
)
FIRST: Final = frozenset({"orders/create", backfill.TOPIC})
"""Topics under which the hub may see an order for the first time."""
PRODUCT_TOPICS: Final = frozenset({"products/create", "products/update"})
IGNORED: Final = (
    "refunds/",
    "returns/",
    "fulfillment",
    "order_transactions/",
    "inventory_",
    "customers/",
    "shop/",
    "app/",
    "products/delete",
)
"""Known topics that change nothing here: the message is kept, no event follows. `orders/edited` is always followed by `orders/updated`."""
REASONS: Final = ("CUSTOMER", "DECLINED", "FRAUD", "INVENTORY", "STAFF")


class ShopifyConnector(WebShopConnector):
    """One Shopify shop."""

    kind: ClassVar[str] = "shopify"
    title: ClassVar[str] = "Shopify"
    mapping_version: ClassVar[str] = "1"
    capabilities: ClassVar[Capabilities] = Capabilities(
        commands=frozenset({"shop.fulfil", "shop.milestone", "shop.stock", "order.cancel"}),
        repeatable=frozenset({"shop.stock", "order.cancel"}),
        topics=ORDER_TOPICS | PRODUCT_TOPICS | {"orders/delete", "orders/edited", "refunds/create", returns.TOPIC},
        receives=True,
        polls=True,
        batch=100,
    )
    Options: ClassVar[type[Any]] = ShopifyOptions
    rotations: ClassVar[Mapping[str, Rotation]] = {
        "access_token": Rotation(
            "person", "Shopify offers no renewal of a custom app's token: install the app anew and store its token."
        ),
        "webhook_secret": Rotation(
            "person", "It is the app's client secret: rotate it in Shopify's dashboard, store the new one here."
        ),
    }

    def __init__(self, context: ConnectorContext) -> None:
        super().__init__(context)
        self._options: ShopifyOptions = context.options
        self._api = AdminApi(context)
        self._mapper = Mapper(context.system, self._options, context.value_maps)
        self._fulfilment = Fulfilment(self._api, self._options.notify_customer)
        self._stock = stock.Stock(self._api, self._options, context.system)

    # Inbound -----------------------------------------------------------------------------------------------

    def receive(self, request: InboundRequest) -> Sequence[Inbound]:
        """One webhook. Its identity is X-Shopify-Webhook-Id, which stays the same over Shopify's repeated attempts."""
        headers = request.headers
        check_signature(headers.get("x-shopify-hmac-sha256", ""), self.webhook_secrets(), request.body, "X-Shopify-Hmac-Sha256")
        shop = headers.get("x-shopify-shop-domain", "")
        if self._options.shop_domain and shop != self._options.shop_domain:
            raise Unauthenticated(f"this webhook is of the shop {shop!r}, not of {self._options.shop_domain!r}", shop=shop)
        self._check_age(headers.get("x-shopify-triggered-at", ""), request.received_at)
        topic = headers.get("x-shopify-topic", "").strip().lower()
        webhook = headers.get("x-shopify-webhook-id", "").strip()
        identity = webhook or f"{topic}/{hashlib.sha256(request.body).hexdigest()}"
        kept = {k: v for k, v in headers.items() if k.startswith("x-shopify-") and k != "x-shopify-hmac-sha256"}
        return (Inbound(topic, f"webhook/{identity}", request.body, "application/json", kept),)

    def _check_age(self, triggered: str, now: datetime) -> None:
        if not triggered:
            return
        problems = Problems()
        moment = Node({"at": triggered}, problems).time("at")
        if moment is None:
            raise SignatureExpired("X-Shopify-Triggered-At is no time", header="X-Shopify-Triggered-At")
        check_age(moment, now, self._options.max_age_seconds, self._options.max_ahead_seconds, "the webhook")

    def normalize(self, message: StoredMessage) -> Sequence[Event]:
        """`order.placed`, `order.changed`, `order.cancelled`, `return.requested` (and `product.changed` when wanted); refunds and the like give no event."""
        topic = message.topic
        if topic in ORDER_TOPICS:
            value = read_json(message.body)
            if topic == backfill.TOPIC:
                value = webhook_shape(value)
            event = self._mapper.order_event(value, first=topic in FIRST)
            return (event,) if event else ()
        if topic in PRODUCT_TOPICS:
            return product_events(self.context.system, read_json(message.body)) if self._options.products == "events" else ()
        if topic == returns.TOPIC:
            return (returns.return_event(read_json(message.body), self.context.system, self._options, self.context.value_maps),)
        if topic == "orders/delete":
            return (deleted_order(message, self.context.system),)
        if topic == "orders/edited" or topic.startswith(IGNORED):
            read_json(message.body)
            return ()
        raise DocumentUnknown(f"no mapping for the topic {topic!r}", topic=topic)

    @classmethod
    def credential_purposes(cls, options: ShopifyOptions) -> frozenset[str]:
        return frozenset({"access_token", "webhook_secret"})

    @classmethod
    def poll_channels(cls, options: ShopifyOptions) -> frozenset[str]:
        return frozenset({CHANNEL, returns.CHANNEL})

    async def poll(self, channel: str, cursor: Mapping[str, Any]) -> PollResult:
        """Channel `orders`, and `returns`: the returns customers ask for in the shop."""
        if channel == returns.CHANNEL:
            return await returns.requested(self._api, self._options, cursor, self.context.clock.now())
        return await super().poll(channel, cursor)

    async def _changed_orders(self, cursor: Mapping[str, Any]) -> PollResult:
        return await backfill.changed_orders(self._api, self._options, cursor, self.context.clock.now())

    # Outbound ----------------------------------------------------------------------------------------------

    def serial(self, command: Command) -> Sequence[str]:
        """A stock command writes its SKUs; any other writes its order."""
        return stock.writes(command) if command.name == "shop.stock" else (f"order:{command.key}",)

    async def _set_stock(self, commands: Sequence[Command]) -> Sequence[Outcome]:
        return await self._stock.deliver(commands)

    async def _fulfil(self, command: Command) -> Outcome:
        want, order_id = wanted(command), await self._order_id(command)
        shown = await self._fulfilment.shown(order_id, want)
        if covers(shown.units, want.units):
            return Accepted({"fulfilment_id": ",".join(shown.fulfilments)}, repeated=True)
        plan = await self._fulfilment.plan(order_id, want, shown)
        created = await self._fulfilment.create(want, plan)
        ack: dict[str, Any] = {"fulfilment_id": ",".join([*shown.fulfilments, *created])}
        return Accepted({**ack, "over": dict(plan.over)} if plan.over else ack, repeated=not created)

    async def _milestone(self, command: Command) -> Outcome:
        fulfilment, event, there = await self._fulfilment.event_shown(await self._order_id(command), command)
        if there:
            return Accepted({"fulfilment_id": fulfilment}, repeated=True)
        return Accepted({"fulfilment_id": fulfilment, "event_id": await self._fulfilment.create_event(event)})

    async def _cancel(self, command: Command) -> Outcome:
        order_id = await self._order_id(command)
        if await self._cancelled(order_id):
            return Accepted({"state": "cancelled"}, repeated=True)
        reason = str(command.data.get("reason", ""))
        payload = await self._api.mutate(
            queries.CANCEL,
            errors="orderCancelUserErrors",
            id=f"gid://shopify/Order/{order_id}",
            reason=next((name for name in REASONS if name.lower() in reason.lower()), "OTHER"),
            refund={"originalPaymentMethodsRefund": self._options.refund_on_cancel},
            restock=self._options.restock_on_cancel,
            notify=self._options.notify_customer,
            note=reason[:255],
        )
        if dig(payload, "job", "done") is True or await self._cancelled(order_id):
            return Accepted({"state": "cancelled"})
        raise TargetUnavailable("the shop has queued the cancellation and not finished it", retry_after=2.0, order_id=order_id)

    async def _cancelled(self, order_id: str) -> bool:
        order = await self._api.call(queries.FULFILMENTS, id=f"gid://shopify/Order/{order_id}")
        if order is None:
            raise TargetRefused(f"the shop does not know order {order_id}", order_id=order_id)
        return bool(dig(order, "cancelledAt"))

    async def _ids_of(self, number: str) -> Sequence[str]:
        found = nodes_of(await self._api.call(queries.FIND_ORDER, q=f"name:{stock.quoted(number)}"))
        return [str(number_of(node.get("id"))) for node in found if str(node.get("name", "")).lstrip("#") == number]

    async def _find_fulfilment(self, command: Command) -> Mapping[str, Any] | None:
        want, order_id = wanted(command), await self._order_id(command)
        shown = await self._fulfilment.shown(order_id, want)
        if covers(shown.units, want.units) or (
            shown.fulfilments and not (await self._fulfilment.plan(order_id, want, shown)).parts
        ):
            return {"fulfilment_id": ",".join(shown.fulfilments)}
        return None

    async def _find_milestone(self, command: Command) -> Mapping[str, Any] | None:
        fulfilment, _, there = await self._fulfilment.event_shown(await self._order_id(command), command)
        return {"fulfilment_id": fulfilment} if there else None

    async def _find_cancellation(self, command: Command) -> Mapping[str, Any] | None:
        return {"state": "cancelled"} if await self._cancelled(await self._order_id(command)) else None

    async def probe(self) -> Probe:
        """Reachable and the token valid; names the topics the shop has webhook subscriptions for."""
        try:
            shop = await self._api.call(queries.SHOP)
            topics = sorted(str(node.get("topic")) for node in nodes_of(await self._api.call(queries.SUBSCRIPTIONS)))
        except CrossdockError as error:
            return Probe(False, f"{error.code}: {error.message}")
        asked, served = self._options.api_version, self._api.version
        note = "" if served == asked else f"; asked for API {asked}, which Shopify no longer serves"
        detail = {"currency": dig(shop, "currencyCode"), "webhook_topics": topics}
        return Probe(True, f"{dig(shop, 'name')} ({dig(shop, 'myshopifyDomain')}){note}", served, detail=detail)


def covers(shown: Mapping[str, int], want: Mapping[str, int]) -> bool:
    """Whether every wanted unit is there."""
    return all(shown.get(item, 0) >= units for item, units in want.items())
