"""Where large bodies are kept: a folder beside the ledger unless `CROSSDOCK_PAYLOADS` names another one or an object store."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from crossdock.ledger.database import LedgerLocation
from crossdock.ledger.payloads import ClaimStore, FileClaims


def claims_at(location: LedgerLocation, root: Path, environment: Mapping[str, str] = os.environ) -> ClaimStore:
    """The claim store of a ledger; `root` is the landscape's folder. Raises `ObjectStoreUnusable` for a URL that cannot be used."""
    configured = environment.get("CROSSDOCK_PAYLOADS", "")
    if "://" in configured:
        from crossdock.ledger.object_claims import ObjectClaims

        return ObjectClaims.at(configured)
    if configured:
        return FileClaims(Path(configured))
    base = location.path.parent if location.path else root / "var"
    return FileClaims(base / "payloads")
