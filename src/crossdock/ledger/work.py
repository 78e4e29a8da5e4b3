"""What a worker takes from the ledger: messages, events, deliveries, timers and instructions of its partitions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from crossdock.core.errors import LedgerUnavailable, PartitionsChanged
from crossdock.ledger.batch import OwnedPartition
from crossdock.ledger.payloads import ClaimStore, Damaged, decode, unpack
from crossdock.ledger.session import Row, Session
from crossdock.ledger.states import OPEN_DELIVERIES, EventState, MessageState


@dataclass(frozen=True, slots=True)
class TakenMessage:
    """A message to normalize."""

    id: int
    partition: int
    system: str
    channel: str
    topic: str
    dedupe_key: str
    content_hash: bytes
    content_type: str
    headers: str
    body: bytes
    received_at: int
    correlation: str
    mark: str
    """Why it needs a person although nobody normalized it: `refused:…` or `conflict:…`; else empty."""
    claim: str = ""
    """Where the body is kept when it was not fetched with the message."""


BYTES_AT_ONCE = 2_000_000
REFUSED, CONFLICT = "refused:", "conflict:"
MARKS = (REFUSED, CONFLICT)
LOST_PAYLOAD = "lost:"
"""Mark of a message whose body is gone from the claim store, or damaged."""
AWAY = "away:"
"""Mark of a message whose body cannot be fetched while the claim store is away."""

_MESSAGE = (
    "SELECT id, partition, system, channel, topic, dedupe_key, content_hash, content_type, headers, encoding, body, claim, "
    "received_at, correlation, mapping FROM ledger_message WHERE "
)


def _message(row: Row, claims: ClaimStore | None) -> TakenMessage:
    (number, partition, system, channel, topic, key, digest, kind, headers, encoding, body, claim, at, correlation, mark) = row
    if not mark.startswith(MARKS):
        mark = ""  # the column also names the mapping that normalized the message
    payload = b""
    if not claim:
        try:
            payload = decode(encoding, body or b"")
        except Damaged:
            mark = LOST_PAYLOAD
    taken = TakenMessage(
        number, partition, system, channel, topic, key, bytes(digest), kind, headers, payload, at, correlation, mark, claim
    )
    return taken if claims is None or not claim else with_body(taken, claims)


def with_body(message: TakenMessage, claims: ClaimStore) -> TakenMessage:
    """The message with the body its claim names; marked when the body is gone, or cannot be fetched now."""
    try:
        return replace(message, body=claims.get(message.claim), claim="")
    except (KeyError, Damaged):
        return replace(message, mark=LOST_PAYLOAD, claim="")
    except LedgerUnavailable:
        return replace(message, mark=AWAY, claim="")


def take_messages(
    session: Session,
    partitions: Sequence[int],
    limit: int,
    claims: ClaimStore | None = None,
    *,
    large: bool = True,
    queues: Sequence[tuple[Sequence[str], int]] = (),
) -> list[TakenMessage]:
    """Messages nobody has normalized yet, oldest first, and conflicts that still need their exception.

    Without `claims`, bodies kept outside are not fetched (`TakenMessage.claim`); without `large`, their messages are left for later.
    No more are taken than `BYTES_AT_ONCE` of bodies, but always one, so that memory does not grow with what lies there.
    Where more lie there than are taken, each of the `queues` (systems and weight) gets its share first, and the oldest of all fill what is left.
    """
    also = "" if large else "AND claim='' "
    todo = _MESSAGE + f"state={int(MessageState.RECEIVED)} {also}"
    rows = session.rows_in(todo + f"AND partition {{in}} ORDER BY id LIMIT {int(limit)}", list(partitions))
    if len(rows) >= limit and queues:
        rows = _shared(session, todo, rows, partitions, limit, queues)
    taken: list[TakenMessage] = []
    size = 0
    for row in rows:
        taken.append(_message(row, claims))
        size += len(taken[-1].body)
        if size >= BYTES_AT_ONCE:
            break
    return sorted(taken, key=lambda message: message.id) if queues else taken


def _shared(
    session: Session,
    todo: str,
    oldest: Sequence[Row],
    partitions: Sequence[int],
    limit: int,
    queues: Sequence[tuple[Sequence[str], int]],
) -> list[Row]:
    """The share of each queue, one of each in turn, then the oldest of all; each row once, `limit` at most."""
    total = sum(weight for _, weight in queues)
    mine = set(partitions)
    lines: list[list[Row]] = []
    for systems, weight in queues:
        sure = max(1, limit * weight // total)
        marks = ",".join("?" * len(systems))
        # the index says whose turn it is by system; those of partitions others own are few or none, and are passed over here
        found: list[Row] = []
        after = 0
        while len(found) < sure:
            page = session.rows(f"{todo}AND system IN ({marks}) AND id>? ORDER BY id LIMIT {sure}", (*systems, after))
            found += [row for row in page if row[1] in mine]
            if len(page) < sure:
                break
            after = page[-1][0]
        lines.append(found[:sure])
    chosen: dict[int, Row] = {}
    for turn in range(max(map(len, lines), default=0)):
        for line in lines:
            if turn < len(line) and len(chosen) < limit:
                chosen[line[turn][0]] = line[turn]
    for row in oldest:
        if len(chosen) >= limit:
            break
        chosen[row[0]] = row
    return list(chosen.values())


def full(messages: Sequence[TakenMessage], limit: int) -> bool:
    """Whether more may lie there than were taken."""
    return len(messages) >= limit or sum(len(message.body) for message in messages) >= BYTES_AT_ONCE


def messages_by_id(session: Session, ids: Sequence[int], claims: ClaimStore) -> list[TakenMessage]:
    """Messages by number, with the latest correction's body where one was made."""
    found = [_message(row, claims) for row in session.rows_in(_MESSAGE + "id {in}", list(ids))]
    corrections = {
        message_id: decode(encoding, body)
        for message_id, encoding, body in session.rows_in(
            "SELECT message_id, encoding, body FROM ledger_correction WHERE state=0 AND message_id {in} ORDER BY version",
            list(ids),
        )
    }
    return [_corrected(message, corrections.get(message.id)) for message in found]


def _corrected(message: TakenMessage, body: bytes | None) -> TakenMessage:
    return message if body is None else replace(message, body=body)


EVENT_FIELDS = (
    "id, message_id, partition, event_id, key, type, source, stream, number, contiguous, refs, data, content_hash, "
    "occurred_at, correlation, state, deadline"
)


def take_events(session: Session, partitions: Sequence[int], limit: int) -> list[Row]:
    """Events normalized elsewhere (by another worker, or before a crash) that wait for this partition's owner."""
    return session.rows_in(
        f"SELECT {EVENT_FIELDS} FROM ledger_event WHERE state={int(EventState.PENDING)} AND partition {{in}} "
        f"ORDER BY id LIMIT {int(limit)}",
        list(partitions),
    )


def take_held(session: Session, keys: Sequence[str]) -> list[Row]:
    """Events of these keys that wait for a predecessor."""
    return session.rows_in(
        f"SELECT {EVENT_FIELDS} FROM ledger_event WHERE state={int(EventState.HELD)} AND key {{in}} ORDER BY number",
        list(keys),
    )


def take_waiting(session: Session, partitions: Sequence[int], after: int, limit: int) -> list[Row]:
    """Events numbered above `after` that wait for their transaction to become known."""
    return session.rows_in(
        f"SELECT {EVENT_FIELDS} FROM ledger_event WHERE state={int(EventState.WAITING)} AND id>{int(after)} "
        f"AND partition {{in}} ORDER BY id LIMIT {int(limit)}",
        list(partitions),
    )


def take_expired(session: Session, partitions: Sequence[int], now: int, limit: int) -> list[Row]:
    """Held and waiting events whose deadline has passed."""
    return session.rows_in(
        f"SELECT {EVENT_FIELDS} FROM ledger_event WHERE state IN ({int(EventState.HELD)},{int(EventState.WAITING)}) "
        f"AND deadline<={int(now)} AND partition {{in}} ORDER BY id LIMIT {int(limit)}",
        list(partitions),
    )


def take_due(session: Session, partitions: Sequence[int], now: int, limit: int) -> list[Row]:
    """Open expectations whose time has come: (id, key, flow, name, partition, due, owner, description, silent)."""
    return session.rows_in(
        f"SELECT id, key, flow, name, partition, due, owner, description, silent FROM ledger_expectation WHERE state=0 "
        f"AND due<={int(now)} AND partition {{in}} ORDER BY due LIMIT {int(limit)}",
        list(partitions),
    )


def parked_systems(session: Session) -> dict[str, str]:
    """Systems whose channel is parked, whichever worker parked it, with the reason."""
    return dict(session.rows("SELECT system, reason FROM ledger_system WHERE parked"))


def take_instructions(session: Session, partitions: Sequence[int], limit: int) -> list[Row]:
    """Instructions of people not carried out yet: (id, partition, kind, subject_id, data, author)."""
    return session.rows_in(
        "SELECT id, partition, kind, subject_id, data, author FROM ledger_instruction "
        "WHERE done_at IS NULL AND kind NOT IN ('follow','run','alert') "
        f"AND partition {{in}} ORDER BY id LIMIT {int(limit)}",
        list(partitions),
    )


DELIVERY_FIELDS = "id, command_id, name, system, flow, key, partition, budget, data, state, attempts, next_at, deadline, correlation, created_at, cause"


def open_deliveries(session: Session, partitions: Sequence[int]) -> list[Row]:
    """Every delivery of these partitions that has not settled, in the order decided; read when a partition is taken over."""
    states = ",".join(str(int(s)) for s in OPEN_DELIVERIES)
    return session.rows_in(
        f"SELECT {DELIVERY_FIELDS} FROM ledger_delivery WHERE state IN ({states}) AND partition {{in}} ORDER BY id",
        list(partitions),
    )


def deliveries_by_id(session: Session, ids: Sequence[int]) -> list[Row]:
    """Deliveries by number, in `DELIVERY_FIELDS` order."""
    return session.rows_in(f"SELECT {DELIVERY_FIELDS} FROM ledger_delivery WHERE id {{in}}", list(ids))


def known_events(session: Session, identities: Sequence[bytes]) -> dict[bytes, tuple[int, bytes]]:
    """Which of these event identities are recorded: identity -> (number, content hash)."""
    return {
        bytes(identity): (number, bytes(content))
        for number, identity, content in session.rows_in(
            "SELECT id, identity, content_hash FROM ledger_event WHERE identity {in}", list(identities)
        )
    }


def instances_of(session: Session, keys: Sequence[str]) -> list[Row]:
    """Process instances of keys: (id, key, flow, process, state, opened_at, correlation, bundle, finished)."""
    return [
        (*row[:4], unpack(row[4]), *row[5:])
        for row in session.rows_in(
            "SELECT id, key, flow, process, state, opened_at, correlation, bundle, finished FROM ledger_instance WHERE key {in}",
            list(keys),
        )
    ]


def streams_of(session: Session, keys: Sequence[str]) -> list[Row]:
    """Stream positions of keys: (id, key, stream, number, content_hash)."""
    return session.rows_in("SELECT id, key, stream, number, content_hash FROM ledger_stream WHERE key {in}", list(keys))


def resolve_references(session: Session, values: Sequence[str]) -> dict[tuple[str, str], str]:
    """(scheme, value) -> business key for all references with one of these values; the latest one wins."""
    rows = session.rows_in("SELECT scheme, value, key FROM ledger_reference WHERE value {in} ORDER BY id", list(values))
    return {(scheme, value): key for scheme, value, key in rows}


def settle_partitions(session: Session, partitions: int) -> None:
    """Note at the first start how many partitions there are. Raises `PartitionsChanged` when a later start says another number."""
    [(known,)] = session.rows("SELECT COUNT(*) FROM ledger_partition")
    if known == 0:
        _make_partitions(session, range(partitions))
    elif known != partitions:
        raise PartitionsChanged(
            f"the landscape has {partitions} partitions, its ledger was made with {known}", landscape=partitions, ledger=known
        )


def claim_partitions(session: Session, partitions: Sequence[int], owner: str) -> list[OwnedPartition]:
    """Take ownership: raises the epoch of each partition, which fences whoever owned it before. Creates missing rows."""
    _make_partitions(session, partitions)
    owned = []
    for partition in partitions:
        session.execute("UPDATE ledger_partition SET epoch=epoch+1, owner=? WHERE id=?", (owner, partition))
        [(epoch, seq, digest)] = session.rows(
            "SELECT epoch, audit_seq, audit_hash FROM ledger_partition WHERE id=?", (partition,)
        )
        owned.append(OwnedPartition(partition, epoch, seq, bytes(digest)))
    return owned


def _make_partitions(session: Session, partitions: Sequence[int]) -> None:
    session.upsert(
        "ledger_partition",
        ("id", "epoch", "owner", "audit_seq", "audit_hash"),
        [(p, 0, "", 0, bytes(32)) for p in partitions],
        ("id",),
        (),
    )


def highest_number(session: Session) -> int:
    """The largest record number given so far, so that a clock set back cannot make one twice."""
    tables = (
        "ledger_message", "ledger_event", "ledger_delivery", "ledger_attempt", "ledger_exception", "ledger_instance",
        "ledger_reference", "ledger_expectation", "ledger_stream", "ledger_cursor", "ledger_instruction", "ledger_run",
        "ledger_correction", "ledger_job", "ledger_job_item", "ledger_map_entry",
    )  # fmt: skip
    return max(int(session.rows(f"SELECT COALESCE(MAX(id),0) FROM {table}")[0][0]) for table in tables)


def backlog(session: Session, partitions: Sequence[int]) -> int:
    """How many messages of these partitions wait to be normalized."""
    sql = f"SELECT COUNT(*) FROM ledger_message WHERE state={int(MessageState.RECEIVED)} AND partition {{in}}"
    return sum(int(count) for (count,) in session.rows_in(sql, list(partitions)))
