"""Who acts around the dock: shoppers, the warehouse, the carriers, the clerk who settles exceptions, the auditor. Each through the system they use."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

import orjson
import typer
from typer.testing import CliRunner

from crossdock.core.clock import SystemClock
from crossdock.ledger.ids import Numbers, written
from crossdock.ledger.people import OpenException, instruct, list_exceptions, results
from crossdock.simulators.carrier.consignments import Carrier, Consignment
from crossdock.simulators.server import Effect
from crossdock.simulators.shoppers import Shopper as Buyer
from crossdock.simulators.web_shop import WebShop
from crossdock.simulators.wms import Wms
from crossdock.simulators.wms.behaviour import Behaviour, Script
from crossdock.simulators.wms.model import Fulfilment
from crossdock.simulators.woocommerce import WooCommerce
from tests.acceptance.dock import Dock, until

HAMBURG: Final = Buyer("Anna", "Meyer", "anna@example.com", "+49 40 300900", "", "DE", "", "Hamburg", "20457", "Am Sandtorkai 12")
LYON: Final = Buyer(
    "Chloé", "Dubois", "chloe@example.com", "+33 4 72000000", "", "FR", "", "Lyon", "69002", "14 rue de la République"
)
MANCHESTER: Final = Buyer(
    "Liam", "Smith", "liam@example.com", "+44 161 4960000", "", "GB", "", "Manchester", "M1 1AD", "7 Piccadilly"
)


def _now() -> str:
    return datetime.now(UTC).isoformat()


@cache
def _commands() -> typer.Typer:
    """The commands an auditor uses, without a process for each (which takes a second)."""
    from crossdock.cli import audit, exceptions, run, trace

    app = typer.Typer()
    app.command("trace")(trace.trace)
    app.command("run")(run.run)
    app.add_typer(exceptions.app, name="exceptions")
    app.add_typer(audit.app, name="audit")
    return app


@dataclass(frozen=True)
class Placed:
    """An order as its customer knows it."""

    shop: str
    number: str
    total: str

    @property
    def key(self) -> str:
        """Its key in the hub."""
        return f"order/{self.shop}/{self.number}"


class Shopper:
    """Customers and staff of one shop."""

    def __init__(self, dock: Dock, shop: str) -> None:
        self.dock, self.name = dock, shop
        system = dock.town.systems[shop]
        assert isinstance(system, WebShop)
        self.shop = system

    def orders(self, *lines: tuple[str, int], buyer: Buyer = HAMBURG, **fields: Any) -> Placed:
        """A customer orders; the shop tells the hub."""
        made = self.shop.place_order(list(lines) or [("HP-004", 2)], seed=1, buyer=buyer, **fields)
        return Placed(self.name, self.shop.number_of(made), str(made.get("current_total_price") or made["total"]))

    def sells(self, sku: str, price: str) -> None:
        """The shop takes an article into its catalogue."""
        self.shop.stock_catalogue([{"sku": sku, "name": sku, "price": price}])

    def changes(self, order: Placed, *lines: tuple[str, int]) -> None:
        """Staff edit the order to hold exactly these lines."""
        self.shop.change_order(order.number, list(lines))

    def cancels(self, order: Placed) -> None:
        """The customer does not want it any more."""
        if isinstance(self.shop, WooCommerce):
            self.shop.set_status(order.number, "cancelled")  # staff may, whatever became of it
        else:
            self.shop.cancel_order(order.number)

    def tells(self, topic: str, content: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> None:
        """The shop sends a signed webhook, whatever it says."""
        self.shop.webhooks.send(topic, orjson.dumps(content), headers)

    def shipments(self, order: Placed) -> list[Effect]:
        """What the shop shows as shipped."""
        return [one for one in self.shop.effects_of("fulfilment") if one.key.split("/")[0] == order.number]

    def cancelled(self, order: Placed) -> bool:
        """Whether the shop shows the order as cancelled."""
        return any(one.key == order.number for one in self.shop.effects_of("order_cancelled"))

    def told_of_delivery(self, order: Placed) -> bool:
        """Whether the customer was told in the shop that the parcel arrived."""
        return f"{order.shop}/{order.number}" in self.dock.town.delivered()


class Warehouse:
    """The people in the warehouse; nothing is picked before they are told to."""

    def __init__(self, dock: Dock) -> None:
        wms = dock.town.wms
        assert isinstance(wms, Wms)
        self.wms, self.floor = wms, wms.warehouse

    def behave(self, behaviour: str, sku: str = "", **fields: Any) -> None:
        """From now on fulfilments of any order are picked like this; `full` is normal."""
        self.floor.behaviour.scripts = [] if behaviour == "full" else [Script(behaviour, **fields)]

    @property
    def behaviour(self) -> Behaviour:
        """How it works."""
        return self.floor.behaviour

    def released(self, number: str) -> list[Fulfilment]:
        """The fulfilments of an order, oldest first."""
        return [one for one in self.floor.fulfilments.values() if one.order.get("order_number") == number]

    async def gets(self, number: str, count: int = 1) -> Fulfilment:
        """The newest fulfilment of an order as soon as there are `count`."""
        await until(lambda: len(self.released(number)) >= count, f"{count} releases of {number} at the warehouse")
        return self.released(number)[count - 1]

    async def picks(self, number: str, count: int = 1) -> Fulfilment:
        """Wait for a fulfilment and pick it (its next part)."""
        got = await self.gets(number, count)
        self.floor.pick(got.number)
        return got

    def picks_anyway(self, fulfilment: Fulfilment) -> None:
        """The paper was on the floor still: it is picked although it was stopped."""
        fulfilment.status = "accepted"
        self.floor.pick(fulfilment.number)

    def reports(self, kind: str, about: Mapping[str, Any]) -> None:
        """The warehouse tells something of a fulfilment nobody gave it."""
        line = {"number": "1", "order_line": "1", "sku": "HP-001", "quantity": "1", "unit": "C62"}
        data = {
            "confirmation": 1,
            "final": True,
            "warehouse_reference": "W9",
            "lines": [line],
            "packages": [],
            "picked_at": _now(),
        }
        event = {"seq": 10_000, "id": f"evt-{_now()}", "type": kind, "occurred_at": _now(), "data": data, **about}
        self.wms.webhooks.send(kind, orjson.dumps(event))

    def releases_of(self, number: str) -> list[Effect]:
        """How often it was released, as the warehouse counts."""
        return [one for one in self.wms.effects_of("fulfilment_released") if one.data.get("order_number") == number]


class Carriers:
    """UPS and DHL."""

    def __init__(self, dock: Dock) -> None:
        self.all: tuple[Carrier, ...] = (dock.town.ups, dock.town.dhl)

    def bookings(self, order: Placed | str) -> list[tuple[Carrier, Consignment]]:
        """Everything booked for an order that was not cancelled."""
        name = f"SH-{order.shop}.{order.number}-" if isinstance(order, Placed) else order
        return [
            (carrier, one)
            for carrier in self.all
            for one in carrier.consignments.values()
            if not one.void and any(reference.startswith(name) for reference in one.references)
        ]

    async def booked(self, order: Placed | str, count: int = 1) -> Consignment:
        """The newest consignment of an order as soon as there are `count`."""
        await until(lambda: len(self.bookings(order)) >= count, f"{count} bookings of {order}")
        return sorted((one for _, one in self.bookings(order)), key=lambda one: one.booked_at)[count - 1]

    def moves(self, order: Placed | str, to: str) -> None:
        """All parcels of an order get to this step."""
        for carrier, one in self.bookings(order):
            if one.scans[-1][0] != to:
                carrier.advance(one.waybill, to=to)


class Clerk:
    """Who settles what the hub hands to people."""

    numbers = Numbers(SystemClock(), 1022)

    def __init__(self, dock: Dock) -> None:
        self.dock = dock

    async def desk(self, *, open_only: bool = True, **where: str) -> list[OpenException]:
        """What lies on the desk, newest first."""
        return await self.dock.hub.store.read.do(lambda s: list_exceptions(s, open_only=open_only, limit=500, where=where))

    async def gets(self, code: str = "", **where: str) -> OpenException:
        """The one open exception with this code about this order, as soon as there is one."""
        if code:
            where["code"] = code
        try:
            found = await until(lambda: self.desk(**where), f"an open exception {where}")
        except AssertionError as error:
            there = [f"{one.code} {one.key}: {one.message} {one.detail}" for one in await self.desk(open_only=False)]
            raise AssertionError("\n".join([str(error), "there are:", *there])) from None
        assert len(found) == 1, [each.message for each in found]
        return found[0]

    async def about(self, order: Placed, action: str) -> OpenException | None:
        """The open question about this order that offers this action, if there is one."""
        return next((one for one in await self.desk(key=order.key) if action in one.actions), None)

    async def with_code(self, code: str, text: str = "") -> OpenException | None:
        """The newest open exception with this code that has this text somewhere, if there is one."""
        for one in await self.desk(code=code):
            if text in f"{one.message} {one.key} {one.detail} {await self._payload(one)}":
                return one
        return None

    async def _payload(self, one: OpenException) -> str:
        from crossdock.ledger.trace import received

        found = await self.dock.hub.store.read.do(lambda session: received(session, one.subject, one.subject_id))
        return found.body.decode("utf-8", "replace") if found else ""

    def written(self, one: OpenException) -> str:
        """Its number as people write it."""
        return written(one.id)

    async def decides(self, about: OpenException, action: str, reason: str = "decided by the clerk", **data: Any) -> None:
        """Choose one of the actions that were offered."""
        assert action in about.actions, f"{action} is not offered, only {about.actions}"
        await self._ask("decide", about, {"action": action, "note": reason, "data": data})

    async def retries(self, about: OpenException) -> None:
        """Try again."""
        await self._ask("retry", about, {"note": "put right"})

    async def teaches(self, about: OpenException, value: str) -> None:
        """Add the entry a value map was missing, then try again."""
        data = {"map": about.detail["map"], "code": about.detail["value"], "value": value}
        await self._ask("map", about, data)

    async def resolves(self, about: OpenException, code: str = "resolved") -> None:
        """Close it with a reason."""
        await self._ask("resolve", about, {"code": code, "note": "looked at"})

    async def refused(self, kind: str, about: OpenException, **data: Any) -> str:
        """Ask for something that is refused; why."""
        done = await self._asked(kind, about, data)
        assert not done["done"], done
        return str(done["why"])

    async def _ask(self, kind: str, about: OpenException, data: dict[str, Any]) -> None:
        done = await self._asked(kind, about, data)
        assert done["done"], done

    async def _asked(self, kind: str, about: OpenException, data: dict[str, Any]) -> dict[str, Any]:
        store = self.dock.hub.store
        [number] = await store.work.do(lambda s: instruct(s, self.numbers, kind, [about], data, "clerk@ops", 1))
        found = await until(lambda: store.read.do(lambda s: results(s, [number])), f"{kind} is carried out")
        return dict(found[number])

    async def has_nothing(self, **where: str) -> bool:
        """Whether nothing of this kind is open."""
        return not await self.desk(**where)


class Auditor:
    """Reads the ledger with the command line only."""

    def __init__(self, dock: Dock) -> None:
        self.dock = dock

    async def runs(self, *words: str) -> tuple[int, str]:
        """`crossdock <words>` on this landscape: exit code and what it printed."""
        return await asyncio.to_thread(self._invoke, words)

    def _invoke(self, words: tuple[str, ...]) -> tuple[int, str]:
        place = ("-L", str(self.dock.folder), "--env", "demo")
        done = CliRunner().invoke(
            _commands(), [*words, *place], env={**self.dock.environment, "COLUMNS": "200"}, catch_exceptions=False
        )
        return done.exit_code, done.output

    async def runs_outside(self, *words: str) -> tuple[int, str]:
        """The same in a process of its own, as people run it."""
        environment = {**os.environ, **self.dock.environment, "COLUMNS": "200"}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "crossdock", *words, "-L", str(self.dock.folder), "--env", "demo",
            env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, stdin=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        said, wrong = await asyncio.wait_for(process.communicate(), 60)
        return int(process.returncode or 0), said.decode() + wrong.decode()

    async def story(self, name: str) -> dict[str, Any]:
        """What `crossdock trace` tells of any name of an order; exactly one story."""
        code, said = await self.runs("trace", name, "--json")
        assert code == 0, said
        told = json.loads(said)
        assert len(told["stories"]) == 1, told["keys"]
        return dict(told["stories"][0])


@dataclass(frozen=True)
class Cast:
    """Everybody at one dock."""

    dock: Dock
    shopify: Shopper
    outlet: Shopper
    warehouse: Warehouse
    carriers: Carriers
    clerk: Clerk
    auditor: Auditor

    @classmethod
    def at(cls, dock: Dock) -> Cast:
        """Who is at this dock."""
        return cls(
            dock,
            Shopper(dock, "shopify-eu"),
            Shopper(dock, "woo-outlet"),
            Warehouse(dock),
            Carriers(dock),
            Clerk(dock),
            Auditor(dock),
        )

    async def story(self, key: str) -> list[dict[str, Any]]:
        """The steps of an order as `crossdock trace` reads them, without a process of its own."""
        from crossdock.ledger.trace import story

        return (await self.dock.hub.store.read.do(lambda session: story(session, key))).entries

    async def arrives(self, order: Placed) -> None:
        """The carrier delivers what was booked, and the hub comes to the end of the order."""
        await self.carriers.booked(order)

        async def arrived() -> bool:
            self.carriers.moves(order, "delivered")
            return await self.finished(order)

        try:
            await until(arrived, f"{order.key} is delivered and finished")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{await self.short_story(order.key)}") from None

    async def short_story(self, key: str) -> str:
        """What the hub knows of an order, for whoever looks why a test failed."""
        steps = [f"{s['step']} {s['system']} {s['what']} {s['outcome']} {s['note'] or ''}" for s in await self.story(key)]
        state = await self.dock.rows("SELECT stage, finished FROM ledger_instance WHERE key=?", key)
        return "\n".join([*steps, str(state)])

    async def state_of(self, order: Placed) -> Mapping[str, Any]:
        """The process state the hub keeps of an order; empty while there is none."""
        from crossdock.ledger.payloads import unpack

        rows = await self.dock.rows("SELECT state FROM ledger_instance WHERE key=? AND flow LIKE ?", order.key, "order-%")
        return dict(json.loads(unpack(bytes(rows[0][0])))) if rows else {}

    async def finished(self, order: Placed | str) -> bool:
        """Whether the hub has nothing more to do for an order."""
        key = order if isinstance(order, str) else order.key
        rows = await self.dock.rows("SELECT finished FROM ledger_instance WHERE key=?", key)
        return bool(rows) and all(done for (done,) in rows)

    async def calm(self, orders: Iterable[Placed]) -> None:
        """Wait until the hub has nothing more to do for these orders."""
        for order in orders:
            await until(lambda order=order: self.finished(order), f"{order.key} is finished")  # type: ignore[misc]
