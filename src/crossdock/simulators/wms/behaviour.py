"""What the simulated warehouse makes of a fulfilment: complete, short, over, substituted, in two parts; knows no wire."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from typing import Any

BEHAVIOURS = ("short", "over", "substitute", "partial", "refuse")


@dataclass(slots=True)
class Script:
    """Fulfilments whose number matches the glob get this behaviour; `lines` restricts it to some line numbers."""

    behaviour: str
    number: str = "*"
    lines: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.behaviour not in (*BEHAVIOURS, "full"):
            raise ValueError(f"unknown behaviour {self.behaviour!r}; known: full, {', '.join(BEHAVIOURS)}")
        self.lines = tuple(self.lines)


@dataclass(slots=True)
class Behaviour:
    """Figures of the warehouse. Latencies are seconds (`scale` shrinks them); rates are shares of the fulfilments, decided by `seed`.

    `pick_latency` None: nothing is picked until `Warehouse.pick` is called. `dispatch`: it books carriers itself and tells so.
    `strict`: SKUs without stock record are refused. `initial`: stock of a SKU seen for the first time otherwise.
    `package_lines`: picked lines a package holds. `lot_skus`: glob of SKUs that are picked by lot. `stock_events`: tell every change.
    """

    pick_latency: tuple[float, float] | None = (0.2, 1.0)
    dispatch_latency: float = 0.5
    scale: float = 1.0
    dispatch: bool = False
    strict: bool = False
    stock_events: bool = True
    initial: int = 10_000
    package_lines: int = 3
    lot_skus: str = "LOT-*"
    rates: Mapping[str, float] = field(default_factory=dict)
    scripts: list[Script] = field(default_factory=list)
    seed: int = 0

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Behaviour:
        """From JSON. Raises ValueError for names that do not exist."""
        known = {item.name for item in fields(cls)}
        if unknown := set(data) - known:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(sorted(known))}")
        if wrong := set(data.get("rates", {})) - set(BEHAVIOURS):
            raise ValueError(f"unknown behaviour: {', '.join(sorted(wrong))}; known: {', '.join(BEHAVIOURS)}")
        values = dict(data)
        values["scripts"] = [Script(**item) for item in data.get("scripts", [])]
        if isinstance(values.get("pick_latency"), list):
            values["pick_latency"] = (values["pick_latency"][0], values["pick_latency"][1])
        return cls(**values)

    def fate(self, number: str) -> Script:
        """The behaviour this fulfilment meets; the same under the same seed."""
        for script in self.scripts:
            if fnmatchcase(number, script.number):
                return script
        drawn, upper = self.share("fate", number), 0.0
        for name, rate in self.rates.items():
            upper += rate
            if drawn < upper:
                return Script(name)
        return Script("full")

    def latency(self, number: str) -> float:
        """Seconds until this fulfilment is picked."""
        low, high = self.pick_latency or (0.0, 0.0)
        return (low + (high - low) * self.share("latency", number)) * self.scale

    def share(self, salt: str, number: str) -> float:
        """A number from 0 to 1 that depends on seed, salt and fulfilment only."""
        digest = hashlib.blake2b(f"{self.seed}|{salt}|{number}".encode(), digest_size=7).digest()
        return int.from_bytes(digest, "big") / (1 << 56)
