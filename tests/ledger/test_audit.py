"""The audit chain: an intact ledger verifies, and whatever is altered or removed afterwards is found and named."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from crossdock.core.clock import SystemClock
from crossdock.ledger.audit import Verification, event_digest, link_hash, verify
from crossdock.ledger.batch import Batch, OwnedPartition
from crossdock.ledger.ids import Numbers, written
from crossdock.ledger.intake import accept, dedupe_digest
from crossdock.ledger.payloads import FileClaims, encode, pack, unpack
from crossdock.ledger.session import Row, Session
from crossdock.ledger.store import Store
from crossdock.ledger.work import claim_partitions

PARTITIONS, LINKS = 3, 5
LARGE = b"L" * 1000


@dataclass
class Written:
    """A ledger with a chain of some links in each partition, and what is in it."""

    store: Store
    claims: FileClaims
    folder: Path
    messages: list[int]
    events: list[int]
    owned: list[OwnedPartition]

    def change(self, work: Callable[[Session], Any]) -> None:
        """What somebody with the database's password might do."""
        self.store.work.run(work)

    def verify(self, claims: bool = True) -> Verification:
        return self.store.read.run(lambda session: verify(session, self.claims if claims else None))

    def problems(self) -> list[tuple[int, int, str]]:
        return [(b.partition, b.seq, b.problem) for b in self.verify().breaks]


def message_row(numbers: Numbers, key: str, body: bytes, partition: int, claims: FileClaims | None = None) -> Row:
    digest = hashlib.sha256(body).digest()
    encoding, stored, claim = (*encode(body), "") if claims is None else (0, None, claims.put(body, digest))
    return (
        numbers.next(), partition, "shop", "orders", "order", dedupe_digest("shop", "orders", key), key, digest, "application/json",
        "", encoding, stored, claim, len(body), 1, "c" * 32, 0, 0, "", "",
    )  # fmt: skip


def event_row(numbers: Numbers, message: int, partition: int, body: bytes) -> Row:
    number = numbers.next()
    return (
        number, message, partition, number.to_bytes(16, "big"), str(number), f"order/shop/{number}", "order.placed", "shop", "order/1.0",
        "", None, False, "", pack(body), event_digest(body), 1, 1, "c" * 32, 1, None, "",
    )  # fmt: skip


@pytest.fixture
def ledger(store: Store, tmp_path: Path) -> Written:
    """Each link records one message and one event; the message of the last link of a partition is kept by claim check."""
    numbers, claims = Numbers(SystemClock()), FileClaims(tmp_path / "payloads")
    owned = store.work.run(lambda session: claim_partitions(session, range(PARTITIONS), "test"))
    messages: list[int] = []
    events: list[int] = []
    for link in range(LINKS):
        for holder in owned:
            large = link == LINKS - 1
            body = (LARGE if large else b"{}") + str((holder.id, link)).encode()
            message = message_row(numbers, str((holder.id, link)), body, holder.id, claims if large else None)
            event = event_row(numbers, message[0], holder.id, body * 3)
            batch = Batch(1_700_000_000_000_000 + link)
            batch.events.append(event)
            batch.messages.append((message[0], 1, 1, "test/1", "bundle"))
            batch.record(holder.id, "pipeline:message:taken", message[0], "", hashlib.sha256(body).hexdigest())
            batch.record(
                holder.id, "pipeline:event:recorded", event[0], event[5], event_digest(body * 3).hex(), {"type": "order.placed"}
            )

            def write(session: Session, batch: Batch = batch, message: Row = message) -> dict[int, tuple[int, bytes]]:
                accept(session, [message])
                return batch.commit(session, owned)

            holder.seq, holder.hash = store.work.run(write)[holder.id]
            messages.append(message[0])
            events.append(event[0])
    return Written(store, claims, tmp_path / "payloads", messages, events, owned)


def test_an_untouched_ledger_is_intact_and_everything_in_it_was_compared(ledger: Written) -> None:
    found = ledger.verify()
    assert found == Verification(PARTITIONS * LINKS, 2 * PARTITIONS * LINKS, 2 * PARTITIONS * LINKS, ())


def _records(session: Session, partition: int, seq: int) -> tuple[int, int, bytes, list[Any]]:
    [(number, at, digest, records)] = session.rows(
        "SELECT id, at, hash, records FROM ledger_audit WHERE partition=? AND seq=?", (partition, seq)
    )
    return number, at, bytes(digest), orjson.loads(unpack(records))


def test_an_altered_record_is_found(ledger: Written) -> None:
    def tamper(session: Session) -> None:
        number, _, _, records = _records(session, 1, 2)
        records[1][2] = "order/shop/another"
        session.update("ledger_audit", ("records",), [(number, pack(orjson.dumps(records)))])

    ledger.change(tamper)
    assert ledger.problems() == [(1, 2, "the records of this link were altered")]


def test_a_record_altered_together_with_its_hash_breaks_the_next_link(ledger: Written) -> None:
    def tamper(session: Session) -> None:
        number, at, _, records = _records(session, 1, 2)
        [(before,)] = session.rows("SELECT hash FROM ledger_audit WHERE partition=1 AND seq=1")
        records[1][2] = "order/shop/another"
        body = orjson.dumps(records)
        session.update("ledger_audit", ("records", "hash"), [(number, pack(body), link_hash(bytes(before), 1, 2, at, body))])

    ledger.change(tamper)
    assert ledger.problems() == [(1, 3, "the records of this link were altered")]


def test_an_altered_time_is_found(ledger: Written) -> None:
    ledger.change(lambda session: session.execute("UPDATE ledger_audit SET at=at+1 WHERE partition=0 AND seq=4"))
    assert ledger.problems() == [(0, 4, "the records of this link were altered")]


def test_a_removed_link_is_found(ledger: Written) -> None:
    ledger.change(lambda session: session.execute("DELETE FROM ledger_audit WHERE partition=2 AND seq=3"))
    partitions = {(p, s) for p, s, _ in ledger.problems()}
    assert (2, 3, "link 3 is missing; the next one found is 4") in ledger.problems()
    assert {p for p, _ in partitions} == {2}


@pytest.mark.parametrize("kept", [0, 3, 4])
def test_a_tail_cut_off_is_found(ledger: Written, kept: int) -> None:
    ledger.change(lambda session: session.execute("DELETE FROM ledger_audit WHERE partition=1 AND seq>?", (kept,)))
    assert ledger.problems() == [(1, 5, "the end of the chain was removed")]


def test_a_chain_whose_partition_was_forgotten_is_found(ledger: Written) -> None:
    ledger.change(lambda session: session.execute("DELETE FROM ledger_partition WHERE id=1"))
    assert [(p, problem) for p, _, problem in ledger.problems()] == [(1, "the partition's record was removed")]


def test_swapped_chains_are_found(ledger: Written) -> None:
    def tamper(session: Session) -> None:
        for number, partition in ((100, 0), (0, 1), (1, 100)):
            session.execute("UPDATE ledger_audit SET partition=? WHERE partition=?", (number, partition))

    ledger.change(tamper)
    assert {p for p, _, _ in ledger.problems()} == {0, 1}


def test_an_altered_message_is_found(ledger: Written) -> None:
    target = ledger.messages[4]
    ledger.change(lambda session: session.execute("UPDATE ledger_message SET body=? WHERE id=?", (b"{}(1, 9)", target)))
    assert ledger.problems() == [(1, 2, f"message {written(target)} was altered")]


def test_a_message_altered_together_with_its_digest_is_found(ledger: Written) -> None:
    target, body = ledger.messages[4], b"something else"
    digest = hashlib.sha256(body).digest()
    ledger.change(
        lambda session: session.execute("UPDATE ledger_message SET body=?, content_hash=? WHERE id=?", (body, digest, target))
    )
    assert ledger.problems() == [(1, 2, f"message {written(target)} was altered")]


DAMAGED = b"\x28\xb5\x2f\xfd no frame"


@pytest.mark.parametrize(
    ("sql", "problem"),
    [
        ("UPDATE ledger_message SET encoding=1, body=? WHERE id=?", "message {} was altered"),
        ("UPDATE ledger_event SET data=? WHERE message_id=?", "event {} was altered"),
        ("UPDATE ledger_audit SET records=? WHERE partition=1 AND seq=2 AND id<>?", "the records of this link were altered"),
    ],
)
def test_what_cannot_even_be_unpacked_is_found(ledger: Written, sql: str, problem: str) -> None:
    ledger.change(lambda session: session.execute(sql, (DAMAGED, ledger.messages[4])))
    subject = ledger.events[4] if problem.startswith("event") else ledger.messages[4]
    assert ledger.problems() == [(1, 2, problem.format(written(subject)))]


def test_a_removed_message_is_found(ledger: Written) -> None:
    target = ledger.messages[3]
    ledger.change(lambda session: session.execute("DELETE FROM ledger_message WHERE id=?", (target,)))
    assert ledger.problems() == [(0, 2, f"message {written(target)} was removed")]


def test_a_removed_body_is_found(ledger: Written) -> None:
    target = ledger.messages[3]
    ledger.change(lambda session: session.execute("UPDATE ledger_message SET body=NULL WHERE id=?", (target,)))
    assert [(p, s) for p, s, _ in ledger.problems()] == [(0, 2)]


def test_an_altered_event_is_found(ledger: Written) -> None:
    target = ledger.events[5]
    ledger.change(lambda session: session.execute("UPDATE ledger_event SET data=? WHERE id=?", (pack(b'{"quantity":9}'), target)))
    assert ledger.problems() == [(2, 2, f"event {written(target)} was altered")]


def test_a_removed_event_is_found(ledger: Written) -> None:
    target = ledger.events[5]
    ledger.change(lambda session: session.execute("DELETE FROM ledger_event WHERE id=?", (target,)))
    assert ledger.problems() == [(2, 2, f"event {written(target)} was removed")]


def _claim_files(ledger: Written) -> list[Path]:
    return sorted(path for path in ledger.folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    "tamper", [lambda p: p.write_bytes(b"x" + p.read_bytes()), lambda p: p.unlink(), lambda p: p.write_bytes(b"")]
)
def test_an_altered_or_removed_claim_file_is_found(ledger: Written, tamper: Callable[[Path], object]) -> None:
    files = _claim_files(ledger)
    assert len(files) == PARTITIONS
    tamper(files[0])
    [(_, seq, problem)] = ledger.problems()
    assert seq == LINKS
    assert problem.endswith("was altered")
    assert not ledger.verify(claims=False).breaks, "without the folder of payloads only the ledger itself is compared"


def test_a_claim_pointed_elsewhere_is_found(ledger: Written) -> None:
    target = ledger.messages[-1]
    ledger.change(
        lambda session: session.execute(
            "UPDATE ledger_message SET claim=(SELECT claim FROM ledger_message WHERE id=?) WHERE id=?",
            (ledger.messages[-2], target),
        )
    )
    assert ledger.problems() == [(2, 5, f"message {written(target)} was altered")]


def test_what_retention_recorded_as_pruned_is_no_break_but_the_rest_is(ledger: Written) -> None:
    pruned, stolen = ledger.messages[0], ledger.messages[1]
    batch = Batch(1_800_000_000_000_000)
    batch.record(0, "retention:message:pruned", 0, "", "", {"ids": [pruned]})
    ledger.change(lambda session: batch.commit(session, ledger.owned))
    ledger.change(lambda session: session.execute("DELETE FROM ledger_message WHERE id IN (?,?)", (pruned, stolen)))
    assert ledger.problems() == [(1, 1, f"message {written(stolen)} was removed")]


def test_several_breaks_are_all_told(ledger: Written) -> None:
    ledger.change(lambda session: session.execute("DELETE FROM ledger_event WHERE partition=0"))
    ledger.change(lambda session: session.execute("UPDATE ledger_message SET body=? WHERE partition=2", (b"?",)))
    problems = ledger.problems()
    assert sum("was removed" in text for _, _, text in problems) == LINKS
    assert sum("was altered" in text for _, _, text in problems) == LINKS - 1
