"""What was promoted, by whom and what it changed; a promotion that does not run here is said loudly."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from crossdock.core.clock import SystemClock
from crossdock.governance.errors import ReleaseNotRunning
from crossdock.ledger.batch import EXCEPTION_COLUMNS
from crossdock.ledger.database import LedgerLocation
from crossdock.ledger.ids import Numbers, written
from crossdock.ledger.releases import promote
from crossdock.ledger.session import Session
from crossdock.ledger.store import Store
from tests.workbench.conftest import Browser, Workbench, landscape_in, start_workbench, stop

EVIL = "<script>alert(1)</script>"
NUMBERS = Numbers(SystemClock(), 902)
OTHER = "f" * 64
REPORT = {
    "approvals": [{"name": "bob", "team": "operations", "at": "2026-03-01T10:00:00+00:00"}],
    "changes": [{"risk": "connectivity", "kind": "systems", "name": "odoo", "words": f"Odoo bears 900 a minute {EVIL}"}],
}


@pytest.fixture(scope="module")
def taking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """A workbench whose environment takes promotions."""
    folder = landscape_in(tmp_path_factory.mktemp("releases"))
    (environment,) = (folder / "environments").glob("*.yaml")
    environment.write_text(environment.read_text() + "promotion:\n  unsigned: true\nencryption:\n  key: env:PAYLOADS\n")
    workbench = start_workbench(folder, PAYLOADS="k" * 40)
    try:
        workbench.begin()
        yield workbench
    finally:
        stop(workbench)


@pytest.fixture(scope="module")
def auditor(taking: Workbench) -> Browser:
    return taking.person("auditor")[1]


@pytest.fixture(scope="module")
def store(taking: Workbench) -> Iterator[Store]:
    found = Store(LedgerLocation.parse(f"sqlite:///{taking.folder}/var/ledger.sqlite3"))
    yield found
    found.close()


def _promote(store: Store, bundle: str, reason: str) -> None:
    now = int(time.time() * 1e6)
    store.work.run(lambda s: promote(s, NUMBERS, bundle, "demo", b"file", "carol@cli", "alice", reason, REPORT, now))


def _fails(store: Store) -> int:
    """The exception a hub opens when a promoted bundle cannot run."""
    number, now = NUMBERS.next(), int(time.time() * 1e6)

    def write(session: Session) -> None:
        session.insert(
            "ledger_exception", EXCEPTION_COLUMNS,
            [(number, b"release", "release", ReleaseNotRunning.code, "misconfigured", "release", "", "", "", 0, "release", 0, "release", "",
              "the promoted bundle cannot run: no secret", "{}", 0, 1, now, now, None, "", "", "", "")],
        )  # fmt: skip

    store.work.run(write)
    return number


def test_nothing_promoted_promoted_and_not_running(taking: Workbench, auditor: Browser, store: Store) -> None:
    told = auditor.api("GET", "/releases/").json()
    assert (told["promotes"], told["newest"], told["not_running"], told["releases"]) == (True, "", False, [])
    assert "the folder's own files run" in auditor.get("/releases/").text

    _promote(store, told["runs"], "slower")
    told = auditor.api("GET", "/releases/").json()
    assert (told["newest"], told["not_running"]) == (told["runs"], False)
    (first,) = told["releases"]
    assert (first["author"], first["maker"], first["reason"], first["runs"]) == ("carol@cli", "alice", "slower", True)
    assert first["approvals"] == REPORT["approvals"]
    assert first["changes"] == REPORT["changes"]
    text = auditor.get("/releases/").text
    for said in ("carol@cli", "alice", "bob", "operations", "slower", "1 change", "Odoo bears 900 a minute"):
        assert said in text
    assert "The newest promotion is not what this hub runs." not in text

    _promote(store, OTHER, "faster")
    number = _fails(store)
    told = auditor.api("GET", "/releases/").json()
    assert (told["newest"], told["not_running"]) == (OTHER, True)
    assert told["failures"] == [{"exception": written(number), "message": "the promoted bundle cannot run: no secret"}]
    assert [each["runs"] for each in told["releases"]] == [False, True]
    text = auditor.get("/releases/").text
    assert "The newest promotion is not what this hub runs." in text
    assert f"/exceptions/{written(number)}/" in text
    assert EVIL not in text
    assert auditor.get(f"/exceptions/{written(number)}/").status_code == 200


def test_it_is_read_only_not_there_for_others_and_german_for_germans(taking: Workbench, auditor: Browser) -> None:
    operator = taking.person("operator")[1]
    assert operator.get("/releases/").status_code == 404
    assert operator.api("GET", "/releases/").status_code == 404
    assert auditor.post("/releases/").status_code == 405
    assert "Freigaben" in auditor.get("/releases/", headers={"Accept-Language": "de"}).text


def test_an_environment_that_takes_none_says_so(bench: Workbench) -> None:
    auditor = bench.person("auditor")[1]
    told = auditor.api("GET", "/releases/").json()
    assert (told["promotes"], told["not_running"]) == (False, False)
    assert "This environment takes none" in auditor.get("/releases/").text
