"""The page of drills: what going live waits for, and what was held."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from crossdock.core.clock import SystemClock
from crossdock.ledger import drills
from crossdock.ledger.database import LedgerLocation
from crossdock.ledger.ids import Numbers
from crossdock.ledger.store import Store
from tests.workbench.conftest import Workbench, landscape_in, start_workbench, stop


@pytest.fixture
def workbench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    found = start_workbench(landscape_in(tmp_path_factory.mktemp("drills")))
    try:
        found.begin()
        yield found
    finally:
        stop(found)


def test_a_drill_that_passed_is_shown_and_the_others_are_missing(workbench: Workbench) -> None:
    now = int(time.time() * 1e6)
    figures = {
        "drill": "restore",
        "passed": True,
        "lost": 0,
        "doubled": 0,
        "rto_seconds": 4.5,
        "rpo_seconds": 0.0,
        "drain_seconds": 9.0,
    }
    store = Store(LedgerLocation.parse(f"sqlite:///{workbench.folder}/var/ledger.sqlite3"))
    try:
        store.work.run(lambda s: drills.enter(s, Numbers(SystemClock(), 903), figures, now, "<b>carol", now))
    finally:
        store.close()
    page = workbench.person("auditor")[1].get("/drills/").text
    assert "Not ready to go live" in page
    assert page.count("never held") == 8
    assert "4.5" in page and "&lt;b&gt;carol" in page and "<b>carol" not in page
