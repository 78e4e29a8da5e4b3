"""A hub as a process of its own: `python -m tests.engine.worker LEDGER_URL LANDSCAPE`; says what it owns, or why it cannot start."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

from crossdock.core.errors import CrossdockError
from crossdock.landscape.load import load
from crossdock.ledger.database import LedgerLocation
from crossdock.pipeline.hub import Hub
from crossdock.pipeline.settings import PipelineSettings
from tests.pipeline.conftest import Depot, Found, ShopConnector, depot_connector


def _say(**words: object) -> None:
    print(json.dumps({"pid": os.getpid(), **words}), flush=True)


async def main(url: str, landscape: str) -> None:
    environment = "development" if (Path(landscape) / "environments").exists() else None
    hub = Hub(
        load(Path(landscape), environment),
        settings=PipelineSettings(timers_every=0.1, idle=0.1),
        location=LedgerLocation.parse(url),
        connectors={"test_shop": Found(ShopConnector), "test_depot": Found(depot_connector(Depot()))},
    )
    try:
        await hub.start()
    except CrossdockError as error:
        _say(refused=error.code)
        return
    said = -1
    while True:
        if len(hub.worker.owned) != said:
            said = len(hub.worker.owned)
            _say(owned=said, node=hub.worker._holding._engine.node)
        await asyncio.sleep(0.02)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
