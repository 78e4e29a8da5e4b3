"""The partner's gateway: takes documents over HTTP, acknowledges, answers, ships and invoices as its behaviour says; counts what happened."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal

import aiohttp
import orjson
from aiohttp import web

from crossdock.simulators.edi_partner import papers
from crossdock.simulators.edi_partner.behaviour import Behaviour
from crossdock.simulators.edi_partner.wire import Got, read, write
from crossdock.simulators.faults import Fault, FaultPlan
from crossdock.simulators.server import Simulator, json_response

TOKEN = "partner-demo-token"  # noqa: S105  (of a simulator)
Role = Literal["supplier", "retailer", "warehouse"]


class EdiPartner(Simulator):
    """One partner. `POST /edi` takes an interchange once per `Idempotency-Key`; `GET /edi/<key>` says whether it is there.

    `deliver_to` is the hub's address for this partner (`http://.../in/acme/main`), `deliver_token` what it shows there. What it sent is in
    `sent`, what it got in `got`; `POST /_sim/behaviour` changes its manners.
    """

    name = "edi-partner"

    def __init__(
        self,
        role: Role = "supplier",
        faults: FaultPlan | None = None,
        behaviour: Behaviour | None = None,
        *,
        own: tuple[str, str] = ("ZZ", "ACME"),
        hub: tuple[str, str] = ("ZZ", "CROSSDOCK"),
        test: bool = False,
    ) -> None:
        super().__init__(faults)
        self.role = role
        self.behaviour = behaviour or Behaviour()
        self.token = TOKEN
        self.own, self.hub, self.test = own, hub, test
        self.deliver_to = ""
        self.deliver_token = ""
        self.got: list[Got] = []
        self.sent: list[tuple[str, bytes]] = []
        self.refused_sends = 0
        self.number = 0
        self._papers = 0
        self._kept: dict[str, bytes] = {}
        self._work: set[asyncio.Task[None]] = set()

    def reset(self) -> None:
        self.got.clear()
        self.sent.clear()
        self._kept.clear()

    def state(self) -> Mapping[str, Any]:
        return {
            "role": self.role,
            "got": [each.type for each in self.got],
            "sent": [kind for kind, _ in self.sent],
            "number": self.number,
        }

    async def stop(self) -> None:
        for task in self._work:
            task.cancel()
        if self._work:
            await asyncio.wait(self._work)
        await super().stop()

    def routes(self, app: web.Application) -> None:
        app.router.add_post("/edi", self._take)
        app.router.add_get("/edi/{key}", self._there)
        app.router.add_route("HEAD", "/edi", self._alive)
        app.router.add_post("/_sim/behaviour", self._behave)
        app.router.add_post("/_sim/order", self._order)

    # In ------------------------------------------------------------------------------------------------------

    def _signed_in(self, request: web.Request) -> bool:
        return request.headers.get("authorization") == f"Bearer {self.token}"

    async def _take(self, request: web.Request) -> web.StreamResponse:
        if not self._signed_in(request):
            return json_response({"error": "unauthorized"}, 401)
        key, body = request.headers.get("idempotency-key", ""), await request.read()
        if key in self._kept:
            return json_response({"status": "known"})
        try:
            found = read(body)
        except ValueError as problem:
            return json_response({"error": f"this is no interchange: {problem}"}, 422)
        if any("REFUSE" in "".join(each.first("BEG")) for each in found):
            return json_response({"error": "this buyer's account is closed"}, 422)
        self._kept[key] = body
        for each in found:
            self.record(f"got_{each.type}", _name(each), idempotency_key=key)
        self.got += found
        if not self.behaviour.silent:
            for each in found:
                task = asyncio.create_task(self._work_on(each))
                self._work.add(task)
                task.add_done_callback(self._work.discard)
        return json_response({"status": "taken"})

    async def _there(self, request: web.Request) -> web.StreamResponse:
        if not self._signed_in(request):
            return json_response({"error": "unauthorized"}, 401)
        there = request.match_info["key"] in self._kept
        return json_response({"there": there}, 200 if there else 404)

    async def _alive(self, request: web.Request) -> web.StreamResponse:
        return web.Response(status=200 if self._signed_in(request) else 401)

    async def _behave(self, request: web.Request) -> web.StreamResponse:
        for name, value in orjson.loads(await request.read()).items():
            if not hasattr(self.behaviour, name):
                return json_response({"error": f"no manner is called {name!r}"}, 400)
            setattr(self.behaviour, name, Decimal(str(value)) if name == "price_factor" else value)
        return json_response({"status": "so be it"})

    async def _order(self, request: web.Request) -> web.StreamResponse:
        content = orjson.loads(await request.read())
        await self.place_order(str(content["number"]), [tuple(map(str, line)) for line in content["lines"]])  # type: ignore[misc]
        return json_response({"status": "sent"})

    def malform(self, response: web.StreamResponse) -> web.StreamResponse:
        response.force_close()
        return web.Response(status=502, text="bad gateway")

    def fault_response(self, fault: Fault, request: web.Request) -> web.StreamResponse:
        return super().fault_response(fault, request)

    # What its people and machines do ---------------------------------------------------------------------------

    async def _work_on(self, got: Got) -> None:
        manners = self.behaviour
        if got.type == "997":
            return
        await asyncio.sleep(manners.acknowledge_after)
        if manners.acknowledge != "never":
            await self.send("997", papers.acknowledgement(got, manners.acknowledge == "accept"))
        if manners.acknowledge == "reject":
            return
        if got.type in ("850", "860"):
            await self._sell(got)
        elif got.type == "940" and manners.ship != "never":
            await asyncio.sleep(manners.ship_after)
            await self.send("945", papers.picked(got, self._now()))
        elif got.type == "943" and manners.receive != "never":
            await asyncio.sleep(manners.ship_after)
            await self.send("944", papers.received(got, manners.receive, self._now()))

    async def _sell(self, got: Got) -> None:
        manners, order, now = self.behaviour, papers.order_of(got), self._now()
        await asyncio.sleep(manners.answer_after)
        if manners.answer != "never":
            await self.send("855", papers.answer(order, manners.answer, self._paper("SO"), now, manners.price_factor))
        if manners.answer == "refuse" or manners.ship == "never" or got.type == "860":
            return
        await asyncio.sleep(manners.ship_after)
        sent = papers.shipped(order, manners.ship)
        await self.send("856", papers.notice(order, sent, self._paper("ASN"), sscc(self._papers), now))
        if manners.invoice:
            factor = manners.price_factor if manners.answer == "change_price" else Decimal(1)
            await self.send("810", papers.invoice(order, sent, self._paper("INV"), now, factor))

    async def place_order(self, number: str, lines: list[tuple[str, str, str]]) -> None:
        """Order something of the hub's company, as a retailer does: (item number, quantity, price) a line."""
        await self.send("850", papers.retail_order(number, lines, self._now()))

    def _paper(self, prefix: str) -> str:
        self._papers += 1
        return f"{prefix}-{self._papers}"

    def _now(self) -> datetime:
        return datetime.now(UTC)

    # Out -----------------------------------------------------------------------------------------------------

    async def send(self, kind: str, rows: papers.Rows) -> None:
        """Send a document with the next control number, until the hub has it."""
        self.number += 1 + self.behaviour.skip
        self.behaviour.skip = 0
        body = write(kind, rows, sender=self.own, receiver=self.hub, number=self.number, at=self._now(), test=self.test)
        if self.behaviour.garbage > 0:
            self.behaviour.garbage -= 1
            await self.send_raw(b"\x00\xff" + body[10:60])
        self.sent.append((kind, body))
        self.record(f"sent_{kind}", str(self.number))
        await self.send_raw(body)
        if self.behaviour.duplicate:
            await self.send_raw(body)

    async def again(self) -> int:
        """Send every document once more, byte for byte, as a partner does that is asked to; how many that are."""
        bodies = [body for _, body in self.sent]
        for body in bodies:
            await self.send_raw(body)
        return len(bodies)

    async def send_raw(self, body: bytes) -> None:
        """Post bytes to the hub, again and again until it answers that it has them or refuses them."""
        if not self.deliver_to:
            return
        headers = {"authorization": f"Bearer {self.deliver_token}", "content-type": "application/EDI-X12"}
        wait = 0.05
        async with aiohttp.ClientSession() as session:
            while True:
                with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                    async with session.post(
                        self.deliver_to, data=body, headers=headers, timeout=aiohttp.ClientTimeout(30)
                    ) as answer:
                        if answer.status < 500:
                            self.refused_sends += answer.status >= 400
                            return
                await asyncio.sleep(wait)
                wait = min(2.0, wait * 2)


def _name(got: Got) -> str:
    """The business number of a document."""
    return {"850": got.first("BEG")[3], "860": got.first("BCH")[3], "940": got.first("W05")[2], "943": got.first("W06")[2]}.get(
        got.type, f"{got.group}/{got.control}"
    )


def sscc(number: int) -> str:
    """A serial shipping container code with its check digit (GS1 General Specifications 7.9)."""
    body = f"0{4012345:07d}{number:09d}"
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(body))
    return body + str(-total % 10)
