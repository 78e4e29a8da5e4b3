"""Odoo's ways to write times, amounts and relations, to and from exact values; pure, knows no model."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from crossdock.core.errors import SchemaInvalid

FORMAT = "%Y-%m-%d %H:%M:%S"
M = TypeVar("M", bound=BaseModel)


def to_odoo(moment: datetime) -> str:
    """A time as Odoo takes it: UTC, no zone, whole seconds (ISO 8601 with T or Z is an internal error there)."""
    return moment.astimezone(UTC).strftime(FORMAT)


def from_odoo(text: str) -> datetime:
    """A time as Odoo gives it, with the zone it means."""
    return datetime.strptime(text, FORMAT).replace(tzinfo=UTC)


def number(value: Decimal) -> str:
    """A decimal as a cell of `load` takes it: plain, with a point."""
    return format(value, "f")


def rounded(value: Any, digits: int = 2) -> Decimal:
    """An amount out of Odoo's floats at the precision it was stored with."""
    return Decimal(str(value or 0)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def places(unit: Decimal) -> int:
    """How many decimal places amounts in a currency have that is rounded to `unit`."""
    return max(0, -int(unit.normalize().as_tuple().exponent))


def related(value: Any) -> int | None:
    """The id of a many2one as it is read: `[id, name]`, a bare id, or False."""
    if isinstance(value, list | tuple) and value:
        return int(value[0])
    return int(value) if value and not isinstance(value, bool) else None


def label(value: Any) -> str:
    """The name of a many2one as it is read."""
    return str(value[1]) if isinstance(value, list | tuple) and len(value) > 1 else ""


def text(value: Any) -> str:
    """A text field: Odoo says False for "not set"."""
    return value if isinstance(value, str) else ""


def canonical(model: type[M], data: Any) -> M:
    """A canonical object out of a command's data. Raises `SchemaInvalid` with every wrong field."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        wrong = [
            {"field": ".".join(map(str, e["loc"])), "problem": e["msg"]}
            for e in error.errors(include_url=False, include_input=False)
        ]
        raise SchemaInvalid(f"the command's {model.__name__} does not fit its schema", fields=wrong) from None
