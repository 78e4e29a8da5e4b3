"""The portal on PostgreSQL, with two workbenches on one ledger: serials are never given twice, a paper asked for twice is one."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest
import requests

from tests.workbench.conftest import landscape_in, start_workbench, stop
from tests.workbench.test_portal import SUPPLIER, order

pytestmark = pytest.mark.postgresql


def test_two_workbenches_give_out_different_serials_and_take_a_paper_once(tmp_path: Path, postgresql_url: str) -> None:
    folder = landscape_in(tmp_path / "landscape")
    (folder / "systems/portal-acme.yaml").write_text(SUPPLIER.format(title="Acme"))
    environment = {"CROSSDOCK_LEDGER": postgresql_url, "CROSSDOCK_SECRET_KEY": "k" * 40}
    benches = [start_workbench(folder, **environment)]
    try:
        benches[0].begin()
        benches.append(start_workbench(folder, **environment))
        told(postgresql_url, order("P00012"))
        key = program(benches[0])

        def notice(at: int, number: str = "", **headers: str) -> requests.Response:
            body = {
                "system": "portal-acme", "order_number": "P00012", "number": number or f"LS-{at}", "packages": [{"package": "1"}, {"package": "2"}],
                "lines": [{"line": "1", "quantity": "1", "package": "1"}],
            }  # fmt: skip
            url = f"{benches[at % 2].url}/api/portal/ship-notices"
            return requests.post(url, json=body, headers={"Authorization": f"Bearer {key}", **headers}, timeout=60)

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(notice, range(16)))
        assert {answer.status_code for answer in answers} == {201}, [answer.text for answer in answers]
        given = [sscc for answer in answers for sscc in answer.json()["sscc"]]
        assert len(set(given)) == len(given) == 32

        with ThreadPoolExecutor(6) as pool:
            same = list(pool.map(lambda at: notice(at, "LS-SAME", **{"Idempotency-Key": "same"}), range(6)))
        assert {answer.status_code for answer in same} <= {201, 409}
        with psycopg.connect(postgresql_url) as connection:
            papers = connection.execute("SELECT count(*) FROM portal_paper WHERE number='LS-SAME'").fetchone()
            messages = connection.execute("SELECT count(*) FROM ledger_message WHERE system='portal-acme'").fetchone()
        assert papers == (1,)
        assert messages == (17,)
        listed = requests.get(
            f"{benches[1].url}/api/portal/orders", headers={"Authorization": f"Bearer {key}"}, timeout=60
        ).json()
        assert [(each["number"], each["standing"]) for each in listed["items"]] == [("P00012", "shipped")]
    finally:
        for bench in benches:
            stop(bench)


def told(url: str, paper: dict[str, Any]) -> None:
    """An order was delivered to the supplier's list."""
    data = orjson.dumps({"purchase_order": paper})
    names = "id, identity, command_id, name, system, flow, key, partition, budget, data, state, attempts, next_at, created_at, settled_at, correlation"
    row = (
        1, hashlib.blake2b(b"1", digest_size=16).digest(), "c1", "purchase_order.send", "portal-acme", "f", f"purchase/odoo/{paper['number']}", 0,
        "", data, 10, 1, 0, 1, 1, "",
    )  # fmt: skip
    with psycopg.connect(url) as connection:
        connection.execute(f"INSERT INTO ledger_delivery ({names}) VALUES ({', '.join(['%s'] * len(row))})", row)  # type: ignore[arg-type]


def program(bench: Any) -> str:
    """A supplier's program with a key."""
    body = {"name": "acme-erp", "kind": "service", "roles": [{"role": "supplier", "systems": ["portal-acme"]}]}
    assert bench.administrator.api("POST", "/accounts/people", body).status_code == 201
    return str(bench.administrator.api("POST", "/accounts/people/acme-erp/keys", {"rate": 100_000}).json()["key"])
