"""File transports: how files travel to and from a partner, found by the entry point group `crossdock.transports`; knows no file's meaning."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Final, Protocol, cast

from crossdock.connectors.protocol import ConnectorContext
from crossdock.core.errors import LandscapeInvalid

GROUP: Final = "crossdock.transports"


class FileEntry(Protocol):
    """A file in a folder: its name, bytes, and time of last change (seconds since the epoch)."""

    @property
    def name(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def changed(self) -> int: ...


class FileTransport(Protocol):
    """One partner's file exchange. Built with the connector's context; raises outcomes of the error tree.

    A step that was not confirmed is not assumed to have happened; `move` is atomic and says whether the source was there.
    """

    async def close(self) -> None: ...
    async def exists(self, path: str) -> bool: ...
    async def write(self, path: str, body: bytes) -> None: ...
    async def read(self, path: str, expected: int | None = None) -> bytes: ...
    async def fetch(self, path: str, target: Path, expected: int) -> None: ...
    async def files(self, folder: str) -> list[Any]: ...
    async def hand_over(self, source: str, target: str) -> None:
        """Rename, with the transport's own faults: the caller judges what they leave behind."""
        ...

    async def move(self, source: str, target: str) -> bool: ...
    async def remove(self, path: str) -> None: ...


def file_transport(name: str, context: ConnectorContext) -> FileTransport:
    """The transport of this name for one system. Raises `LandscapeInvalid` when none is installed under it."""
    found = {point.name: point for point in entry_points(group=GROUP)}
    if name not in found:
        known = ", ".join(sorted(found)) or "none"
        raise LandscapeInvalid(f"system {context.system!r}: there is no transport {name!r}; installed: {known}")
    return cast("FileTransport", found[name].load()(context))
