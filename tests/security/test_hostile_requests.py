"""What strangers and broken senders put through the door: refused in words, with a stable code, and never at the hub's cost."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time

import pytest

from crossdock.core.errors import all_errors
from tests.security.conftest import Place, order, until

pytestmark = pytest.mark.slow

WHOLE = json.dumps(order()).encode()


@pytest.fixture(autouse=True)
def _still_accepts(hub: Place):
    """Whatever a test does: afterwards the hub takes the next order, and its log has no traceback."""
    yield
    assert hub.send().status == 202
    assert "Traceback" not in hub.log


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "normalize.malformed"),
        (b'{"number": ', 400, "normalize.malformed"),
        (b"null", 400, "normalize.malformed"),
        (b"[" * 100_000, 400, "normalize.malformed"),
        (WHOLE[:-1] + b',"note":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}", 400, "normalize.malformed"),
        (WHOLE.replace(b'"19.50", "lines"', b'1e400, "lines"'), 400, "normalize.malformed"),
        (WHOLE.replace(b'"19.50", "lines"', b'NaN, "lines"'), 400, "normalize.malformed"),
        (WHOLE.replace(b"Ada", b"\xff\xfe"), 400, "normalize.malformed"),
        (WHOLE.replace(b"Ada", b"\x00"), 400, "normalize.malformed"),
        (b"x" * 2_000_000, 413, "receive.too_large"),
        (b"x" * 20_000_000, 413, "receive.too_large"),
    ],
)
def test_bodies_that_are_no_order(hub: Place, body: bytes, status: int, code: str) -> None:
    answer = hub.post(body)
    assert (answer.status, answer.code) == (status, code)
    assert answer.body["hint"]


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        (WHOLE[:-1] + b',"total":"0.01"}', "normalize.malformed", "'total' twice"),
        (WHOLE.replace(b'"EUR"', b'"XXX"'), "validate.schema", "currency"),
        (WHOLE.replace(b'"EUR"', b'"ZZZ"'), "validate.schema", "currency"),
        (WHOLE.replace(b"2026-01-31T10:15:00+01:00", b"0001-01-01T00:00:00+14:00"), "validate.schema", "placed_at"),
        (WHOLE.replace(b"2026-01-31T10:15:00+01:00", b"9999-12-31T23:59:59-12:00"), "validate.schema", "placed_at"),
        (WHOLE.replace(b'"quantity": 1', b'"quantity": 0'), "validate.schema", "not above zero"),
        (WHOLE.replace(b'"quantity": 1', b'"quantity": -1'), "validate.schema", "not above zero"),
        (WHOLE.replace(b'"quantity": 1', b'"quantity": 1e30'), "validate.schema", "quantity"),
        (WHOLE.replace(b'"total": "19.50"', b'"total": "sNaN"'), "validate.schema", "total.amount"),
        (WHOLE.replace(b"Ada Byron", b"A" * 200_000), "validate.schema", "customer.name"),
        (WHOLE.replace(b'"STD"', b'"NIGHT"'), "normalize.value_map_missing", "NIGHT"),
    ],
)
def test_orders_that_cannot_be_meant_are_kept_for_a_person(hub: Place, body: bytes, code: str, said: str) -> None:
    body = body.replace(json.loads(WHOLE)["number"].encode(), order()["number"].encode())
    answer = hub.post(body)
    assert answer.status == 202
    about = answer.body["messages"][0]["id"]
    [found] = until(lambda: [e for e in hub.exceptions() if e["subject_number"] == about], f"{code} is told")
    assert found["code"] == code
    assert said in found["message"] + json.dumps(found["detail"])
    assert hub.run("exceptions", "show", found["number"], "--payload").stdout == body


def test_a_number_ten_thousand_characters_long_becomes_an_exception(hub: Place) -> None:
    answer = hub.send(number="L" * 10_000)
    assert answer.status == 202
    until(lambda: [e for e in hub.exceptions() if "at most 64" in e["message"]], "it is told")


def test_the_same_id_with_other_content_is_kept_beside_the_first(hub: Place) -> None:
    first = json.dumps(order(number="SAME")).encode()
    assert hub.post(first).status == 202
    assert (again := hub.post(first)).status == 200
    assert again.body["status"] == "duplicate"
    other = first.replace(b'"total": "19.50"', b'"total": "99.00"')
    assert hub.post(other).body["messages"][0]["status"] == "conflict"
    [found] = until(lambda: [e for e in hub.exceptions() if e["code"] == "receive.conflict"], "the conflict is told")
    assert hub.run("exceptions", "show", found["number"], "--payload").stdout == other


def test_a_compressed_body_is_refused_by_name_and_kept(hub: Place) -> None:
    answer = hub.post(gzip.compress(WHOLE), content_encoding="gzip")
    assert (answer.status, answer.code) == (415, "receive.encoded")
    until(lambda: [e for e in hub.exceptions() if e["code"] == "receive.encoded"], "the refusal is told")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/in/..%2f..%2fetc/passwd", 404),
        ("/in/../../etc/passwd", 404),
        ("/in/inbox/..%2f..", 404),
        ("/in/inbox/%00", 404),
        ("/in/nobody/orders", 404),
        ("/in/%2569nbox/orders", 404),
        ("/in/" + "a" * 10_000, 404),
        ("/in/\u00ef/\U0001f600", 404),
        ("/in/inbox/" + "b" * 10_000, 404),
        ("/in", 404),
        ("/", 404),
    ],
)
def test_addresses_that_lead_nowhere(hub: Place, path: str, status: int) -> None:
    answer = hub.post(WHOLE, path)
    assert answer.status == status
    assert answer.code in ("receive.unknown_system", "receive.not_found")
    assert len(json.dumps(answer.body)) < 1_500


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "TRACE", "FOO"])
def test_other_methods_are_told_to_post(hub: Place, method: str) -> None:
    answer = hub.post(b"", method=method)
    assert (answer.status, answer.code, answer.headers["allow"]) == (405, "receive.method", "POST")


@pytest.mark.parametrize("key", ["", "wrong", "x" * 43, "schl\u00fcssel"])
def test_without_the_key_nothing_is_taken(hub: Place, key: str) -> None:
    answer = hub.post(WHOLE, x_api_key=key)
    assert (answer.status, answer.code) == (401, "receive.unauthenticated")


@pytest.mark.parametrize(
    "framing",
    [
        b"content-length: 5000\r\n\r\n" + WHOLE,
        b"transfer-encoding: chunked\r\n\r\n%x\r\n%s\r\n" % (len(WHOLE), WHOLE),
        b"transfer-encoding: chunked\r\n\r\n%x\r\n%s\r\nzz\r\n" % (len(WHOLE), WHOLE),
    ],
)
def test_what_was_cut_off_on_the_way_is_not_taken_for_whole(hub: Place, framing: bytes) -> None:
    head = f"POST /in/inbox/orders HTTP/1.1\r\nhost: x\r\nx-api-key: {hub.key}\r\n".encode()
    answer = hub.raw(head + framing, half=True)
    assert answer is not None
    assert (answer.status, answer.code) == (400, "receive.incomplete")
    assert json.loads(WHOLE)["number"].encode() not in hub.run("trace", json.loads(WHOLE)["number"]).stdout


@pytest.mark.parametrize("more", ["x-a: " + "a" * 1_500_000, "\r\n".join(f"x-{n}: a" for n in range(1000)), "content-length: -5"])
def test_headers_beyond_measure_are_refused(hub: Place, more: str) -> None:
    answer = hub.raw(f"POST /in/inbox/orders HTTP/1.1\r\nhost: x\r\n{more}\r\n\r\n".encode())
    assert answer is None or answer.status in (400, 431)


def test_a_large_body_that_is_announced_is_refused_before_it_is_sent(hub: Place) -> None:
    head = f"POST /in/inbox/orders HTTP/1.1\r\nhost: x\r\nx-api-key: {hub.key}\r\ncontent-length: 20000000\r\nexpect: 100-continue\r\n\r\n"
    answer = hub.raw(head.encode())
    assert answer is not None
    assert (answer.status, answer.code) == (413, "receive.too_large")


def test_the_key_is_not_repeated_whatever_is_wrong(hub: Place) -> None:
    for answer in (hub.post(b"{", x_api_key=hub.key), hub.post(WHOLE, x_api_key=hub.key[:-1]), hub.post(WHOLE, "/in/inbox/x")):
        assert hub.key[:-1] not in json.dumps(answer.body)


def test_senders_that_stall_keep_nobody_waiting(hub: Place) -> None:
    head = f"POST /in/inbox/orders HTTP/1.1\r\nhost: x\r\nx-api-key: {hub.key}\r\ncontent-length: 500\r\n\r\n{{".encode()
    stalled = [socket.create_connection(("127.0.0.1", hub.port), 5) for _ in range(100)]
    try:
        for line in stalled:
            line.sendall(head)
        started = time.monotonic()
        taken = [hub.send().status for _ in range(20)]
        assert taken == [202] * 20
        assert time.monotonic() - started < 5
    finally:
        for line in stalled:
            line.close()


def test_answers_carry_headers_that_keep_them_from_caches_and_guesses(hub: Place) -> None:
    for answer in (
        hub.send(),
        hub.post(b"{"),
        hub.post(b"", "/nowhere"),
        hub.post(b"", "/healthz", "GET"),
        hub.post(b"", "/metrics", "GET"),
    ):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["server"] == "crossdock"


def test_codes_of_the_door_are_in_the_one_tree_of_errors(hub: Place) -> None:
    known = {kind.code for kind in all_errors()}
    for answer in (hub.post(b"{"), hub.post(b"", "/in"), hub.post(b"", method="PUT"), hub.post(b"", "/ask/x/y")):
        assert answer.code in known


def test_many_strangers_at_once(hub: Place) -> None:
    """More refusals than are kept: all are answered, and few are stored."""
    found: list[int] = []

    def knock() -> None:
        found.extend(hub.post(b"x" * 1000, x_api_key="wrong").status for _ in range(30))

    threads = [threading.Thread(target=knock) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    assert found == [401] * 240
    kept = [e for e in hub.exceptions() if e["code"] == "receive.unauthenticated"]
    assert len(kept) <= 65
