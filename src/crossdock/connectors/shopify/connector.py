"""The Shopify connector: receives signed webhooks, polls for missed ones, delivers fulfilments, tracking events, stock and cancellations."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Final

from crossdock.canonical.events import Event, Reference
from crossdock.canonical.order import OrderCancellation
from crossdock.connectors.base import BaseConnector
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
from crossdock.connectors.settling import Settling
from crossdock.connectors.shopify import backfill, queries, stock
from crossdock.connectors.shopify.fulfilment import Fulfilment, wanted
from crossdock.connectors.shopify.graphql import AdminApi, nodes_of
from crossdock.connectors.shopify.mapping import Mapper
from crossdock.connectors.shopify.node import dig, number_of, webhook_shape
from crossdock.connectors.shopify.options import ShopifyOptions
from crossdock.connectors.shopify.products import product_events
from crossdock.connectors.signing import check_age, check_signature
from crossdock.core.commands import Command
from crossdock.core.errors import (
    AnswerLost,
    CrossdockError,
    DocumentUnknown,
    SignatureExpired,
    TargetRefused,
    TargetUnavailable,
    Unauthenticated,
)
from crossdock.core.outcomes import Accepted, Effect, EffectFound, Outcome

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
IGNORED: Final = ("refunds/", "fulfillment", "order_transactions/", "inventory_", "customers/", "shop/", "app/", "products/delete")
"""Known topics that change nothing here: the message is kept, no event follows. `orders/edited` is always followed by `orders/updated`."""
REASONS: Final = ("CUSTOMER", "DECLINED", "FRAUD", "INVENTORY", "STAFF")


class ShopifyConnector(BaseConnector):
    """One Shopify shop."""

    kind: ClassVar[str] = "shopify"
    title: ClassVar[str] = "Shopify"
    mapping_version: ClassVar[str] = "1"
    capabilities: ClassVar[Capabilities] = Capabilities(
        commands=frozenset({"shop.fulfil", "shop.milestone", "shop.stock", "order.cancel"}),
        repeatable=frozenset({"shop.stock", "order.cancel"}),
        topics=ORDER_TOPICS | PRODUCT_TOPICS | {"orders/delete", "orders/edited", "refunds/create"},
        receives=True,
        polls=True,
        batch=100,
    )
    Options: ClassVar[type[Any]] = ShopifyOptions

    def __init__(self, context: ConnectorContext) -> None:
        super().__init__(context)
        self._options: ShopifyOptions = context.options
        self._api = AdminApi(context)
        self._mapper = Mapper(context.system, self._options, context.value_maps)
        self._fulfilment = Fulfilment(self._api, self._options.notify_customer)
        self._stock = stock.Stock(self._api, self._options, context.system)
        self._settling = Settling(context.clock, self._options.settle_seconds)

    # Inbound -----------------------------------------------------------------------------------------------

    def receive(self, request: InboundRequest) -> Sequence[Inbound]:
        """One webhook. Its identity is X-Shopify-Webhook-Id, which stays the same over Shopify's repeated attempts."""
        headers = request.headers
        secrets = [self.context.secret("webhook_secret")]
        if "webhook_secret_previous" in self.context.credentials:
            secrets.append(self.context.secret("webhook_secret_previous"))
        check_signature(headers.get("x-shopify-hmac-sha256", ""), secrets, request.body, "X-Shopify-Hmac-Sha256")
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
        """`order.placed`, `order.changed`, `order.cancelled` (and `product.changed` when wanted); refunds and the like give no event."""
        topic = message.topic
        if topic in ORDER_TOPICS:
            value = read_json(message.body)
            if topic == backfill.TOPIC:
                value = webhook_shape(value)
            event = self._mapper.order_event(value, first=topic in FIRST)
            return (event,) if event else ()
        if topic in PRODUCT_TOPICS:
            return product_events(self.context.system, read_json(message.body)) if self._options.products == "events" else ()
        if topic == "orders/delete":
            return (self._deleted(message),)
        if topic == "orders/edited" or topic.startswith(IGNORED):
            read_json(message.body)
            return ()
        raise DocumentUnknown(f"no mapping for the topic {topic!r}", topic=topic)

    def _deleted(self, message: StoredMessage) -> Event:
        problems = Problems()
        node = Node(read_json(message.body), problems)
        order_id = node.text("id", required=True, limit=64)
        problems.raise_if_any("orders/delete")
        system = self.context.system
        reason = "deleted in the shop"
        return Event(
            id=f"{system}/order/{order_id}/deleted",
            type="order.cancelled",
            source=system,
            key="",
            data=OrderCancellation(number=order_id, reason=reason, cancelled_at=message.received_at),
            occurred_at=message.received_at,
            references=(Reference(f"{system}:order_id", order_id),),
        )

    @classmethod
    def credential_purposes(cls, options: ShopifyOptions) -> frozenset[str]:
        return frozenset({"access_token", "webhook_secret"})

    @classmethod
    def poll_channels(cls, options: ShopifyOptions) -> frozenset[str]:
        return frozenset({"orders"})

    async def poll(self, channel: str, cursor: Mapping[str, Any]) -> PollResult:
        """Channel `orders`: the orders updated since the last poll, webhook or not."""
        if channel != "orders":
            raise DocumentUnknown(f"Shopify has no channel {channel!r} to poll", channel=channel)
        return await backfill.changed_orders(self._api, self._options, cursor, self.context.clock.now())

    # Outbound ----------------------------------------------------------------------------------------------

    async def deliver(self, command: Command) -> Outcome:
        """Carry out a command. Raises the outcomes; a lost answer is remembered so that `find_effect` is not asked too early."""
        carry_out: dict[str, Callable[[Command], Awaitable[Outcome]]] = {
            "shop.fulfil": self._fulfil,
            "shop.milestone": self._milestone,
            "order.cancel": self._cancel,
        }
        if command.name == "shop.stock":
            return (await self._stock.deliver([command]))[0]
        if command.name not in carry_out:
            return await super().deliver(command)
        try:
            return await carry_out[command.name](command)
        except AnswerLost:
            self._settling.lost(command.id)
            raise

    async def deliver_many(self, commands: Sequence[Command]) -> Sequence[Outcome]:
        """Stock commands travel together; anything else one by one."""
        if all(command.name == "shop.stock" for command in commands):
            return await self._stock.deliver(commands)
        return await super().deliver_many(commands)

    def batch_key(self, command: Command) -> str:
        """Stock commands may share a call."""
        return "stock" if command.name == "shop.stock" else ""

    def serial(self, command: Command) -> Sequence[str]:
        """A stock command writes its SKUs; any other writes its order."""
        return stock.writes(command) if command.name == "shop.stock" else (f"order:{command.key}",)

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

    async def _order_id(self, command: Command) -> str:
        references = command.data.get("refs", {})
        known = references.get(f"{self.context.system}:order_id")
        if known:
            return str(known)
        number = str(command.data.get("order_number") or references.get(f"{self.context.system}:order") or "")
        found = nodes_of(await self._api.call(queries.FIND_ORDER, q=f"name:{stock.quoted(number)}")) if number else []
        exact = [node for node in found if str(node.get("name", "")).lstrip("#") == number]
        if len(exact) != 1:
            raise TargetRefused(f"the shop does not know order {number!r}", order_number=number)
        return str(number_of(exact[0].get("id")))

    async def find_effect(self, command: Command) -> Effect:
        """Found when the shop shows the shipment, the tracking event or the cancellation; stock and cancellation may be repeated anyway."""
        if command.name == "shop.fulfil":
            want, order_id = wanted(command), await self._order_id(command)
            shown = await self._fulfilment.shown(order_id, want)
            if covers(shown.units, want.units) or (
                shown.fulfilments and not (await self._fulfilment.plan(order_id, want, shown)).parts
            ):
                return EffectFound({"fulfilment_id": ",".join(shown.fulfilments)})
            return self._settling.absent(command.id)
        if command.name == "shop.milestone":
            fulfilment, _, there = await self._fulfilment.event_shown(await self._order_id(command), command)
            return EffectFound({"fulfilment_id": fulfilment}) if there else self._settling.absent(command.id)
        if command.name == "order.cancel" and await self._cancelled(await self._order_id(command)):
            return EffectFound({"state": "cancelled"})
        return await super().find_effect(command)

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
