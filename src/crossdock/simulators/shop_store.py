"""What the store behind every simulated web shop offers, how it refuses and how it tells of effects; knows no HTTP."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from crossdock.simulators.shoppers import Article

Lines = Sequence[tuple[str, int] | Mapping[str, Any]]
Told = Callable[[str, str, Mapping[str, Any], str], None]
"""(kind, key, data, idempotency key): an effect has just become true."""


class Refused(Exception):
    """The shop says no. Each shop has its own way to say it; `status` is how the controls under /_sim/ do."""

    status: int = 409


class ShopStore(Protocol):
    """What the shop holds."""

    articles: dict[str, Article]

    def place(self, rng: random.Random, lines: Lines | None = None, **fields: Any) -> dict[str, Any]: ...

    def change(self, number: str | int, lines: Lines, **fields: Any) -> dict[str, Any]: ...

    def find(self, number: str | int) -> dict[str, Any]: ...

    def stock_catalogue(self, catalogue: Sequence[Article | Mapping[str, Any]]) -> None: ...
