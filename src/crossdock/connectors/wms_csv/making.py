"""Groups of rows that become one event each, made only once the whole file is known to be right; knows no kind of file."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from crossdock.canonical.events import Event
from crossdock.connectors.wms_csv.tables import Row


class Make:
    """An event to be made once the whole file is known to be right."""

    def __init__(self, **values: Any) -> None:
        self._values = values

    def __call__(self) -> Event:
        payload, data = self._values.pop("payload"), self._values.pop("data")
        return Event(data=payload.model_validate(data), **self._values)


def grouped(rows: Sequence[Row], *names: str) -> dict[tuple[str, ...], list[Row]]:
    """Rows with the same values in these columns."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row.text(name) for name in names), []).append(row)
    return groups


def identity(rows: Sequence[Row]) -> str:
    """The identity of rows that say nothing else about theirs: their content."""
    return hashlib.blake2b(orjson.dumps([dict(row.cells) for row in rows]), digest_size=12).hexdigest()


def needed_time(row: Row, name: str) -> datetime | None:
    """A time that must be there."""
    row.needed(name)
    return row.time(name)
