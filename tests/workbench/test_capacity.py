"""The page of capacity: what the ledger counted is judged, in the reader's language, and can be filed as a paper."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from crossdock.core.clock import SystemClock
from crossdock.ledger.database import LedgerLocation
from crossdock.ledger.ids import Numbers
from crossdock.ledger.store import Store
from crossdock.ledger.traffic import ATTEMPT, RECEIVED, Cell, Kind, add
from tests.workbench.conftest import Workbench, landscape_in, start_workbench, stop

SLOW = 2_000_000
"""Microseconds a call of the busiest system took."""


@pytest.fixture
def workbench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    found = start_workbench(landscape_in(tmp_path_factory.mktemp("capacity")))
    try:
        found.begin()
        yield found
    finally:
        stop(found)


def test_what_gives_out_first_is_named_in_the_readers_language_and_filed(workbench: Workbench) -> None:
    store = Store(LedgerLocation.parse(f"sqlite:///{workbench.folder}/var/ledger.sqlite3"))
    numbers, today = Numbers(SystemClock(), 904), int(time.time()) // 86_400 * 86_400
    try:
        for day in range(1, 15):
            begin = (today - day * 86_400 + 9 * 3_600) * 1_000_000
            cells = {
                Kind(RECEIVED, "shop", "", "orders"): Cell(3_600),
                Kind(ATTEMPT, "odoo", "order-to-fulfilment", "accepted"): Cell(36_000, 36_000 * SLOW),
            }
            store.work.run(lambda session, b=begin, c=cells: add(session, numbers, b, b + 300_000_000, c))  # type: ignore[misc]
    finally:
        store.close()
    browser = workbench.person("auditor")[1]
    found = browser.api("GET", "/capacity/").json()
    first = found["bottleneck"]
    assert (first["name"], first["demand"], found["forecast"]["days"]) == ("odoo", 20.0, 14)
    assert first["headroom"] == pytest.approx(first["capacity"] / 20) and first["headroom"] < 1
    assert not found["enough"] and not found["measured"] and found["steps"] == []
    page = browser.get("/capacity/").text
    assert "That is not enough: the first to give out is odoo" in page and "crossdock load --rate 0 --save" in page

    # what a load measured: the workers are known, and what they would need
    (workbench.folder / "var/capacity.json").write_text('{"cpu_seconds": 0.002, "accept_rate": 1500}')
    page = browser.get("/capacity/?workers=2&factor=3").text
    assert "2 workers" in page and "What would help" in page and "crossdock load --rate 0 --save" not in page
    german = browser.get("/capacity/", headers={"Accept-Language": "de"}).text
    assert "Das reicht nicht: zuerst gibt odoo" in german and "Was hülfe" in german and "What" not in german
    paper = browser.get("/capacity/review.pdf?workers=2")
    assert paper.headers["Content-Type"] == "application/pdf" and paper.content.startswith(b"%PDF")
    assert [each["file"] for each in workbench.records("workbench:capacity")] == ["capacity.pdf"]
    assert browser.api("GET", "/capacity/review.pdf").content.startswith(b"%PDF")
    for wrong in ("ahead=-1", "factor=0", "workers=none", "ahead=nan"):
        assert browser.get(f"/capacity/?{wrong}").status_code == 400, wrong
        assert browser.api("GET", f"/capacity/?{wrong}").status_code == 422, wrong
    assert workbench.person("supplier")[1].get("/capacity/").status_code == 404
