"""A folder of this machine as a file exchange, so that what is put into a drop-box is handed over by the same rules as over SFTP."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from crossdock.core.errors import TargetUnavailable
from crossdock.transports.files import Entry

T = TypeVar("T")


class LocalFiles:
    """Implements `transports.files.FileTransport` below one folder. Raises `TargetUnavailable` (disk full, not permitted)."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def _at(self, path: str) -> Path:
        return self._root / path.lstrip("/")

    async def _do(self, doing: str, work: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(work)
        except OSError as error:
            raise TargetUnavailable(f"{doing}: {error.strerror or type(error).__name__}") from None

    async def close(self) -> None:
        return

    async def exists(self, path: str) -> bool:
        return await self._do(f"looking for {path}", self._at(path).exists)

    async def write(self, path: str, body: bytes) -> None:
        def work() -> None:
            with self._at(path).open("wb") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())

        await self._do(f"writing {path}", work)

    async def read(self, path: str, expected: int | None = None) -> bytes:
        return await self._do(f"reading {path}", self._at(path).read_bytes)

    async def fetch(self, path: str, target: Path, expected: int) -> None:
        await self._do(f"fetching {path}", lambda: shutil.copyfile(self._at(path), target))

    async def files(self, folder: str) -> list[Entry]:
        def work() -> list[Entry]:
            found = [each for each in self._at(folder).iterdir() if each.is_file() and not each.name.startswith(".")]
            return sorted(
                (Entry(each.name, each.stat().st_size, int(each.stat().st_mtime)) for each in found), key=lambda e: e.name
            )

        return await self._do(f"listing {folder}", work)

    async def hand_over(self, source: str, target: str) -> None:
        def work() -> None:
            if self._at(target).exists():
                raise FileExistsError(17, "the partner has not fetched a file of this name yet")
            self._at(source).rename(self._at(target))

        await self._do(f"handing over {target}", work)

    async def move(self, source: str, target: str) -> bool:
        def work() -> bool:
            try:
                self._at(source).replace(self._at(target))
            except FileNotFoundError:
                return False
            return True

        return await self._do(f"moving {source}", work)

    async def remove(self, path: str) -> None:
        await self._do(f"removing {path}", lambda: self._at(path).unlink(missing_ok=True))
