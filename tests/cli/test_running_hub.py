"""The commands beside a hub that is up: sending, the story of an order, exceptions and what people do about them, proof."""

from __future__ import annotations

import sqlite3
import urllib.request
from pathlib import Path

import pytest

from crossdock.ledger.ids import read
from tests.cli.conftest import Site, free_port, until

pytestmark = pytest.mark.slow


def test_an_order_is_sent_and_its_story_told(running: Site) -> None:
    sent = running.run("send", "inbox", "orders", "samples/order.json", "-H", f"X-Api-Key: {running.key}")
    assert sent.code == 0
    assert sent.json["status"] == "accepted"
    until(lambda: running.delivered("1001"), "the order at the partner and the answer recorded")
    told = running.run("trace", "1001", "--json")
    assert told.code == 0
    [story] = told.json["stories"]
    assert [step["step"] for step in story["steps"]] == ["received", "event", "command", "attempt"]
    received, event, command, attempt = story["steps"]
    assert (event["what"], command["what"], command["outcome"], attempt["outcome"]) == (
        "order.placed", "document.send", "accepted", "accepted",
    )  # fmt: skip
    assert '"number": "1001"' in received["received"]
    assert attempt["exchanges"][0]["status"] == 201
    assert received["at"].endswith("+00:00")
    assert received["correlation"] == sent.json["correlation"]
    # the same story by its correlation id, and in words
    assert running.run("trace", sent.json["correlation"], "--json").json["keys"] == told.json["keys"]
    shown = running.run("trace", "1001", "--payloads")
    assert "document.send" in shown.out
    assert "-> 201 in" in shown.out
    again = running.run(
        "send",
        "inbox",
        "orders",
        "-",
        "-H",
        f"X-Api-Key: {running.key}",
        stdin=(running.root / "samples/order.json").read_bytes(),
    )
    assert (again.code, again.json["status"]) == (0, "duplicate")
    assert running.partner.effects["1001"] == 1


def test_nothing_is_known_of_what_never_came(running: Site) -> None:
    done = running.run("trace", "9999", "--json")
    assert (done.code, done.json["stories"]) == (1, [])
    assert "Nothing is known" in running.run("trace", "9999").err


@pytest.mark.parametrize(
    ("words", "body", "code"),
    [
        (("inbox", "orders"), "{broken", "normalize.malformed"),
        (("inbox", "orders"), "[]", "normalize.malformed"),
        (("inbox", "elsewhere"), "{}", "receive.unknown_system"),
        (("nobody", "orders"), "{}", "receive.unknown_system"),
    ],
)
def test_bad_input_gets_a_clear_error_and_is_kept(running: Site, words: tuple[str, str], body: str, code: str) -> None:
    done = running.run("send", *words, "-", "-H", f"X-Api-Key: {running.key}", stdin=body)
    assert done.code == 1
    problem = done.json
    assert (problem["code"], problem["type"]) == (code, f"urn:crossdock:error:{code}")
    assert problem["hint"]
    running.exception(code)


def test_a_wrong_key_is_refused(running: Site) -> None:
    status, problem = running.post(running.order("1900"), key="wrong")
    assert (status, problem["code"]) == (401, "receive.unauthenticated")
    assert running.run("trace", "1900").code == 1


def test_the_same_order_number_with_other_content_is_an_exception(running: Site) -> None:
    assert running.post(running.order("1901"))[1]["messages"][0]["status"] == "new"
    assert running.post(running.order("1901", total="99.00"))[1]["messages"][0]["status"] == "conflict"
    running.exception("receive.conflict")
    until(lambda: running.partner.effects["1901"], "the first version at the partner")
    assert running.partner.requests["1901"] == 1


def test_a_business_rule_refuses_in_its_own_words(running: Site) -> None:
    running.post(running.order("1904", total="0.00"))
    number = running.exception("validate.rule")
    assert "An order without a value is a mistake" in running.run("exceptions", "show", number).out
    assert running.partner.requests["1904"] == 0


def test_an_exception_is_listed_shown_retried_and_resolved(running: Site) -> None:
    running.post(running.order("1902", service="NIGHT"))
    number = running.exception("normalize.value_map_missing")
    [found] = running.exceptions(code="normalize.value_map_missing")
    assert (found["number"], found["system"], found["owner"], found["state"]) == (number, "inbox", "integration", "open")
    assert "NIGHT" in found["message"]
    shown = running.run("exceptions", "show", number)
    assert "service-levels" in shown.out
    assert running.run("exceptions", "show", number.lower(), "--json").json["number"] == number
    # nothing was mended: it comes back
    again = running.run("exceptions", "retry", number, "--wait", "10")
    assert (again.code, "it failed again" in again.out, "NIGHT" in again.out) == (1, True, True)
    assert running.rows("SELECT 1 FROM ledger_exception WHERE id=? AND occurrences=2 AND state=0", read(number))
    resolved = running.run(
        "exceptions", "resolve", number, "--code", "obsolete", "--note", "ordered again by telephone", "--wait", "10"
    )
    assert (resolved.code, resolved.out.strip()) == (0, f"{number}: done")
    assert running.exceptions(code="normalize.value_map_missing") == []
    kept = running.run("exceptions", "show", number, "--json").json
    assert (kept["state"], kept["resolution"], kept["note"]) == ("resolved", "obsolete", "ordered again by telephone")
    assert kept["resolved_by"].endswith("@cli")
    assert running.run("exceptions", "resolve", number, "--wait", "10").code == 1


def test_what_the_partner_refused_goes_out_again_when_a_person_says_so(running: Site) -> None:
    running.partner.mode = "refuse"
    running.post(running.order("1903"))
    running.exception("deliver.refused")
    assert running.partner.requests["1903"] == 1
    running.partner.mode = "take"
    note = "they added the product"
    assert (
        running.run("exceptions", "retry", "--code", "deliver.refused", "--note", note, "--wait", "10", "--json").json[0][
            "outcome"
        ]
        == "done"
    )
    until(lambda: running.delivered("1903"), "the order at the partner")
    until(lambda: running.settled("deliver.refused"), "the exception settles itself")
    assert running.partner.effects["1903"] == 1


@pytest.mark.parametrize(("happened", "requests"), [(True, 1), (False, 2)])
def test_an_effect_nobody_knows_of_is_never_repeated_by_itself(running: Site, happened: bool, requests: int) -> None:
    number = f"191{int(happened)}"
    running.partner.mode = "hang_up"
    running.post(running.order(number, country="AT"))
    asked = running.exception("reconcile.unknown")
    running.partner.mode = "take"
    refused = running.run("exceptions", "retry", asked, "--wait", "10", "--json")
    assert refused.code == 1
    assert "may have happened" in refused.json[0]["why"]
    silent = running.run("exceptions", "resolve", asked, "--wait", "10", "--json")
    assert (silent.code, silent.json[0]["done"]) == (1, False)
    assert running.partner.requests[number] == 1
    said = "--happened" if happened else "--did-not-happen"
    assert running.run("exceptions", "resolve", asked, said, "--wait", "10").code == 0
    until(lambda: running.delivered(number), "what the person decided is recorded")
    assert running.partner.requests[number] == requests


def test_a_system_that_locks_us_out_is_parked_and_goes_on_by_itself(running: Site) -> None:
    running.partner.mode = "lock_out"
    running.post(running.order("1920"))
    running.exception("deliver.credential_refused")
    shown = running.run("status", "--json").json
    assert [row["system"] for row in shown["parked"]] == ["receiver"]
    running.post(running.order("1921"))
    running.partner.mode = "take"
    until(lambda: running.delivered("1920") and running.delivered("1921"), "both orders at the partner")
    until(lambda: running.settled("deliver.credential_refused"), "the exception settles itself")
    # the lock was noticed once: what came later was not thrown against it
    assert running.partner.requests["1921"] == 1


def test_a_credential_of_ours_that_is_missing_costs_no_message(running: Site) -> None:
    secret = running.root / "secrets/inbox-api-key"
    key, aside = running.key, secret.with_name("aside")
    secret.rename(aside)
    try:
        # the hub looks at the file once a second
        [(status, problem)] = until(lambda: [a for a in [running.post(running.order("1930"), key=key)] if a[0] == 503], "503")
    finally:
        aside.rename(secret)
    assert problem["code"] == "vault.secret_missing"
    assert "secrets/" not in problem["detail"]
    assert status == 503
    number = running.exception("vault.secret_missing")
    assert running.run("exceptions", "show", number, "--json").json["owner"] == "integration"


def test_choosing_nothing_or_nonsense_is_said(running: Site) -> None:
    assert running.run("exceptions", "retry").code == 2
    assert running.run("exceptions", "show", "!!").code == 2
    assert running.run("exceptions", "show", "ZZZZZZZZ").code == 1
    assert running.run("exceptions", "resolve", "ZZZZZZZZ", "--data", "{").code in (1, 2)


def test_a_send_that_cannot_reach_anybody(running: Site) -> None:
    assert running.run("send", "inbox", "orders", "no-such-file").code == 2
    assert running.run("send", "inbox", "orders", "-", "--url", "ftp://x").code == 2
    done = running.run("send", "inbox", "orders", "-", "--url", "http://127.0.0.1:9", "--json", stdin="{}")
    assert (done.code, done.json["error"]["code"]) == (4, "send.hub_unreachable")


def test_recorded_facts_give_the_same_decisions_again(running: Site) -> None:
    running.post(running.order("1940"))
    until(lambda: running.delivered("1940"), "the order at the partner")
    done = running.run("replay", "1940", "--json")
    assert done.code == 0
    assert done.json["same"] is True
    assert running.run("replay", "9999").code == 1


def test_a_second_hub_is_kept_out(running: Site) -> None:
    taken = running.run("up", "--port", str(running.port), "--json")
    assert (taken.code, taken.json["error"]["code"]) == (3, "up.port_taken")


def test_two_processes_do_not_share_a_ledger(running: Site) -> None:
    done = running.run("up", "--port", str(free_port()), "--json")
    assert (done.code, done.json["error"]["code"]) == (3, "engine.ledger_in_use")


def test_health_and_metrics(running: Site) -> None:
    with urllib.request.urlopen(f"{running.url}/healthz", timeout=5) as answer:
        assert answer.read() == b'{"status":"ok"}'
    with urllib.request.urlopen(f"{running.url}/metrics", timeout=5) as answer:
        text = answer.read().decode()
    assert 'crossdock_messages_received_total{system="inbox"}' in text
    assert 'crossdock_breaker_open{system="receiver"}' in text
    assert 'crossdock_open_deliveries{system="strict"}' in text


def test_the_chain_holds_and_an_alteration_shows(running: Site, tmp_path: Path) -> None:
    done = running.run("audit", "verify", "--json")
    assert done.code == 0
    assert done.json["intact"] is True
    assert done.json["records"] > 10
    copy = tmp_path / "copy.sqlite3"
    with sqlite3.connect(running.root / "var/ledger.sqlite3") as source, sqlite3.connect(copy) as target:
        source.backup(target)
    with sqlite3.connect(copy) as target:
        changed = target.execute(
            "UPDATE ledger_event SET data=(SELECT data FROM ledger_event ORDER BY id DESC LIMIT 1) WHERE id=(SELECT MIN(id) FROM ledger_event)"
        ).rowcount
    assert changed == 1
    running.extra["CROSSDOCK_LEDGER"] = f"sqlite:///{copy}"
    try:
        altered = running.run("audit", "verify", "--json")
        removed = running.run("audit", "verify")
    finally:
        del running.extra["CROSSDOCK_LEDGER"]
    assert altered.code == 1
    assert altered.json["breaks"]
    assert "security reviewer" in removed.err
