"""The pages of regions: on the coordinator what each told, in a hub without regions that there are none."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from crossdock.core.clock import SystemClock
from crossdock.governance.signing import new_key, public_of
from crossdock.ledger import regions
from crossdock.ledger.database import LedgerLocation
from crossdock.ledger.ids import Numbers
from crossdock.ledger.regions import Heard
from crossdock.ledger.store import Store
from crossdock.ledger.times import micros
from tests.workbench.conftest import Workbench, landscape_in, start_workbench, stop

KEY = "0123456789abcdef"


def told(region: str, bundle: str) -> dict[str, object]:
    """A report as the coordinator keeps it."""
    return {
        "region": region, "environment": f"live-{region}", "sequence": 9, "taken_at": micros(SystemClock().now()), "release": "0.1.0",
        "engine": "embedded", "bundle": bundle, "promoted": bundle, "waiting": 3, "totals": {},
        "lanes": [{"flow": "orders", "system": "shop", "open": 4, "uncertain": 1, "parked": 0, "oldest": 60}],
        "cases": [
            {"code": "deliver.refused", "flow": "orders", "system": "shop", "owner": "operations", "count": 7, "late": 2, "oldest": 90,
             "keys": [KEY], "money": [{"currency": "EUR", "minor": 123_456}]}
        ],
        "drills": [{"drill": "restore", "flow": "", "partner": "", "held_at": 1_790_000_000_000_000, "passed_at": 0}],
    }  # fmt: skip


@pytest.fixture
def coordinator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    folder = landscape_in(tmp_path_factory.mktemp("regions"))
    head = folder / "crossdock.yaml"
    head.write_text(head.read_text().replace("regions:\n", "regions:\n  us: United States\n  asia: Asia\n"))
    key = public_of(new_key())
    (folder / "environments/over.yaml").write_text(
        f"alerts: log\ncoordinator: {{key: 'env:KEY', regions: {{eu: '{key}', us: '{key}', asia: '{key}'}}, silent_after: 3m}}\n"
    )
    found = start_workbench(folder, CROSSDOCK_ENVIRONMENT="over")
    store = Store(LedgerLocation.parse(f"sqlite:///{folder}/var/ledger.sqlite3"))
    try:
        now = micros(SystemClock().now())
        same = {"at": now, "compared": 8, "late": 5, "differed": 1, "equal": True}
        for region, bundle, at in (("eu", "a" * 64, now + 60_000_000), ("us", "b" * 64, now - 600_000_000)):
            heard = Heard(region, "0" * 16, 9, 7, 2, at, at, 0, told(region, bundle), same)
            store.work.run(lambda s, each=heard: regions.hear(s, Numbers(SystemClock(), 903), each))
        found.begin()
        yield found
    finally:
        store.close()
        stop(found)


def test_the_coordinator_shows_what_each_region_told(coordinator: Workbench) -> None:
    browser = coordinator.person("auditor")[1]
    page = browser.get("/regions/").text
    assert "cut off" in page and "never heard" in page and "United States" in page and "1,234.56" in page.replace("\u202f", ",")
    assert "runs another bundle than the others" in page
    one = browser.get("/regions/us/").text
    assert "deliver.refused" in one and KEY in one and "both sides hold the same" in one and "restore" in one
    assert browser.get("/regions/mars/").status_code == 404
    found = browser.get("/api/regions/").json()
    assert [(each["region"], each["standing"], each["missing"]) for each in found["regions"]] == [
        ("eu", "heard", 2), ("us", "silent", 2), ("asia", "never", 0),
    ]  # fmt: skip
    assert found["regions"][0]["money"] == [{"currency": "EUR", "amount": "1234.56"}]
