"""Where a landscape's ledger is; apart from the hub, because commands that only read need nothing else of it."""

from __future__ import annotations

import os
from collections.abc import Mapping

from crossdock.landscape.landscape import Landscape
from crossdock.landscape.secrets import SecretReferences
from crossdock.ledger.database import LedgerLocation


def ledger_location(landscape: Landscape, environment: Mapping[str, str] = os.environ) -> LedgerLocation:
    """Where the ledger is: `CROSSDOCK_LEDGER`, else the environment's `engine.url`, else `var/ledger.sqlite3` in the landscape."""
    url = environment.get("CROSSDOCK_LEDGER") or str(landscape.environment.engine.url)
    if url.startswith("env:"):
        url = SecretReferences(landscape.root).get(url)
    return LedgerLocation.parse(url or "sqlite:///var/ledger.sqlite3", landscape.root)
