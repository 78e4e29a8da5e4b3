"""A partner's file exchange as those see it who send and collect files: steps with the outcomes of the error tree; knows no protocol.

A connector that only needs the files of one partner finds its exchange here by the entry point group `crossdock.file_transports`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Final, Protocol, cast

from crossdock.connectors.protocol import ConnectorContext
from crossdock.core.errors import LandscapeInvalid

GROUP: Final = "crossdock.file_transports"


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in a folder: its name, bytes, and time of last change (seconds since the epoch)."""

    name: str
    size: int
    changed: int


class FileTransport(Protocol):
    """One partner's file exchange; raises outcomes of the error tree.

    A step that was not confirmed is not assumed to have happened; `move` is atomic and says whether the source was there.
    """

    async def close(self) -> None: ...
    async def exists(self, path: str) -> bool: ...
    async def write(self, path: str, body: bytes) -> None: ...
    async def read(self, path: str, expected: int | None = None) -> bytes: ...
    async def fetch(self, path: str, target: Path, expected: int) -> None: ...
    async def files(self, folder: str) -> list[Entry]: ...
    async def hand_over(self, source: str, target: str) -> None:
        """Rename, with the transport's own faults: the caller judges what they leave behind."""
        ...

    async def move(self, source: str, target: str) -> bool: ...
    async def remove(self, path: str) -> None: ...


def file_transport(name: str, context: ConnectorContext) -> FileTransport:
    """The file exchange of one system. Raises `LandscapeInvalid` when none is installed under this name."""
    found = {point.name: point for point in entry_points(group=GROUP)}
    return cast("FileTransport", named(found, name, f"system {context.system!r}").load()(context))


def named(found: Mapping[str, EntryPoint], name: str, of: str = "") -> EntryPoint:
    """What is installed under this name. Raises `LandscapeInvalid` naming what there is."""
    if name not in found:
        known = ", ".join(sorted(found)) or "none"
        raise LandscapeInvalid(f"{of and of + ': '}there is no transport {name!r}; installed: {known}")
    return found[name]
