"""The evidence for a change request: lint, tests, standards, readers and the replay of real messages, put together; approves nothing."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from crossdock.governance.bundle import read_bundle
from crossdock.governance.fitting import bound
from crossdock.governance.review.standards import breaches
from crossdock.landscape.catalogue import Installed
from crossdock.landscape.landscape import Landscape
from crossdock.landscape.lint import judge
from crossdock.landscape.load import assemble
from crossdock.ledger.database import LedgerLocation
from crossdock.ledger.map_entries import live_entries
from crossdock.ledger.store import Store
from crossdock.pipeline.claims import claims_at
from crossdock.pipeline.trial import examples
from crossdock.pipeline.trial.compare import replayed
from crossdock.pipeline.trial.compatibility import compatibility
from crossdock.pipeline.trial.side import Side
from crossdock.security.masking import Mask, mask_for


def gather(data: bytes, running: Landscape, location: LedgerLocation, now: datetime) -> dict[str, Any]:
    """Evidence for a bundle against the landscape that runs here. Raises what `governance.fitting.fit` raises."""
    board, store = running.policies.board, Store(location)
    environment = running.environment.name
    try:
        with tempfile.TemporaryDirectory(prefix="crossdock-trial-") as folder:
            draft = bound(read_bundle(data), running.home, environment, None, Path(folder))
            found = judge(draft, Installed())
            candidate = assemble(draft, environment)
            entries = store.read.run(live_entries)
            old, new = (Side(each, running.home, entries, location) for each in (running, candidate))
            mask, claims = _mask(running, candidate), claims_at(location, running.home)
            errors = [each for each in found if each.severity == "error"]
            tests = examples.run(dict(draft.models.get("tests", {})), new)
            readers = store.read.run(lambda session: compatibility(session, running, candidate, max(board.messages, 1)))
            replay = store.read.run(lambda session: replayed(session, claims, old, new, board.messages, mask))
            # the standards of what runs are asked, and those the change brings: it can add some, and drop none by itself
            mine = {each.name for each in board.standards}
            asked = (*board.standards, *(each for each in candidate.policies.board.standards if each.name not in mine))
            broken = breaches(asked, draft, found)
    finally:
        store.close()
    return {
        "at": now.isoformat(timespec="seconds"), "against": running.bundle_id, "bundle": candidate.bundle_id,
        "lint": {
            "passed": not errors, "errors": len(errors), "warnings": len(found) - len(errors),
            "findings": [each.as_dict() for each in found][:100],
            "says": f"{len(errors)} errors, {len(found) - len(errors)} warnings",
        },
        "tests": tests,
        "compatibility": readers,
        "replay": replay,
        "standards": {"asked": [each.name for each in asked], "breaches": [each.as_dict() for each in broken]},
    }  # fmt: skip


def _mask(*landscapes: Landscape) -> Mask:
    """Hides every protected field of either: nobody loses protection by a change that takes it away."""
    classes: dict[str, set[str]] = {}
    for each in landscapes:
        for name, one in each.policies.data_classes.items():
            classes.setdefault(name, set()).update(one.fields)
    return mask_for(classes, frozenset())
