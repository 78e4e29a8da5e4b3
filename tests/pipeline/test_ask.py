"""Direct questions: answered in time from the source, else as the flow says; never unrecorded."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from crossdock.core.errors import TargetUnavailable
from crossdock.ledger.payloads import decode
from tests.pipeline.conftest import call
from tests.pipeline.world import Bureau, World, world

ANSWER = {"lines": [{"sku": "A", "available": "5", "enough": True}], "as_of": "2026-11-23T08:00:00Z"}


async def question(hub: World, flow: str, quantity: str = "2", sku: str = "A", **headers: str) -> tuple[int, dict[str, Any]]:
    body = json.dumps({"lines": [{"sku": sku, "quantity": quantity}]}).encode()
    return await call(hub.hub.door, "POST", f"/ask/{flow}/shop", body, {"x-signature": "good", **headers})


async def recorded(hub: World) -> list[dict[str, Any]]:
    rows = await hub.rows("SELECT encoding, body FROM ledger_message WHERE topic='crossdock.asked' ORDER BY id")
    return [orjson.loads(decode(encoding, body)) for encoding, body in rows]


async def test_the_source_answers_and_question_and_answer_are_kept(tmp_path: Path, ledger_url: str) -> None:
    async with world(tmp_path / "l", ledger_url, Bureau(answers=[ANSWER])) as hub:
        trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        status, answer = await question(hub, "stock-refuse", traceparent=f"00-{trace}-00f067aa0ba902b7-01")
        assert (status, answer["origin"], answer["correlation"]) == (200, "bureau", trace)
        assert answer["lines"] == ANSWER["lines"]
        assert hub.bureau.traces[0].split("-")[1] == trace
        [kept] = await recorded(hub)
        assert kept["question"]["lines"] == [{"sku": "A", "quantity": "2"}]
        assert (kept["answer"]["lines"], kept["origin"], kept["problem"]) == (ANSWER["lines"], "bureau", "")


@pytest.mark.parametrize("trouble", [2.0, TargetUnavailable("down"), {"lines": "nonsense"}, ValueError("a defect")])
async def test_without_an_answer_it_is_refused_assumed_or_the_last_known(tmp_path: Path, ledger_url: str, trouble: Any) -> None:
    async with world(tmp_path / "l", ledger_url) as hub:
        loop = asyncio.get_running_loop()
        hub.bureau.answers = [trouble]
        started = loop.time()
        status, answer = await question(hub, "stock-refuse")
        assert (status, answer["code"]) == (504, "ask.timed_out")
        assert loop.time() - started < 1.9
        hub.bureau.answers = [trouble]
        status, answer = await question(hub, "stock-assume")
        assert (status, answer["origin"], answer["lines"]) == (200, "assumed", [])
        hub.bureau.answers = [trouble]
        assert (await question(hub, "stock-last"))[0] == 504, "nothing is known yet"
        hub.bureau.answers = [ANSWER, trouble, trouble, trouble]
        assert (await question(hub, "stock-last"))[1]["origin"] == "bureau"
        status, answer = await question(hub, "stock-last", quantity="9")
        assert (status, answer["origin"]) == (200, "last_known")
        assert answer["lines"] == [{"sku": "A", "available": "5", "enough": False}]
        assert (await question(hub, "stock-last", sku="B"))[0] == 504
        hub.clock.offset += 901
        assert (await question(hub, "stock-last"))[0] == 504, "too old"
        kept = await recorded(hub)
        assert [one["origin"] for one in kept] == ["", "assumed", "", "bureau", "last_known", "", ""]
        assert all(one["problem"] for one in kept if one["origin"] != "bureau")


async def test_who_may_not_ask_or_asks_nonsense_is_refused(tmp_path: Path, ledger_url: str) -> None:
    async with world(tmp_path / "l", ledger_url) as hub:
        good = json.dumps({"lines": [{"sku": "A", "quantity": "2"}]}).encode()
        for path, body, signature, wanted in (
            ("/ask/nothing/shop", good, "good", 404),
            ("/ask/stock-refuse/nobody", good, "good", 404),
            ("/ask/stock-refuse/bureau", good, "good", 403),
            ("/ask/stock-refuse/shop", good, "forged", 401),
            ("/ask/stock-refuse/shop", b"{nonsense", "good", 400),
            ("/ask/stock-refuse/shop", b'{"lines":[{"sku":"A","quantity":"0"}]}', "good", 422),
        ):
            status, answer = await call(hub.hub.door, "POST", path, body, {"x-signature": signature, "x-id": "1"})
            assert (path, status) == (path, wanted), answer
            assert answer["code"]
        assert not hub.bureau.traces
