"""Where exports are kept so that they are written once: a folder of read-only files, or a bucket with object lock; knows no format."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Protocol

from crossdock.evidence.errors import ExportExists, StoreUnusable

NAME: Final = re.compile(r"^audit-(\d{6})\.jsonl$")


class WriteOnce(Protocol):
    """A place that takes a file once."""

    def names(self) -> list[str]:
        """The exports that are there, in the order they were written."""
        ...

    def read(self, name: str) -> bytes:
        """A file's bytes."""
        ...

    def put(self, name: str, file: Path) -> str:
        """Keep a file under a name that is not there yet; where it is, for people. Raises `ExportExists`."""
        ...


def export_name(number: int) -> str:
    """The file name of an export by its number."""
    return f"audit-{number:06d}.jsonl"


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder; its files are read-only once written. What keeps an administrator from more than that is the medium below it."""

    path: Path

    def names(self) -> list[str]:
        """The exports that are there, in the order they were written. Raises `StoreUnusable`."""
        try:
            return sorted(each.name for each in self.path.iterdir() if NAME.match(each.name))
        except OSError as error:
            raise StoreUnusable(f"{self.path}: {error.strerror}", path=str(self.path)) from None

    def read(self, name: str) -> bytes:
        """A file's bytes. Raises `StoreUnusable`."""
        try:
            return (self.path / name).read_bytes()
        except OSError as error:
            raise StoreUnusable(f"{self.path / name}: {error.strerror}", path=str(self.path)) from None

    def put(self, name: str, file: Path) -> str:
        """Link the finished file into place: it is there whole or not at all, and nothing is ever overwritten."""
        target = self.path / name
        try:
            file.chmod(0o444)
            os.link(file, target)
            handle = os.open(self.path, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        except FileExistsError:
            raise ExportExists(f"{target} is there already", path=str(target)) from None
        except OSError as error:
            raise StoreUnusable(f"{target}: {error.strerror}", path=str(target)) from None
        return str(target)


@contextmanager
def draft(folder: Path) -> Iterator[tuple[Path, IO[bytes]]]:
    """A file to write an export to, removed afterwards; on the disk when the block ends. Raises `StoreUnusable`."""
    path = folder / f".audit-{os.getpid()}.part"
    try:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        stream = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
    except OSError as error:
        raise StoreUnusable(f"{folder}: {error.strerror}", path=str(folder)) from None
    try:
        with stream:
            yield path, stream
    finally:
        with contextlib.suppress(OSError):
            path.unlink()


def finished(stream: IO[bytes]) -> None:
    """Everything written is on the disk."""
    stream.flush()
    os.fsync(stream.fileno())


def store_at(place: str, keep_days: int) -> WriteOnce:
    """The store at a path or at `s3://bucket/prefix`, where an object is locked for so many days. Raises `StoreUnusable`."""
    if place.startswith("s3://"):
        from crossdock.evidence.s3 import LockedBucket

        return LockedBucket.at(place, keep_days)
    if "://" in place:
        raise StoreUnusable(f"exports cannot be kept at {place.partition('://')[0]}://")
    return Folder(Path(place))
