"""Takes files from a partner without losing or doubling one; where each is, and whether it is stored, the caller's cursor says.

What a poll finds is stored by the hub afterwards, together with the cursor. So a file stays where it is until a later poll brings the
cursor that names it: after a crash in between it is simply read again, and its name and content make it the same message.

*claim*: a file is first renamed into `processing`, which no other reader sees; *read*: it is left in the partner's folder, for servers where
the hub may not make folders. When a file is complete is said by the partner's own rename, by a size that stands still, or by a second,
empty file (`<name>.ok`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Literal

from crossdock.core.errors import PermissionRefused
from crossdock.transports.files import Entry, FileTransport

Complete = Literal["rename", "stable", "marker"]
Disposal = Literal["archive", "delete"]

MOST_WATCHED = 2_000
"""Files whose size is remembered between two looks."""


@dataclass(frozen=True, slots=True)
class Folders:
    """One folder of the partner and the hub's own beside it; without `processing` files are read in place."""

    receive: str
    processing: str = ""
    archive: str = ""
    quarantine: str = ""


@dataclass(frozen=True, slots=True)
class Ways:
    """How files are found and what becomes of them. `settle`: seconds a size must stand still. `marker`: the ending of the second file."""

    patterns: Sequence[str] = ("*",)
    complete: Complete = "rename"
    settle: float = 30.0
    marker: str = ".ok"
    disposal: Disposal = "archive"
    per_poll: int = 20
    max_bytes: int = 50_000_000


@dataclass(frozen=True, slots=True)
class Picked:
    """A file as it was found. `identity` is its name and content; with `refused` it could not be read: the words why."""

    name: str
    path: str
    body: bytes
    identity: str
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What a poll found, and the cursor that says so."""

    files: Sequence[Picked]
    cursor: Mapping[str, Any]
    more: bool = False


class Inbox:
    """The receiving side of one folder of a partner. `good` says whether a file is what it should be; others go to quarantine."""

    def __init__(
        self, server: FileTransport, folders: Folders, ways: Ways, good: Callable[[str, bytes], bool] = lambda _name, _body: True
    ) -> None:
        self._server = server
        self._folders = folders
        self._ways = ways
        self._good = good

    async def poll(self, cursor: Mapping[str, Any], now: float = 0.0) -> Found:
        """Put away what the cursor names as stored, then the next files. Raises outcomes; nothing is lost by that."""
        await self._put_away(await self._unchanged(cursor))
        claims = bool(self._folders.processing)
        waiting = list(await self._server.files(self._folders.processing)) if claims else []
        room = self._ways.per_poll - len(waiting)
        more = False
        watched: dict[str, list[float]] = {}
        if room > 0:
            offered, watched = self._complete(await self._server.files(self._folders.receive), cursor.get("watched", {}), now)
            taken = {entry.name for entry in waiting}
            for entry in offered[:room]:
                # A second file of a name whose first is still here waits for its turn.
                if claims and (entry.name in taken or not await self._claim(entry)):
                    continue
                waiting.append(entry)
            more = len(offered) > room
        else:
            more = len(waiting) > self._ways.per_poll or bool(await self._server.files(self._folders.receive))
        files: list[Picked] = []
        stored: dict[str, str] = {}
        for entry in waiting[: self._ways.per_poll]:
            picked = await self._picked(entry)
            files.append(picked)
            good = not picked.refused and self._good(picked.name, picked.body)
            stored[entry.name] = "archive" if good else "quarantine"
        after: dict[str, Any] = {"stored": stored}
        if not claims:
            after["read"] = {entry.name: [entry.size, entry.changed] for entry in waiting[: self._ways.per_poll]}
        if watched:
            after["watched"] = watched
        return Found(files, after, more=more and bool(files))

    def _complete(
        self, entries: Sequence[Entry], before: Mapping[str, Sequence[float]], now: float
    ) -> tuple[list[Entry], dict[str, list[float]]]:
        """The files that are complete, and the sizes to compare next time (size, time of change, since when)."""
        fitting = [each for each in entries if any(fnmatchcase(each.name, pattern) for pattern in self._ways.patterns)]
        if self._ways.complete == "marker":
            names = {each.name for each in entries}
            ending = self._ways.marker
            return [each for each in fitting if not each.name.endswith(ending) and each.name + ending in names], {}
        if self._ways.complete == "rename":
            return fitting, {}
        ready: list[Entry] = []
        watched: dict[str, list[float]] = {}
        for each in fitting[:MOST_WATCHED]:
            seen = before.get(each.name)
            same = seen is not None and [each.size, each.changed] == list(seen[:2])
            since = float(seen[2]) if seen is not None and same else now
            if same and now - since >= self._ways.settle:
                ready.append(each)
            watched[each.name] = [each.size, each.changed, since]
        return ready, watched

    async def _unchanged(self, cursor: Mapping[str, Any]) -> Mapping[str, str]:
        """What is stored and may be put away; a file read in place that the partner has replaced meanwhile is a new one."""
        stored: Mapping[str, str] = cursor.get("stored", {})
        if self._folders.processing or not stored:
            return stored
        read = cursor.get("read", {})
        there = {each.name: [each.size, each.changed] for each in await self._server.files(self._folders.receive)}
        return {name: where for name, where in stored.items() if there.get(name) == list(read.get(name, ()))}

    async def _put_away(self, stored: Mapping[str, str]) -> None:
        place = self._folders.processing or self._folders.receive
        for name, where in stored.items():
            source = f"{place}/{name}"
            folder = self._folders.archive if where == "archive" else self._folders.quarantine
            if (self._ways.disposal == "delete" and where == "archive") or not folder:
                await self._server.remove(source)
            else:
                await self._move(source, folder, name)
            if self._ways.complete == "marker":
                await self._server.remove(f"{self._folders.receive}/{name}{self._ways.marker}")

    async def _move(self, source: str, folder: str, name: str) -> None:
        if not await self._server.exists(source):
            return  # put away before a crash; some servers complain of the name that is there before they miss the one that is not
        target = f"{folder}/{name}"
        if await self._server.exists(target):
            stem, dot, ending = name.rpartition(".")
            digest = hashlib.blake2b(await self._server.read(source), digest_size=4).hexdigest()
            target = f"{folder}/{stem}.{digest}{dot}{ending}"
        await self._server.move(source, target)

    async def _claim(self, entry: Entry) -> bool:
        return await self._server.move(f"{self._folders.receive}/{entry.name}", f"{self._folders.processing}/{entry.name}")

    async def _picked(self, entry: Entry) -> Picked:
        path = f"{self._folders.processing or self._folders.receive}/{entry.name}"
        if entry.size > self._ways.max_bytes:
            return self._unreadable(entry, path, f"{entry.size} bytes are more than max_file_bytes ({self._ways.max_bytes})")
        if entry.size == 0:
            return self._unreadable(entry, path, "the file is empty")
        try:
            body = await self._server.read(path, entry.size)
        except PermissionRefused as error:
            return self._unreadable(entry, path, error.message)
        digest = hashlib.blake2b(body, digest_size=16).hexdigest()
        return Picked(entry.name, path, body, f"{entry.name}:{digest}")

    def _unreadable(self, entry: Entry, path: str, reason: str) -> Picked:
        return Picked(entry.name, path, b"", f"{entry.name}:{entry.size}:{entry.changed}", reason)
