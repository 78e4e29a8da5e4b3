"""Which drills a landscape asks for, and which of them are missing or old. Pure; knows no drill and no ledger."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

DRILL_NAMES: Final = (
    "failover", "replay", "recovery", "partner-outage", "throttle", "reorder", "duplicate", "credential-expiry", "restore",
)  # fmt: skip
"""Every drill there is."""
EVERY: Final = timedelta(days=31)
"""How often a drill is held where the landscape does not say."""
WARN: Final = timedelta(days=7)
"""How long before its day a drill is said to come near."""

Standing = Literal["good", "near", "old", "failed", "missing"]


@dataclass(frozen=True, slots=True)
class Required:
    """A drill that has to be held at least `every` so often, with one partner or flow, or (both empty) with the whole landscape."""

    name: str
    partner: str = ""
    flow: str = ""
    every: timedelta = EVERY
    warn: timedelta = WARN
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """When a drill was last held, and last passed; UTC."""

    name: str
    partner: str
    flow: str
    at: datetime
    passed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Due:
    """How it stands with one required drill.

    `good`, `near`: passed, and not old, or about to be; `old`: passed too long ago; `failed`: the last one failed, whenever one passed
    before; `missing`: never held. `due` is the day it has to be held by, None when it was never passed.
    """

    required: Required
    standing: Standing
    due: datetime | None = None
    last: datetime | None = None

    @property
    def open(self) -> bool:
        """Whether going live has to wait for it."""
        return self.standing in ("missing", "failed", "old")


def due(required: Iterable[Required], held: Sequence[Held], now: datetime) -> list[Due]:
    """How it stands with every required drill, in their order.

    A drill held with the whole landscape does not stand for one required with a partner or a flow, nor the other way round.
    """
    known = {(each.name, each.partner, each.flow): each for each in held}
    return [_one(each, known.get((each.name, each.partner, each.flow)), now) for each in required]


def _one(wanted: Required, held: Held | None, now: datetime) -> Due:
    if held is None:
        return Due(wanted, "missing")
    if held.passed_at is None:
        return Due(wanted, "failed", None, held.at)
    by = held.passed_at + wanted.every
    if held.passed_at < held.at:
        return Due(wanted, "failed", by, held.at)
    if now >= by:
        return Due(wanted, "old", by, held.at)
    return Due(wanted, "near" if now >= by - wanted.warn else "good", by, held.at)
