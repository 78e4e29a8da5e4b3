"""The Odoo under test as tests see it: the simulator by default, a real server when CROSSDOCK_ODOO_URL names one."""

from __future__ import annotations

import os
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import aiohttp
import orjson
import pytest

from crossdock.connectors.http import HttpClient
from crossdock.connectors.odoo.connector import OdooConnector
from crossdock.core.commands import Command
from crossdock.core.errors import CrossdockError
from crossdock.core.outcomes import Accepted, Outcome
from crossdock.simulators.odoo import Odoo
from crossdock.testing.contexts import make_context

REAL = bool(os.environ.get("CROSSDOCK_ODOO_URL"))
WEBHOOK_TOKEN = "unguessable-webhook-token"
LOADING = {"mode": "update", "noupdate": True, "tz": "UTC", "lang": "en_US", "allowed_company_ids": [1]}

SHIP_TO = {"name": "Ada Byron", "street": "1 Analytical Way", "city": "London", "postal_code": "N1 7AA", "country": "GB"}


class SystemTime:
    """The machine's clock, for windows that must agree with a server's."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class Refused(Exception):
    """A raw call that Odoo answered with an error."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(f"{status} {body}")
        self.status = status
        self.body = body


async def quickly(_attempt: int) -> None:
    """No pause between the repeats of a lost race."""


@dataclass
class World:
    """One Odoo. `prefix` makes what a test makes its own, so that a real database may be shared."""

    url: str
    database: str
    key: str = field(repr=False)
    admin_key: str = field(repr=False)
    berlin_key: str = field(repr=False)
    simulator: Odoo | None
    session: aiohttp.ClientSession
    login: str = "hub"
    prefix: str = field(default_factory=lambda: f"T{uuid.uuid4().hex[:7]}")
    clients: list[HttpClient] = field(default_factory=list)
    numbers: int = 0

    @property
    def real(self) -> bool:
        """Whether this is a real server."""
        return self.simulator is None

    def control(self, what: str) -> Odoo:
        """The simulator, for a test that needs to make it misbehave; skips on a real server."""
        if self.simulator is None:
            pytest.skip(f"a real Odoo cannot be made to {what} on command")
        return self.simulator

    # Raw access: what people and other programs do ------------------------------------------------------------

    async def call(self, model: str, method: str, *, key: str = "", **arguments: Any) -> Any:
        """A raw JSON-2 call. Raises `Refused`."""
        headers = {
            "Authorization": f"bearer {key or self.key}",
            "X-Odoo-Database": self.database,
            "Content-Type": "application/json",
        }
        async with self.session.post(
            f"{self.url}/json/2/{model}/{method}", data=orjson.dumps(arguments), headers=headers
        ) as answer:
            body = await answer.read()
            data = orjson.loads(body) if answer.content_type == "application/json" else body
            if answer.status != 200:
                raise Refused(answer.status, data)
            return data

    async def rows(self, model: str, domain: Sequence[Any], fields: Sequence[str], **more: Any) -> list[dict[str, Any]]:
        """Records as they are."""
        found: list[dict[str, Any]] = await self.call(model, "search_read", domain=domain, fields=fields, order="id", **more)
        return found

    async def load(self, model: str, fields: Sequence[str], rows: Sequence[Sequence[Any]], **context: Any) -> Any:
        """A raw load under ids of the test's own."""
        return await self.call(model, "load", fields=fields, data=rows, context={**LOADING, **context})

    async def product(
        self,
        sku: str = "",
        *,
        stock: float = 0,
        tracking: str = "none",
        barcode: str = "",
        price: float = 10,
        lots: Mapping[str, float] | None = None,
    ) -> tuple[str, int]:
        """A new product with stock in WH/Stock; returns SKU and id."""
        self.numbers += 1
        sku = sku or f"{self.prefix}-P{self.numbers}"
        name = f"{self.prefix}.p{self.numbers}"
        columns = ["id", "name", "default_code", "type", "is_storable", "tracking", "list_price", "barcode"]
        made = await self.load(
            "product.product", columns, [[name, f"Product {sku}", sku, "consu", "1", tracking, str(price), barcode]]
        )
        assert made["ids"], made
        id_ = made["ids"][0]
        if stock:
            await self.set_stock(id_, stock)
        for lot, quantity in (lots or {}).items():
            (lot_id,) = await self.call("stock.lot", "create", vals_list=[{"name": lot, "product_id": id_}])
            await self.set_stock(id_, quantity, lot_id)
        return sku, id_

    async def set_stock(self, product: int, quantity: float, lot: int | None = None, location: int = 5) -> None:
        """Count a product."""
        values: dict[str, Any] = {"product_id": product, "location_id": location, "inventory_quantity": quantity}
        if lot:
            values["lot_id"] = lot
        quants = await self.call("stock.quant", "create", vals_list=[values], context={"inventory_mode": True})
        await self.call("stock.quant", "action_apply_inventory", ids=quants)

    async def on_hand(self, product: int, location: int = 5) -> float:
        """The sum over all quants of a product at a location."""
        quants = await self.rows("stock.quant", [["product_id", "=", product], ["location_id", "=", location]], ["quantity"])
        return float(sum(row["quantity"] for row in quants))

    # The connector -------------------------------------------------------------------------------------------

    def connector(self, *, key: str = "", system: str = "odoo", allow: frozenset[str] = frozenset(), timeout: float = 90.0,
                  secrets: Mapping[str, str] | None = None, clock: Any = None, pause: Callable[[int], Awaitable[None]] = quickly,
                  **options: Any) -> OdooConnector:  # fmt: skip
        """A connector on this Odoo."""
        http = HttpClient(timeout=timeout, connect_timeout=2.0)
        self.clients.append(http)
        given = {"api_key": key or self.key, "webhook_token": WEBHOOK_TOKEN, **(secrets or {})}
        settings = {"database": self.database, "login": self.login, "write_timeout": timeout, "read_timeout": timeout, **options}
        context = make_context(
            OdooConnector,
            system=system,
            endpoint=self.url,
            options=settings,
            secrets=given,
            http=http,
            clock=clock or SystemTime(),
            allow=allow,
        )
        return OdooConnector(context, pause)

    # Commands ------------------------------------------------------------------------------------------------

    def order(self, *lines: tuple[str, str, str], number: str = "", **changes: Any) -> dict[str, Any]:
        """A canonical order in USD, for lines of (SKU, quantity, price)."""
        self.numbers += 1
        number = number or f"{self.prefix}-{self.numbers}"
        total = sum(float(quantity) * float(price) for _, quantity, price in lines)
        return {
            "number": number,
            "placed_at": "2026-11-20T09:30:00+00:00",
            "customer": {"id": f"{self.prefix}-C", "name": f"Ada Byron {self.prefix}", "email": "ada@example.com"},
            "ship_to": SHIP_TO,
            "currency": "USD",
            "lines": [
                {
                    "number": str(at),
                    "sku": sku,
                    "quantity": {"value": quantity},
                    "unit_price": {"amount": price, "currency": "USD"},
                }
                for at, (sku, quantity, price) in enumerate(lines, 1)
            ],
            "total": {"amount": f"{total:.2f}", "currency": "USD"},
            **changes,
        }

    def command(self, name: str, order_number: str = "", **data: Any) -> Command:
        """A command with an id of its own."""
        key = f"order/shop/{order_number}" if order_number else f"stock/odoo/{self.prefix}"
        return Command(f"{name}-{uuid.uuid4().hex[:12]}", name, "odoo", key, {"refs": {}, **data})

    def create(self, order: Mapping[str, Any], **data: Any) -> Command:
        """`order.create` for an order."""
        return self.command("order.create", order["number"], order=order, key=f"order/shop/{order['number']}", **data)

    async def sold(self, connector: OdooConnector, *lines: tuple[str, str, str], **changes: Any) -> Sale:
        """An order created and confirmed through the connector."""
        order = self.order(*lines, **changes)
        made = accepted(await attempt(connector, self.create(order)))
        sale = Sale(order, made.ack["erp_id"], made.ack["erp_number"], dict(made.ack["lines"]))
        confirmed = accepted(await attempt(connector, self.command("order.confirm", order["number"], erp_id=sale.erp_id)))
        return replace(sale, transfers=tuple(confirmed.ack["transfers"]))

    def picked(
        self,
        sale: Sale,
        *lines: Mapping[str, Any],
        sequence: int = 1,
        close_short: bool = False,
        fulfilment: str = "",
        **more: Any,
    ) -> Command:
        """`transfer.validate`: each line has `line` (order line number) and what a PickedLine has; quantity as text."""
        picked = []
        for at, line in enumerate(lines, 1):
            rest = {name: value for name, value in line.items() if name not in ("line", "quantity")}
            picked.append({"number": str(at), "order_line": line["line"], "quantity": {"value": line["quantity"]}, **rest})
        confirmation = {
            "fulfilment_number": fulfilment or f"FO-{sale.order['number']}",
            "sequence": sequence,
            "picked_at": "2026-11-23T10:00:00+00:00",
            "lines": picked,
            **more.pop("confirmation", {}),
        }
        mapped = {line["number"]: sale.lines[line["order_line"]] for line in picked}
        return self.command(
            "transfer.validate", sale.order["number"], erp_id=sale.erp_id, erp_number=sale.erp_number,
            confirmation=confirmation, close_short=close_short, lines=mapped, shipment=None, **more,
        )  # fmt: skip


@dataclass(frozen=True)
class Sale:
    """An order in Odoo: its source, its ids there, and its transfers as they were acknowledged."""

    order: Mapping[str, Any]
    erp_id: str
    erp_number: str
    lines: Mapping[str, str]
    transfers: tuple[Mapping[str, Any], ...] = ()


async def attempt(connector: OdooConnector, command: Command) -> Outcome:
    """One delivery; an error of the tree is the outcome it is."""
    try:
        return await connector.deliver(command)
    except CrossdockError as error:
        return error  # type: ignore[return-value]


def accepted(outcome: Outcome) -> Accepted:
    """The outcome, which must be a yes."""
    assert isinstance(outcome, Accepted), f"{outcome!r} {getattr(outcome, 'detail', '')}"
    return outcome
