"""The WooCommerce connector: receives signed webhooks, polls for missed ones, delivers shipments, notes, stock and cancellations."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
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
from crossdock.connectors.signing import check_age, check_signature
from crossdock.connectors.woocommerce import backfill
from crossdock.connectors.woocommerce.mapping import Mapper
from crossdock.connectors.woocommerce.options import WooCommerceOptions
from crossdock.connectors.woocommerce.rest import RestApi
from crossdock.connectors.woocommerce.shipping import CLOSED, Orders, dispatch, milestone_note
from crossdock.connectors.woocommerce.stock import Stock
from crossdock.core.commands import Command
from crossdock.core.errors import AnswerLost, CrossdockError, DocumentUnknown, TargetRefused, Unauthenticated
from crossdock.core.outcomes import Accepted, Effect, EffectFound, Outcome

ORDER_TOPICS: Final = frozenset({"order.created", "order.updated", "order.restored", backfill.TOPIC})
FIRST: Final = frozenset({"order.created", "order.restored", backfill.TOPIC})
"""Topics under which the hub may see an order for the first time."""
IGNORED: Final = ("customer.", "coupon.", "product.", "action.")
"""Known topics that change nothing here: the message is kept, no event follows (the ERP is master of products and customers)."""
PING: Final = re.compile(rb"webhook_id=\d{1,20}")


class WooCommerceConnector(BaseConnector):
    """One WooCommerce shop."""

    kind: ClassVar[str] = "woocommerce"
    title: ClassVar[str] = "WooCommerce"
    mapping_version: ClassVar[str] = "1"
    capabilities: ClassVar[Capabilities] = Capabilities(
        commands=frozenset({"shop.fulfil", "shop.milestone", "shop.stock", "order.cancel"}),
        repeatable=frozenset({"shop.stock", "order.cancel"}),
        topics=ORDER_TOPICS | {"order.deleted", "product.updated"},
        receives=True,
        polls=True,
        batch=100,
    )
    Options: ClassVar[type[Any]] = WooCommerceOptions

    def __init__(self, context: ConnectorContext) -> None:
        super().__init__(context)
        self._options: WooCommerceOptions = context.options
        self._api = RestApi(context)
        self._mapper = Mapper(context.system, self._options, context.value_maps)
        self._orders = Orders(self._api)
        self._stock = Stock(self._api)
        self._settling = Settling(context.clock, self._options.settle_seconds)

    # Inbound -----------------------------------------------------------------------------------------------

    def receive(self, request: InboundRequest) -> Sequence[Inbound]:
        """One webhook; none for the unsigned ping WooCommerce sends when a webhook is saved (it only asks whether somebody answers)."""
        headers = request.headers
        signature = headers.get("x-wc-webhook-signature", "")
        if not signature and PING.fullmatch(request.body):
            return ()
        secrets = [self.context.secret("webhook_secret")]
        if "webhook_secret_previous" in self.context.credentials:
            secrets.append(self.context.secret("webhook_secret_previous"))
        check_signature(signature, secrets, request.body, "X-WC-Webhook-Signature")
        source = headers.get("x-wc-webhook-source", "")
        if self._options.source and source.rstrip("/") != self._options.source.rstrip("/"):
            raise Unauthenticated(f"this webhook is of the shop {source!r}, not of {self._options.source!r}", source=source)
        if self._options.max_age_seconds:
            self._check_age(request)
        topic = headers.get("x-wc-webhook-topic", "").strip().lower()
        kept = {k: v for k, v in headers.items() if k.startswith("x-wc-webhook-") and k != "x-wc-webhook-signature"}
        identity = backfill.identity(topic if topic == "order.deleted" else topic.partition(".")[0], request.body)
        return (Inbound(topic, identity, request.body, "application/json", kept),)

    def _check_age(self, request: InboundRequest) -> None:
        modified = Node(read_json(request.body), Problems()).time("date_modified_gmt", naive_is_utc=True)
        if modified is not None:
            allowed = self._options.max_age_seconds
            check_age(modified, request.received_at, allowed, 300, "the order in the webhook")

    def normalize(self, message: StoredMessage) -> Sequence[Event]:
        """`order.placed`, `order.changed`, `order.cancelled`; orders in a status that is no order yet, products and the like give none."""
        topic = message.topic
        if topic in ORDER_TOPICS:
            event = self._mapper.order_event(read_json(message.body), first=topic in FIRST)
            return (event,) if event else ()
        if topic == "order.deleted":
            return (self._deleted(message),)
        if topic.startswith(IGNORED):
            read_json(message.body)
            return ()
        raise DocumentUnknown(f"no mapping for the topic {topic!r}", topic=topic)

    def _deleted(self, message: StoredMessage) -> Event:
        problems = Problems()
        node = Node(read_json(message.body), problems)
        order_id = node.text("id", required=True, limit=64)
        problems.raise_if_any("order.deleted")
        system = self.context.system
        return Event(
            id=f"{system}/order/{order_id}/deleted",
            type="order.cancelled",
            source=system,
            key="",
            data=OrderCancellation(number=order_id, reason="deleted in the shop", cancelled_at=message.received_at),
            occurred_at=message.received_at,
            references=(Reference(f"{system}:order_id", order_id),),
        )

    @classmethod
    def credential_purposes(cls, options: WooCommerceOptions) -> frozenset[str]:
        return frozenset({"consumer_key", "consumer_secret", "webhook_secret"})

    @classmethod
    def poll_channels(cls, options: WooCommerceOptions) -> frozenset[str]:
        return frozenset({"orders"})

    async def poll(self, channel: str, cursor: Mapping[str, Any]) -> PollResult:
        """Channel `orders`: the orders modified since the last poll, webhook or not."""
        if channel != "orders":
            raise DocumentUnknown(f"WooCommerce has no channel {channel!r} to poll", channel=channel)
        return await backfill.modified_orders(self._api, self._options, cursor, self.context.clock.now())

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
        if command.name == "shop.stock":
            return [f"stock:{level.get('sku')}" for level in command.data.get("levels", ())]
        return (f"order:{command.key}",)

    async def _fulfil(self, command: Command) -> Outcome:
        wanted, order_id = dispatch(command, self._options), await self._order_id(command)
        change = wanted.change(await self._orders.read(order_id))
        if change:
            await self._orders.change(order_id, change)
        note = await self._orders.note_id(order_id, wanted.note)
        added = note or await self._orders.add_note(order_id, wanted.note)
        return Accepted({"fulfilment_id": wanted.key, "note_id": added}, repeated=bool(note) and not change)

    async def _milestone(self, command: Command) -> Outcome:
        note, order_id = milestone_note(command, self._options), await self._order_id(command)
        found = await self._orders.note_id(order_id, note)
        return Accepted({"note_id": found or await self._orders.add_note(order_id, note)}, repeated=bool(found))

    async def _cancel(self, command: Command) -> Outcome:
        order_id = await self._order_id(command)
        status = str((await self._orders.read(order_id)).get("status"))
        if status in CLOSED:
            return Accepted({"state": status}, repeated=True)
        if status == "completed":
            raise TargetRefused("the order is completed in the shop", status=status)
        await self._orders.change(order_id, {"status": "cancelled"})
        return Accepted({"state": "cancelled"})

    async def _order_id(self, command: Command) -> str:
        references = command.data.get("refs", {})
        known = references.get(f"{self.context.system}:order_id")
        number = command.data.get("order_number") or references.get(f"{self.context.system}:order") or ""
        return str(known) if known else await self._orders.id_by_number(str(number))

    async def find_effect(self, command: Command) -> Effect:
        """Found when the shop shows the custom field, the status and the marked note; stock and cancellation may be repeated anyway."""
        if command.name == "shop.fulfil":
            wanted, order_id = dispatch(command, self._options), await self._order_id(command)
            missing = wanted.change(await self._orders.read(order_id))
            note = await self._orders.note_id(order_id, wanted.note)
            if note and not missing:
                return EffectFound({"fulfilment_id": wanted.key, "note_id": note})
            return self._settling.absent(command.id)
        if command.name == "shop.milestone":
            order_id = await self._order_id(command)
            note = await self._orders.note_id(order_id, milestone_note(command, self._options))
            return EffectFound({"note_id": note}) if note else self._settling.absent(command.id)
        if command.name == "order.cancel":
            status = str((await self._orders.read(await self._order_id(command))).get("status"))
            if status in CLOSED:
                return EffectFound({"state": status})
        return await super().find_effect(command)

    async def probe(self) -> Probe:
        """Reachable and the key valid; names webhooks that WooCommerce has switched off (it does so after failures, and tells nobody)."""
        try:
            hooks = await self._api.listed("webhooks", per_page="100")
        except CrossdockError as error:
            return Probe(False, f"{error.code}: {error.message}")
        off = sorted(str(hook.get("name") or hook.get("topic")) for hook in hooks if hook.get("status") != "active")
        message = f"webhooks switched off by the shop: {', '.join(off)}; orders come by poll only" if off else "reachable"
        return Probe(True, message, "wc/v3", detail={"webhooks_off": off, "webhooks": len(hooks)})
