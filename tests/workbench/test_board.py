"""Board, alerts, dashboards and transactions: each sees only what is theirs, acts only where allowed, and what strangers wrote stays text."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from crossdock.core.clock import SystemClock
from crossdock.ledger import alerts as kept
from crossdock.ledger import traffic
from crossdock.ledger.alerts import KeptAlert
from crossdock.ledger.batch import INSTANCE_COLUMNS
from crossdock.ledger.database import LedgerLocation
from crossdock.ledger.ids import Numbers, written
from crossdock.ledger.store import Store
from crossdock.ledger.traffic import ATTEMPT, EFFECT, RECEIVED, TAKEN, Cell, Kind
from tests.workbench.conftest import Browser, Workbench

EVIL = "<script>alert(1)</script>"
NUMBERS = Numbers(SystemClock(), 900)


@pytest.fixture(scope="module")
def ledger(bench: Workbench) -> Iterator[Store]:
    """Alerts of two systems, a late order, traffic of an hour, and a transaction with a script in its name."""
    store = Store(LedgerLocation.parse(f"sqlite:///{bench.folder}/var/ledger.sqlite3"))
    now = int(time.time() * 1e6)

    def write(s) -> None:  # type: ignore[no-untyped-def]
        kept.save(s, [alert("wms", "wms-north", now), alert("shop", "shopify-eu", now, title=f"{EVIL} is silent")])
        s.insert(
            "ledger_expectation",
            ("id", "key", "flow", "name", "partition", "due", "warn", "warned", "owner", "description", "silent", "state"),
            [
                (
                    NUMBERS.next(),
                    "order/shopify-eu/1",
                    "order-shopify-eu",
                    "released",
                    0,
                    now + 42 * 60_000_000,
                    now - 1,
                    False,
                    "operations",
                    "",
                    False,
                    0,
                ),
                (
                    NUMBERS.next(),
                    "order/woo-outlet/2",
                    "order-woo-outlet",
                    "picked:1",
                    0,
                    now + 3 * 3_600_000_000,
                    None,
                    False,
                    "operations",
                    "",
                    False,
                    0,
                ),
                (
                    NUMBERS.next(),
                    "order/woo-outlet/3",
                    "order-woo-outlet",
                    "timer:release",
                    0,
                    now + 3_600_000_000,
                    None,
                    False,
                    "",
                    "",
                    True,
                    0,
                ),
            ],
        )
        s.insert(
            "ledger_instance",
            INSTANCE_COLUMNS,
            [
                (
                    NUMBERS.next(),
                    f"order/shopify-eu/{EVIL}",
                    "order-shopify-eu",
                    0,
                    "order_to_fulfilment/1",
                    b"damaged",
                    "placed",
                    False,
                    now,
                    now,
                    "",
                    "",
                )
            ],
        )
        s.insert(
            "ledger_reference",
            ("id", "value", "scheme", "key"),
            [(NUMBERS.next(), "1Z999", "tracking", f"order/shopify-eu/{EVIL}")],
        )
        bins = [0, 0, 0, 30, *[0] * 24]
        cells = {
            Kind(RECEIVED, "shopify-eu", "", "webhooks"): Cell(40),
            Kind(TAKEN, "shopify-eu", "order-shopify-eu", "order.placed"): Cell(35),
            Kind(ATTEMPT, "odoo", "order-shopify-eu", "accepted"): Cell(30, 0, bins),
            Kind(ATTEMPT, "odoo", "order-shopify-eu", "deferred"): Cell(10, 0, bins),
            Kind(EFFECT, "odoo", "order-shopify-eu", "order.create"): Cell(30, 0, bins),
        }
        begin = (now // 1_000_000 // 300 - 2) * 300 * 1_000_000
        traffic.add(s, NUMBERS, begin, begin + 1, cells)

    store.work.run(write)
    yield store
    store.close()


def alert(name: str, system: str, now: int, title: str = "") -> KeptAlert:
    told = {"operations": {"at": now, "count": 1, "first": now}}
    return KeptAlert(
        NUMBERS.next(), f"feed_silent:{name}", "feed_silent", "warning", "operations", title or f"Nothing from {system}", "Ask them.", "", system,
        "orders", 1, now - 3_600_000_000, now, told=told,
    )  # fmt: skip


def number_of(store: Store, name: str) -> str:
    rows = store.read.run(lambda s: s.rows("SELECT id FROM ledger_alert WHERE identity=?", (f"feed_silent:{name}",)))
    return written(rows[0][0])


@pytest.fixture(scope="module")
def viewer(bench: Workbench, ledger: Store) -> Browser:
    return bench.person("viewer")[1]


def test_the_board_says_clock_and_owner_and_leaves_timers_out(viewer: Browser) -> None:
    text = viewer.get("/board/").text
    assert "order/shopify-eu/1" in text
    assert "due in 41 min" in text or "due in 42 min" in text
    assert "operations" in text
    assert "timer:release" not in text
    assert "order/woo-outlet/3" not in text


def test_scripts_of_strangers_are_shown_and_never_run(viewer: Browser, ledger: Store) -> None:
    for path in (
        "/board/",
        "/board/alerts/",
        f"/board/alerts/{number_of(ledger, 'shop')}/",
        "/transactions/",
        "/dashboards/",
        f"/transactions/?q={EVIL}",
    ):
        text = viewer.get(path).text
        assert EVIL not in text, path
    assert "&lt;script&gt;" in viewer.get("/board/alerts/").text


def test_a_transaction_is_found_by_any_name_also_when_its_state_is_damaged(viewer: Browser) -> None:
    answer = viewer.get("/transactions/?q=1Z999")
    assert answer.status_code == 302
    page = viewer.get(answer.headers["location"])
    assert page.status_code == 200
    assert "1Z999" in page.text
    assert EVIL not in page.text


def test_who_has_one_system_sees_only_what_is_of_it(bench: Workbench, ledger: Store) -> None:
    _, mine = bench.person("operator", systems=["wms-north"])
    text = mine.get("/board/alerts/").text
    assert "wms-north" in text
    assert "is silent" not in text
    assert mine.get(f"/board/alerts/{number_of(ledger, 'wms')}/").status_code == 200
    assert mine.get(f"/board/alerts/{number_of(ledger, 'shop')}/").status_code == 404
    assert mine.post(f"/board/alerts/{number_of(ledger, 'shop')}/take/", {"taken": "1"}).status_code == 404
    assert mine.api("POST", f"/board/alerts/{number_of(ledger, 'shop')}/take/", {}).status_code == 404
    assert mine.get("/dashboards/systems/wms-north/").status_code == 200
    assert mine.get("/dashboards/systems/odoo/").status_code == 404
    assert any(each.get("about", "").startswith("alert") for each in bench.records("workbench:access:denied"))


def test_who_has_one_flow_sees_no_other(bench: Workbench, ledger: Store) -> None:
    _, mine = bench.person("viewer", flows=["order-woo-outlet"])
    text = mine.get("/board/").text
    assert "order/woo-outlet/2" in text
    assert "order/shopify-eu/1" not in text
    assert mine.get("/dashboards/flows/order-shopify-eu/").status_code == 404
    assert mine.get("/transactions/?q=1Z999").status_code == 200
    assert mine.get("/transactions/order/shopify-eu/%3Cscript%3Ealert(1)%3C/script%3E/").status_code == 404
    figures = {each["name"]: each for each in mine.api("GET", "/dashboards/flows/").json()}
    assert set(figures) == {"order-woo-outlet"}


def test_taking_over_is_an_instruction_for_the_hub(bench: Workbench, ledger: Store, viewer: Browser) -> None:
    number = number_of(ledger, "wms")
    assert viewer.post(f"/board/alerts/{number}/take/", {"taken": "1"}).status_code == 404
    name, operator = bench.person("operator")
    assert operator.post(f"/board/alerts/{number}/take/", {"taken": "1", "note": "on it"}).status_code == 302
    assert operator.get(f"/board/alerts/{number}/take/").status_code == 405
    rows = bench.rows("SELECT author, data FROM ledger_instruction WHERE kind='alert'")
    assert rows == [(name, '{"take":true,"note":"on it"}')]
    answer = operator.api("POST", f"/board/alerts/{number}/take/", {"taken": False})
    assert answer.status_code == 202, answer.text


def test_the_dashboards_count_shares_and_durations(viewer: Browser) -> None:
    flows = {each["name"]: each for each in viewer.api("GET", "/dashboards/flows/?range=3h").json()}
    orders = flows["order-shopify-eu"]
    assert (orders["received"], orders["effects"], orders["calls"], orders["failed"]) == (35, 30, 40, 10)
    assert orders["error_share"] == 0.25
    assert 0.005 <= orders["p95"] <= 0.01
    for chosen in ("3h", "24h", "7d", "30d"):
        page = viewer.get(f"/dashboards/?range={chosen}")
        assert page.status_code == 200
        assert page.text.count("<svg viewBox") >= 4
        assert page.text.count("<caption>") >= 4
        again = viewer.get(f"/dashboards/?range={chosen}")
        assert again.text.count("25.0%") == page.text.count("25.0%") >= 1
    one = viewer.api("GET", "/dashboards/flows/order-shopify-eu/?range=24h").json()
    assert sum(value or 0 for chart in one["charts"] if chart["name"] == "volume" for value in chart["series"][0]["values"]) == 35


def test_wrong_numbers_ranges_and_lanes_are_not_found_or_taken_for_the_usual(viewer: Browser) -> None:
    assert viewer.get("/board/no-such-lane/").status_code == 404
    assert viewer.get("/board/alerts/!!!/").status_code == 404
    assert viewer.get("/board/alerts/ZZZZZZZZZZZZZZZZZZZZZZ/").status_code == 404
    assert viewer.get("/dashboards/?range=forever").status_code == 200
    assert viewer.get("/dashboards/flows/none/").status_code == 404
    assert viewer.get("/transactions/order/none/0/").status_code == 404
    assert viewer.api("GET", "/dashboards/flows/?range=forever").status_code == 422


def test_a_stream_is_for_who_is_signed_in(bench: Workbench, viewer: Browser) -> None:
    stranger = bench.browser()
    assert stranger.get("/board/live/").status_code == 302
    answer = viewer.get("/board/live/", stream=True, headers={"Accept": "text/event-stream"})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    lines = answer.iter_lines()
    assert any(b"event: part" in next(lines) for _ in range(20))
    answer.close()
