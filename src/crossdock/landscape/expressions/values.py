"""How values are presented to rules: amounts exact and comparable with amounts only, times as RFC 3339 text, absent fields absent.

CEL has no decimal type, and money is never a binary float. An amount is presented as thirty-two bytes that sort like the number, so
that `order.total.amount >= decimal("250.00")` compares exactly, and comparing an amount with a number or a text is an error
instead of an accident.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Context, Decimal, InvalidOperation
from typing import Any, Final

SCALE: Final = 18
_EXACT: Final = Context(prec=60)
_OFFSET: Final = 1 << 127


def encode_amount(value: Decimal) -> bytes:
    """Thirty-two bytes that compare like `value`. Raises ValueError beyond 18 decimal places or 20 digits before the point."""
    try:
        scaled = value.scaleb(SCALE, _EXACT)
        number = int(scaled)
    except (InvalidOperation, OverflowError, ValueError):
        raise ValueError("an amount in a rule must be a finite number") from None
    if scaled != number or not -_OFFSET <= number < _OFFSET:
        raise ValueError("an amount in a rule has at most 18 decimal places and 20 digits before the point")
    # Hexadecimal digits, because the runtime ends a bytes value at its first zero byte.
    return b"%032x" % (number + _OFFSET)


def parse_amount(text: str) -> bytes:
    """The amount a rule wrote as `decimal("250.00")`. Raises ValueError."""
    try:
        return encode_amount(Decimal(text))
    except InvalidOperation:
        raise ValueError(f"{text!r} is no decimal number") from None


def encode_time(value: datetime) -> str:
    """RFC 3339 text in UTC, for `timestamp(...)`."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def literal(data: bytes) -> str:
    """An encoded amount as a CEL bytes literal."""
    return f'b"{data.decode("ascii")}"'


class Use:
    """Which parts of a record a rule reads; what nobody reads is not presented."""

    __slots__ = ("fields", "whole")

    def __init__(self) -> None:
        self.fields: dict[str, Use] = {}
        self.whole = False

    def part(self, name: str) -> Use:
        """The use of one field (`[]` is the items of a list)."""
        if name not in self.fields:
            self.fields[name] = Use()
        return self.fields[name]

    def merge(self, other: Use) -> None:
        """Add what another rule reads."""
        self.whole = self.whole or other.whole
        for name, inner in other.fields.items():
            self.part(name).merge(inner)


def present(value: Any, use: Use) -> Any:
    """`value` as rules see it, reduced to what they use. Raises ValueError for an amount beyond the limits."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, Decimal):
        return encode_amount(value)
    if isinstance(value, datetime):
        return encode_time(value)
    if isinstance(value, date):
        return f"{value.isoformat()}T00:00:00Z"  # so that timestamp(...) reads a day as its beginning
    if isinstance(value, (tuple, list)):
        inner = use.fields.get("[]", _NOTHING)
        if use.whole:
            inner = WHOLE
        return [present(item, inner) for item in value]
    if isinstance(value, dict):
        return {key: present(item, WHOLE) for key, item in value.items()}
    names = type(value).model_fields if use.whole else use.fields
    found = {}
    for name in names:
        part = getattr(value, name)
        if part is not None:
            found[name] = present(part, WHOLE if use.whole else use.fields[name])
    return found


_NOTHING: Final = Use()
WHOLE: Final = Use()
WHOLE.whole = True
