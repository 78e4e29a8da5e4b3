"""The contract for customers' portals: each sees its own orders and nothing else; a return it opens is a message of the ordinary intake."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest

from tests.workbench.conftest import Workbench, landscape_in, start_workbench, stop

PORTAL = "kind: customer_portal\ntitle: {name}\nowner: integration\ntrust: partner\noptions: {{shops: [{shop}]}}\n"
MAY_SEE = "may_see: [personal, commercial]\n"
"""The demo restricts prices; a portal is shown them where its file says so."""
AT = 1_777_622_400_000_000


def placed(number: str) -> dict[str, Any]:
    line = {
        "number": "10",
        "sku": "LAMP",
        "name": "Lamp",
        "quantity": {"value": "2", "unit": "C62"},
        "unit_price": {"amount": "9", "currency": "EUR"},
    }
    return {
        "number": number, "placed_at": "2026-05-01T08:00:00Z", "currency": "EUR", "total": {"amount": "21.42", "currency": "EUR"}, "lines": [line],
        "ship_to": {"street": "Secret Lane 1", "country": "DE"}, "customer": {"id": "7", "name": "Ada Byron"},
    }  # fmt: skip


def asked(number: str = "RMA-1", order: str = "1001", portal: str = "desk-eu", **more: Any) -> dict[str, Any]:
    line = {"number": "1", "order_line": "10", "sku": "LAMP", "quantity": {"value": "1", "unit": "C62"}, "reason": "damaged"}
    return {"portal": portal, "number": number, "order_number": order, "lines": [line], **more}


@dataclass
class Desk:
    """A workbench with two customers' portals and the orders of two shops in its ledger."""

    bench: Workbench
    keys: dict[str, str] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(10**9, 10**10)))

    def row(self, table: str, **values: Any) -> None:
        """A row of the ledger; what is not stated is empty."""
        with closing(sqlite3.connect(self.bench.folder / "var/ledger.sqlite3", timeout=30)) as connection, connection:
            columns = connection.execute(f"PRAGMA table_info({table})").fetchall()
            empty = {"text": "", "blob": b"", "bool": 0}
            whole = {
                name: values.get(name, next((value for part, value in empty.items() if part in kind.lower()), 0))
                for _place, name, kind, needed, _default, _key in columns
                if needed or name in values
            } | {"id": next(self.numbers)}
            marks = ", ".join("?" * len(whole))
            connection.execute(f"INSERT INTO {table} ({', '.join(whole)}) VALUES ({marks})", tuple(whole.values()))

    def event(self, key: str, kind: str, data: dict[str, Any]) -> None:
        number = next(self.numbers)
        self.row("ledger_event", key=key, type=kind, state=1, created_at=AT, data=orjson.dumps(data), identity=str(number).encode().rjust(16),
                 event_id=str(number), source="x")  # fmt: skip

    def command(self, key: str, name: str, system: str, data: dict[str, Any]) -> None:
        number = next(self.numbers)
        self.row("ledger_delivery", key=key, name=name, system=system, data=orjson.dumps(data), state=10, command_id=str(number), created_at=AT,
                 identity=str(number).encode().rjust(16))  # fmt: skip

    def order(self, shop: str, number: str) -> str:
        key = f"order/{shop}/{number}"
        self.event(key, "order.placed", placed(number))
        self.row("ledger_instance", key=key, flow="orders-eu", process="order_to_fulfilment/1", opened_at=AT, updated_at=AT)
        return key

    def call(self, who: str, method: str, path: str, body: Any = None, **headers: str) -> Any:
        return self.bench.call(self.keys[who], method, f"/customer{path}", body, **headers)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = landscape_in(tmp_path_factory.mktemp("customer"))
    for name, shop in (("desk-eu", "shop-eu"), ("desk-uk", "shop-uk")):
        (folder / "systems" / f"{name}.yaml").write_text(PORTAL.format(name=name, shop=shop) + MAY_SEE)
    (folder / "systems/desk-plain.yaml").write_text(PORTAL.format(name="desk-plain", shop="shop-eu"))
    bench = start_workbench(folder)
    try:
        bench.begin()
        found = Desk(bench)
        for portal in ("desk-eu", "desk-uk", "desk-plain"):
            body = {"name": portal, "kind": "service", "roles": [{"role": "customer", "systems": [portal]}]}
            assert bench.administrator.api("POST", "/accounts/people", body).status_code == 201
            found.keys[portal] = bench.administrator.api("POST", f"/accounts/people/{portal}/keys", {}).json()["key"]
        key = found.order("shop-eu", "1001")
        found.order("shop-eu", "A/2")
        found.order("shop-uk", "1001")
        found.order("shop-uk", "9")
        shipment = {"number": "S1", "carrier": "DHL", "tracking_number": "00340", "dispatched_at": "2026-05-02T15:00:00Z"}
        found.command(
            key, "shop.fulfil", "shop-eu", {"shipment": shipment, "lines": [{"order_line": "10", "sku": "LAMP", "quantity": "2"}]}
        )
        for code, at in (("in_transit", "2026-05-02T20:00:00Z"), ("delivered", "2026-05-03T09:00:00Z")):
            found.event(key, "shipment.milestone", {"tracking_number": "00340", "code": code, "at": at})
        invoice = {"number": "INV/7", "kind": "invoice", "issue_date": "2026-05-02", "amount": {"amount": "21.42", "currency": "EUR"},
                   "residual": {"amount": "21.42", "currency": "EUR"}, "state": "posted", "payment_state": "not_paid"}  # fmt: skip
        found.event(key, "customer_invoice.posted", invoice)
        found.event(
            key, "customer_invoice.paid", {**invoice, "residual": {"amount": "0.00", "currency": "EUR"}, "payment_state": "paid"}
        )
        found.event(key, "return.requested", {**asked("RMA-0"), "channel": "portal"})
        answer = {"request_number": "RMA-0", "return_number": "RT-1", "order_number": "1001", "status": "refunded", "at": "2026-05-09T09:00:00Z",
                  "lines": [{"number": "1", "verdict": "refunded"}], "refund": {"amount": "10.71", "currency": "EUR"}}  # fmt: skip
        found.command(key, "return.answer", "desk-eu", {"return_answer": answer})
        for scheme, value in (("tracking", "00340"), ("invoice", "INV/7"), ("desk-eu:return", "RMA-0"), ("return", "RT-1")):
            found.row("ledger_reference", key=key, scheme=scheme, value=value)
        yield found
    finally:
        stop(bench)


def test_an_order_is_told_with_all_that_belongs_to_it_and_nothing_of_others(desk: Desk) -> None:
    answer = desk.call("desk-eu", "GET", "/orders/desk-eu/1001")
    assert answer.status_code == 200, answer.text
    order = answer.json()
    assert (order["status"], order["total"], order["lines"][0]["quantity"]) == ("delivered", "21.42", "2")
    [shipment] = order["shipments"]
    assert (shipment["carrier"], shipment["delivered_at"], [each["code"] for each in shipment["milestones"]]) == (
        "DHL", "2026-05-03T09:00:00Z", ["in_transit", "delivered"]
    )  # fmt: skip
    [invoice] = order["invoices"]
    assert (invoice["number"], invoice["payment"], invoice["open"]) == ("INV/7", "paid", "0.00")
    [found] = order["returns"]
    assert (found["status"], found["refund"], found["return_number"], found["lines"][0]["verdict"]) == (
        "refunded",
        "10.71",
        "RT-1",
        "refunded",
    )
    assert "Secret Lane" not in answer.text
    assert "Byron" not in answer.text


def test_restricted_prices_are_shown_only_to_a_portal_that_may_see_them(desk: Desk) -> None:
    answer = desk.call("desk-plain", "GET", "/orders/desk-plain/1001")
    order = answer.json()
    assert (answer.status_code, order["status"], order["lines"][0]["quantity"], order["total"]) == (200, "delivered", "2", None)


@pytest.mark.parametrize(
    "path", ["shipments/desk-eu/00340", "invoices/desk-eu/INV/7", "returns/desk-eu/RMA-0", "returns/desk-eu/RT-1"]
)
def test_what_belongs_to_an_order_is_found_by_its_own_number(desk: Desk, path: str) -> None:
    found = desk.call("desk-eu", "GET", f"/{path}").json()
    assert (found["shop"], found["order_number"]) == ("shop-eu", "1001")


def test_orders_are_listed_in_pages(desk: Desk) -> None:
    first = desk.call("desk-eu", "GET", "/orders?portal=desk-eu&limit=1").json()
    assert first == {"items": ["1001"], "next": "1001"}
    assert desk.call("desk-eu", "GET", "/orders?portal=desk-eu&after=1001").json() == {"items": ["A/2"], "next": None}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/orders?portal=desk-eu", None),
        ("GET", "/orders?portal=desk-uk&shop=shop-eu", None),
        ("GET", "/orders/desk-eu/1001", None),
        ("GET", "/orders/desk-uk/A/2", None),
        ("GET", "/orders/shop-uk/1001", None),
        ("GET", "/shipments/desk-uk/00340", None),
        ("GET", "/invoices/desk-uk/INV/7", None),
        ("GET", "/returns/desk-uk/RMA-0", None),
        ("POST", "/returns", asked(portal="desk-eu")),
        ("POST", "/returns", asked(portal="desk-uk", order="A/2")),
        ("POST", "/cancellations", {"portal": "desk-uk", "number": "RMA-0", "order_number": "A/2"}),
    ],
)
def test_what_is_anothers_is_not_there_and_the_look_is_recorded(desk: Desk, method: str, path: str, body: Any) -> None:
    before = len(desk.bench.records("workbench:access:denied"))
    answer = desk.call("desk-uk", method, path, body)
    assert answer.status_code == 404, answer.text
    denied = desk.bench.records("workbench:access:denied")[before:]
    assert [each["author"].partition("#")[0] for each in denied] == ["desk-uk"]
    assert desk.bench.rows("SELECT count(*) FROM ledger_message WHERE system='desk-uk'") == [(0,)]


def test_a_return_is_opened_once_however_often_it_is_asked_for(desk: Desk) -> None:
    first = desk.call("desk-eu", "POST", "/returns", asked())
    assert (first.status_code, first.json()) == (201, {"number": "RMA-1", "known": False}), first.text
    again = desk.call("desk-eu", "POST", "/returns", asked())
    assert (again.status_code, again.json()["known"]) == (200, True)
    other = desk.call("desk-eu", "POST", "/returns", asked(note="something else"))
    assert (other.status_code, other.json()["code"]) == (409, "customer.conflict")
    rows = desk.bench.rows(
        "SELECT topic, dedupe_key, channel FROM ledger_message WHERE system='desk-eu' AND mapping='' ORDER BY id"
    )
    assert rows == [("return.requested", "return.requested/RMA-1", "returns")]
    body = {"portal": "desk-eu", "number": "RMA-1", "order_number": "1001", "reason": "keeps it"}
    cancelled = desk.call("desk-eu", "POST", "/cancellations", body)
    assert cancelled.status_code == 201
    assert [each["intake"] for each in desk.bench.records("customer:return:sent")] == ["new", "duplicate", "conflict", "new"]


def test_what_was_taken_is_the_event_the_workflow_takes(desk: Desk) -> None:
    from datetime import UTC, datetime

    from crossdock.connectors.customer_portal.connector import CustomerPortalConnector
    from crossdock.connectors.protocol import StoredMessage
    from crossdock.ledger.payloads import decode
    from crossdock.testing import make_context

    desk.call("desk-eu", "POST", "/returns", asked("RMA-5"))
    ((encoding, body),) = desk.bench.rows("SELECT encoding, body FROM ledger_message WHERE dedupe_key='return.requested/RMA-5'")
    connector = CustomerPortalConnector(make_context(CustomerPortalConnector, system="desk-eu", options={"shops": ["shop-eu"]}))
    message = StoredMessage(
        "u", "desk-eu", "returns", "return.requested", decode(encoding, body), "application/json", {}, datetime.now(UTC)
    )
    (event,) = connector.normalize(message)
    assert (event.type, event.key) == ("return.requested", "order/shop-eu/1001")
    data: Any = event.data
    assert (data.channel, data.lines[0].reason) == ("portal", "damaged")


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"lines": []}, "body.given.lines"),
        ({"lines": [{"number": "1", "sku": "LAMP", "quantity": {"value": "0"}}]}, "body.given.lines.0"),
        ({"number": ""}, "body.given.number"),
        ({"number": "x" * 65}, "body.given.number"),
    ],
)
def test_a_return_that_cannot_be_meant_is_refused_by_the_field(desk: Desk, change: dict[str, Any], path: str) -> None:
    answer = desk.call(
        "desk-eu", "POST", "/returns", asked("RMA-9", **change) if "number" not in change else {**asked(), **change}
    )
    assert answer.status_code == 422
    assert any(each["path"].startswith(path) for each in answer.json()["errors"]), answer.text
