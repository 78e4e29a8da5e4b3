"""The closed set of transforms a field may go through; exact (no binary floats), pure, and each says what it could not read."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from crossdock.overlay.codes import ValueMaps
from crossdock.overlay.digits import Digits
from crossdock.overlay.paths import Inexact
from crossdock.overlay.strict import Options

Step = Callable[[Any], Any]
"""A value to a value. Raises ValueError with words for a person, or `ValueMapMissing`."""

_NUMBER = re.compile(r"^[+-]?\d+(\.\d+)?$", re.ASCII)


class DecimalSpec(Options):
    """A number written with other marks: `mark` before the fraction, `group` between thousands."""

    mark: Literal[".", ","] = "."
    group: Literal["", ".", ",", " ", "'"] = ""

    @model_validator(mode="after")
    def _different(self) -> DecimalSpec:
        if self.mark == self.group:
            raise ValueError("mark and group must differ")
        return self


class DateSpec(Options):
    """A time as `format` says: `iso`, `unix`, `unix_ms` or strptime's letters; `zone` where the text carries none.

    Outbound (`write`), the format the target wants, in `zone`.
    """

    format: str = "iso"
    zone: str = ""
    write: bool = False

    @field_validator("zone")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            _ = ZoneInfo(value) if value else UTC
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"no time zone {value!r}; use a name such as Europe/Berlin") from None
        return value


class SplitSpec(Options):
    """The part of a text between separators, counted from 0 (-1 is the last)."""

    by: Annotated[str, Field(min_length=1)]
    part: int = 0


class LookupSpec(Options):
    """A table in place; what is not in it becomes `default`, or an error without one. Long tables belong into value maps."""

    table: Annotated[dict[str, str], Field(min_length=1)]
    default: str | None = None


class StepSpec(Options):
    """A step with parameters; exactly one of them is set."""

    decimal: DecimalSpec | None = None
    shift: Annotated[int, Field(ge=-12, le=12)] | None = None
    date: DateSpec | None = None
    split: SplitSpec | None = None
    lookup: LookupSpec | None = None
    value_map: str | None = None
    reverse_map: str | None = None
    prefix: str | None = None

    @model_validator(mode="after")
    def _one(self) -> StepSpec:
        if len(self.model_fields_set) != 1:
            raise ValueError("a step has exactly one name, for example {split: {by: '-', part: 0}}")
        (name,) = self.model_fields_set
        if getattr(self, name) is None:
            raise ValueError(f"{name} needs its parameters; without any write the plain name")
        return self


Simple = Literal["decimal", "int", "text", "number", "boolean", "upper", "lower", "strip", "date", "country"]
AnyStep = Simple | StepSpec


def compile_step(spec: AnyStep, maps: ValueMaps) -> Step:
    """The function of a step."""
    if isinstance(spec, str):
        return _SIMPLE[spec]
    if spec.decimal is not None:
        return _marked_decimal(spec.decimal)
    if spec.shift is not None:
        places = spec.shift
        return lambda value: _decimal(value).scaleb(places)
    if spec.date is not None:
        return _written(spec.date) if spec.date.write else _read_time(spec.date)
    if spec.split is not None:
        return _split(spec.split)
    if spec.lookup is not None:
        return _lookup(spec.lookup)
    if spec.prefix is not None:
        before = spec.prefix
        return lambda value: before + text(value)
    if spec.value_map is not None:
        name = spec.value_map
        return lambda value: maps.translate(name, text(value))
    reverse = spec.reverse_map or ""
    return lambda value: maps.reverse(reverse, text(value))


def text(value: Any) -> str:
    """A scalar as text; numbers without exponent. Raises ValueError for anything else."""
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]
    if kind is int:
        return str(value)
    if kind is Decimal:
        return format(value, "f")
    if kind is datetime:
        return value.isoformat()  # type: ignore[no-any-return]
    if kind is bool:
        return "true" if value else "false"
    if kind is float:
        raise Inexact
    raise ValueError("a text or a number is expected")


def _decimal(value: Any) -> Decimal:
    if type(value) is Decimal:
        return value
    if type(value) is int:
        return Decimal(value)
    if type(value) is str:
        try:
            if _NUMBER.match(stripped := value.strip()):
                return Decimal(stripped)
        except InvalidOperation:
            pass
    raise ValueError("not a decimal number")


def _amount(value: Any) -> Any:
    """Text that is a plain number stays text: the schema reads it exactly, and faster than a second Decimal."""
    if type(value) is str and value.isascii() and value.replace(".", "", 1).isdigit() and value[-1] != "." != value[0]:
        return value
    return _decimal(value)


def _marked_decimal(spec: DecimalSpec) -> Step:
    def read(value: Any) -> Any:
        if type(value) is not str:
            return _decimal(value)
        plain = value.replace(spec.group, "") if spec.group else value
        return _decimal(plain.replace(spec.mark, ".") if spec.mark != "." else plain)

    return read


def _integer(value: Any) -> int:
    number = _decimal(value)
    if number != number.to_integral_value():
        raise ValueError("not a whole number")
    return int(number)


def _boolean(value: Any) -> bool:
    if type(value) is bool:
        return value
    found = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}.get(text(value).strip().lower())
    if found is None:
        raise ValueError("neither true nor false")
    return found


def _number(value: Any) -> Digits:
    """A JSON number for a target that wants no text; the digits stay as they are."""
    return Digits(format(_decimal(value), "f"))


def _read_time(spec: DateSpec) -> Step:
    zone = ZoneInfo(spec.zone) if spec.zone else None

    def read(value: Any) -> datetime:
        if type(value) is datetime:
            return value
        try:
            if spec.format in ("unix", "unix_ms"):
                whole = _decimal(value)
                seconds = whole if spec.format == "unix" else whole.scaleb(-3)
                micro = int((seconds % 1).scaleb(6))
                return datetime.fromtimestamp(int(seconds // 1), UTC).replace(microsecond=micro)
            given = text(value).strip()
            moment = datetime.fromisoformat(given) if spec.format == "iso" else datetime.strptime(given, spec.format)  # noqa: DTZ007
        except (ValueError, OverflowError, OSError):
            raise ValueError(f"not a time in the format {spec.format!r}") from None
        if not 1 < moment.year < 9999:
            raise ValueError("not a time anything happens at")
        if moment.tzinfo is not None:
            return moment
        if zone is None:
            raise ValueError("a time without offset; say its `zone`")
        return moment.replace(tzinfo=zone)

    return read


def _written(spec: DateSpec) -> Step:
    read = _read_time(DateSpec(zone=spec.zone))
    zone = ZoneInfo(spec.zone) if spec.zone else UTC

    def write(value: Any) -> Any:
        moment = read(value).astimezone(zone)
        if spec.format == "iso":
            return moment.isoformat()
        if spec.format in ("unix", "unix_ms"):
            seconds = int(moment.replace(microsecond=0).timestamp())
            return seconds if spec.format == "unix" else seconds * 1000 + moment.microsecond // 1000
        return moment.strftime(spec.format)

    return write


def _split(spec: SplitSpec) -> Step:
    def split(value: Any) -> str | None:
        parts = text(value).split(spec.by)
        return parts[spec.part].strip() or None if -len(parts) <= spec.part < len(parts) else None

    return split


def _lookup(spec: LookupSpec) -> Step:
    def look(value: Any) -> str:
        key = text(value)
        found = spec.table.get(key, spec.default)
        if found is None:
            raise ValueError(f"{key!r} is not in the table ({', '.join(sorted(spec.table)[:10])})")
        return found

    return look


def _strip(value: Any) -> str | None:
    return text(value).strip() or None


def _country(value: Any) -> str:
    given = text(value).strip()
    if len(given) == 2 and given.isascii() and given.isalpha():
        return given.upper()
    return _country_by_name(given)


@lru_cache(maxsize=1024)
def _country_by_name(given: str) -> str:
    """ISO 3166-1 alpha-2 of an alpha-3 code, a number or an English name."""
    import pycountry

    try:
        return str(pycountry.countries.lookup(given).alpha_2)
    except LookupError:
        raise ValueError(f"no country {given!r}") from None


_SIMPLE: dict[str, Step] = {
    "decimal": _amount,
    "int": _integer,
    "text": text,
    "number": _number,
    "boolean": _boolean,
    "upper": lambda value: text(value).upper(),
    "lower": lambda value: text(value).lower(),
    "strip": _strip,
    "date": _read_time(DateSpec()),
    "country": _country,
}
