"""The audit hash chain: records of each committed batch, linked per partition; knows no step, only records."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from crossdock.ledger.ids import written
from crossdock.ledger.payloads import ClaimStore, Damaged, decode, pack, unpack
from crossdock.ledger.session import Session

Record = tuple[str, int, str, str, Any]
"""(tag `source:subject:action`, subject number, business key, content digest in hex, JSON detail)."""


def link_hash(previous: bytes, partition: int, seq: int, at: int, records: bytes) -> bytes:
    """SHA-256 over the link before, the link's place, its time and its records."""
    head = b"%d:%d:%d:" % (partition, seq, at)
    return hashlib.sha256(previous + head + records).digest()


def build_link(previous: bytes, partition: int, seq: int, at: int, records: Sequence[Record]) -> tuple[bytes, bytes]:
    """The packed records and the hash of the next link."""
    body = orjson.dumps(records)
    return pack(body, open_to_all=True), link_hash(previous, partition, seq, at, body)


@dataclass(frozen=True, slots=True)
class Break:
    """A place where the chain does not hold: partition, link number and what is wrong in words."""

    partition: int
    seq: int
    problem: str


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of a verification: links and records read, subjects compared, and every break found."""

    links: int
    records: int
    compared: int
    breaks: tuple[Break, ...]


def links(session: Session, partition: int, batch: int = 500, last: int = 0) -> Iterator[tuple[int, int, bytes, bytes]]:
    """(seq, at, hash, unpacked records) of a partition's chain in order, read in batches, those after `last`; damaged records are empty."""
    while True:
        rows = session.rows(
            "SELECT seq, at, hash, records FROM ledger_audit WHERE partition=? AND seq>? ORDER BY seq LIMIT ?",
            (partition, last, batch),
        )
        if not rows:
            return
        for seq, at, digest, records in rows:
            try:
                yield seq, at, bytes(digest), unpack(records)
            except Damaged:
                yield seq, at, bytes(digest), b""
        last = rows[-1][0]


def event_digest(data: bytes) -> bytes:
    """The 128-bit digest of an event's payload."""
    return hashlib.blake2b(data, digest_size=16).digest()


def _message_digests(session: Session, ids: list[int], claims: ClaimStore | None) -> dict[int, str]:
    found: dict[int, str] = {}
    rows = session.rows_in("SELECT id, encoding, body, claim, content_hash FROM ledger_message WHERE id {in}", ids)
    for number, encoding, body, claim, content_hash in rows:
        if claim:
            try:
                found[number] = bytes(content_hash).hex() if claims is None else hashlib.sha256(claims.get(claim)).hexdigest()
            except KeyError:
                found[number] = ""
        elif body is not None:
            try:
                found[number] = hashlib.sha256(decode(encoding, body)).hexdigest()
            except Damaged:
                found[number] = ""
    return found


def _event_digests(session: Session, ids: list[int], _claims: ClaimStore | None) -> dict[int, str]:
    rows = session.rows_in("SELECT id, data FROM ledger_event WHERE LENGTH(data)>0 AND id {in}", ids)
    found: dict[int, str] = {}
    for number, data in rows:
        try:
            found[number] = event_digest(unpack(data)).hex()
        except Damaged:
            found[number] = ""
    return found


def bundle_digest(session: Session, bundle: str) -> str:
    """SHA-256 (hex) of a bundle's files as the ledger holds them now; empty when they are gone or cannot be read."""
    for (content,) in session.rows("SELECT content FROM ledger_bundle WHERE id=?", (bundle,)):
        try:
            return hashlib.sha256(unpack(content)).hexdigest()
        except Damaged:
            break
    return ""


PRUNED = frozenset({"retention:message:pruned", "retention:event:pruned"})
"""Tags of records that name the messages and events whose payload retention removed."""

_DIGESTS = {"message": _message_digests, "event": _event_digests}


@dataclass(slots=True)
class _Comparison:
    """What the chain says of subjects against what the ledger holds, collected over all partitions."""

    session: Session
    claims: ClaimStore | None
    wanted: dict[str, dict[int, tuple[int, int, str]]]
    missing: list[tuple[int, Break]]
    pruned: set[int]
    breaks: list[Break]
    compared: int = 0

    def flush(self) -> None:
        for kind, wanted in self.wanted.items():
            ids = list(wanted)
            for start in range(0, len(ids), 500):
                chunk = ids[start : start + 500]
                found = _DIGESTS[kind](self.session, chunk, self.claims)
                for subject in chunk:
                    partition, seq, content = wanted[subject]
                    self.compared += 1
                    if subject not in found:
                        self.missing.append((subject, Break(partition, seq, f"{kind} {written(subject)} was removed")))
                    elif found[subject] != content:
                        self.breaks.append(Break(partition, seq, f"{kind} {written(subject)} was altered"))
            wanted.clear()


def verify(session: Session, claims: ClaimStore | None = None) -> Verification:
    """Recompute every chain and compare the digests it recorded with digests of what the ledger holds now.

    Detects altered, missing and cut-off links, and altered or removed messages and events; what retention removed is
    recorded in the chain itself and counts as present.
    """
    work = _Comparison(session, claims, {"message": {}, "event": {}}, [], set(), [])
    total_links = total_records = 0
    heads = {p: (seq, bytes(end)) for p, seq, end in session.rows("SELECT id, audit_seq, audit_hash FROM ledger_partition")}
    chained = {p for (p,) in session.rows("SELECT DISTINCT partition FROM ledger_audit")}
    for partition in sorted(heads.keys() | chained):
        previous, expected = bytes(32), 1
        for seq, at, digest, body in links(session, partition):
            total_links += 1
            if seq != expected:
                work.breaks.append(Break(partition, expected, f"link {expected} is missing; the next one found is {seq}"))
            if link_hash(previous, partition, seq, at, body) != digest:
                work.breaks.append(Break(partition, seq, "the records of this link were altered"))
                previous, expected = digest, seq + 1
                continue
            previous, expected = digest, seq + 1
            for tag, subject, _key, content, detail in orjson.loads(body):
                total_records += 1
                if tag in PRUNED:
                    work.pruned.update(detail["ids"])
                elif tag == "hub:bundle:loaded" and bundle_digest(session, detail["bundle"]) != detail["sha256"]:
                    work.breaks.append(Break(partition, seq, f"bundle {detail['bundle'][:12]} was altered or removed"))
                elif content and tag in ("pipeline:message:taken", "pipeline:event:recorded"):
                    work.wanted[tag.split(":")[1]][subject] = (partition, seq, content)
            if sum(map(len, work.wanted.values())) >= 5000:
                work.flush()
        work.flush()
        if partition not in heads:
            work.breaks.append(Break(partition, expected - 1, "the partition's record was removed"))
            continue
        audit_seq, audit_hash = heads[partition]
        if expected - 1 != audit_seq or (audit_seq and previous != audit_hash):
            work.breaks.append(Break(partition, audit_seq, "the end of the chain was removed"))
    work.breaks += [found for subject, found in work.missing if subject not in work.pruned]
    return Verification(total_links, total_records, work.compared, tuple(work.breaks))
