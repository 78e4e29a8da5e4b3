"""What the simulated warehouse makes of a fulfilment or a receipt: complete, short, over, damaged, in two parts; knows no wire."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from typing import Any, Literal

BEHAVIOURS = ("short", "over", "substitute", "partial", "refuse")
RECEIPT_BEHAVIOURS = ("short", "over", "damaged", "partial")
GRADES = ("resaleable", "quarantine", "scrap", "missing", "wrong_item")
RETURN_BEHAVIOURS = (*GRADES, "damaged", "partial")
BY_REASON = {"damaged": "scrap", "defective": "quarantine"}


@dataclass(slots=True)
class Script:
    """Fulfilments (receipts, returns) whose number matches the glob get this behaviour; `lines` restricts it to some line numbers."""

    behaviour: str
    number: str = "*"
    lines: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        known = ("full", *dict.fromkeys((*BEHAVIOURS, *RECEIPT_BEHAVIOURS, *RETURN_BEHAVIOURS)))
        if self.behaviour not in known:
            raise ValueError(f"unknown behaviour {self.behaviour!r}; known: {', '.join(known)}")
        self.lines = tuple(self.lines)


@dataclass(slots=True)
class Behaviour:
    """Figures of the warehouse. Latencies are seconds (`scale` shrinks them); rates are shares of the fulfilments (`receipt_rates`: of the
    receipts, `return_rates`: of the returns), decided by `seed`. `grades`: reason of a return -> grade, `resaleable` for all others.

    `pick_latency` None: nothing is picked until `Warehouse.pick` is called; `receipt_latency`, `return_latency` None: nothing arrives until `receive`. `dispatch`: it books carriers itself and tells so.
    `strict`: SKUs without stock record are refused. `initial`: stock of a SKU seen for the first time otherwise.
    `package_lines`: picked lines a package holds. `lot_skus`: glob of SKUs that are kept by lot. `stock_events`: tell every change.
    """

    pick_latency: tuple[float, float] | None = (0.2, 1.0)
    receipt_latency: tuple[float, float] | None = (0.2, 1.0)
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
    receipt_rates: Mapping[str, float] = field(default_factory=dict)
    receipt_scripts: list[Script] = field(default_factory=list)
    return_latency: tuple[float, float] | None = (0.2, 1.0)
    return_rates: Mapping[str, float] = field(default_factory=dict)
    return_scripts: list[Script] = field(default_factory=list)
    grades: Mapping[str, str] = field(default_factory=lambda: dict(BY_REASON))
    seed: int = 0

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Behaviour:
        """From JSON. Raises ValueError for names that do not exist."""
        known = {item.name for item in fields(cls)}
        if unknown := set(data) - known:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(sorted(known))}")
        values = dict(data)
        for name, allowed in (("rates", BEHAVIOURS), ("receipt_rates", RECEIPT_BEHAVIOURS), ("return_rates", RETURN_BEHAVIOURS)):
            if wrong := set(data.get(name, {})) - set(allowed):
                raise ValueError(f"unknown behaviour: {', '.join(sorted(wrong))}; known: {', '.join(allowed)}")
        if wrong := set(data.get("grades", {}).values()) - set(GRADES):
            raise ValueError(f"unknown grade: {', '.join(sorted(wrong))}; known: {', '.join(GRADES)}")
        for name in ("scripts", "receipt_scripts", "return_scripts"):
            values[name] = [Script(**item) for item in data.get(name, [])]
        for name in ("pick_latency", "receipt_latency", "return_latency"):
            if isinstance(values.get(name), list):
                values[name] = (values[name][0], values[name][1])
        return cls(**values)

    def fate(self, number: str) -> Script:
        """The behaviour this fulfilment meets; the same under the same seed."""
        return self._fate(number, self.scripts, self.rates)

    def receipt_fate(self, number: str) -> Script:
        """The behaviour this receipt meets; the same under the same seed."""
        return self._fate(number, self.receipt_scripts, self.receipt_rates)

    def return_fate(self, number: str) -> Script:
        """The behaviour this return meets; the same under the same seed."""
        return self._fate(number, self.return_scripts, self.return_rates)

    def _fate(self, number: str, scripts: list[Script], rates: Mapping[str, float]) -> Script:
        for script in scripts:
            if fnmatchcase(number, script.number):
                return script
        drawn, upper = self.share("fate", number), 0.0
        for name, rate in rates.items():
            upper += rate
            if drawn < upper:
                return Script(name)
        return Script("full")

    def latency(self, number: str, of: Literal["pick", "receipt", "return"] = "pick") -> float:
        """Seconds until this fulfilment is picked, or the goods of this receipt or return arrive."""
        spans = {"pick": self.pick_latency, "receipt": self.receipt_latency, "return": self.return_latency}
        low, high = spans[of] or (0.0, 0.0)
        return (low + (high - low) * self.share("latency", number)) * self.scale

    def share(self, salt: str, number: str) -> float:
        """A number from 0 to 1 that depends on seed, salt and fulfilment only."""
        digest = hashlib.blake2b(f"{self.seed}|{salt}|{number}".encode(), digest_size=7).digest()
        return int.from_bytes(digest, "big") / (1 << 56)
