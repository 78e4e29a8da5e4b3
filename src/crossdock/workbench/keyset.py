"""Keyset pagination: where a list goes on, as an opaque text; knows no list."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import orjson
from ninja import Schema

from crossdock.workbench.api_problem import Problem

T = TypeVar("T")


class Page(Schema, Generic[T]):
    """A part of a list; `next` is the `after` of the following part, null at the end."""

    items: list[T]
    next: str | None = None


def written(*values: Any) -> str:
    """Where a list goes on: the values its order compares."""
    return base64.urlsafe_b64encode(orjson.dumps(values)).decode().rstrip("=")


def read(text: str, *kinds: type) -> tuple[Any, ...] | None:
    """The values of a `written` text, of these types; None for an empty text. Raises `Problem` 422 for anything else."""
    if not text:
        return None
    try:
        values = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except ValueError:
        values = None
    if (
        not isinstance(values, list)
        or len(values) != len(kinds)
        or not all(type(v) is k for v, k in zip(values, kinds, strict=True))
    ):
        error = {"path": "query.after", "message": "this is no `next` of an earlier answer", "code": "cursor"}
        raise Problem(
            422, "api.invalid", "The request does not fit its schema.", "Each field is named in `errors`.", errors=[error]
        )
    return tuple(values)


def paged(rows: Sequence[Any], limit: int, place: Callable[[Any], Sequence[Any]]) -> tuple[list[Any], str | None]:
    """The first `limit` of `limit + 1` rows, and where the list goes on (by `place` of the last one) when there are more."""
    kept = list(rows[:limit])
    return kept, written(*place(kept[-1])) if len(rows) > limit else None
