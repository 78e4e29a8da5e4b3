"""One micro-batch of the pipeline's writes: collected as rows, committed with set-based SQL in one fenced transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from crossdock.core.errors import Fenced
from crossdock.ledger.audit import Record, build_link
from crossdock.ledger.deeds import remember, rows_of
from crossdock.ledger.session import Row, Session
from crossdock.ledger.stakes import with_stakes
from crossdock.ledger.states import ExceptionState


@dataclass(slots=True)
class OwnedPartition:
    """A partition this worker owns: the epoch that fences it and the head of its audit chain."""

    id: int
    epoch: int
    seq: int
    hash: bytes


EVENT_COLUMNS: Final = (
    "id", "message_id", "partition", "identity", "event_id", "key", "type", "source", "schema", "stream", "number",
    "contiguous", "refs", "data", "content_hash", "occurred_at", "created_at", "correlation", "state", "deadline", "note",
)  # fmt: skip
INSTANCE_COLUMNS: Final = (
    "id", "key", "flow", "partition", "process", "state", "stage", "finished", "opened_at", "updated_at", "correlation", "bundle",
)  # fmt: skip
DELIVERY_COLUMNS: Final = (
    "id", "identity", "command_id", "name", "system", "flow", "key", "partition", "budget", "data", "state", "attempts",
    "next_at", "deadline", "created_at", "settled_at", "ack", "correlation", "cause",
)  # fmt: skip
ATTEMPT_COLUMNS: Final = (
    "id", "delivery_id", "number", "kind", "started_at", "micros", "outcome", "code", "message", "exchanges",
)  # fmt: skip
EXPECTATION_COLUMNS: Final = (
    "id", "key", "flow", "name", "partition", "due", "warn", "warned", "owner", "description", "silent", "state", "settled_at",
)  # fmt: skip
EXCEPTION_COLUMNS: Final = (
    "id", "identity", "fingerprint", "code", "family", "step", "system", "flow", "key", "partition", "subject", "subject_id",
    "slot", "owner", "message", "detail", "state", "occurrences", "created_at", "updated_at", "due", "resolution", "note",
    "resolved_by", "correlation",
)  # fmt: skip
CARED_COLUMNS: Final = (*EXCEPTION_COLUMNS, "amount", "currency", "assignee", "snoozed_until", "snoozed_for", "correction")
"""Everything that is kept of an exception."""
CORRECTION_COLUMNS: Final = (
    "id", "message_id", "version", "body", "encoding", "content_hash", "author", "reason", "difference", "created_at", "subject",
    "exception_id", "state", "decided_by", "decided_at", "decision",
)  # fmt: skip
MAP_ENTRY_COLUMNS: Final = ("id", "map", "code", "value", "author", "reason", "created_at", "removed_at", "removed_by")
JOB_COLUMNS: Final = (
    "id", "action", "data", "chosen", "author", "reason", "state", "pace", "bound", "progress", "planned", "asked", "done", "refused",
    "skipped", "created_at", "ended_at", "ended_by", "note",
)  # fmt: skip
_EXCEPTION_AT: Final = {name: place for place, name in enumerate(EXCEPTION_COLUMNS)}


@dataclass(slots=True)
class Batch:
    """Rows to write. Fields are filled by the pipeline; `commit` writes them in an order that keeps references whole."""

    at: int
    messages: list[Row] = field(default_factory=list)
    """(id, state, events, mapping, bundle)"""
    events: list[Row] = field(default_factory=list)
    event_states: list[Row] = field(default_factory=list)
    """(id, state, key, partition, deadline, note)"""
    instances: dict[tuple[str, str], Row] = field(default_factory=dict)
    references: list[Row] = field(default_factory=list)
    """(id, value, scheme, key)"""
    streams: dict[tuple[str, str], Row] = field(default_factory=dict)
    """(id, key, stream, partition, number, content_hash)"""
    deliveries: list[Row] = field(default_factory=list)
    delivery_states: dict[int, Row] = field(default_factory=dict)
    """(id, state, attempts, next_at, settled_at, ack)"""
    attempts: list[Row] = field(default_factory=list)
    expectations: dict[tuple[str, str, str], Row] = field(default_factory=dict)
    expectation_states: list[Row] = field(default_factory=list)
    """(key, flow, name, state, settled_at)"""
    expectation_warned: list[Row] = field(default_factory=list)
    """(id, warned)"""
    exceptions: dict[bytes, Row] = field(default_factory=dict)
    exception_states: dict[bytes, Row] = field(default_factory=dict)
    """(identity, state, updated_at, resolution, note, resolved_by)"""
    care: dict[bytes, Row] = field(default_factory=dict)
    """(identity, updated_at, owner, assignee, snoozed_until, snoozed_for, correction)"""
    corrections: list[Row] = field(default_factory=list)
    """New ones, and proposals that were decided."""
    delivery_data: list[Row] = field(default_factory=list)
    """(id, data)"""
    map_entries: list[Row] = field(default_factory=list)
    jobs: list[Row] = field(default_factory=list)
    job_states: list[Row] = field(default_factory=list)
    """(id, state, ended_at, ended_by, note)"""
    map_entries_ended: list[Row] = field(default_factory=list)
    """(id, removed_at, removed_by)"""
    instruction_data: list[Row] = field(default_factory=list)
    """(id, data): what was asked, without the contents that retention must be able to remove"""
    systems: dict[str, Row] = field(default_factory=dict)
    """(system, parked, reason, since)"""
    follows: list[Row] = field(default_factory=list)
    """(id, partition, kind, subject_id, data, author, created_at, done_at, result)"""
    instructions: list[Row] = field(default_factory=list)
    """(id, done_at, result)"""
    respond: Mapping[str, int] = field(default_factory=dict)
    """System and within which time its exceptions are answered, where its partner's tier says so."""
    audit: dict[int, list[Record]] = field(default_factory=dict)
    inserted: set[int] = field(default_factory=set)
    """After `commit`: which of `deliveries` are new; the others exist already and must not be sent again."""

    def record(self, partition: int, tag: str, subject: int, key: str = "", digest: str = "", detail: Any = None) -> None:
        """Add an audit record to a partition's next link."""
        self.audit.setdefault(partition, []).append((tag, subject, key, digest, detail))

    def commit(self, session: Session, owned: Iterable[OwnedPartition]) -> dict[int, tuple[int, bytes]]:
        """Write everything. Returns the new chain heads by partition, to be taken over once the transaction is through.

        Raises `Fenced` when another worker owns one of the partitions meanwhile; then nothing is written.
        """
        held = {p.id: p for p in owned}
        fence(session, held.values())
        heads = self._chain(session, held)
        session.update("ledger_message", ("state", "events", "mapping", "bundle"), self.messages)
        if len(session.insert("ledger_event", EVENT_COLUMNS, self.events, ignore="identity")) != len(self.events):
            raise Fenced("another worker recorded one of these events meanwhile")
        session.update("ledger_event", ("state", "key", "partition", "deadline", "note"), self.event_states)
        session.upsert(
            "ledger_stream",
            ("id", "key", "stream", "partition", "number", "content_hash"),
            list(self.streams.values()),
            ("key", "stream"),
            ("number", "content_hash"),
        )
        session.upsert(
            "ledger_instance",
            INSTANCE_COLUMNS,
            list(self.instances.values()),
            ("key", "flow"),
            ("process", "state", "stage", "finished", "updated_at", "bundle"),
        )
        session.upsert("ledger_reference", ("id", "value", "scheme", "key"), self.references, ("value", "scheme", "key"), ())
        if self.deliveries:
            self.inserted = set(session.insert("ledger_delivery", DELIVERY_COLUMNS, self.deliveries, ignore="identity"))
        session.update(
            "ledger_delivery",
            ("state", "attempts", "next_at", "settled_at", "ack"),
            list(self.delivery_states.values()),
        )
        session.insert("ledger_attempt", ATTEMPT_COLUMNS, self.attempts)
        session.upsert(
            "ledger_expectation",
            EXPECTATION_COLUMNS,
            list(self.expectations.values()),
            ("key", "flow", "name"),
            ("due", "warn", "warned", "owner", "description", "silent", "state", "settled_at"),
        )
        session.update("ledger_expectation", ("state", "settled_at"), self.expectation_states, match=("key", "flow", "name"))
        session.update("ledger_expectation", ("warned",), self.expectation_warned)
        self._exceptions(session)
        session.upsert(
            "ledger_system",
            ("system", "parked", "reason", "since"),
            list(self.systems.values()),
            ("system",),
            ("parked", "reason", "since"),
        )
        session.insert(
            "ledger_instruction",
            ("id", "partition", "kind", "subject_id", "data", "author", "created_at", "done_at", "result"),
            self.follows,
        )
        session.update("ledger_instruction", ("done_at", "result"), self.instructions)
        return heads

    def _exceptions(self, session: Session) -> None:
        if self.exceptions:
            rows, names = with_stakes(session, list(self.exceptions.values()), _EXCEPTION_AT)
            # not the owner: whoever was handed an exception keeps it when it fails again
            session.upsert(
                "ledger_exception",
                (*EXCEPTION_COLUMNS, "amount", "currency"),
                rows,
                ("identity",),
                (
                    "fingerprint",
                    "code",
                    "family",
                    "message",
                    "detail",
                    "state",
                    "occurrences",
                    "updated_at",
                    "due",
                    "amount",
                    "currency",
                ),
            )
            session.upsert("ledger_message_name", ("id", "value", "message_id"), names, ("value", "message_id"), ())
        session.update(
            "ledger_exception",
            ("state", "updated_at", "resolution", "note", "resolved_by", "snoozed_until", "snoozed_for"),
            [(*row, None, "") for row in self.exception_states.values()],
            match=("identity",),
            only=f"state<{int(ExceptionState.RESOLVED)}",
        )
        session.update(
            "ledger_exception",
            ("updated_at", "owner", "assignee", "snoozed_until", "snoozed_for", "correction"),
            list(self.care.values()),
            match=("identity",),
            only=f"state<{int(ExceptionState.RESOLVED)}",
        )
        session.upsert(
            "ledger_correction", CORRECTION_COLUMNS, self.corrections, ("id",), ("state", "decided_by", "decided_at", "decision")
        )
        session.update("ledger_delivery", ("data",), self.delivery_data)
        session.insert("ledger_map_entry", MAP_ENTRY_COLUMNS, self.map_entries)
        session.update("ledger_map_entry", ("removed_at", "removed_by"), self.map_entries_ended)
        session.insert("ledger_job", JOB_COLUMNS, self.jobs)
        session.update("ledger_job", ("state", "ended_at", "ended_by", "note"), self.job_states)
        session.update("ledger_instruction", ("data",), self.instruction_data)

    def _chain(self, session: Session, owned: dict[int, OwnedPartition]) -> dict[int, tuple[int, bytes]]:
        heads: dict[int, tuple[int, bytes]] = {}
        links: list[Row] = []
        deeds: list[Row] = []
        turns: list[Row] = []
        for partition, records in sorted(self.audit.items()):
            if partition not in owned:
                raise Fenced(f"partition {partition} is not owned by this worker", partition=partition)
            holder = owned[partition]
            seq = holder.seq + 1
            packed, digest = build_link(holder.hash, partition, seq, self.at, records)
            heads[partition] = (seq, digest)
            links.append((seq << 16 | partition, partition, seq, self.at, digest, packed))
            deeds += rows_of(seq << 16 | partition, partition, seq, self.at, records)
            turns.append((partition, holder.epoch, holder.seq, seq, digest))
        # epoch and the link before are matched, so that nobody continues a chain that is not his or not where he thinks it is
        if session.update("ledger_partition", ("audit_seq", "audit_hash"), turns, match=("id", "epoch", "audit_seq")) != len(
            turns
        ):
            raise Fenced("a partition was taken over by another worker", partition=min(heads))
        session.insert("ledger_audit", ("id", "partition", "seq", "at", "hash", "records"), links)
        remember(session, deeds)
        return heads


def fence(session: Session, owned: Iterable[OwnedPartition]) -> None:
    """Keep these partitions from changing hands until the transaction ends. Raises `Fenced` when one already did."""
    epochs = {p.id: p.epoch for p in owned}
    # always in the same order, so that two workers never wait for each other
    lock = " ORDER BY id FOR NO KEY UPDATE" if session.vendor == "postgresql" else ""
    for partition, epoch in session.rows_in(f"SELECT id, epoch FROM ledger_partition WHERE id {{in}}{lock}", list(epochs)):
        if epochs.pop(partition) != epoch:
            raise Fenced(f"partition {partition} was taken over by another worker", partition=partition)
    if epochs:
        raise Fenced(f"partition {min(epochs)} is not known to the ledger", partition=min(epochs))
