"""How far the topic of the Kafka engine was taken into the ledger, and which of its records the ledger has already; knows no broker."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from crossdock.core.errors import Fenced
from crossdock.ledger.session import Session


def offsets_of(session: Session, topic: str, partitions: Sequence[int]) -> dict[int, int]:
    """The next offset to be taken of each partition; 0 for one nothing was taken of."""
    rows = session.rows_in(
        "SELECT partition, next FROM ledger_offset WHERE topic=? AND partition {in}", list(partitions), (topic,)
    )
    found = {partition: int(offset) for partition, offset in rows}
    return {partition: found.get(partition, 0) for partition in partitions}


def taken_in_all(session: Session, topic: str) -> dict[int, int]:
    """The next offset of every partition something was taken of."""
    return {p: int(offset) for p, offset in session.rows("SELECT partition, next FROM ledger_offset WHERE topic=?", (topic,))}


def advance(session: Session, topic: str, moves: Mapping[int, tuple[int, int]]) -> None:
    """Move partitions on from one offset to another, in the transaction that holds what was taken.

    Raises `Fenced` when the ledger is not where the worker thinks it is: then some of it was taken by another one.
    """
    for partition, (before, after) in sorted(moves.items()):
        if before == 0:
            session.upsert("ledger_offset", ("partition", "topic", "next"), [(partition, topic, 0)], ("topic", "partition"), ())
        moved = session.execute(
            "UPDATE ledger_offset SET next=? WHERE topic=? AND partition=? AND next=?", (after, topic, partition, before)
        )
        if moved != 1:
            raise Fenced(f"the records of partition {partition} were taken by another worker", partition=partition)


def stored_already(session: Session, identities: Collection[bytes], numbers: Collection[int]) -> tuple[set[bytes], set[int]]:
    """Which message identities and which numbers of messages the ledger has."""
    known = {bytes(each) for (each,) in session.rows_in("SELECT dedupe FROM ledger_message WHERE dedupe {in}", list(identities))}
    taken = {number for (number,) in session.rows_in("SELECT id FROM ledger_message WHERE id {in}", list(numbers))}
    return known, taken
