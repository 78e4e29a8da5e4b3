"""Turns values of create and write into what the store keeps, with the server's own ways to fail."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from crossdock.simulators.odoo.errors import MissingError, ProgrammingError, foreign_key, invalid_text
from crossdock.simulators.odoo.schema import Field

if TYPE_CHECKING:
    from crossdock.simulators.odoo.env import Env
    from crossdock.simulators.odoo.model import Model

STAMP = "%Y-%m-%d %H:%M:%S"


def parsed(text: str, shape: str) -> datetime:
    """A moment in Odoo's text form, without zone: what zone is meant depends on the method."""
    return datetime.strptime(text, shape)  # noqa: DTZ007


def rounded(value: float, digits: int) -> float:
    """Round half away from zero, as Odoo's float_round does: binary noise does not decide."""
    return float(Decimal(repr(round(value, digits + 7))).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP))


def to_store(env: Env, model: Model, name: str, field: Field, value: Any, creating: bool) -> Any:
    """One value as it is kept. Raises what the server raises: ValueError 500, missing record, foreign key."""
    if value is None:
        value = False
    return _CONVERT.get(field.type, _plain)(env, model, name, field, value, creating)


def _plain(env: Env, model: Model, name: str, field: Field, value: Any, creating: bool) -> Any:
    return value


def _char(env: Env, model: Model, name: str, field: Field, value: Any, creating: bool) -> Any:
    return value if value is False or isinstance(value, str) else str(value)


def _integer(env: Env, model: Model, name: str, field: Field, value: Any, creating: bool) -> Any:
    return int(value or 0)


def _float(env: Env, model: Model, name: str, field: Field, value: Any, creating: bool) -> Any:
    try:
        number = float(value or 0)
    except (TypeError, ValueError) as problem:
        raise ProgrammingError(f"could not convert string to float: {value!r}") from problem
    return number if field.digits is None else rounded(number, field.digits)


def _boolean(env: Env, model: Model, name: str, field: Field, value: Any, creating: bool) -> Any:
    return bool(value)


def _datetime(env: Env, model: Model, name: str, field: Field, value: Any, creating: bool) -> Any:
    if not value:
        return False
    shape = STAMP[: max(len(value) - 2, 0)]
    try:
        return parsed(value, shape).strftime(STAMP)
    except ValueError as problem:
        raise ProgrammingError(f"time data {value!r} does not match format {shape!r}") from problem


def _date(env: Env, model: Model, name: str, field: Field, value: Any, creating: bool) -> Any:
    if not value:
        return False
    try:
        return parsed(value[:10], "%Y-%m-%d").strftime("%Y-%m-%d")
    except ValueError as problem:
        raise ProgrammingError(f"time data {value!r} does not match format '%Y-%m-%d'") from problem


def _selection(env: Env, model: Model, name: str, field: Field, value: Any, creating: bool) -> Any:
    if value is False or any(value == key for key, _ in field.selection):
        return value
    raise ProgrammingError(f"Wrong value for {model.name}.{name}: {value!r}")


def _many2one(env: Env, model: Model, name: str, field: Field, value: Any, creating: bool) -> Any:
    if not value:
        return False
    if isinstance(value, list | tuple):
        value = value[0]
    if isinstance(value, str):
        # The server clears the field on write and lets PostgreSQL complain on create.
        if creating or field.touched:
            raise invalid_text(value)
        return False
    if value in env.store.table(field.comodel).rows:
        return value
    if field.touched or not creating:
        raise MissingError.of(field.comodel, value, env.uid)
    raise foreign_key(model.label, model.name, field.string, name)


_CONVERT: dict[str, Callable[[Env, Model, str, Field, Any, bool], Any]] = {
    "char": _char,
    "text": _char,
    "integer": _integer,
    "float": _float,
    "monetary": _float,
    "boolean": _boolean,
    "datetime": _datetime,
    "date": _date,
    "selection": _selection,
    "many2one": _many2one,
}
