"""A drill on the running hub of a staging landscape: real systems, the hub's own traffic, trouble only on the way out; counts in the ledger.

The hub lets calls of one system fail (`connectors.troubled`) because it was started with `CROSSDOCK_DRILLS` and is not production's. Nothing is sent
to anybody that the hub would not have sent, and no worker is killed. What the systems themselves recorded is not seen here: lost, doubled
and out of order is counted by the attempts the ledger kept.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import orjson

from crossdock.connectors.troubled import productive
from crossdock.core.errors import Rejected
from crossdock.drills.scenarios import Drill
from crossdock.ledger import alerts
from crossdock.ledger.drills import Course, course
from crossdock.ledger.store import Store

LOOK: Final = 0.2
HOW: Final[Mapping[str, tuple[str, float]]] = {
    "partner-outage": ("outage", 1.0),
    "throttle": ("throttle", 0.8),
    "credential-expiry": ("expired", 1.0),
    "duplicate": ("answer_lost", 0.3),
    "reorder": ("overtaken", 0.8),
}
"""What a drill does to the calls of a system here, and to which share of them."""


class DrillNotHere(Rejected):
    """This drill is not held in this environment."""

    code = "drill.not_here"
    hint = (
        "Drills at real systems are partner-outage, throttle, credential-expiry, duplicate and reorder, in an environment that is not production's, "
        "whose hub was started with CROSSDOCK_DRILLS; hold the others without --at, against simulated systems."
    )


def refuse(drill: Drill, system: str, systems: Mapping[str, Any], environment: str, folder: str) -> None:
    """Raises `DrillNotHere` with the first reason why not."""
    if drill.name not in HOW:
        raise DrillNotHere(f"{drill.name} is not held at real systems", drill=drill.name)
    if productive(environment):
        raise DrillNotHere(f"{environment} is production: no trouble is made there", environment=environment)
    if system not in systems:
        raise DrillNotHere(f"the landscape has no system {system!r}", system=system)
    if not folder or not Path(folder).is_dir():
        raise DrillNotHere("CROSSDOCK_DRILLS names no folder that the hub reads, too", folder=folder)


def hold(
    drill: Drill, system: str, store: Store, folder: Path, *, seconds: float, deadline: float, tell: Callable[[str], None]
) -> dict[str, Any]:
    """Make the trouble, end it, wait until what was under way has settled; the figures, shaped as those of `rehearsal.Figures`."""
    fault, share = HOW[drill.name]
    began = time.time()
    known = _alerts(store)
    made = _made(folder, system)
    noticed: float | None = None
    alerted: float | None = None
    tell(f"{drill.title}: {system}")
    file = folder / f"{system}.json"
    try:
        _write(file, {"fault": fault, "share": share, "until": began + seconds})
        while time.time() < began + seconds:
            time.sleep(LOOK)
            if noticed is None and _course(store, system, began).excepted:
                noticed = time.time() - began
            if alerted is None and _alerts(store) - known:
                alerted = time.time() - began
    finally:
        file.unlink(missing_ok=True)
    mended = time.time()
    tell("recovery")
    drained: float | None = None
    while True:
        # new business goes on arriving: what is waited for is what the trouble met
        found = _course(store, system, began, mended)
        if not found.open and found.moved(mended):
            drained = time.time()
            break
        if time.time() >= deadline:
            break
        time.sleep(LOOK)
    faults = _made(folder, system) - made
    moved = found.moved(mended)
    rto = None if moved is None else round(moved - mended, 2)
    good = faults > 0 and drained is not None and not (found.doubled or found.disordered or found.uncertain or found.excepted)
    return {
        "drill": drill.name, "began": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(began)), "at": system, "passed": good and rto is not None,
        "orders": found.deliveries, "delivered": found.accepted, "lost": 0 if drained is not None else found.open, "doubled": len(found.doubled),
        "order_violations": len(found.disordered), "uncertain_open": found.uncertain, "under_way": found.open, "with_people": found.excepted,
        "rto_seconds": rto, "rpo_seconds": 0.0, "drain_seconds": None if drained is None else round(drained - mended, 2),
        "noticed_seconds": None if noticed is None else round(noticed, 2), "alerted_seconds": None if alerted is None else round(alerted, 2),
        "forgotten_seconds": None, "repeated": 0, "differing": 0, "difference": "0", "seconds": round(time.time() - began, 1), "faults": faults,
        "seed": 0, "ledger": "staging",
        "details": {name: list(each[:50]) for name, each in (("doubled", found.doubled), ("order_violations", found.disordered)) if each},
    }  # fmt: skip


def _course(store: Store, system: str, began: float, until: float = 1e12) -> Course:
    return store.read.run(lambda session: course(session, system, int(began * 1e6), int(until * 1e6)))


def _alerts(store: Store) -> set[str]:
    return {each.identity for each in store.read.run(lambda session: alerts.kept(session, 0))}


def _made(folder: Path, system: str) -> int:
    """Calls that were troubled so far, by every worker that counts here."""
    return sum(int(each.read_text() or 0) for each in folder.glob(f"{system}.*.made"))


def _write(file: Path, trouble: Mapping[str, Any]) -> None:
    """Whole or not at all: the hub reads it meanwhile."""
    draft = file.with_suffix(".draft")
    draft.write_bytes(orjson.dumps(dict(trouble)))
    os.replace(draft, file)
