"""API keys: shown once, kept as a digest, ended at once everywhere, limited, and not to be guessed."""

from __future__ import annotations

import hmac
import re
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from crossdock.security import keys
from tests.workbench.conftest import Workbench, start_workbench, stop, until

pytestmark = pytest.mark.slow


def test_a_key_is_shown_once_and_rests_as_a_digest(bench: Workbench) -> None:
    name, key = bench.service("operator", name="nightly", scopes=["exceptions:see"], days=30)
    assert re.fullmatch(r"cdk_[a-z0-9]{10}_[A-Za-z0-9]{43}", key["key"])
    told = bench.call(key["key"], "GET", "/accounts/me").json()
    assert told["name"] == f"{name}#{key['prefix']}"
    assert told["permissions"] == ["exceptions:see"]
    secret = key["key"].rpartition("_")[2]
    assert secret.encode() not in bench.stored()
    listed = bench.administrator.api("GET", "/accounts/keys").json()["items"]
    assert secret not in str(listed)
    [mine] = [each for each in listed if each["prefix"] == key["prefix"]]
    assert datetime.fromisoformat(mine["expires_at"]) - datetime.now(UTC) < timedelta(days=30, minutes=1)
    [record] = [each for each in bench.records("workbench:key:created") if each.get("key") == key["prefix"]]
    assert (record["author"], record["before"], record["after"]["scopes"]) == ("root", None, ["exceptions:see"])


def test_scopes_narrow_what_the_service_may_do(bench: Workbench) -> None:
    _, key = bench.service("administrator", scopes=["audit:see"])
    assert bench.call(key["key"], "GET", "/audit/").status_code == 200
    assert bench.call(key["key"], "GET", "/accounts/people").status_code == 404
    assert [each for each in bench.records("workbench:access:denied") if key["prefix"] in each["author"]]


@pytest.mark.parametrize(
    "given",
    [
        "",
        "Bearer",
        "Bearer x",
        "Basic cm9vdDpyb290",
        "bearer cdk_aaaaaaaaaa_" + "A" * 43,
        "Bearer cdk_aaaaaaaaaa_" + "A" * 42,
        "Bearer \u00fc",
    ],
)
def test_what_is_no_key_opens_nothing(bench: Workbench, given: str) -> None:
    answer = requests.get(f"{bench.url}/api/accounts/me", headers={"Authorization": given.encode()}, timeout=30)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.json()["code"] == "api.unauthenticated"


def test_a_wrong_key_beside_a_session_opens_nothing(bench: Workbench) -> None:
    """What somebody shows counts: a browser's session does not stand in for it."""
    answer = bench.administrator.api("GET", "/accounts/me", Authorization="Bearer cdk_aaaaaaaaaa_" + "A" * 43)
    assert answer.status_code == 401


def test_revoked_means_now_in_every_process(bench: Workbench) -> None:
    _, key = bench.service("operator")
    other = start_workbench(bench.folder)
    try:
        for url in (bench.url, other.url):
            assert (
                requests.get(f"{url}/api/accounts/me", headers={"Authorization": f"Bearer {key['key']}"}, timeout=30).status_code
                == 200
            )
        assert bench.administrator.api("DELETE", f"/accounts/keys/{key['prefix']}").status_code == 204
        for url in (bench.url, other.url):
            assert (
                requests.get(f"{url}/api/accounts/me", headers={"Authorization": f"Bearer {key['key']}"}, timeout=30).status_code
                == 401
            )
    finally:
        stop(other)


def test_a_switched_off_service_has_no_keys(bench: Workbench) -> None:
    name, key = bench.service("operator")
    bench.administrator.api("PUT", f"/accounts/people/{name}/active", {"active": False})
    assert bench.call(key["key"], "GET", "/accounts/me").status_code == 401
    bench.administrator.api("PUT", f"/accounts/people/{name}/active", {"active": True})
    assert bench.call(key["key"], "GET", "/accounts/me").status_code == 200


def test_rotation_overlaps_and_then_the_old_key_ends(bench: Workbench) -> None:
    _, old = bench.service("operator", scopes=["board:see"], rate=777)
    answer = bench.administrator.api("POST", f"/accounts/keys/{old['prefix']}/rotate", {"hours": 1})
    new = answer.json()
    assert (answer.status_code, new["scopes"], new["rate"]) == (201, ["board:see"], 777)
    for key in (old, new):
        assert bench.call(key["key"], "GET", "/accounts/me").status_code == 200
    assert bench.administrator.api("POST", f"/accounts/keys/{old['prefix']}/rotate", {"hours": 1}).status_code == 409
    third = bench.administrator.api("POST", f"/accounts/keys/{new['prefix']}/rotate", {"hours": 0}).json()
    assert bench.call(new["key"], "GET", "/accounts/me").status_code == 401
    assert bench.call(third["key"], "GET", "/accounts/me").status_code == 200


def test_two_rotations_at_once_make_one_successor(bench: Workbench) -> None:
    _, old = bench.service("operator")
    with ThreadPoolExecutor(4) as pool:
        answers = list(
            pool.map(
                lambda _: bench.administrator.api("POST", f"/accounts/keys/{old['prefix']}/rotate", {}).status_code, range(4)
            )
        )
    assert sorted(answers) == [201, 409, 409, 409]


def test_last_use_is_noted_in_batches(bench: Workbench) -> None:
    _, key = bench.service("operator")
    for _ in range(5):
        bench.call(key["key"], "GET", "/accounts/me")

    def noted() -> Any:
        rows = bench.administrator.api("GET", "/accounts/keys").json()["items"]
        return next(row["last_used_at"] for row in rows if row["prefix"] == key["prefix"])

    assert until(noted, 40)


def test_too_many_requests_wait(bench: Workbench) -> None:
    _, key = bench.service("operator", rate=5)
    answers = [bench.call(key["key"], "GET", "/accounts/me") for _ in range(7)]
    assert [answer.status_code for answer in answers][:5] == [200] * 5
    last = answers[-1]
    assert (last.status_code, last.json()["code"]) == (429, "api.too_many")
    assert 1 <= int(last.headers["retry-after"]) <= 13


def test_guessing_keys_is_stopped_and_recorded(tmp_path: Any, bench: Workbench) -> None:
    other = start_workbench(bench.folder)
    try:
        _, key = bench.service("operator")
        wrong = {"Authorization": f"Bearer cdk_{key['prefix']}_" + "A" * 43}
        answers = [requests.get(f"{other.url}/api/accounts/me", headers=wrong, timeout=30).status_code for _ in range(25)]
        assert answers[:20] == [401] * 20
        assert answers[-1] == 429
        right = {"Authorization": f"Bearer {key['key']}"}
        assert (
            requests.get(f"{other.url}/api/accounts/me", headers=right, timeout=30).status_code == 429
        )  # even the right one, by luck
        assert [each for each in bench.records("workbench:key:refused") if each.get("key") == key["prefix"]]
    finally:
        stop(other)


def test_keys_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison is `hmac.compare_digest` over digests, also for a prefix nobody has."""
    compared: list[tuple[str, str]] = []
    real = hmac.compare_digest
    monkeypatch.setattr("crossdock.security.keys.hmac.compare_digest", lambda a, b: compared.append((a, b)) or real(a, b))
    made = keys.new_key()
    _, secret = keys.taken_apart(made.shown) or ("", "")
    assert keys.fits(secret, made.digest)
    assert not keys.fits(secret, "")
    assert not keys.fits("", "")
    assert [len(a) == len(b) == 64 for a, b in compared] == [True] * 3


def test_an_unknown_prefix_takes_as_long_as_a_known_one(bench: Workbench) -> None:
    """Medians of interleaved requests differ by less than what a network hides."""
    _, key = bench.service("operator", rate=100_000)
    other = start_workbench(bench.folder)
    try:
        took: dict[str, list[float]] = {"known": [], "unknown": []}
        for _ in range(9):
            for kind, prefix in (("known", key["prefix"]), ("unknown", "zzzzzzzzzz")):
                began = time.perf_counter()
                requests.get(
                    f"{other.url}/api/accounts/me", headers={"Authorization": f"Bearer cdk_{prefix}_" + "A" * 43}, timeout=30
                )
                took[kind].append(time.perf_counter() - began)
        known, unknown = (statistics.median(each) for each in took.values())
        assert abs(known - unknown) < max(0.02, 0.5 * max(known, unknown))
    finally:
        stop(other)


def test_the_command_line_does_the_same(bench: Workbench) -> None:
    added = bench.command("user", "add", "shipper", "--service", "--role", "operator", "--partner", "wms-north", "--json")
    assert added.returncode == 0, added.stderr
    made = bench.command("key", "new", "shipper", "--scope", "exceptions:see", "--days", "7", "--json")
    assert made.returncode == 0, made.stderr
    key = requests.models.complexjson.loads(made.stdout)
    assert bench.call(key["key"], "GET", "/accounts/me").json()["roles"] == ["operator"]
    listed = bench.command("key", "list", "--json").stdout
    assert key["prefix"] in listed
    assert key["key"] not in listed
    rotated = requests.models.complexjson.loads(bench.command("key", "rotate", key["prefix"], "--overlap", "0", "--json").stdout)
    assert bench.call(key["key"], "GET", "/accounts/me").status_code == 401
    assert bench.command("key", "revoke", rotated["prefix"]).returncode == 0
    assert bench.call(rotated["key"], "GET", "/accounts/me").status_code == 401
    assert bench.command("user", "role", "shipper", "auditor").returncode == 0
    assert "auditor" in bench.command("user", "list").stdout
    assert bench.command("user", "disable", "shipper").returncode == 0
    assert bench.command("user", "disable", "nobody").returncode == 1
    assert bench.command("user", "add", "other", "--role", "operator", "--flow", "no-such-flow").returncode == 1
    assert {
        each["author"].rpartition("@")[2] for each in bench.records("workbench:key:") if each.get("account") == "shipper"
    } == {"cli"}
