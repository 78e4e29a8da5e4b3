"""One suite of statements about Odoo's wire, run on the simulator or on a real Odoo 19.

With CROSSDOCK_ODOO_URL, CROSSDOCK_ODOO_DB and CROSSDOCK_ODOO_KEY set it runs on that server (an integration user
with the full working set of groups; CROSSDOCK_ODOO_ADMIN_KEY, CROSSDOCK_ODOO_BERLIN_KEY and
CROSSDOCK_ODOO_PASSWORD unlock a few more statements), otherwise on the simulator. Every run makes records
under a prefix of its own and deletes nothing of others, so it can be repeated on one database.
"""

from __future__ import annotations

import json
import os
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from crossdock.simulators.odoo import Latency, Odoo
from crossdock.simulators.threaded import Threaded

PREFIX = f"w{int(time.time() * 10):x}"
EXACT = {"mode": "update", "noupdate": True, "tz": "UTC", "lang": "en_US"}


@dataclass
class Answer:
    """One HTTP answer, undigested."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def kind(self) -> str:
        """The media type."""
        return self.headers.get("content-type", "").partition(";")[0]

    def json(self) -> Any:
        """The body, which must be JSON."""
        return json.loads(self.body)


class Refused(Exception):
    """A JSON error answer."""

    def __init__(self, answer: Answer) -> None:
        self.status = answer.status
        self.error: dict[str, Any] = answer.json()
        self.name = str(self.error["name"])
        self.message = str(self.error["message"])
        super().__init__(f"{self.status} {self.name}: {self.message}")


@dataclass
class Server:
    """The Odoo under test."""

    url: str
    database: str
    keys: dict[str, str]
    simulator: Odoo | None = None
    password: str | None = None
    _numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 10**6)))

    @property
    def real(self) -> bool:
        """Whether this is a real Odoo."""
        return self.simulator is None

    def send(self, path: str, body: bytes | None = b"{}", method: str = "POST", timeout: float = 90, **headers: str) -> Answer:
        """Any HTTP request."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.url + path, data=body, headers=given, method=method)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as found:
                return Answer(found.status, {k.lower(): v for k, v in found.headers.items()}, found.read())
        except urllib.error.HTTPError as found:
            return Answer(found.code, {k.lower(): v for k, v in found.headers.items()}, found.read())

    def headers(self, key: str | None = None) -> dict[str, str]:
        """The headers of a JSON-2 call."""
        return {
            "Authorization": f"bearer {key or self.keys['hub']}",
            "X_Odoo_Database": self.database,
            "Content_Type": "application/json",
        }

    def ask(self, model: str, method: str, *, user: str = "hub", timeout: float = 90, **arguments: Any) -> Answer:
        """A JSON-2 call, undigested."""
        body = json.dumps(arguments).encode()
        return self.send(f"/json/2/{model}/{method}", body, timeout=timeout, **self.headers(self.keys[user]))

    def call(self, model: str, method: str, *, user: str = "hub", **arguments: Any) -> Any:
        """The result of a JSON-2 call. Raises Refused."""
        answer = self.ask(model, method, user=user, **arguments)
        if answer.status != 200:
            raise Refused(answer)
        return answer.json()

    def refused(self, model: str, method: str, **arguments: Any) -> Refused:
        """The error of a call that must fail."""
        with pytest.raises(Refused) as problem:
            self.call(model, method, **arguments)
        return problem.value

    def load(self, model: str, fields: list[str], data: list[list[Any]], user: str = "hub", **context: Any) -> Any:
        """`load` as a hub does it; other context replaces the usual."""
        return self.call(model, "load", user=user, fields=fields, data=data, context=context or EXACT)

    def one(self, model: str, id_: int, *fields: str, **context: Any) -> dict[str, Any]:
        """One record."""
        found: list[dict[str, Any]] = self.call(model, "read", ids=[id_], fields=list(fields), context=context)
        assert len(found) == 1, f"{model} {id_} is not there"
        return found[0]

    def find(self, model: str, domain: list[Any], *fields: str, **more: Any) -> list[dict[str, Any]]:
        """Records of a search."""
        found: list[dict[str, Any]] = self.call(model, "search_read", domain=domain, fields=list(fields), **more)
        return found

    def fresh(self, stem: str = "n") -> str:
        """A name nobody has used."""
        return f"{PREFIX}{stem}{next(self._numbers)}"

    def together(self, count: int, act: Callable[[int], Any]) -> list[Any]:
        """Run `act(0..count-1)` at the same time; exceptions are results."""
        gate = threading.Barrier(count)

        def run(number: int) -> Any:
            gate.wait()
            try:
                return act(number)
            except Exception as problem:
                return problem

        with ThreadPoolExecutor(count) as pool:
            return list(pool.map(run, range(count)))

    # Data most statements need -----------------------------------------------------------------------

    def partner(self, **vals: Any) -> int:
        """A customer; without a country no fiscal position applies."""
        made: list[int] = self.call("res.partner", "create", vals_list={"name": self.fresh("partner"), **vals})
        return made[0]

    def product(self, **vals: Any) -> int:
        """A storable product with a reference of its own."""
        given = {"name": self.fresh("product"), "default_code": self.fresh("SKU"), "is_storable": True, **vals}
        made: list[int] = self.call("product.product", "create", vals_list=given)
        return made[0]

    def stock(self, product: int, quantity: float, lot: int | None = None, place: int = 5) -> int:
        """Count stock of a product; returns the quant."""
        vals: dict[str, Any] = {"product_id": product, "location_id": place, "inventory_quantity": quantity}
        if lot:
            vals["lot_id"] = lot
        made: list[int] = self.call("stock.quant", "create", vals_list=[vals], context={"inventory_mode": True})
        assert self.call("stock.quant", "action_apply_inventory", ids=made) is None
        return made[0]

    def on_hand(self, product: int, place: int = 5) -> float:
        """Stock of a product in a place: the sum over its quants."""
        found = self.find("stock.quant", [["product_id", "=", product], ["location_id", "=", place]], "quantity")
        return float(sum(row["quantity"] for row in found))

    def order(self, *lines: tuple[int, float], partner: int | None = None, **vals: Any) -> int:
        """A sales order in draft: (product, quantity) per line, price 10."""
        made: list[int] = self.call(
            "sale.order",
            "create",
            vals_list={
                "partner_id": partner or self.partner(),
                "client_order_ref": self.fresh("WEB-"),
                "order_line": [
                    [0, 0, {"product_id": product, "product_uom_qty": quantity, "price_unit": 10}] for product, quantity in lines
                ],
                **vals,
            },
        )
        return made[0]

    def confirmed(self, *lines: tuple[int, float], **vals: Any) -> tuple[int, int]:
        """A confirmed order and its transfer."""
        order = self.order(*lines, **vals)
        assert self.call("sale.order", "action_confirm", ids=[order]) is True
        (picking,) = self.one("sale.order", order, "picking_ids")["picking_ids"]
        return order, picking

    def moves(self, picking: int) -> list[dict[str, Any]]:
        """The moves of a transfer."""
        fields = ("product_id", "product_uom_qty", "quantity", "picked", "state", "move_line_ids", "sale_line_id")
        return self.find("stock.move", [["picking_id", "=", picking]], *fields, order="id")

    def validate(self, picking: int, **context: Any) -> Any:
        """`button_validate` as a hub does it."""
        given = {"skip_backorder": True, "skip_sms": True, **context}
        return self.call("stock.picking", "button_validate", ids=[picking], context=given)

    def shipped(self, product: int, quantity: float) -> tuple[int, int]:
        """An order that was delivered in full, and its transfer."""
        self.stock(product, quantity)
        order, picking = self.confirmed((product, quantity))
        assert self.validate(picking) is True
        return order, picking


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    url = os.environ.get("CROSSDOCK_ODOO_URL")
    if url:
        keys = {"hub": os.environ["CROSSDOCK_ODOO_KEY"]}
        for name, variable in (("admin", "ADMIN"), ("hub-berlin", "BERLIN")):
            if os.environ.get(f"CROSSDOCK_ODOO_{variable}_KEY"):
                keys[name] = os.environ[f"CROSSDOCK_ODOO_{variable}_KEY"]
        password = os.environ.get("CROSSDOCK_ODOO_PASSWORD")
        yield Server(url.rstrip("/"), os.environ["CROSSDOCK_ODOO_DB"], keys, password=password)
        return
    odoo = Odoo(latency=Latency(write=0.004))
    with Threaded(odoo) as url:
        yield Server(url, odoo.database, odoo.keys, odoo, password="hub-password")
    assert odoo.defects == 0, "the simulator itself failed in some call, see the log"


@pytest.fixture
def odoo(server: Server) -> Server:
    return server


@pytest.fixture
def simulator(server: Server) -> Odoo:
    """The simulator, for faults nobody can order from a real server."""
    if server.simulator is None:
        pytest.skip("a real Odoo cannot be told to fail like this")
    return server.simulator


@pytest.fixture
def admin(server: Server) -> str:
    """The administrator's user name in `Server.keys`."""
    if "admin" not in server.keys:
        pytest.skip("set CROSSDOCK_ODOO_ADMIN_KEY to run what only an administrator may do")
    return "admin"


@pytest.fixture
def berlin(server: Server) -> str:
    """A user whose time zone is Europe/Berlin."""
    if "hub-berlin" not in server.keys:
        pytest.skip("set CROSSDOCK_ODOO_BERLIN_KEY, the key of a user in the time zone Europe/Berlin")
    return "hub-berlin"


@dataclass
class Receiver:
    """Takes webhooks; answers `status` after `delay` seconds."""

    url: str = ""
    got: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200
    delay: float = 0.0


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            receiver.got.append(json.loads(body))
            time.sleep(receiver.delay)
            self.send_response(receiver.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing on the terminal."""

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    receiver.url = f"http://127.0.0.1:{httpd.server_address[1]}/hook"
    yield receiver
    httpd.shutdown()
    httpd.server_close()
