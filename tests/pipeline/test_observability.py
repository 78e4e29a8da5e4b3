"""One order is one trace, from receipt to the last attempt; every failure has its log line and figure; neither holds a payload or a secret."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from crossdock.connectors.http import current_call
from crossdock.core.errors import AnswerLost, CredentialRefused, TargetRefused, TargetUnavailable
from crossdock.core.outcomes import Accepted
from crossdock.pipeline.logs import JsonLines, TextLines
from crossdock.pipeline.telemetry import Telemetry, from_environment
from tests.pipeline.conftest import Depot, ShopConnector, call, order_body

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PERSON = "Jane Roe, 1 Private Road"


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """Every span of hubs started from here on."""
    exporter = InMemorySpanExporter()
    monkeypatch.setattr("crossdock.pipeline.hub.from_environment", lambda: Telemetry(exporter, at_once=True))
    return exporter


def of_trace(exporter: InMemorySpanExporter, trace: str) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for span in exporter.get_finished_spans():
        if f"{span.context.trace_id:032x}" == trace:
            found.setdefault(span.name.split(" ")[0], []).append(span)
    return found


async def test_one_order_is_one_trace_from_receipt_to_its_last_attempt(start, spans: InMemorySpanExporter) -> None:
    seen: list[str] = []

    def noting(outcome: Any) -> Any:
        def answer(command: Any) -> Any:
            scope = current_call.get()
            assert scope is not None
            seen.append(scope.traceparent)
            return outcome

        return answer

    depot = Depot(answers=[noting(TargetUnavailable("down")), noting(AnswerLost("no answer")), noting(Accepted({}))])
    async with start(depot) as hub:
        status, _ = await hub.post(order_body("1001"), traceparent=f"00-{TRACE}-{PARENT}-01")
        assert status == 202
        for _ in range(3):
            hub.clock.offset += 60
            await asyncio.sleep(0.1)
        await hub.until(lambda: len(seen) == 3)
        await hub.until(lambda: len(of_trace(spans, TRACE).get("deliver", ())) == 3)
        found = of_trace(spans, TRACE)
        [received] = found["receive"]
        assert f"{received.parent.span_id:016x}" == PARENT
        attempts = sorted([*found["deliver"], *found["reconcile"]], key=lambda span: span.start_time)
        assert {span.parent.span_id for span in attempts} == {received.context.span_id}
        assert len({span.context.span_id for span in attempts}) == len(attempts) == 4
        assert [f"00-{TRACE}-{span.context.span_id:016x}-01" for span in attempts if span.name.startswith("deliver")] == seen
        outcomes = [span.attributes["crossdock.outcome"] for span in attempts]
        assert outcomes == ["deferred", "uncertain", "absent", "accepted"]
        batches = [span for span in spans.get_finished_spans() if span.name == "micro-batch"]
        linked = {(link.context.trace_id, link.context.span_id) for span in batches for link in span.links}
        assert (received.context.trace_id, received.context.span_id) in linked
        assert all(f"{span.context.trace_id:032x}" != TRACE for span in batches)


async def test_without_a_trace_of_the_sender_the_correlation_is_the_trace(start, spans: InMemorySpanExporter) -> None:
    async with start() as hub:
        _, answer = await hub.post(order_body("1001", customer={"id": "C1", "name": PERSON}))
        await hub.until(lambda: bool(of_trace(spans, answer["correlation"]).get("deliver")))
        found = of_trace(spans, answer["correlation"])
        assert found["receive"][0].parent is None
        assert found["deliver"][0].parent.span_id == found["receive"][0].context.span_id
        told = " ".join(f"{span.name} {dict(span.attributes)}" for span in spans.get_finished_spans())
        assert "order/shop/1001" in told
        for secret in (PERSON, "Main St", "9.50", "good"):
            assert secret not in told


def test_nobody_pays_for_traces_nobody_wants() -> None:
    assert from_environment({}) is None
    assert from_environment({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_SDK_DISABLED": "true"}) is None
    assert from_environment({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}) is None
    program = "import sys, crossdock.pipeline.hub; sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_the_standard_variables_switch_traces_on() -> None:
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="the extra `telemetry` is not installed")
    found = from_environment({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"})
    assert found is not None
    found.close()


# --- logs and figures ---------------------------------------------------------------------------------------------


@pytest.fixture
def lines() -> Iterator[list[dict[str, Any]]]:
    """Every log line from here on, as the JSON format writes it; the text format is written too, so that it is looked at as well."""
    found: list[dict[str, Any]] = []

    class Keeper(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append({**json.loads(JsonLines().format(record)), "text": TextLines().format(record)})

    root, keeper = logging.getLogger("crossdock"), Keeper()
    before = root.level
    root.addHandler(keeper)
    root.setLevel(logging.DEBUG)
    yield found
    root.removeHandler(keeper)
    root.setLevel(before)


async def test_every_exception_has_a_line_with_code_key_owner_and_what_to_do(start, lines: list[dict[str, Any]]) -> None:
    depot = Depot(answers=[TargetRefused(f"no delivery to {PERSON}", answer=PERSON)])
    async with start(depot) as hub:
        _, answer = await hub.post(order_body("1001", customer={"id": "C1", "name": PERSON}))
        await hub.post(b'{"order": "' + PERSON.encode() + b'"', x_signature="bad")
        await hub.post(b"{" + PERSON.encode())
        await hub.until_rows("SELECT id FROM ledger_exception", lambda rows: len(rows) == 3)
        await hub.until(lambda: len([each for each in lines if each["logger"] == "crossdock.exceptions"]) == 3)
        told = {each["code"]: each for each in lines if each["logger"] == "crossdock.exceptions"}
        assert set(told) == {"deliver.refused", "receive.signature_invalid", "normalize.malformed"}
        refused = told["deliver.refused"]
        assert (refused["level"], refused["key"], refused["owner"], refused["flow"]) == (
            "warning",
            "order/shop/1001",
            "ops",
            "orders",
        )
        assert refused["hint"] == TargetRefused.hint and refused["correlation"] == answer["correlation"]
        assert PERSON not in json.dumps(lines) and "good" not in {str(value) for each in lines for value in each.values()}
        async with asyncio.timeout(10):
            while 'crossdock_open_exceptions{code="deliver.refused"} 1.0' not in (await metrics(hub)):
                await asyncio.sleep(0.05)
        assert (await call(hub.hub.door, "GET", "/readyz", b"", {}))[0] == 200


async def metrics(hub: Any) -> str:
    return str((await call(hub.hub.door, "GET", "/metrics", b"", {}))[1]["text"])


async def test_parked_systems_partitions_and_polls_have_their_lines(
    start, lines: list[dict[str, Any]], landscape_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def poll(self: Any, channel: str, cursor: Any) -> Any:
        raise TargetUnavailable(f"the server of {PERSON} is down")

    monkeypatch.setattr(ShopConnector, "poll", poll)
    system = landscape_folder / "systems/shop.yaml"
    system.write_text(system.read_text() + "polls: [{channel: orders, every: 1s}]\n")
    depot = Depot(always=CredentialRefused(f"token of {PERSON} expired"))
    async with start(depot, probe_every=0.05) as hub:
        await hub.post(order_body("1001"))
        await hub.until(lambda: any(each.get("system") == "depot" and each.get("parked") for each in lines))
        depot.always = None
        await hub.until(lambda: any(each.get("parked") is False for each in lines))
        await hub.until(lambda: any(each.get("channel") == "orders" for each in lines))
    failed = next(each for each in lines if each.get("channel") == "orders")
    assert (failed["level"], failed["system"], failed["code"]) == ("warning", "shop", "deliver.unavailable")
    assert any("owns 4 partitions" in each["message"] for each in lines)
    assert PERSON not in json.dumps(lines)


async def test_a_defect_is_logged_with_its_place_but_not_with_the_words_of_its_error(
    start, lines: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from crossdock.pipeline.tick import Tick

    def breaking(self: Any, works: Any) -> None:
        if works:
            raise ValueError(f"cannot handle {PERSON}")

    monkeypatch.setattr(Tick, "events", breaking)
    async with start() as hub:
        await hub.post(order_body("1001"))
        await hub.until_rows("SELECT id FROM ledger_exception", bool)
    broken = [each for each in lines if "exception" in each and "ValueError" in str(each["exception"])]
    assert broken and "test_observability.py" in broken[0]["exception"]
    assert PERSON not in json.dumps(lines)
