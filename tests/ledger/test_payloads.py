"""Payloads: whatever bytes come are the bytes that are kept, in the database or beside it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from crossdock.core.clock import SystemClock
from crossdock.ledger.ids import Numbers
from crossdock.ledger.intake import accept
from crossdock.ledger.payloads import FileClaims, decode, encode, pack, unpack
from crossdock.ledger.store import Store
from crossdock.ledger.work import messages_by_id, take_messages
from tests.ledger.test_audit import message_row

MAGIC = b"\x28\xb5\x2f\xfd"
BODIES = st.one_of(
    st.binary(max_size=400),
    st.binary(max_size=200).map(lambda b: MAGIC + b),
    st.tuples(st.binary(min_size=1, max_size=8), st.integers(1, 4000)).map(lambda pair: pair[0] * pair[1]),
    st.text(max_size=300).map(str.encode),
    st.binary(min_size=96, max_size=300).map(lambda b: encode(b * 3)[1]),
)


@given(BODIES)
@example(b"")
@example(MAGIC)
@example(MAGIC * 50)
@example(encode(b"a" * 1000)[1])
def test_encoding_is_lossless(body: bytes) -> None:
    encoding, stored = encode(body)
    assert decode(encoding, stored) == body
    assert len(stored) <= len(body)


@given(
    st.recursive(
        st.none() | st.booleans() | st.text() | st.integers(-(2**53), 2**53),
        lambda s: st.lists(s) | st.dictionaries(st.text(), s),
    )
)
def test_own_json_is_lossless(value: object) -> None:
    import orjson

    body = orjson.dumps(value)
    assert unpack(pack(body)) == body


@given(BODIES)
@example(b"")
@example(MAGIC + b"not compressed at all" * 20)
@example(encode(b"z" * 5000)[1])
def test_claims_are_lossless(tmp_path_factory: pytest.TempPathFactory, body: bytes) -> None:
    claims = FileClaims(tmp_path_factory.getbasetemp() / "claims")
    digest = hashlib.sha256(body).digest()
    claim = claims.put(body, digest)
    assert claims.put(body, digest) == claim
    assert claims.get(claim) == body


def test_a_claim_that_is_gone_or_altered_is_no_payload(tmp_path: Path) -> None:
    claims = FileClaims(tmp_path)
    claim = claims.put(b"x" * 1000, hashlib.sha256(b"x" * 1000).digest())
    [path] = [p for p in tmp_path.rglob("*") if p.is_file()]
    path.write_bytes(b"y")
    with pytest.raises(KeyError):
        claims.get(claim)
    path.write_bytes(MAGIC + b"broken frame")
    with pytest.raises(KeyError):
        claims.get(claim)
    claims.drop(claim)
    claims.drop(claim)
    with pytest.raises(KeyError):
        claims.get(claim)


def test_a_claim_left_half_written_is_written_again(tmp_path: Path) -> None:
    """The name appears only with its whole content; what a crash left under another name disturbs nobody."""
    claims = FileClaims(tmp_path)
    body = b"b" * 500_000
    digest = hashlib.sha256(body).digest()
    folder = tmp_path / digest.hex()[:2]
    folder.mkdir()
    (folder / f"{digest.hex()}.1.1.part").write_bytes(b"half")
    assert claims.get(claims.put(body, digest)) == body


@given(st.lists(BODIES, min_size=1, max_size=6))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_messages_come_back_from_the_ledger_byte_for_byte(
    lossless: tuple[Store, FileClaims, Numbers], bodies: list[bytes]
) -> None:
    store, claims, numbers = lossless
    rows = [message_row(numbers, str(numbers.next()), body, 0, claims if len(body) > 300 else None) for body in bodies]
    store.work.run(lambda session: accept(session, rows))
    found = store.read.run(lambda session: messages_by_id(session, [row[0] for row in rows], claims))
    assert {m.id: m.body for m in found} == {row[0]: body for row, body in zip(rows, bodies, strict=True)}
    taken = store.read.run(lambda session: take_messages(session, [0], 10_000, claims))
    assert {m.id: m.body for m in taken}.items() >= {m.id: m.body for m in found}.items()


@pytest.fixture
def lossless(store: Store, tmp_path: Path) -> tuple[Store, FileClaims, Numbers]:
    return store, FileClaims(tmp_path / "payloads"), Numbers(SystemClock())
