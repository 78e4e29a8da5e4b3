"""Accounts, keys, writes once and the audit trail on PostgreSQL, with two workbenches on one ledger and a hub."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
import requests

from tests.workbench.conftest import free_port, landscape_in, start_workbench, stop, until

pytestmark = pytest.mark.postgresql


def test_two_workbenches_and_a_hub_on_one_ledger(tmp_path: Path, postgresql_url: str) -> None:
    folder = landscape_in(tmp_path / "landscape")
    environment = {"CROSSDOCK_LEDGER": postgresql_url, "CROSSDOCK_SECRET_KEY": "k" * 40}
    port = free_port()
    with (tmp_path / "hub.log").open("wb") as log:
        hub = subprocess.Popen(
            [sys.executable, "-m", "crossdock", "up", str(folder), "--port", str(port), "--no-workbench"],
            env={**os.environ, **environment}, stdout=log, stderr=log,
        )  # fmt: skip
    first = second = None
    try:
        first = start_workbench(folder, **environment)
        second = start_workbench(folder, **environment)
        # both were started while there was nobody; their links race for the first administrator
        ready = threading.Barrier(2)
        browsers = {}

        def claim(number: int) -> int:
            bench = (first, second)[number]
            assert bench is not None
            path = bench.first.removeprefix(bench.url)
            browsers[number] = browser = bench.browser()
            browser.get(path)
            ready.wait()
            return browser.post(path, {"username": f"boss{number}", "password": "harbour crane seven"}).status_code

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(claim, range(2))) == [302, 410]
        [root] = [browser for browser in browsers.values() if browser.signed_in]
        # one session serves at both: they share ledger and key
        other = second if root.url == first.url else first
        assert root.session.get(f"{other.url}/account/", allow_redirects=False, timeout=30).status_code == 200

        body = {"name": "Importer", "kind": "service", "roles": [{"role": "operator", "systems": ["wms-north"]}]}
        answers = [root.api("POST", "/accounts/people", body, Idempotency_Key="one") for _ in range(2)]
        assert [answer.status_code for answer in answers] == [201, 201]
        assert answers[1].headers["idempotency-replayed"] == "true"
        assert root.api("POST", "/accounts/people", {"name": "importer"}).json()["code"] == "accounts.name_taken"
        key = root.api("POST", "/accounts/people/importer/keys", {}).json()

        def status(url: str) -> int:
            return requests.get(
                f"{url}/api/accounts/me", headers={"Authorization": f"Bearer {key['key']}"}, timeout=30
            ).status_code

        assert [status(first.url), status(second.url)] == [200, 200]
        assert root.api("DELETE", f"/accounts/keys/{key['prefix']}").status_code == 204
        assert [status(first.url), status(second.url)] == [401, 401]
        me = root.api("GET", "/accounts/me").json()["name"]
        [mine] = root.api("GET", f"/accounts/people/{me}").json()["roles"]
        assert root.api("DELETE", f"/accounts/people/{me}/roles/{mine['id']}").json()["code"] == "accounts.last_administrator"

        def recorded() -> list[str]:
            found = root.api("GET", "/audit/?what=workbench:key:*").json()["items"]
            return [each["what"] for each in found if each["what"] != "workbench:key:refused"]

        assert until(lambda: recorded() == ["workbench:key:revoked", "workbench:key:created"])
        assert root.api("POST", "/audit/verification").json()["intact"] is True
        # pages that are watched hold no connection while nothing is asked
        root.get("/board/")
        streams = [root.session.get(f"{root.url}/board/live/", stream=True, timeout=30) for _ in range(15)]
        assert [each.status_code for each in streams] == [200] * 15
        first_words = [next(each.iter_content(64)) for each in streams]
        assert all(first_words)
        assert root.get("/account/").status_code == 200
        for each in streams:
            each.close()
        with psycopg.connect(postgresql_url) as connection:
            kept = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname=current_database() AND query ~ 'django_session|accounts_'"
            assert connection.execute(kept + " AND pid<>pg_backend_pid()").fetchone()[0] >= 1, (
                "connections are kept between pages"
            )
            stored = str(connection.execute("SELECT digest, prefix FROM accounts_apikey").fetchall())
        assert key["key"].rpartition("_")[2] not in stored
    finally:
        for bench in (first, second):
            if bench is not None:
                stop(bench)
        hub.terminate()
        hub.wait(30)
