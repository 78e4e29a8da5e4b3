"""Narrows lists to the rows somebody may see: one condition for any table with a flow and a system; knows nobody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple


class Window(NamedTuple):
    """Rows of these flows and these systems; None is no limit."""

    flows: frozenset[str] | None = None
    systems: frozenset[str] | None = None


def condition(windows: Sequence[Window] | None, flow: str = "flow", system: str = "system") -> tuple[str, list[Any]]:
    """SQL (with `?` marks) and arguments that keep the rows inside at least one window; None means all rows.

    `flow` and `system` are the columns' names as the query knows them.
    """
    if windows is None:
        return "1=1", []
    parts: list[str] = []
    args: list[Any] = []
    for window in windows:
        inside: list[str] = []
        for column, values in ((flow, window.flows), (system, window.systems)):
            if values is None:
                continue
            if not values:
                inside.append("1=0")
                continue
            inside.append(f"{column} IN ({','.join('?' * len(values))})")
            args += sorted(values)
        if not inside:
            return "1=1", []
        parts.append(f"({' AND '.join(inside)})")
    return (f"({' OR '.join(parts)})", args) if parts else ("1=0", [])
