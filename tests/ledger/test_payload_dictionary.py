"""The payload dictionary: what was packed with it, or before there was one, is read for ever."""

from __future__ import annotations

import hashlib
import os
from importlib.resources import files

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from crossdock.ledger.payloads import DICTIONARY_ID, LONG, ZSTD, Damaged, decode, encode, pack, unpack

ORDER = b'{"number":"1001","currency":"EUR","lines":[{"sku":"A","quantity":{"value":"1","unit":"C62"}}],"ship_to":{"name":"W","city":"G"}}'


def test_the_dictionary_never_changes() -> None:
    """Ledgers hold payloads that only these bytes can unpack; a better dictionary gets a file and a number of its own."""
    content = (files("crossdock.ledger") / "payload-dictionary-1.zdict").read_bytes()
    assert hashlib.sha256(content).hexdigest() == "1329cf56948c5a61fabc471952c58c69990c09c8053a629ed9052baabe64750d"
    assert zstandard.ZstdCompressionDict(content).dict_id() == DICTIONARY_ID


def test_business_messages_get_smaller_by_it() -> None:
    packed = pack(ORDER)
    assert zstandard.get_frame_parameters(packed).dict_id == DICTIONARY_ID
    assert len(packed) < 0.8 * len(zstandard.ZstdCompressor(level=3).compress(ORDER))
    assert unpack(packed) == ORDER


def test_what_was_packed_before_is_read() -> None:
    old = zstandard.ZstdCompressor(level=1).compress(ORDER)
    assert unpack(old) == decode(ZSTD, old) == ORDER


def test_large_bodies_can_be_read_by_any_program() -> None:
    body = ORDER * (LONG // len(ORDER) + 1)
    encoding, stored = encode(body)
    assert encoding == ZSTD
    assert zstandard.ZstdDecompressor().decompress(stored) == body == decode(encoding, stored)


@given(st.binary(max_size=3000))
def test_every_body_comes_back(body: bytes) -> None:
    assert decode(*encode(body)) == body


def test_a_damaged_payload_is_told() -> None:
    packed = bytearray(pack(ORDER + os.urandom(200)))
    packed[12:] = packed[12:-20]
    with pytest.raises(Damaged):
        unpack(bytes(packed))
