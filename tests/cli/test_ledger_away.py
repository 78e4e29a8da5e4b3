"""A hub whose ledger goes away says so and comes back by itself; and the proof of the ledger, on both databases, with bodies kept outside."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from crossdock.landscape.starter import start
from tests.cli.conftest import Partner, Site, until
from tests.postgresql import OwnServer, _binaries


def trouble(site: Site) -> tuple[str, str]:
    """What `/readyz` says is wrong: status and reason."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{site.url}/readyz", timeout=10)
    told = json.loads(refused.value.read())
    assert "hint" in told and str(site.root) not in json.dumps(told), "it is told to everybody"
    return told["status"], told["reason"]


def asked(site: Site, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"{site.url}{path}", timeout=10) as answer:
            return answer.status, json.loads(answer.read())["status"]
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())["status"]


@pytest.fixture
def server() -> Iterator[OwnServer]:
    binaries = _binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL here that could be stopped and started")
    made = OwnServer(binaries)
    made.start()
    yield made
    made.remove()


@pytest.mark.postgresql
def test_without_its_database_it_lives_but_is_not_ready(site: Site, server: OwnServer) -> None:
    site.extra["CROSSDOCK_LEDGER"] = f"{server.url}/postgres"
    site.up()
    assert asked(site, "/healthz") == (200, "ok")
    assert asked(site, "/readyz") == (200, "ready")
    server.stop()
    until(lambda: asked(site, "/readyz")[0] == 503, "it is not ready", 30)
    assert trouble(site) == ("unavailable", "ledger.unavailable")
    assert asked(site, "/healthz") == (200, "ok"), "restarting it would not help"
    status, answer = site.post(site.order("A"))
    assert (status, answer["code"]) == (503, "ledger.unavailable")
    server.start()
    until(lambda: asked(site, "/readyz") == (200, "ready"), "it is ready again", 30)
    assert site.post(site.order("A"))[0] == 202
    until(lambda: site.partner.effects["A"], "the order arrives", 30)
    assert site.partner.effects["A"] == 1


def test_without_its_file_it_lives_but_is_not_ready(site: Site) -> None:
    site.up()
    ledger = site.root / "var/ledger.sqlite3"
    ledger.rename(ledger.with_name("away"))
    until(lambda: asked(site, "/readyz")[0] == 503, "it is not ready", 30)
    assert trouble(site) == ("unavailable", "ledger.unavailable")
    assert asked(site, "/healthz") == (200, "ok")
    ledger.with_name("away").rename(ledger)
    until(lambda: asked(site, "/readyz") == (200, "ready"), "it is ready again", 30)


def test_the_proof_holds_with_bodies_kept_outside_and_finds_one_altered(tmp_path: Path, ledger_url: str) -> None:
    start(tmp_path / "mine")
    site = Site(
        tmp_path / "mine", Partner(), extra={"CROSSDOCK_LEDGER": ledger_url, "CROSSDOCK_PAYLOADS": str(tmp_path / "kept")}
    )
    try:
        site.up()
        large = site.order("LARGE", remark="x" * 300_000)
        assert site.post(large)[0] == 202
        until(lambda: site.partner.effects["LARGE"], "the order arrives", 30)
        while_it_runs = site.run("audit", "verify", "--json").json
        assert while_it_runs["intact"] and while_it_runs["compared"] >= 2, while_it_runs
        site.stop()
        assert site.run("audit", "verify", "--json").json["intact"]
        [kept] = [path for path in (tmp_path / "kept").rglob("*") if path.is_file()]
        kept.write_bytes(kept.read_bytes()[:-1] + b"!")
        found = site.run("audit", "verify", "--json")
        assert found.code == 1
        assert not found.json["intact"]
        assert found.json["breaks"]
    finally:
        if site.hub is not None:
            site.stop()
        site.partner.close()
