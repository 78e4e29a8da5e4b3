"""Reads a partner's JSON exactly (decimals, not floats) and lists every field that is wrong; knows no system and no event."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from crossdock.connectors.wrong_fields import MAPPING, wrong_field, wrong_fields
from crossdock.core.errors import PayloadMalformed, SchemaInvalid

M = TypeVar("M", bound=BaseModel)

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
DIGITS: Final = 28
MAGNITUDE: Final = 12
CENT: Final = Decimal("0.01")
NO_TEXT: Final = re.compile("[\x00\ud800-\udfff]")
"""Characters that no database and no other system takes: NUL and unpaired surrogates."""


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON value")


def read_json(body: bytes) -> Any:
    """The JSON value in `body` (RFC 8259), numbers with a fraction as Decimal. Raises `PayloadMalformed`."""
    try:
        return json.loads(body, parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        where = f" at byte {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
        raise PayloadMalformed(f"the body is not JSON{where}: {type(error).__name__}") from None


def array_items(text: str) -> Iterator[tuple[Any, str]]:
    """The items of a JSON array, each with the very characters it was written in. Raises ValueError.

    For answers that carry many documents: each is stored as it came, not as this program would write it.
    """
    decoder = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse_constant)
    position = _skip(text, 0)
    if text[position : position + 1] != "[":
        raise ValueError("not a JSON array")
    position = _skip(text, position + 1)
    if text[position : position + 1] == "]":
        return
    while True:
        value, end = decoder.raw_decode(text, position)
        yield value, text[position:end]
        position = _skip(text, end)
        if text[position : position + 1] == "]":
            return
        if text[position : position + 1] != ",":
            raise ValueError(f"expected a comma at character {position}")
        position = _skip(text, position + 1)


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t\r\n":
        position += 1
    return position


def microseconds(moment: datetime) -> int:
    """Whole microseconds since 1970-01-01 UTC; grows with time, so it can number the versions of a document."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def plain(amount: Decimal) -> Decimal:
    """The one way an amount is written here: no trailing zeros beyond two decimals, so that 199, 199.0 and 199.00 are the same bytes."""
    if amount.same_quantum(CENT):
        return amount
    short = amount.normalize()
    exponent = short.as_tuple().exponent
    return short.quantize(CENT) if isinstance(exponent, int) and exponent > -2 else short


class Problems:
    """Everything found wrong in one document, in order of appearance (`wrong_field`)."""

    def __init__(self) -> None:
        self.found: list[dict[str, str]] = []

    def add(self, path: str, message: str, kind: str = MAPPING) -> None:
        """Note one wrong field by its path in the partner's document."""
        self.found.append(wrong_field(path, message, kind))

    def raise_if_any(self, document: str) -> None:
        """Raise `SchemaInvalid` naming all fields, if there are any."""
        if self.found:
            raise self.refusal(document)

    def refusal(self, document: str) -> SchemaInvalid:
        """The error that names all fields."""
        fields = ", ".join(item["path"] for item in self.found[:5]) + (", ..." if len(self.found) > 5 else "")
        return SchemaInvalid(f"{document}: {len(self.found)} field(s) wrong: {fields}", problems=self.found)

    def build(self, model: type[M], path: str, names: dict[str, str] | None = None, **values: Any) -> M | None:
        """The canonical object, or None with every pydantic error noted under `path` (`names` maps field to wire name)."""
        try:
            return model(**values)
        except ValidationError as error:
            for item in wrong_fields(error):
                first, dot, rest = item["path"].partition(".")
                inner = f"{(names or {}).get(first, first)}{dot}{rest}"
                self.add(".".join(filter(None, (path, inner))) or "(document)", item["message"], item["kind"])
            return None


def parse(model: type[M], value: Any, what: str) -> M:
    """A canonical object from the JSON in a command. Raises `SchemaInvalid` naming every wrong field."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        problems = Problems()
        for item in wrong_fields(error):
            problems.add(".".join(filter(None, (what, item["path"]))), item["message"], item["kind"])
        raise problems.refusal(what) from None


def root(value: Any, what: str) -> Node:
    """A document as the partner sent it. Raises `SchemaInvalid` when it is no object."""
    problems = Problems()
    if not isinstance(value, dict):
        problems.add("(document)", "must be an object")
    problems.raise_if_any(what)
    return Node(value, problems)


class Node:
    """A JSON value and where it stands. Asking it for a field of the wrong type notes a problem and answers with nothing."""

    __slots__ = ("path", "problems", "value")

    def __init__(self, value: Any, problems: Problems, path: str = "") -> None:
        self.value = value
        self.problems = problems
        self.path = path

    def at(self, key: str) -> str:
        """The path of a field of this object."""
        return f"{self.path}.{key}" if self.path else key

    def raw(self, key: str) -> Any:
        """The value as parsed, None when absent."""
        return self.value.get(key) if isinstance(self.value, dict) else None

    def wrong(self, key: str, message: str) -> None:
        """Note a problem with one field."""
        self.problems.add(self.at(key), message)

    def child(self, key: str) -> Node | None:
        """An object, or None when absent; anything else is a problem."""
        value = self.raw(key)
        if isinstance(value, dict):
            return Node(value, self.problems, self.at(key))
        if value not in (None, "", []):  # PHP writes an empty object as an empty array
            self.wrong(key, "must be an object")
        return None

    def items(self, key: str) -> list[Node]:
        """The objects of an array; absent means none."""
        value = self.raw(key)
        if value is None:
            return []
        if not isinstance(value, list):
            self.wrong(key, "must be an array")
            return []
        nodes = [Node(item, self.problems, f"{self.at(key)}.{index}") for index, item in enumerate(value)]
        for node in nodes:
            if not isinstance(node.value, dict):
                self.problems.add(node.path, "must be an object")
        return [node for node in nodes if isinstance(node.value, dict)]

    def text(self, key: str, *, required: bool = False, limit: int = 100_000) -> str:
        """Text of at most `limit` characters, or a number as text; trimmed; empty when absent."""
        value = self.raw(key)
        if isinstance(value, bool | dict | list):
            self.wrong(key, "must be text")
            return ""
        found = "" if value is None else str(value).strip()
        if len(found) > limit:
            self.wrong(key, f"is longer than {limit} characters")
            return ""
        if found and NO_TEXT.search(found):
            self.wrong(key, "contains characters that are no text")
            return ""
        if required and not found:
            self.wrong(key, "is missing")
        return found

    def flag(self, key: str) -> bool:
        """True or false; absent means false."""
        value = self.raw(key)
        if value is not None and not isinstance(value, bool):
            self.wrong(key, "must be true or false")
        return value is True

    def decimal(self, key: str, *, required: bool = False) -> Decimal | None:
        """An exact number, given as a number or as text; None when absent."""
        value = self.raw(key)
        if value is None or value == "":
            if required:
                self.wrong(key, "is missing")
            return None
        odd = isinstance(value, str) and (
            "_" in value or not value.isascii()
        )  # Decimal would take 1_000 and other scripts' digits
        if odd or isinstance(value, bool) or not isinstance(value, int | str | Decimal):
            self.wrong(key, "must be a number")
            return None
        try:
            number = Decimal(value)
        except (InvalidOperation, ValueError):
            self.wrong(key, "must be a number")
            return None
        long = len(value) > DIGITS if isinstance(value, str) else len(number.as_tuple().digits) > DIGITS
        if long or not number.is_finite() or abs(number.adjusted()) > MAGNITUDE:
            self.wrong(key, "is not a number of this size")
            return None
        return number

    def amount(self, key: str, *, required: bool = False) -> Decimal:
        """An amount of money, zero when absent."""
        return self.decimal(key, required=required) or Decimal(0)

    def time(self, key: str, *, required: bool = False, naive_is_utc: bool = False) -> datetime | None:
        """A point in time (ISO 8601), in UTC; None when absent. A time without a zone is a problem unless the field is defined as UTC."""
        value = self.text(key, required=required)
        if not value:
            return None
        try:
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is None and naive_is_utc:
                moment = moment.replace(tzinfo=UTC)
            if moment.tzinfo is None:
                self.wrong(key, "has no time zone")
                return None
            return moment.astimezone(UTC)
        except (ValueError, OverflowError):
            self.wrong(key, "must be a date and time (ISO 8601)")
            return None
