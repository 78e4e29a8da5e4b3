"""What connectors and workflows are installed, found by entry points and loaded only when asked for; the linter's knowledge of the outside."""

from __future__ import annotations

from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final, Protocol

CONNECTORS: Final = "crossdock.connectors"
PROCESSES: Final = "crossdock.processes"

BATCH_WORKFLOWS: Final = {"inventory_snapshot": "the hub's own comparison of a warehouse's stock with the ERP"}
"""Workflows that have a run of their own, so that their flows can be `timing: batch`."""


class NotLoadable(Exception):
    """An installed connector or workflow cannot be imported; the message says why."""


class Catalogue(Protocol):
    """Names what is installed and loads single entries."""

    def connectors(self) -> frozenset[str]: ...

    def processes(self) -> frozenset[str]: ...

    def connector(self, kind: str) -> Any:
        """The connector class. Raises NotLoadable."""
        ...

    def process(self, name: str) -> Any:
        """The process class or object. Raises NotLoadable."""
        ...


class Installed:
    """The catalogue of this Python environment."""

    def __init__(self) -> None:
        self._loaded: dict[tuple[str, str], Any] = {}

    @cached_property
    def _connectors(self) -> dict[str, EntryPoint]:
        return {each.name: each for each in entry_points(group=CONNECTORS)}

    @cached_property
    def _processes(self) -> dict[str, EntryPoint]:
        return {each.name: each for each in entry_points(group=PROCESSES)}

    def connectors(self) -> frozenset[str]:
        return frozenset(self._connectors)

    def processes(self) -> frozenset[str]:
        return frozenset(self._processes)

    def connector(self, kind: str) -> Any:
        return self._load(self._connectors[kind])

    def process(self, name: str) -> Any:
        return self._load(self._processes[name])

    def _load(self, entry: EntryPoint) -> Any:
        key = (entry.group, entry.name)
        if key not in self._loaded:
            try:
                self._loaded[key] = entry.load()
            except Exception as error:  # code from outside: whatever it raises on import is a finding, not the end of the check
                raise NotLoadable(f"{entry.value}: {type(error).__name__}: {error}") from error
        return self._loaded[key]
