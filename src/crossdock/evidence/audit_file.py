"""An export of the audit chain as one file anybody can check: lines of JSON, hashed and signed; docs/reference/audit-export.md is its form."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from crossdock.evidence.errors import ChainBroken
from crossdock.governance.signing import public_of, sign_statement
from crossdock.ledger.audit_export import Broken, bundles, chain, heads, pruned
from crossdock.ledger.payloads import ClaimStore
from crossdock.ledger.session import Session

FORMAT: Final = "crossdock-audit/1"


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose chain it is and when it was exported (ISO 8601)."""

    landscape: str
    environment: str
    at: str


@dataclass(frozen=True, slots=True)
class After:
    """Where an export goes on: the SHA-256 of the file before and how far each partition was in it."""

    sha256: str = ""
    number: int = 0
    heads: Mapping[int, tuple[int, bytes]] = field(default_factory=dict)


@dataclass(slots=True)
class Counted:
    """What was written."""

    links: int = 0
    records: int = 0
    payloads: int = 0
    sha256: str = ""


def digest_of(kind: str, body: bytes) -> str:
    """The digest the chain has of a payload: SHA-256 of a message's bytes, BLAKE2b with 128 bits of an event's JSON."""
    return (hashlib.sha256(body) if kind == "message" else hashlib.blake2b(body, digest_size=16)).hexdigest()


def statement(digest: str) -> bytes:
    """What is signed: the format and the SHA-256 (hex) of every byte before the last line."""
    return f"{FORMAT}\n{digest}\n".encode()


def write(
    session: Session,
    put: Callable[[bytes], Any],
    private: str,
    origin: Origin,
    after: After,
    claims: ClaimStore | None,
    *,
    payloads: bool = False,
) -> Counted:
    """Write an export by `put`, piece by piece. With `payloads` the bytes themselves are in it, not only their digests.

    Raises `ChainBroken` when the ledger's chain does not hold or a payload is not what the chain says; `SigningKeyUnusable`.
    """
    public, counted, running, whole = public_of(private), Counted(), hashlib.sha256(), hashlib.sha256()

    def line(value: Any) -> bytes:
        data: bytes = orjson.dumps(value) + b"\n"
        whole.update(data)
        put(data)
        return data

    try:
        for value in _lines(session, public, origin, after, claims, counted, payloads):
            running.update(line(value))
    except Broken as error:
        raise ChainBroken(
            f"partition {error.partition}, link {error.seq}: {error.problem}", partition=error.partition, link=error.seq
        ) from None
    digest = running.hexdigest()
    line(
        {
            "end": {"sha256": digest, "links": counted.links},
            "key": public,
            "signature": sign_statement(private, statement(digest)),
        }
    )
    counted.sha256 = whole.hexdigest()
    return counted


def _lines(
    session: Session, public: str, origin: Origin, after: After, claims: ClaimStore | None, counted: Counted, keep: bool
) -> Iterator[dict[str, Any]]:
    yield {
        "format": FORMAT, "number": after.number + 1, "landscape": origin.landscape, "environment": origin.environment, "at": origin.at,
        "key": public, "after": {"sha256": after.sha256, "heads": _heads(after.heads)}, "heads": _heads(heads(session)),
    }  # fmt: skip
    for number, name, text in bundles(session):
        yield {"bundle": [number, name, hashlib.sha256(text.encode()).hexdigest(), text]}
    missing: dict[int, tuple[int, int, str]] = {}
    gone: set[int] = set()
    for link, spoken_of in chain(session, after.heads, claims):
        counted.links += 1
        counted.records += len(link.records)
        yield {"link": [link.partition, link.seq, link.at, link.hash.hex(), link.text.decode()]}
        gone |= pruned(link.records)
        for each in spoken_of:
            counted.payloads += 1
            found = "" if each.body is None else digest_of(each.kind, each.body)
            if found and found != each.said:
                raise Broken(link.partition, link.seq, f"{each.kind} {each.subject} was altered")
            if not found:
                missing[each.subject] = (link.partition, link.seq, each.kind)
            told: list[Any] = [each.kind, each.subject, found]
            yield {"payload": [*told, base64.b64encode(each.body).decode()] if keep and each.body is not None else told}
    for subject, (partition, seq, kind) in missing.items():
        if subject not in gone:
            raise Broken(partition, seq, f"{kind} {subject} was removed")


def _heads(found: Mapping[int, tuple[int, bytes]]) -> dict[str, list[Any]]:
    return {str(partition): [seq, digest.hex()] for partition, (seq, digest) in found.items()}
