"""Change capture: channels over Odoo's models, each polled in overlapping windows, told as messages with identities.

A naive cursor over `write_date` misses what a long transaction wrote (its rows appear late with an old time), rows of the same second
and deletions. `window` says what to read; here it is read, compared and told. Where the optional add-on keeps an outbox, that says what to
read instead; a window is read first, after a gap, and as often as the landscape wants a sweep.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final

import orjson

from crossdock.connectors.odoo.client import OdooClient, Row
from crossdock.connectors.odoo.documents import (
    LINE_FIELDS,
    ORDER_FIELDS,
    PRODUCT_FIELDS,
    TOLD_STATES,
    TRANSFER_FIELDS,
    Document,
    Documents,
)
from crossdock.connectors.odoo.options import OdooOptions
from crossdock.connectors.odoo.outbox import Outbox
from crossdock.connectors.odoo.paper_documents import CUSTOMERS, PAPER_FIELDS, PaperDocuments
from crossdock.connectors.odoo.purchase_documents import (
    CONFIRMED,
    PURCHASE_FIELDS,
    PURCHASE_LINE_FIELDS,
    TOLD,
    PurchaseDocuments,
    lines_of,
)
from crossdock.connectors.odoo.receipt_documents import RECEIPT_FIELDS, ReceiptDocuments
from crossdock.connectors.odoo.values import number, related, to_odoo
from crossdock.connectors.odoo.window import Policy, Window
from crossdock.connectors.protocol import Inbound, PollResult
from crossdock.core.errors import LandscapeInvalid, PermissionRefused

AS_OF: Final = "as-of"
"""Header of a captured message: when it was read, microseconds since 1970; orders versions of one record among each other."""

_ID_PAGE: Final = 5000
_HIDDEN: Final = 100
"""So many records that vanished from a search are asked for one by one when reading them together is refused."""

Builder = Callable[[Sequence[Row], Mapping[int, str]], Awaitable[list[Document]]]


@dataclass(frozen=True, slots=True)
class Channel:
    """One captured model: the fields that count as its content, and what a change of it becomes. `company`: it belongs to one. `told`: the states
    in which it is of interest; before, only that it exists is remembered. `alive`: the states in which its deletion is of interest.
    """

    model: str
    fields: tuple[str, ...]
    build: Builder
    domain: tuple[Any, ...] = ()
    company: bool = True
    deletions: bool = False
    told: tuple[str, ...] = ()
    alive: tuple[str, ...] = ()


def policy_of(options: OdooOptions) -> Policy:
    """The windows a landscape asks for."""
    return Policy(
        timedelta(minutes=options.hot_window_minutes),
        timedelta(hours=options.sweep_window_hours),
        timedelta(hours=options.sweep_every_hours),
        timedelta(minutes=options.deletions_every_minutes),
        options.deletions_span,
        options.capture_from,
    )


def content_hash(value: Any) -> str:
    """The identity of content: the first 96 bits of SHA-256 over its JSON with sorted keys."""
    return sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS, default=_exact)).hexdigest()[:24]


def _exact(value: Any) -> str:
    if isinstance(value, Decimal):
        return number(value.normalize())
    raise TypeError(f"{type(value).__name__} is no captured value")


CHANNELS: Final = (
    "orders",
    "order_lines",
    "transfers",
    "moves",
    "quants",
    "products",
    "purchases",
    "purchase_lines",
    "receipts",
    "invoices",
)
"""What can be polled."""


class Capture:
    """Polls channels."""

    def __init__(
        self,
        client: OdooClient,
        documents: Documents,
        purchases: PurchaseDocuments,
        receipts: ReceiptDocuments,
        papers: PaperDocuments,
        outbox: Outbox,
    ) -> None:
        self._client = client
        self._outbox = outbox
        self._documents = documents
        self._bought = purchases
        self._received = receipts
        self._papers = papers
        self._policy = policy_of(client.options)
        self._reading = asyncio.Lock()  # two channels may tell of one record: their readings must not cross
        outgoing = ("picking_type_code", "=", "outgoing")
        self.channels: Mapping[str, Channel] = {
            "orders": Channel("sale.order", ORDER_FIELDS, self._orders, deletions=True, told=TOLD_STATES),
            "order_lines": Channel(
                "sale.order.line", LINE_FIELDS, self._order_lines, (("order_id.state", "in", ["sale", "done"]),)
            ),
            "transfers": Channel("stock.picking", TRANSFER_FIELDS, self._transfers, (outgoing,), deletions=True),
            "moves": Channel(
                "stock.move",
                ("product_id", "quantity", "state", "location_id", "location_dest_id"),
                self._moves,
                (("state", "=", "done"),),
            ),
            "quants": Channel(
                "stock.quant",
                ("product_id", "location_id", "lot_id", "quantity", "reserved_quantity"),
                self._quants,
                (("location_id.usage", "=", "internal"),),
            ),
            "products": Channel("product.product", PRODUCT_FIELDS, self._products, company=False, deletions=True),
            # Odoo deletes cancelled orders only: one that was told as cancelled may vanish, one that was not must be told
            "purchases": Channel("purchase.order", PURCHASE_FIELDS, self._purchases, deletions=True, told=TOLD, alive=CONFIRMED),
            "purchase_lines": Channel(
                "purchase.order.line", PURCHASE_LINE_FIELDS, self._purchase_lines, (("order_id.state", "in", list(CONFIRMED)),)
            ),
            "receipts": Channel(
                "stock.picking",
                RECEIPT_FIELDS,
                self._receipts,
                (("picking_type_code", "=", "incoming"), ("purchase_id", "!=", False), ("state", "=", "done")),
            ),
            # drafts may vanish: nobody was told a number; a posted one must not
            "invoices": Channel("account.move", PAPER_FIELDS, self._invoices, (CUSTOMERS,), deletions=True, alive=("posted",)),
        }

    async def poll(self, name: str, cursor: Mapping[str, Any]) -> PollResult:
        """One page of a pass over a channel. Raises `LandscapeInvalid` for a channel that does not exist, and outcome errors."""
        channel = self.channels.get(name)
        if channel is None:
            raise LandscapeInvalid(f"Odoo has no channel {name!r}; there are {', '.join(self.channels)}", channel=name)
        window = Window.load(cursor)
        if window.current is None:
            heard = await self._heard(name, channel, window)
            if heard is not None:
                return heard
            window.begin(await self._client.now(), self._policy)
        async with self._reading:
            found, more = await self._page(channel, window)
        if not more and channel.deletions and window.deletions_due(self._policy):
            found = [*found, *await self._deleted(channel, window)]
        return PollResult([self._inbound(document, window.as_of) for document in found], window.dump(), more)

    async def _page(self, channel: Channel, window: Window) -> tuple[list[Document], bool]:
        walk = window.current
        if walk is None:
            return [], False
        size = self._client.options.page_size
        rows = await self._rows(channel, window, [["write_date", ">=", to_odoo(walk.since)], ["id", ">", walk.last]], size)
        found = await self._told(channel, window, rows)
        if len(rows) < size:
            window.end(self._policy)
            return found, False
        walk.last = rows[-1]["id"]
        return found, True

    async def _rows(self, channel: Channel, window: Window, domain: list[Any], limit: int) -> list[Row]:
        """Records as they are now; what is told of them is as of this moment."""
        clock = self._client.context.clock
        window.as_of = max(window.as_of + 1, int(clock.now().timestamp() * 1_000_000))
        domain = [*domain, *(list(term) for term in channel.domain)]
        if channel.company:
            domain.append(["company_id", "=", await self._client.company()])
        fields = [*channel.fields, "write_date"]
        return await self._client.search_read(channel.model, domain, fields, limit=limit, context={"active_test": False})

    async def _told(self, channel: Channel, window: Window, rows: Sequence[Row]) -> list[Document]:
        """What is new of the records; which exist is remembered."""
        versions: dict[int, str] = {}
        for row in rows:
            if channel.told and row["state"] not in channel.told:
                continue
            digest = content_hash([row[field] for field in channel.fields])
            version = window.is_new(row["id"], digest, row["write_date"], self._policy)
            if version:
                versions[row["id"]] = version
        found = await channel.build(rows, versions) if versions else []
        if channel.deletions:
            window.ids.difference_update(row["id"] for row in rows)
            alive = [row["id"] for row in rows if not channel.alive or row["state"] in channel.alive]
            window.know(alive, self._policy.span)
        return found

    async def _heard(self, name: str, channel: Channel, window: Window) -> PollResult | None:
        """A page of the outbox; None when a window has to be read, which leaves no hole: it reaches back to before the last one began."""
        if window.outbox is None:
            # where it ends before the window is read: what happens meanwhile is in both
            window.outbox = await self._outbox.begin(name, channel.model)
            return None
        now = self._client.context.clock.now()
        if window.sweep_due(now, self._policy):
            return None
        size = self._client.options.page_size
        changes = await self._outbox.after(name, channel.model, window.outbox, size)
        window.outbox = None if changes is None else changes.last
        if changes is None or changes.gap:
            return None
        found: list[Document] = []
        async with self._reading:
            if changes.written:
                rows = await self._rows(channel, window, [["id", "in", list(changes.written)]], size)
                found = await self._told(channel, window, rows)
        if channel.deletions:
            found += [_deletion(channel.model, id_) for id_ in changes.deleted if id_ in window.ids]
            window.ids.difference_update(changes.deleted)
        window.forget(now - self._policy.hot)
        return PollResult([self._inbound(document, window.as_of) for document in found], window.dump(), changes.more)

    def _inbound(self, document: Document, as_of: int) -> Inbound:
        body = {**document.body, "version": document.written}
        digest = content_hash(document.body)
        raw = orjson.dumps({**body, "content": digest}, option=orjson.OPT_SORT_KEYS, default=_exact)
        return Inbound(
            document.topic, f"{document.identity},{digest},{document.written}", raw, headers={AS_OF: str(as_of), **document.aside}
        )

    # What changes become -------------------------------------------------------------------------------------

    async def _orders(self, rows: Sequence[Row], versions: Mapping[int, str]) -> list[Document]:
        return await self._documents.orders(versions)

    async def _order_lines(self, rows: Sequence[Row], versions: Mapping[int, str]) -> list[Document]:
        orders: dict[int, str] = {}
        for row in rows:
            order = related(row["order_id"])
            if row["id"] in versions and order is not None:
                orders[order] = max(orders.get(order, ""), versions[row["id"]])
        return await self._documents.orders(orders, own_only=True)

    async def _transfers(self, rows: Sequence[Row], versions: Mapping[int, str]) -> list[Document]:
        return await self._documents.transfers(versions)

    async def _moves(self, rows: Sequence[Row], versions: Mapping[int, str]) -> list[Document]:
        return await self._documents.stock(_touched(rows, versions, "location_id", "location_dest_id"))

    async def _quants(self, rows: Sequence[Row], versions: Mapping[int, str]) -> list[Document]:
        return await self._documents.stock(_touched(rows, versions, "location_id"))

    async def _products(self, rows: Sequence[Row], versions: Mapping[int, str]) -> list[Document]:
        return await self._documents.products(rows, versions)

    async def _purchases(self, rows: Sequence[Row], versions: Mapping[int, str]) -> list[Document]:
        return await self._bought.orders(versions)

    async def _purchase_lines(self, rows: Sequence[Row], versions: Mapping[int, str]) -> list[Document]:
        return await self._bought.orders(lines_of(rows, versions))

    async def _receipts(self, rows: Sequence[Row], versions: Mapping[int, str]) -> list[Document]:
        return await self._received.receipts(versions)

    async def _invoices(self, rows: Sequence[Row], versions: Mapping[int, str]) -> list[Document]:
        return await self._papers.papers(versions)

    # Deletions -----------------------------------------------------------------------------------------------

    async def _deleted(self, channel: Channel, window: Window) -> list[Document]:
        """Records that were known and are gone. Odoo leaves no trace of a deletion, so the ids are compared."""
        window.checked = window.done
        if not window.ids:
            return []
        floor, there = min(window.ids), set[int]()
        last = floor - 1
        while True:
            domain: list[Any] = [["id", ">", last], *(list(term) for term in channel.domain)]
            domain += [["state", "in", list(channel.alive)]] if channel.alive else []
            page = await self._client.call(
                channel.model, "search", domain=domain, order="id", limit=_ID_PAGE, context={"active_test": False}
            )
            there.update(page)
            if len(page) < _ID_PAGE:
                break
            last = page[-1]
        missing = sorted(window.ids - there)
        gone = await self._gone(channel.model, missing) if missing else []
        window.ids = set()
        window.know(there, self._policy.span)
        return [_deletion(channel.model, id_) for id_ in gone]

    async def _gone(self, model: str, missing: Sequence[int]) -> list[int]:
        """Which of the records a search did not show are deleted, and not merely hidden from the user by now.

        Reading a deleted record leaves it out, reading a hidden one is refused. The id alone would be answered without a look into the
        database. When very many are hidden the user's rights were changed, and nothing is told.
        """
        try:
            there = await self._client.read(model, missing, ["write_date"])
        except PermissionRefused:
            if len(missing) > _HIDDEN:
                return []
            if len(missing) > 1:
                return [id_ for each in missing for id_ in await self._gone(model, [each])]
            return []
        return [id_ for id_ in missing if id_ not in there]


def _deletion(model: str, id_: int) -> Document:
    return Document("deleted", f"{model},{id_}", "", {"model": model, "id": id_})


def _touched(rows: Sequence[Row], versions: Mapping[int, str], *names: str) -> dict[tuple[int, int], str]:
    """The (product, location) pairs changed rows speak of, each with the latest version."""
    found: dict[tuple[int, int], str] = {}
    for row in rows:
        product = related(row["product_id"])
        for name in names:
            location = related(row[name])
            if row["id"] in versions and product is not None and location is not None:
                found[(product, location)] = max(found.get((product, location), ""), versions[row["id"]])
    return found
