"""What all landscape files share: strictness, names, durations and sizes; knows no file kind."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema, model_validator

DURATION_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
SIZE_UNITS = {"": 1, "B": 1, "KB": 1000, "MB": 1000**2, "GB": 1000**3, "KIB": 1024, "MIB": 1024**2, "GIB": 1024**3}

_DURATION = re.compile(r"^(?:\d+(?:\.\d+)?(?:ms|[smhdw])\s*)+$")
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdw])")
_SIZE = re.compile(r"^(\d+(?:\.\d+)?)\s*([KMG]?i?B)?$", re.IGNORECASE)


class Strict(BaseModel):
    """A part of a landscape file: unknown settings are refused so that typing errors are found; values never change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, coerce_numbers_to_str=True)

    @model_validator(mode="before")
    @classmethod
    def _empty_is_absent(cls, data: Any) -> Any:
        """A heading whose lines are all commented out counts as absent."""
        if isinstance(data, dict):
            return {key: value for key, value in data.items() if value is not None or key not in cls.model_fields}
        return data


def parse_duration(value: Any) -> timedelta:
    """A duration such as `30s`, `15m`, `1h30m`, `2d`. Raises ValueError for anything else; a bare number has no unit and is refused."""
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str) or not _DURATION.match(value.strip()):
        raise ValueError("write a duration with its unit, such as 500ms, 30s, 15m, 1h30m or 2d")
    seconds = sum(float(number) * DURATION_UNITS[unit] for number, unit in _DURATION_PART.findall(value))
    if not 0 < seconds <= 40 * 366 * 86_400:
        raise ValueError("a duration must be above zero and below forty years")
    return timedelta(seconds=seconds)


def format_duration(value: timedelta) -> str:
    """The shortest writing of a duration: `90m` becomes `1h30m`."""
    rest = value.total_seconds()
    parts = []
    for unit in ("d", "h", "m"):
        whole, rest = divmod(rest, DURATION_UNITS[unit])
        if whole:
            parts.append(f"{int(whole)}{unit}")
    if rest and rest < 1 and not parts:
        parts.append(f"{rest * 1000:g}ms")
    elif rest or not parts:
        parts.append(f"{rest:g}s")
    return "".join(parts)


def parse_size(value: Any) -> int:
    """A size in bytes: `65536`, `512KB` (1000), `1MiB` (1024 * 1024). Raises ValueError."""
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    match = _SIZE.match(value.strip()) if isinstance(value, str) else None
    if match is None or float(match[1]) <= 0:
        raise ValueError("write a size in bytes such as 65536, 512KB or 1MiB")
    return int(float(match[1]) * SIZE_UNITS[(match[2] or "").upper()])


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema(
        {"type": "string", "pattern": r"^([0-9]+(\.[0-9]+)?(ms|[smhdw]) *)+$", "examples": ["500ms", "30s", "15m", "1h30m", "2d"]}
    ),
]
"""A time span, written with its unit."""

Size = Annotated[
    int,
    BeforeValidator(parse_size),
    WithJsonSchema(
        {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": r"^[0-9.]+ *([KMGkmg]?i?[Bb])?$"}]}
    ),
]
"""A number of bytes."""

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
"""A name of something in the landscape: lower-case letters, digits, hyphen, underscore."""

Role = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(:[a-z0-9][a-z0-9_-]*)?$")]
"""What a system is for a flow: `erp`, `wms`, `shop`, or `carrier:dhl` where several do the same job."""

Party = Annotated[str, Field(pattern=r"^(\*|[a-z0-9][a-z0-9_-]*(:[a-z0-9][a-z0-9_-]*)?)$")]
"""Who may do something: a system, a role that flows fill (`carrier:dhl`), or `*` for anybody."""

EventType = Annotated[str, Field(pattern=r"^[a-z_]+\.[a-z_]+$")]
"""A canonical event type such as `order.placed`."""

Text = Annotated[str, Field(max_length=4000)]
"""Words for people."""

Severity = Literal["info", "warning", "critical"]
"""How soon somebody has to look: `info` some day, `warning` today, `critical` now."""
