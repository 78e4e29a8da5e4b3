"""Who may see the metrics, and what becomes of a request the hub has a defect with."""

from __future__ import annotations

from typing import Any

import pytest

from crossdock.pipeline.observe import Meters
from crossdock.pipeline.server import Door, loopback


async def broken(_scope: Any, _receive: Any, _send: Any) -> None:
    raise RuntimeError("canary-of-a-defect")


async def ask(door: Door, path: str = "/metrics", client: str = "127.0.0.1", **headers: str) -> tuple[int, bytes]:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    given = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    await door({"type": "http", "method": "GET", "path": path, "headers": given, "client": (client, 1)}, broken, send)
    return sent[0]["status"], sent[1]["body"]


def door(token: str = "", *, exposed: bool = False) -> Door:
    made = Door(broken, broken, lambda: True, Meters(), token)
    made.exposed = exposed
    return made


async def test_without_a_token_only_this_machine_sees_metrics() -> None:
    assert (await ask(door()))[0] == 200
    assert (await ask(door(), client="::1"))[0] == 200
    assert (await ask(door(), client="192.0.2.7"))[0] == 401


async def test_a_hub_others_reach_shows_no_metrics_without_a_token() -> None:
    assert (await ask(door(exposed=True)))[0] == 401
    assert (await ask(door("t0ken", exposed=True), authorization="Bearer t0ken"))[0] == 200


@pytest.mark.parametrize("mark", ["forwarded", "via", "x_forwarded_for", "x_real_ip"])
async def test_a_request_passed_on_by_a_proxy_is_not_from_this_machine(mark: str) -> None:
    assert (await ask(door(), **{mark: "192.0.2.7"}))[0] == 401


@pytest.mark.parametrize(
    "given", [{}, {"authorization": "Bearer wrong"}, {"authorization": "t0ken"}, {"authorization": "Bearer t\u00f6ken"}]
)
async def test_with_a_token_nothing_else_opens(given: dict[str, str]) -> None:
    assert (await ask(door("t0ken"), **given))[0] == 401


async def test_a_defect_is_answered_without_its_details(caplog: pytest.LogCaptureFixture) -> None:
    status, body = await ask(door(), "/in/shop/orders")
    assert status == 500
    assert b"canary" not in body
    assert b"urn:crossdock:error:" in body


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("127.8.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False), ("10.0.0.5", False), ("hub", False)],
)  # fmt: skip
def test_addresses_only_this_machine_reaches(host: str, expected: bool) -> None:
    assert loopback(host) is expected
