"""The WooCommerce connector: receives signed webhooks, polls for missed ones, delivers shipments, notes, stock and cancellations."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Final

from crossdock.canonical.events import Event
from crossdock.connectors.document import Node, Problems, read_json
from crossdock.connectors.protocol import (
    LOST_SINCE,
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
from crossdock.connectors.signing import check_age, check_signature
from crossdock.connectors.web_shop import WebShopConnector
from crossdock.connectors.woocommerce import backfill
from crossdock.connectors.woocommerce.mapping import Mapper
from crossdock.connectors.woocommerce.options import WooCommerceOptions
from crossdock.connectors.woocommerce.rest import RestApi
from crossdock.connectors.woocommerce.shipping import CLOSED, Orders, dispatch, milestone_note
from crossdock.connectors.woocommerce.stock import Stock
from crossdock.core.commands import Command
from crossdock.core.errors import CrossdockError, DocumentUnknown, TargetRefused, Unauthenticated
from crossdock.core.outcomes import Accepted, Outcome

ORDER_TOPICS: Final = frozenset({"order.created", "order.updated", "order.restored", backfill.TOPIC})
FIRST: Final = frozenset({"order.created", "order.restored", backfill.TOPIC})
"""Topics under which the hub may see an order for the first time."""
IGNORED: Final = ("customer.", "coupon.", "product.", "action.")
"""Known topics that change nothing here: the message is kept, no event follows (the ERP is master of products and customers)."""
PING: Final = re.compile(rb"webhook_id=\d{1,20}")


class WooCommerceConnector(WebShopConnector):
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
    rotations: ClassVar[Mapping[str, Rotation]] = {
        "webhook_secret": Rotation("hub", "The hub tells the shop by its REST API.", "token"),
        "consumer_key": Rotation(
            "person", "WooCommerce makes keys on its own pages only: WooCommerce > Settings > Advanced > REST API."
        ),
        "consumer_secret": Rotation("person", "It comes with the consumer key."),
    }

    def __init__(self, context: ConnectorContext) -> None:
        super().__init__(context)
        self._options: WooCommerceOptions = context.options
        self._api = RestApi(context)
        self._mapper = Mapper(context.system, self._options, context.value_maps)
        self._orders = Orders(self._api)
        self._stock = Stock(self._api)

    # Inbound -----------------------------------------------------------------------------------------------

    def receive(self, request: InboundRequest) -> Sequence[Inbound]:
        """One webhook; none for the unsigned ping WooCommerce sends when a webhook is saved (it only asks whether somebody answers)."""
        headers = request.headers
        signature = headers.get("x-wc-webhook-signature", "")
        if not signature and PING.fullmatch(request.body):
            return ()
        check_signature(signature, self.webhook_secrets(), request.body, "X-WC-Webhook-Signature")
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
            since = message.headers.get(LOST_SINCE)
            lost = datetime.fromisoformat(since) if since else None
            event = self._mapper.order_event(read_json(message.body), first=topic in FIRST, lost_since=lost)
            return (event,) if event else ()
        if topic == "order.deleted":
            return (deleted_order(message, self.context.system),)
        if topic.startswith(IGNORED):
            read_json(message.body)
            return ()
        raise DocumentUnknown(f"no mapping for the topic {topic!r}", topic=topic)

    @classmethod
    def credential_purposes(cls, options: WooCommerceOptions) -> frozenset[str]:
        return frozenset({"consumer_key", "consumer_secret", "webhook_secret"})

    async def _changed_orders(self, cursor: Mapping[str, Any]) -> PollResult:
        return await backfill.modified_orders(self._api, self._options, cursor, self.context.clock.now())

    # Outbound ----------------------------------------------------------------------------------------------

    def serial(self, command: Command) -> Sequence[str]:
        """A stock command writes its SKUs; any other writes its order."""
        if command.name == "shop.stock":
            return [f"stock:{level.get('sku')}" for level in command.data.get("levels", ())]
        return (f"order:{command.key}",)

    async def _set_stock(self, commands: Sequence[Command]) -> Sequence[Outcome]:
        return await self._stock.deliver(commands)

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

    async def _ids_of(self, number: str) -> Sequence[str]:
        return await self._orders.ids_by_number(number)

    async def _find_fulfilment(self, command: Command) -> Mapping[str, Any] | None:
        wanted, order_id = dispatch(command, self._options), await self._order_id(command)
        missing = wanted.change(await self._orders.read(order_id))
        note = await self._orders.note_id(order_id, wanted.note)
        return {"fulfilment_id": wanted.key, "note_id": note} if note and not missing else None

    async def _find_milestone(self, command: Command) -> Mapping[str, Any] | None:
        order_id = await self._order_id(command)
        note = await self._orders.note_id(order_id, milestone_note(command, self._options))
        return {"note_id": note} if note else None

    async def _find_cancellation(self, command: Command) -> Mapping[str, Any] | None:
        status = str((await self._orders.read(await self._order_id(command))).get("status"))
        return {"state": status} if status in CLOSED else None

    async def install(self, purpose: str, value: str) -> None:
        """Give all webhooks that lead to this system here a new secret; the shop signs with it at once."""
        if purpose != "webhook_secret":
            await super().install(purpose, value)
        hooks = await self._api.listed("webhooks", per_page="100")
        ours = [hook for hook in hooks if f"/in/{self.context.system}/" in f"{hook.get('delivery_url')}/"]
        if not ours:
            raise TargetRefused(f"no webhook of the shop leads to /in/{self.context.system}/ here")
        for hook in ours:
            await self._api.write("PUT", f"webhooks/{hook['id']}", {"secret": value})

    async def probe(self) -> Probe:
        """Reachable and the key valid; names webhooks that WooCommerce has switched off (it does so after failures, and tells nobody)."""
        try:
            hooks = await self._api.listed("webhooks", per_page="100")
        except CrossdockError as error:
            return Probe(False, f"{error.code}: {error.message}")
        off = sorted(str(hook.get("name") or hook.get("topic")) for hook in hooks if hook.get("status") != "active")
        message = f"webhooks switched off by the shop: {', '.join(off)}; orders come by poll only" if off else "reachable"
        return Probe(True, message, "wc/v3", detail={"webhooks_off": off, "webhooks": len(hooks)})
