"""A workbench others than this machine reach: cookies for HTTPS only, strict transport, and a key that has to be given."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from crossdock.ledger.database import LedgerLocation
from crossdock.workbench.secret_key import VARIABLE, SecretKeyMissing, secret_key, there_is_one
from tests.workbench.conftest import Workbench, landscape_in, start_workbench, stop

PROXY = {"Host": "hub.harbour.example", "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}


@pytest.fixture(scope="module")
def exposed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    folder = landscape_in(tmp_path_factory.mktemp("exposed"))
    with (folder / "environments/demo.yaml").open("a") as file:
        file.write("\naddress: https://hub.harbour.example\n")
    workbench = start_workbench(folder, CROSSDOCK_TRUSTED_PROXIES="127.0.0.0/8")
    try:
        yield workbench
    finally:
        stop(workbench)


def test_cookies_and_transport_are_for_https(exposed: Workbench) -> None:
    answer = requests.get(f"{exposed.url}/account/login/", headers=PROXY, timeout=30)
    assert answer.status_code == 200
    assert answer.headers["strict-transport-security"].startswith("max-age=31536000")
    [cookie] = [value for name, value in answer.raw.headers.items() if name.lower() == "set-cookie"]
    assert cookie.startswith("__Host-crossdock_csrf=")
    assert {"Secure", "Path=/", "SameSite=Lax"} <= {part.strip() for part in cookie.split(";")}


def test_forms_from_elsewhere_are_refused_although_the_token_fits(exposed: Workbench) -> None:
    first = requests.get(f"{exposed.url}/account/login/", headers=PROXY, timeout=30)
    token = first.cookies["__Host-crossdock_csrf"]
    data = {"csrfmiddlewaretoken": token, "login": "x", "password": "y"}
    headers = {**PROXY, "Cookie": f"__Host-crossdock_csrf={token}"}

    def post(**more: str) -> int:
        return requests.post(
            f"{exposed.url}/account/login/", data=data, headers={**headers, **more}, timeout=30, allow_redirects=False
        ).status_code

    assert post(Origin="https://hub.harbour.example") == 200
    assert post(Origin="https://evil.example") == 403
    assert post(Origin="http://hub.harbour.example") == 403
    assert post() == 403  # over HTTPS a form says where it comes from


def test_the_key_rests_beside_the_ledger_for_its_owner_only(exposed: Workbench) -> None:
    path = exposed.folder / "var/workbench.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(path.read_text()) >= 48


def test_keys_that_are_missing_or_short(tmp_path: Path) -> None:
    there, server = LedgerLocation("sqlite", tmp_path / "l.sqlite3"), LedgerLocation("postgresql", None, "db", 5432, "x")
    assert secret_key(there, {}) == secret_key(there, {})
    assert secret_key(server, {VARIABLE: "k" * 32}) == "k" * 32
    for given in ({}, {VARIABLE: "short"}):
        assert not there_is_one(server, given)
        with pytest.raises(SecretKeyMissing):
            secret_key(server, given)
