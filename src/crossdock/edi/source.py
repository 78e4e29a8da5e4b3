"""Bytes from wherever they are (memory, file, stream) in chunks of bounded size; knows no syntax."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

Source = bytes | bytearray | memoryview | Path | str | BinaryIO | Iterable[bytes]

CHUNK = 1 << 18


def chunks(source: Source, size: int = CHUNK) -> Iterator[bytes]:
    """Yield the source's bytes in pieces of at most `size` bytes (iterables: as they come).

    A `str` or `Path` is a file name. Raises `OSError` when the file cannot be read: that is about the disk,
    not about the message.
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        view = memoryview(source)
        for at in range(0, len(view), size):
            yield bytes(view[at : at + size])
    elif isinstance(source, (str, Path)):
        with open(source, "rb") as stream:
            while chunk := stream.read(size):
                yield chunk
    elif hasattr(source, "read"):
        while chunk := source.read(size):
            yield chunk
    else:
        yield from source


def wide_encoding(head: bytes) -> str:
    """The name of the UTF-16 flavour the head is written in, or an empty string for single bytes and UTF-8."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if len(head) >= 8 and head[1:8:2] == b"\x00\x00\x00\x00" and 0 not in head[0:8:2]:
        return "utf-16-le"
    if len(head) >= 8 and head[0:8:2] == b"\x00\x00\x00\x00" and 0 not in head[1:8:2]:
        return "utf-16-be"
    return ""


def narrow(pieces: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """UTF-16 text as UTF-8, so that the readers see one byte for each service character."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    for piece in pieces:
        yield decoder.decode(piece).encode("utf-8")
    if rest := decoder.decode(b"", final=True):
        yield rest.encode("utf-8")


class Window:
    """A sliding view on a stream: the unread bytes in memory, where they lie in the file, and more on request."""

    __slots__ = ("_chunks", "at", "base", "data", "encoding", "ended")

    def __init__(self, source: Source, size: int = CHUNK) -> None:
        pieces = chunks(source, size)
        first = b""
        while len(first) < 8 and (piece := next(pieces, None)) is not None:
            first += piece
        self.data = b""
        self.base = 0
        self.at = 0
        self.ended = False
        self.encoding = wide_encoding(first)
        whole = _chain(first, pieces)
        self._chunks = narrow(whole, self.encoding) if self.encoding else whole

    def fill(self) -> bool:
        """Forget what was read and append at least as much again as is still unread; False at the end."""
        if self.ended:
            return False
        rest = self.data[self.at :]
        pieces, got = [rest], 0
        # Doubling keeps a segment of many chunks linear instead of quadratic.
        while got <= len(rest):
            piece = next(self._chunks, None)
            if piece is None:
                self.ended = True
                break
            pieces.append(piece)
            got += len(piece)
        self.base += self.at
        self.at = 0
        self.data = b"".join(pieces) if len(pieces) > 1 else rest
        return got > 0

    def strip_line_ends(self) -> None:
        """Read on without the line ends that a transport put into the data at a fixed width."""
        rest = _chain(self.data[self.at :], self._chunks)
        self._chunks = (piece.replace(b"\r", b"").replace(b"\n", b"") for piece in rest)
        self.base += self.at
        self.data, self.at, self.ended = b"", 0, False
        self.ensure(600)

    def transcode(self, encoding: str) -> None:
        """Read on in UTF-8 what is written in another encoding, whose bytes could look like delimiters."""
        self._chunks = narrow(_chain(self.data[self.at :], self._chunks), encoding)
        self.base += self.at
        self.data, self.at, self.ended = b"", 0, False
        self.encoding = encoding
        self.fill()

    def ensure(self, count: int) -> bool:
        """Have at least `count` unread bytes in memory; False when the stream ends before."""
        while len(self.data) - self.at < count:
            if not self.fill():
                return False
        return True


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest
