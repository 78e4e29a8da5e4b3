"""What an export of the audit chain is made of, read in one snapshot: links in order, the payloads they speak of, bundles; writes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from crossdock.ledger.audit import PRUNED, Record, link_hash, links
from crossdock.ledger.payloads import ClaimStore, Damaged, decode, unpack
from crossdock.ledger.session import Session

SPOKEN_OF: Final = {"pipeline:message:taken": "message", "pipeline:event:recorded": "event"}
"""Records that carry the digest of a payload, and what of."""


@dataclass(frozen=True, slots=True)
class Link:
    """One link as the ledger holds it. `text` is the JSON over which it is hashed, `records` what is in it."""

    partition: int
    seq: int
    at: int
    hash: bytes
    text: bytes
    records: Sequence[Record]


@dataclass(frozen=True, slots=True)
class Payload:
    """A message or event a link speaks of. `body` is None when it is gone; `said` is the digest the chain has of it."""

    kind: str
    subject: int
    said: str
    body: bytes | None


class Broken(Exception):
    """The chain does not hold at this link."""

    def __init__(self, partition: int, seq: int, problem: str) -> None:
        super().__init__(problem)
        self.partition = partition
        self.seq = seq
        self.problem = problem


def heads(session: Session) -> dict[int, tuple[int, bytes]]:
    """How far each partition's chain goes: its last link and that link's hash."""
    found = {p: (int(seq), bytes(end)) for p, seq, end in session.rows("SELECT id, audit_seq, audit_hash FROM ledger_partition")}
    for (partition,) in session.rows("SELECT DISTINCT partition FROM ledger_audit"):
        found.setdefault(int(partition), (-1, b""))
    return dict(sorted(found.items()))


def chain(
    session: Session, after: Mapping[int, tuple[int, bytes]], claims: ClaimStore | None
) -> Iterator[tuple[Link, list[Payload]]]:
    """Every link after `after` with the payloads it speaks of, each partition in order. Raises `Broken` where the chain does not hold."""
    for partition, (end, end_hash) in heads(session).items():
        seq, previous = after.get(partition, (0, bytes(32)))
        if end < 0:
            raise Broken(partition, 0, "the partition's record was removed")
        for number, at, digest, text in links(session, partition, last=seq):
            if number != seq + 1:
                raise Broken(partition, seq + 1, f"link {seq + 1} is missing; the next one found is {number}")
            if link_hash(previous, partition, number, at, text) != digest:
                raise Broken(partition, number, "the records of this link were altered")
            seq, previous = number, digest
            records: list[Record] = orjson.loads(text)
            yield Link(partition, number, at, digest, text, records), _payloads(session, records, claims)
        if seq != end or (end and previous != end_hash):
            raise Broken(partition, end, "the end of the chain was removed")


def bundles(session: Session) -> Iterator[tuple[str, str, str]]:
    """(id, name, files as JSON text) of every bundle that ran."""
    for number, name, content in session.rows("SELECT id, name, content FROM ledger_bundle ORDER BY loaded_at, id"):
        try:
            yield number, name, unpack(content).decode("utf-8", "replace")
        except Damaged:
            yield number, name, ""


def _payloads(session: Session, records: Sequence[Record], claims: ClaimStore | None) -> list[Payload]:
    said = {(SPOKEN_OF[tag], subject): digest for tag, subject, _key, digest, _detail in records if digest and tag in SPOKEN_OF}
    found: dict[tuple[str, int], bytes] = {}
    messages = [subject for kind, subject in said if kind == "message"]
    for number, encoding, body, claim in session.rows_in(
        "SELECT id, encoding, body, claim FROM ledger_message WHERE id {in}", messages
    ):
        try:
            if claim and claims is not None:
                found["message", number] = claims.get(claim)
            elif body is not None:
                found["message", number] = decode(encoding, body)
        except Damaged:
            found["message", number] = b""
        except KeyError:
            continue
    events = [subject for kind, subject in said if kind == "event"]
    for number, data in session.rows_in("SELECT id, data FROM ledger_event WHERE LENGTH(data)>0 AND id {in}", events):
        try:
            found["event", number] = unpack(data)
        except Damaged:
            found["event", number] = b""
    return [Payload(kind, subject, digest, found.get((kind, subject))) for (kind, subject), digest in said.items()]


def pruned(records: Sequence[Record]) -> set[int]:
    """The messages and events a link says retention removed."""
    return {number for tag, _subject, _key, _digest, detail in records if tag in PRUNED for number in detail["ids"]}
