"""A hub that is killed with signal 9 again and again while a retailer orders: every order once, every acknowledgement once, none lost."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections import Counter
from pathlib import Path

import pytest

from crossdock.drills.hub_process import HubProcess
from crossdock.simulators.edi_partner import EdiPartner
from tests.edi_gateway.conftest import FILES
from tests.edi_gateway.test_simulated_partner import PARTNER

ORDERS = 40
KILLS = 4


@pytest.mark.slow
async def test_every_order_and_every_acknowledgement_exactly_once(tmp_path: Path) -> None:
    partner = EdiPartner(role="retailer")
    url = await partner.start()
    root = tmp_path / "landscape"
    files = {
        name: text
        for name, text in {**FILES, "partners/acme.yaml": PARTNER.replace("URL", url)}.items()
        if name not in ("systems/desk.yaml", "flows/sales.yaml", "flows/buying.yaml")
    }
    files["ownership.yaml"] = files["ownership.yaml"].replace("[acme, desk]", "[acme]")
    files["crossdock.yaml"] += "default_environment: demo\n"
    files["environments/demo.yaml"] = "title: Killed\n"
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    hub = HubProcess(root, {"PARTNER_TOKEN": partner.token, "HUB_TOKEN": "shown", "CROSSDOCK_RECONCILE_FIRST": "0.2"})
    partner.deliver_to, partner.deliver_token = f"{hub.url}/in/acme/main", "shown"
    await hub.start()
    chance = random.Random(4)
    try:

        async def orders() -> None:
            for number in range(ORDERS):
                await partner.place_order(f"R-{number}", [("LAMP-1", "5", "9.25")])

        placing = asyncio.create_task(orders())
        for _ in range(KILLS):
            await asyncio.sleep(0.2 + chance.random())
            await hub.kill()
            await hub.start()
        async with asyncio.timeout(90):
            await placing
            while len({each.segments[0][2] for each in partner.got if each.type == "997"}) < ORDERS:
                await asyncio.sleep(0.1)
    finally:
        await hub.stop()
        await partner.stop()
    told = Counter(each.segments[0][2] for each in partner.got if each.type == "997")
    assert set(told.values()) == {1}, "an acknowledgement went out twice"
    [ledger] = await asyncio.to_thread(lambda: list(tmp_path.rglob("*.sqlite3")))
    with sqlite3.connect(ledger) as connection:
        events = connection.execute("SELECT key FROM ledger_event WHERE type='order.placed'").fetchall()
    assert sorted(key for (key,) in events) == sorted(f"order/acme/R-{number}" for number in range(ORDERS))
