"""A simulated supplier over real HTTP: order, acknowledgement, answer, ship notice, invoice; and its bad manners."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from crossdock.connectors.edi.connector import EdiConnector
from crossdock.drills.hub_process import free_port
from crossdock.landscape.load import load
from crossdock.ledger.database import LedgerLocation
from crossdock.pipeline.hub import Hub
from crossdock.pipeline.settings import PipelineSettings
from crossdock.simulators.edi_partner import Behaviour, EdiPartner
from crossdock.simulators.faults import Fault
from tests.edi_gateway.conftest import FILES, Desk, Gateway, Wire, desk_connector
from tests.edi_gateway.test_orders_out import order
from tests.pipeline.conftest import Found, SteppedClock

PARTNER = (
    FILES["partners/acme.yaml"]
    .replace("value: SENDER", "value: ACME")
    .replace("value: RECEIVER", "value: CROSSDOCK")
    .replace(
        "{wire: {kind: loopback}}",
        "\n  main:\n    kind: https\n    endpoint: URL/edi\n"
        "    credentials: {token: env:PARTNER_TOKEN, inbound_token: env:HUB_TOKEN}\n"
        "    options: {auth: bearer, accept: token, status_url: 'URL/edi/{id}'}",
    )
)


@asynccontextmanager
async def running(
    tmp_path: Path, ledger_url: str, partner: EdiPartner, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Gateway]:
    import crossdock.pipeline.runtime as runtime
    from tests.edi_gateway.buying import TestBuying

    url = await partner.start()
    port = free_port()
    monkeypatch.setenv("PARTNER_TOKEN", partner.token)
    monkeypatch.setenv("HUB_TOKEN", "what the partner shows us")
    partner.deliver_token = "what the partner shows us"
    partner.deliver_to = f"http://127.0.0.1:{port}/in/acme/main"
    root = tmp_path / "landscape"
    for name, text in {**FILES, "partners/acme.yaml": PARTNER.replace("URL", url)}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    real, desk, clock = runtime.found, Desk(), SteppedClock()
    monkeypatch.setattr(
        runtime, "found", lambda group: {**real(group), **({"test_buying": Found(TestBuying)} if "processes" in group else {})}
    )
    hub = Hub(
        load(root), clock=clock, location=LedgerLocation.parse(ledger_url),
        settings=PipelineSettings(timers_every=0.02, idle=0.02, reconcile_first=0.02, grace=2.0, prune_every=0.0),
        connectors={"edi": Found(EdiConnector), "test_desk": Found(desk_connector(desk))},
    )  # fmt: skip
    await hub.start()
    door = asyncio.create_task(hub.serve("127.0.0.1", port))
    try:
        yield Gateway(hub, Wire(), desk, clock)
    finally:
        door.cancel()
        await asyncio.wait([door])
        await partner.stop()
        await hub.stop()


async def test_from_order_to_invoice(tmp_path: Path, ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    partner = EdiPartner()
    async with running(tmp_path, ledger_url, partner, monkeypatch) as hub:
        await order(hub)
        rows = await hub.until_rows(
            "SELECT type, key FROM ledger_event WHERE type LIKE '%.%' AND key='purchase/desk/P00042' ORDER BY id",
            lambda found: (
                {"purchase_order.answered", "ship_notice.received", "supplier_invoice.received", "document.acknowledged"}
                <= {k for k, _ in found}
            ),
        )
        assert {key for _, key in rows} == {"purchase/desk/P00042"}
        await hub.until(lambda: [each.type for each in partner.got].count("997") == 3)
        assert [e.key for e in partner.effects_of("got_850")] == ["P00042"]
        outcomes = [s for got in partner.got if got.type == "997" for s in got.segments if s[0] == "AK5"]
        assert outcomes == [["AK5", "A"]] * 3
        assert not await hub.rows("SELECT message FROM ledger_exception WHERE state<2 AND code NOT LIKE 'sequence%'")


async def test_faults_on_the_way_double_nothing(tmp_path: Path, ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    partner = EdiPartner(behaviour=Behaviour(duplicate=True, answer="never", ship="never"))
    async with running(tmp_path, ledger_url, partner, monkeypatch) as hub:
        for fault in (Fault.OUTAGE_503, Fault.RESET_AFTER, Fault.RESET_BEFORE):
            partner.faults.script(fault, count=1, path="/edi", method="POST")
        for number in range(3):
            await order(hub, f"P{number}")
        await hub.until(
            lambda: hub.clock.__setattr__("offset", hub.clock.offset + 0.2) or len(partner.effects_of("got_850")) >= 3, 30
        )
        await hub.until_rows(
            "SELECT id FROM ledger_instance WHERE stage LIKE 'document.acknowledged:%'", lambda found: len(found) == 3, 30
        )
        assert sorted(each.key for each in partner.effects_of("got_850")) == ["P0", "P1", "P2"]


async def test_rubbish_and_skipped_numbers_reach_a_person(
    tmp_path: Path, ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    partner = EdiPartner(role="retailer", behaviour=Behaviour(garbage=1))
    async with running(tmp_path, ledger_url, partner, monkeypatch) as hub:
        await partner.place_order("R-1", [("LAMP-1", "5", "9.25")])
        partner.behaviour.skip = 2
        await partner.place_order("R-2", [("LAMP-1", "5", "9.25")])
        await hub.until(lambda: len(hub.desk.documents("order.placed")) == 2)
        hub.clock.offset += 5 * 3600
        problems = await hub.problems(2)
        assert {each["code"] for each in problems} == {"normalize.malformed", "edi.number_missing"}
        await hub.until(lambda: [each.type for each in partner.got] == ["997", "997"])
