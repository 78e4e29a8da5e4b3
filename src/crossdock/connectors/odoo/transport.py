"""What a wire to Odoo must offer; the two implementations differ by Odoo's version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a model's method with named arguments. `safe`: it only reads, so repeating it changes nothing."""

    model: str
    method: str
    ids: Sequence[int] | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)
    safe: bool = False
    timeout: float = 90.0

    @property
    def name(self) -> str:
        """`model/method`, as in the allow-list and in errors."""
        return f"{self.model}/{self.method}"


class Transport(Protocol):
    """Carries calls to one Odoo database."""

    async def call(self, call: Call, key: str) -> Any:
        """The method's result as JSON values with exact decimals. Raises outcome errors."""
        ...


def plain(value: Any) -> Any:
    """What JSON has no word for: decimals become numbers (Odoo stores floats of 64 bits; exact ones travel as text in `load`)."""
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"{type(value).__name__} cannot be sent to Odoo")
