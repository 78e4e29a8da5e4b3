"""Payload bytes at rest: compressed where that is smaller, and by claim check where they are large; lossless always."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final, Protocol

import zstandard

from crossdock.core.errors import PayloadLocked

PLAIN: Final = 0
ZSTD: Final = 1
SEALED: Final = 2
SEALED_ZSTD: Final = 3
_MAGIC: Final = b"\x28\xb5\x2f\xfd"
_SEAL: Final = b"\xcd\x9e\x01"
"""What sealed bytes begin with; no JSON and no zstd frame does. The number of the key and what the cipher made follow."""
KEY_ID: Final = 4
DICTIONARY_ID: Final = 32_769
"""The number of the dictionary in the frames it packed (RFC 8878, 3.1.1.1.3; numbers from 32768 are free for private use)."""
LONG: Final = 65_536
"""Bytes above which a body is packed without the dictionary: it would save nothing, and any zstd program can read the file."""
_local = threading.local()


class Damaged(ValueError):
    """Stored bytes cannot be unpacked: something altered them."""


@cache
def _dictionary() -> zstandard.ZstdCompressionDict:
    """What business messages have in common; small ones get half as large. Made by `benchmarks/payload_dictionary.py`, kept for ever."""
    found = zstandard.ZstdCompressionDict((files("crossdock.ledger") / "payload-dictionary-1.zdict").read_bytes())
    found.precompute_compress(level=3)
    return found


class _Tools:
    """zstandard's contexts; they must not be shared between threads."""

    def __init__(self) -> None:
        known = _dictionary()
        self.small = zstandard.ZstdCompressor(level=3, dict_data=known)
        self.large = zstandard.ZstdCompressor(level=1)
        self.read = zstandard.ZstdDecompressor(dict_data=known)


def _tools() -> _Tools:
    found: _Tools | None = getattr(_local, "tools", None)
    if found is None:
        found = _local.tools = _Tools()
    return found


class Cipher(Protocol):
    """Encrypts payloads at rest with one key; `id` has `KEY_ID` bytes and names the key."""

    id: bytes

    def seal(self, data: bytes) -> bytes:
        """The bytes encrypted and authenticated."""
        ...

    def open(self, data: bytes) -> bytes:
        """The bytes again. Raises ValueError when they were altered."""
        ...


class _Keys:
    """The ciphers of this process: one to write with, all of them to read with."""

    def __init__(self) -> None:
        self.writing: Cipher | None = None
        self.known: dict[bytes, Cipher] = {}
        self.more: Callable[[], Iterable[Cipher]] | None = None


_keys: Final = _Keys()


def protect(writing: Cipher | None, reading: Iterable[Cipher] = ()) -> None:
    """From now on payloads this process stores are sealed with `writing` (None: not sealed); those of all keys ever given can be read."""
    _keys.writing = writing
    for each in (*(() if writing is None else (writing,)), *reading):
        _keys.known[each.id] = each


def unlock_with(keys: Callable[[], Iterable[Cipher]]) -> None:
    """Whom to ask for keys when sealed bytes are met whose key is not known."""
    _keys.more = keys


def protected() -> bool:
    """Whether what this process stores is sealed."""
    return _keys.writing is not None


def sealed(data: bytes) -> bytes:
    """The bytes as they rest; as they are where nothing is protected."""
    cipher = _keys.writing
    return data if cipher is None else _SEAL + cipher.id + cipher.seal(data)


def unsealed(data: bytes) -> bytes:
    """The bytes given to `sealed`. Raises `PayloadLocked` without their key, `Damaged` when they were altered."""
    if not data.startswith(_SEAL):
        return data
    start = len(_SEAL)
    name = data[start : start + KEY_ID]
    if name not in _keys.known and _keys.more is not None:
        _keys.known.update((each.id, each) for each in _keys.more())
    cipher = _keys.known.get(name)
    if cipher is None:
        raise PayloadLocked(f"payloads are encrypted with the key {name.hex()}, which is not given here", key=name.hex())
    try:
        return cipher.open(data[start + KEY_ID :])
    except ValueError as error:
        raise Damaged(str(error)) from None


def _compressed(data: bytes) -> bytes:
    tools = _tools()
    return (tools.large if len(data) > LONG else tools.small).compress(data)


def pack(data: bytes, *, open_to_all: bool = False) -> bytes:
    """Compact JSON bytes for a column of the hub's own making; `unpack` tells compressed, sealed and plain apart.

    `open_to_all`: it holds no payload (the audit chain, a landscape) and is never sealed.
    """
    stored = data
    if len(data) >= 96:
        packed = _compressed(data)
        stored = packed if len(packed) < len(data) else data
    return stored if open_to_all or _keys.writing is None else sealed(stored)


def unpack(data: bytes) -> bytes:
    """The bytes given to `pack`. The hub's own JSON never starts with the marks of zstd or a seal. Raises `Damaged`, `PayloadLocked`."""
    data = bytes(data)
    if data.startswith(_SEAL):
        data = unsealed(data)
    return _decompressed(data) if data.startswith(_MAGIC) else data


def encode(body: bytes) -> tuple[int, bytes]:
    """A foreign body as encoding number and bytes to store."""
    encoding, stored = PLAIN, body
    if len(body) >= 96:
        packed = _compressed(body)
        if len(packed) < len(body):
            encoding, stored = ZSTD, packed
    return (encoding, stored) if _keys.writing is None else (encoding + SEALED, sealed(stored))


def decode(encoding: int, stored: bytes) -> bytes:
    """The foreign body as it was received. Raises `Damaged`, `PayloadLocked`."""
    found = bytes(stored)
    if encoding >= SEALED:
        encoding, found = encoding - SEALED, unsealed(found)
    return _decompressed(found) if encoding == ZSTD else found


def _decompressed(data: bytes) -> bytes:
    try:
        return _tools().read.decompress(data)
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
        inner = unsealed(stored)
        if inner is not stored and _named(inner) == claim:
            return inner
        body = decode(ZSTD, inner) if inner.startswith(_MAGIC) else b""
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
