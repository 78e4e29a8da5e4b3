"""Fixture `world`: the Odoo under test. `CROSSDOCK_ODOO_URL`, `_DB`, `_KEY`, `_ADMIN_KEY` (and `_BERLIN_KEY`) choose a real one.

`CROSSDOCK_ODOO_OUTBOX=1` gives the simulator the outbox of the add-on, so that everything can be tried both ways.
"""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

sys.path.insert(0, str(Path(__file__).parent))

from odoo_world import REAL, World

from crossdock.simulators.odoo import Odoo


@pytest_asyncio.fixture
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """An Odoo with a prefix of its own for this test; marked `outbox` it has the add-on."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=120)) as session:
        if REAL:
            get = os.environ.get
            found = World(
                get("CROSSDOCK_ODOO_URL", "").rstrip("/"),
                get("CROSSDOCK_ODOO_DB", "odoo19"),
                get("CROSSDOCK_ODOO_KEY", ""),
                get("CROSSDOCK_ODOO_ADMIN_KEY", ""),
                get("CROSSDOCK_ODOO_BERLIN_KEY", ""),
                None,
                session,
                get("CROSSDOCK_ODOO_LOGIN", "hub"),
            )
            yield found
            for client in found.clients:
                await client.close()
            return
        wanted = request.node.get_closest_marker("outbox") or os.environ.get("CROSSDOCK_ODOO_OUTBOX")
        simulator = Odoo(outbox=bool(wanted))
        async with simulator.running() as url:
            keys = simulator.keys
            found = World(url, simulator.database, keys["hub"], keys["admin"], keys["hub-berlin"], simulator, session)
            yield found
            for client in found.clients:
                await client.close()
