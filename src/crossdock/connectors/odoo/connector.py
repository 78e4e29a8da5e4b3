"""Odoo 16-19 on the hub's side of the protocol: which command, question, channel or message goes to which part of this folder."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from crossdock.canonical.events import Event
from crossdock.connectors.base import BaseConnector
from crossdock.connectors.odoo import keys
from crossdock.connectors.odoo.accruals import Accruals
from crossdock.connectors.odoo.allow import PURPOSES
from crossdock.connectors.odoo.availability import Availability
from crossdock.connectors.odoo.bills import BillCreation
from crossdock.connectors.odoo.capture import CHANNELS, Capture
from crossdock.connectors.odoo.catalogue import Catalogue
from crossdock.connectors.odoo.chatter import Chatter
from crossdock.connectors.odoo.client import OdooClient
from crossdock.connectors.odoo.credit_notes import CreditNotes
from crossdock.connectors.odoo.documents import Documents
from crossdock.connectors.odoo.health import probe
from crossdock.connectors.odoo.invoices import Invoicing
from crossdock.connectors.odoo.landed_costs import LandedCosts
from crossdock.connectors.odoo.load import Loader, Pause, jitter
from crossdock.connectors.odoo.mapping import DocumentMapping
from crossdock.connectors.odoo.master_data import MasterData
from crossdock.connectors.odoo.options import OdooOptions
from crossdock.connectors.odoo.orders_change import OrderChange
from crossdock.connectors.odoo.orders_confirm import OrderTransitions
from crossdock.connectors.odoo.orders_create import OrderCreation
from crossdock.connectors.odoo.outbox import Outbox
from crossdock.connectors.odoo.paper_documents import PaperDocuments
from crossdock.connectors.odoo.papers import Papers
from crossdock.connectors.odoo.papers_post import Posting
from crossdock.connectors.odoo.parties import Parties
from crossdock.connectors.odoo.partners import Partners
from crossdock.connectors.odoo.payments import Payments
from crossdock.connectors.odoo.places import Places
from crossdock.connectors.odoo.purchase_documents import PurchaseDocuments
from crossdock.connectors.odoo.purchases_change import PurchaseChange
from crossdock.connectors.odoo.receipt_documents import ReceiptDocuments
from crossdock.connectors.odoo.receipts import ReceiptValidation
from crossdock.connectors.odoo.returns import ReturnTransfers
from crossdock.connectors.odoo.sold_lines import SoldLines
from crossdock.connectors.odoo.stock_adjust import StockAdjustment
from crossdock.connectors.odoo.subject import skus
from crossdock.connectors.odoo.tracking import Tracking
from crossdock.connectors.odoo.transfers import TransferValidation
from crossdock.connectors.odoo.webhook import authenticate, hint
from crossdock.connectors.protocol import (
    Capabilities,
    ConnectorContext,
    Inbound,
    InboundRequest,
    PollResult,
    Probe,
    Question,
    StockLine,
    StoredMessage,
)
from crossdock.connectors.rotation import Renewed, Rotation
from crossdock.core.commands import Command
from crossdock.core.errors import CrossdockError
from crossdock.core.outcomes import Accepted, Effect, EffectAbsent, EffectFound, Outcome

_STOCK_WRITERS = frozenset(
    {
        "order.confirm",
        "order.change",
        "order.cancel",
        "transfer.validate",
        "stock.adjust",
        "purchase_order.update",
        "receipt.validate",
        "return.transfer",
    }
)
_BOOKS = (
    "invoice.create",
    "invoice.post",
    "invoice.charge",
    "credit_note.create",
    "payment.register",
    "return.transfer",
    "landed_cost.create",
    "freight.accrue",
)
"""Commands about papers, returns and freight; each can be repeated by construction."""
_OF_ONE_ORDER = frozenset({"invoice.create", "invoice.charge", "credit_note.create", "payment.register", "return.transfer"})
"""Commands that look at what is left of an order or its papers before they write."""


class OdooConnector(BaseConnector):
    """Odoo as ERP: orders, transfers, papers, payments, returns, freight and stock, written exactly once, changes captured without an add-on."""

    kind: ClassVar[str] = "odoo"
    title: ClassVar[str] = "Odoo"
    mapping_version: ClassVar[str] = "odoo/2"
    capabilities: ClassVar[Capabilities] = Capabilities(
        commands=frozenset(
            {
                "order.create",
                "order.confirm",
                "order.change",
                "order.cancel",
                "transfer.validate",
                "transfer.track",
                "stock.adjust",
                "purchase_order.update",
                "receipt.validate",
                "bill.create",
                *_BOOKS,
            }
        ),
        repeatable=frozenset(
            {
                "order.create",
                "order.change",
                "transfer.track",
                "purchase_order.update",
                "bill.create",
                *_BOOKS,
            }
        ),
        topics=frozenset({"order", "transfer", "stock", "product", "purchase", "receipt", "invoice", "deleted", "hint"}),
        questions=frozenset({"stock.available"}),
        receives=True,
        polls=True,
        consequences={"transfers": 1, "moves": 1, "quants": 1, "invoices": 2},
        snapshots=True,
        batch=100,
    )
    Options: ClassVar[type[Any]] = OdooOptions
    rotations: ClassVar[Mapping[str, Rotation]] = {
        **{purpose: Rotation("system", keys.SAYS) for purpose in ("api_key", *PURPOSES)},
        "webhook_token": Rotation(
            "person", "It is part of the address in Odoo's automation rule: change it there and here together."
        ),
    }

    def __init__(self, context: ConnectorContext, pause: Pause = jitter) -> None:
        super().__init__(context)
        client = self.client = OdooClient(context)
        loader = Loader(client, pause)
        data = MasterData(client)
        places = Places(client, data)
        catalogue = Catalogue(client, data)
        partners = Partners(client, loader, data)
        chatter = Chatter(client, loader)
        self._create = OrderCreation(client, loader, catalogue, data, partners, context.system)
        self._transitions = OrderTransitions(client, chatter, context.system)
        self._change = OrderChange(client, loader, catalogue, data, partners)
        self._transfers = TransferValidation(client, loader, catalogue, data, context.system)
        self._tracking = Tracking(client, chatter)
        self._adjust = StockAdjustment(client, loader, catalogue, places, pause)
        self._availability = Availability(client, catalogue, data, places)
        self._purchases = PurchaseChange(client, data, context.system)
        self._receipts = ReceiptValidation(client, loader, catalogue, data, places, context.system)
        self._bills = BillCreation(client, loader, catalogue, data, chatter, context.system)
        sold = SoldLines(client, data)
        posting = Posting(client, context.system)
        papers = Papers(client, loader, data, posting, context.system)
        invoicing = Invoicing(client, papers, sold, catalogue)
        credit_notes = CreditNotes(client, papers, sold)
        payments = Payments(client, loader, context.system)
        returns = ReturnTransfers(client, loader, sold, catalogue, data, places, context.system)
        accruals = Accruals(client, loader, data, context.system)
        landed = LandedCosts(client, loader, catalogue, data, context.system)
        parties = Parties(client, data)
        self.outbox = Outbox(client)
        self._capture = Capture(
            client,
            Documents(client, data, places, parties),
            PurchaseDocuments(client, data, parties),
            ReceiptDocuments(client, data),
            PaperDocuments(client, data, parties),
            self.outbox,
        )
        self._mapping = DocumentMapping(context.system, context.value_maps, context.options)
        self._deliver: Mapping[str, Callable[[Command], Awaitable[Accepted]]] = {
            "order.create": self._create.create,
            "order.confirm": self._transitions.confirm,
            "order.change": self._change.apply,
            "order.cancel": self._transitions.cancel,
            "transfer.validate": self._transfers.validate,
            "transfer.track": self._tracking.track,
            "stock.adjust": self._adjust.adjust,
            "purchase_order.update": self._purchases.apply,
            "receipt.validate": self._receipts.validate,
            "bill.create": self._bills.create,
            "invoice.create": invoicing.create,
            "invoice.post": posting.post,
            "invoice.charge": invoicing.charge,
            "credit_note.create": credit_notes.create,
            "payment.register": payments.register,
            "return.transfer": returns.transfer,
            "landed_cost.create": landed.create,
            "freight.accrue": accruals.accrue,
        }
        self._find: Mapping[str, Callable[[Command], Awaitable[Mapping[str, Any] | None]]] = {
            "order.create": self._create.find,
            "order.confirm": self._transitions.find_confirmed,
            "order.change": self._change.find,
            "order.cancel": self._transitions.find_cancelled,
            "transfer.validate": self._transfers.find,
            "transfer.track": self._tracking.find,
            "stock.adjust": self._adjust.find,
            "purchase_order.update": self._purchases.find,
            "receipt.validate": self._receipts.find,
            "bill.create": self._bills.find,
            "invoice.create": invoicing.find,
            "invoice.post": posting.find,
            "invoice.charge": invoicing.find,
            "credit_note.create": credit_notes.find,
            "payment.register": payments.find,
            "return.transfer": returns.find,
            "landed_cost.create": landed.find,
            "freight.accrue": accruals.find,
        }

    # Keys ----------------------------------------------------------------------------------------------------

    async def renew(self, purpose: str, name: str, now: datetime, until: datetime) -> Renewed:
        return await keys.ApiKeys(self.client).renew(purpose, name, now, until)

    async def retire(self, purpose: str, value: str) -> None:
        await keys.ApiKeys(self.client).retire(purpose, value)

    # In ------------------------------------------------------------------------------------------------------

    def receive(self, request: InboundRequest) -> Sequence[Inbound]:
        authenticate(request, self.context.secret("webhook_token"))
        return (hint(request),)

    def normalize(self, message: StoredMessage) -> Sequence[Event]:
        return self._mapping.events(message)

    @classmethod
    def poll_channels(cls, options: Any) -> frozenset[str]:
        return frozenset(CHANNELS)

    async def poll(self, channel: str, cursor: Mapping[str, Any]) -> PollResult:
        return await self._capture.poll(channel, cursor)

    # Out -----------------------------------------------------------------------------------------------------

    async def deliver(self, command: Command) -> Outcome:
        carry_out = self._deliver.get(command.name)
        if carry_out is None:
            return await super().deliver(command)
        return await carry_out(command)

    async def deliver_many(self, commands: Sequence[Command]) -> Sequence[Outcome]:
        names = {command.name for command in commands}
        if names == {"order.create"}:
            return await self._create.create_many(commands)
        if names == {"order.confirm"}:
            return await self._transitions.confirm_many(commands)
        outcomes: list[Outcome] = []
        for command in commands:
            try:
                outcomes.append(await self.deliver(command))
            except CrossdockError as error:
                outcomes.append(error)  # type: ignore[arg-type]
        return outcomes

    async def find_effect(self, command: Command) -> Effect:
        """Every effect is found by reading it again: by external id, by state, or by the reference its stock moves carry."""
        look = self._find.get(command.name)
        if look is None:
            return await super().find_effect(command)
        ack = await look(command)
        return EffectAbsent() if ack is None else EffectFound(ack)

    def serial(self, command: Command) -> Sequence[str]:
        """Products with one writer at a time: Odoo answers parallel writers of one product with repeats that take seconds."""
        order = str(command.data.get("order_number") or command.data.get("erp_id") or "")
        keys = (f"order:{order}",) if command.name in _OF_ONE_ORDER and order else ()
        if command.name not in _STOCK_WRITERS:
            return keys
        return (*keys, *(f"sku:{sku}" for sku in skus(command)))

    def batch_key(self, command: Command) -> str:
        return command.name if command.name in ("order.create", "order.confirm") else ""

    # Questions -----------------------------------------------------------------------------------------------

    async def ask(self, question: Question) -> Mapping[str, Any]:
        if question.name != "stock.available":
            return await super().ask(question)
        return await self._availability.available(question.data)

    async def snapshot(self) -> AsyncIterator[Sequence[StockLine]]:
        async for lines in self._availability.snapshot():
            yield lines

    async def probe(self) -> Probe:
        return await probe(self.client, self.outbox.there)
