"""What a partner may do in its drop-box over SFTP: put files into `in`, fetch and remove from `out`, and nothing else."""

from __future__ import annotations

import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import asyncssh

from crossdock.transports.dropbox.place import Place, final
from crossdock.transports.dropbox.taking import Taker

IN: Final = b"/in/"
OUT: Final = b"/out/"
CUT: Final = frozenset({"eof_pending", "eof", "close_pending", "closed"})


class Upload:
    """A file being written, and how large it may become. `spoiled` once a part of it could not be written."""

    __slots__ = ("file", "name", "room", "spoiled")

    def __init__(self, file: BinaryIO, name: str, room: int) -> None:
        self.file = file
        self.name = name
        self.room = room
        self.spoiled = False


class Box(asyncssh.SFTPServer):
    """One session. The chroot is the account's `home`; links cannot be made, so nothing in it leads out.

    A file is complete when the client closes it under its final name or renames it to that. Only then, and only once the ledger has it,
    the client hears that it succeeded.
    """

    def __init__(self, channel: asyncssh.SSHServerChannel[bytes], place: Place, taker: Taker) -> None:
        super().__init__(channel, chroot=os.fsencode(place.home))
        self._place = place
        self._taker = taker

    # Files ---------------------------------------------------------------------------------------------------

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> Any:
        """Reading is for `out`, writing for `in`."""
        if not pflags & (asyncssh.FXF_WRITE | asyncssh.FXF_APPEND | asyncssh.FXF_CREAT | asyncssh.FXF_TRUNC):
            if not self.map_path(path).startswith(os.fsencode(self._place.outgoing) + b"/"):
                raise asyncssh.SFTPPermissionDenied("only what is in /out can be read")
            return super().open(path, pflags, attrs)
        name = self._incoming(path)
        used, files = self._place.used()
        limits = self._taker.limits
        target = self._place.incoming / name
        known = target.stat().st_size if target.exists() else 0
        if files >= limits.files and not target.exists():
            raise asyncssh.SFTPQuotaExceeded(f"there are {files} files already; wait until they are taken")
        room = min(limits.file_bytes, max(0, limits.bytes - used + known))
        if room <= 0:
            raise asyncssh.SFTPQuotaExceeded("the space is used up; wait until your files are taken")
        fresh = asyncssh.SFTPAttrs()  # whatever rights the client asks for, they are the hub's
        return Upload(cast("BinaryIO", super().open(path, pflags, fresh)), name, room)

    def open56(self, path: bytes, desired_access: int, flags: int, attrs: asyncssh.SFTPAttrs) -> Any:
        raise asyncssh.SFTPOpUnsupported("this server speaks SFTP version 3")

    def write(self, file_obj: object, offset: int, data: bytes) -> int:
        if not isinstance(file_obj, Upload):
            raise asyncssh.SFTPPermissionDenied("this file is not yours to write")
        if offset + len(data) > file_obj.room:
            file_obj.spoiled = True
            raise asyncssh.SFTPQuotaExceeded(f"at most {file_obj.room} bytes fit")
        try:
            file_obj.file.seek(offset)
            return file_obj.file.write(data)
        except OSError:
            file_obj.spoiled = True
            raise

    def read(self, file_obj: object, offset: int, size: int) -> bytes:
        if isinstance(file_obj, Upload):
            file_obj.file.seek(offset)
            return file_obj.file.read(size)
        return cast("bytes", super().read(file_obj, offset, size))

    async def close(self, file_obj: object) -> None:
        """The client closed a file; or its session ended, which closes what it left open, and then nothing is complete."""
        if not isinstance(file_obj, Upload):
            super().close(file_obj)
            return
        try:
            file_obj.file.close()
        except OSError:
            file_obj.spoiled = True
        if file_obj.spoiled:
            # what is there is not what the partner wrote; it was told so, and tells again or gives up
            (self._place.incoming / file_obj.name).unlink(missing_ok=True)
            raise asyncssh.SFTPFailure("the file could not be written whole")
        if final(file_obj.name) and not self._cut():
            await self._complete(file_obj.name)

    def _cut(self) -> bool:
        """Whether the session is ending: asyncssh closes what is open then, exactly as if the client had."""
        return self.channel.is_closing() or getattr(self.channel, "_recv_state", "closed") in CUT

    async def _complete(self, name: str) -> None:
        words = await self._taker.complete(name)
        if words:
            raise asyncssh.SFTPFailure(words)

    async def rename(self, oldpath: bytes, newpath: bytes) -> None:
        """Within `in`; a file that gets its final name by it is complete."""
        old, new = self._incoming(oldpath), self._incoming(newpath)
        source = self._place.incoming / old
        if not source.is_file():
            raise asyncssh.SFTPNoSuchFile("there is no such file")
        source.replace(self._place.incoming / new)
        if final(new):
            await self._complete(new)

    async def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        await self.rename(oldpath, newpath)

    def remove(self, path: bytes) -> None:
        mapped = Path(os.fsdecode(self.map_path(path)))
        if mapped.parent not in (self._place.incoming, self._place.outgoing):
            raise asyncssh.SFTPPermissionDenied("only files in /in and /out can be removed")
        super().remove(path)

    def _incoming(self, path: bytes) -> str:
        """The name of a file directly in `in`; anything else is refused."""
        mapped = Path(os.fsdecode(self.map_path(path)))
        if mapped.parent != self._place.incoming or len(mapped.name) > 200 or not mapped.name.isprintable():
            raise asyncssh.SFTPPermissionDenied("files are put into /in")
        return mapped.name

    # Looking -------------------------------------------------------------------------------------------------

    def stat(self, path: bytes) -> Any:
        """A file that was taken a moment ago is still seen by who looks for exactly it: many clients check their upload that way."""
        try:
            return super().stat(path)
        except FileNotFoundError:
            return self._taken(path)

    def lstat(self, path: bytes) -> Any:
        return self.stat(path)

    def _taken(self, path: bytes) -> Any:
        mapped = Path(os.fsdecode(self.map_path(path)))
        if mapped.parent != self._place.incoming:
            raise asyncssh.SFTPNoSuchFile("there is no such file")
        try:
            return (self._place.taken / mapped.name).stat()
        except OSError:
            raise asyncssh.SFTPNoSuchFile("there is no such file") from None

    def setstat(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        """Rights and times a client wants to give its upload are heard and not followed."""

    def lsetstat(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        return

    def fsetstat(self, file_obj: object, attrs: asyncssh.SFTPAttrs) -> None:
        return

    def fstat(self, file_obj: object) -> Any:
        file = file_obj.file if isinstance(file_obj, Upload) else cast("BinaryIO", file_obj)
        file.flush()
        return os.fstat(file.fileno())

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        async for entry in super().scandir(path):
            name = entry.filename if isinstance(entry.filename, bytes) else entry.filename.encode()
            hidden = name.startswith(b".") and name not in (b".", b"..")
            if not hidden or stat.S_ISREG(entry.attrs.permissions or 0):
                yield entry

    # Everything else -----------------------------------------------------------------------------------------

    def mkdir(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        raise asyncssh.SFTPPermissionDenied("folders cannot be made here")

    def rmdir(self, path: bytes) -> None:
        raise asyncssh.SFTPPermissionDenied("folders cannot be removed here")

    def symlink(self, oldpath: bytes, newpath: bytes) -> None:
        raise asyncssh.SFTPPermissionDenied("links cannot be made here")

    def link(self, oldpath: bytes, newpath: bytes) -> None:
        raise asyncssh.SFTPPermissionDenied("links cannot be made here")

    def readlink(self, path: bytes) -> bytes:
        raise asyncssh.SFTPNoSuchFile("there are no links here")

    def statvfs(self, path: bytes) -> Any:
        raise asyncssh.SFTPOpUnsupported("not told")

    def fstatvfs(self, file_obj: object) -> Any:
        raise asyncssh.SFTPOpUnsupported("not told")

    def lock(self, file_obj: object, offset: int, length: int, flags: int) -> None:
        raise asyncssh.SFTPOpUnsupported("files cannot be locked")

    def unlock(self, file_obj: object, offset: int, length: int) -> None:
        raise asyncssh.SFTPOpUnsupported("files cannot be locked")
