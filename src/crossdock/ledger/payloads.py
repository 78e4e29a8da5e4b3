"""Payload bytes at rest: compressed where that is smaller, and by claim check where they are large; lossless always."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from pathlib import Path
from typing import Final, Protocol

import zstandard

PLAIN: Final = 0
ZSTD: Final = 1
_MAGIC: Final = b"\x28\xb5\x2f\xfd"
_local = threading.local()


class Damaged(ValueError):
    """Stored bytes cannot be unpacked: something altered them."""


def _tools() -> tuple[zstandard.ZstdCompressor, zstandard.ZstdDecompressor]:
    # zstandard's contexts must not be shared between threads
    tools = getattr(_local, "tools", None)
    if tools is None:
        tools = _local.tools = (zstandard.ZstdCompressor(level=1), zstandard.ZstdDecompressor())
    return tools


def pack(data: bytes) -> bytes:
    """Compact JSON bytes for a column of the hub's own making; `unpack` tells compressed and plain apart."""
    if len(data) < 96:
        return data
    packed: bytes = _tools()[0].compress(data)
    return packed if len(packed) < len(data) else data


def unpack(data: bytes) -> bytes:
    """The bytes given to `pack`. The hub's own JSON never starts with the magic number of zstd. Raises `Damaged`."""
    data = bytes(data)
    return _decompressed(data) if data.startswith(_MAGIC) else data


def encode(body: bytes) -> tuple[int, bytes]:
    """A foreign body as encoding number and bytes to store."""
    if len(body) >= 96:
        packed = _tools()[0].compress(body)
        if len(packed) < len(body):
            return ZSTD, packed
    return PLAIN, body


def decode(encoding: int, stored: bytes) -> bytes:
    """The foreign body as it was received. Raises `Damaged`."""
    return _decompressed(bytes(stored)) if encoding == ZSTD else bytes(stored)


def _decompressed(data: bytes) -> bytes:
    try:
        return _tools()[1].decompress(data)
    except zstandard.ZstdError as error:
        raise Damaged(str(error)) from None


class ClaimStore(Protocol):
    """Keeps large bodies outside the database."""

    def put(self, body: bytes, digest: bytes) -> str:
        """Store durably; returns the claim."""
        ...

    def get(self, claim: str) -> bytes:
        """The bytes of a claim. Raises KeyError when they are gone or altered."""
        ...

    def drop(self, claim: str) -> bool:
        """Remove the bytes of a claim no message has any more; False when the same body was stored again just now."""
        ...


class FileClaims:
    """Claims as files named by their SHA-256; written to a temporary name, synced, then renamed.

    A file that was stored, or stored again, less than `grace` seconds ago is not dropped: its message may not be committed yet.
    """

    def __init__(self, folder: Path, grace: float = 300.0) -> None:
        self._folder = folder
        self._grace = grace

    def _path(self, claim: str) -> Path:
        digest = claim.removeprefix("sha256:")
        return self._folder / digest[:2] / digest

    def put(self, body: bytes, digest: bytes) -> str:
        claim = f"sha256:{digest.hex()}"
        path = self._path(claim)
        try:
            os.utime(path)
        except FileNotFoundError:
            if not path.parent.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                _sync_folder(self._folder)
            part = path.with_suffix(f".{os.getpid()}.{threading.get_ident()}.part")
            try:
                with part.open("wb") as file:
                    file.write(encode(body)[1])
                    file.flush()
                    os.fsync(file.fileno())
            except OSError:
                part.unlink(missing_ok=True)  # a full disk needs every byte
                raise
            part.replace(path)
            _sync_folder(path.parent)
        return claim

    def get(self, claim: str) -> bytes:
        try:
            stored = self._path(claim).read_bytes()
        except FileNotFoundError:
            raise KeyError(claim) from None
        return opened(stored, claim)

    def drop(self, claim: str) -> bool:
        path = self._path(claim)
        aside = path.with_suffix(".drop")
        try:
            path.rename(aside)  # whoever stores the same body from here on writes it again
        except FileNotFoundError:
            return True
        if time.time() - aside.stat().st_mtime < self._grace:
            aside.replace(path)
            return False
        aside.unlink()
        return True


def opened(stored: bytes, claim: str) -> bytes:
    """The body that was stored under a claim. Raises KeyError when these are not its bytes."""
    # as it is first: a foreign body may look like zstd, and then its header is not to be believed
    if _named(stored) == claim:
        return stored
    try:
        body = decode(ZSTD, stored) if stored.startswith(_MAGIC) else b""
    except Damaged:
        raise KeyError(claim) from None
    if _named(body) != claim:
        raise KeyError(claim)
    return body


def _named(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
