"""Compresses and expands (CMS CompressedData, RFC 3274, as RFC 5402 uses it), within a bound; knows no MIME."""

from __future__ import annotations

import zlib

from asn1crypto import cms

from crossdock.edi.as2.cms import COMPRESSED, content, never_fails, octets
from crossdock.edi.as2.refusal import Modifier, Refused

CHUNK = 262_144
LEVEL = 6


def compress(data: bytes) -> bytes:
    """A CompressedData (DER). The same bytes give the same result."""
    packed = {
        "version": "v0",
        "compression_algorithm": {"algorithm": "zlib"},
        "encap_content_info": {"content_type": "data", "content": zlib.compress(data, LEVEL)},
    }
    return bytes(cms.ContentInfo({"content_type": COMPRESSED, "content": cms.CompressedData(packed)}).dump())


@never_fails(Modifier.DECOMPRESSION, "it cannot be expanded")
def expand(der: bytes, most: int) -> bytes:
    """What was compressed. Raises `Refused` (decompression-failed), also when it would be more than `most` bytes."""
    packed = content(der, COMPRESSED, Modifier.DECOMPRESSION)
    if packed["compression_algorithm"]["algorithm"].native != "zlib":
        raise Refused(Modifier.DECOMPRESSION, "compressed with something else than zlib")
    worker = zlib.decompressobj()
    rest = octets(packed["encap_content_info"]["content"])
    pieces: list[bytes] = []
    size = 0
    while not worker.eof:
        piece = worker.decompress(rest, CHUNK)
        rest = worker.unconsumed_tail
        size += len(piece)
        if size > most:
            raise Refused(Modifier.DECOMPRESSION, f"it expands to more than {most} bytes")
        if not piece and not rest:
            raise Refused(Modifier.DECOMPRESSION, "the compressed content is cut off")
        pieces.append(piece)
    return b"".join(pieces)
