"""What people did, found by who, what, about what and when: an index over the audit chain; what it says is read from the chain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from crossdock.ledger.audit import Record
from crossdock.ledger.payloads import Damaged, unpack
from crossdock.ledger.session import Row, Session

SOURCES: Final = ("person:", "people:", "workbench:")
"""How tags of records begin that speak of people."""
COLUMNS: Final = ("id", "at", "partition", "seq", "place", "tag", "author", "key")
PLACES: Final = 4096
"""Records of people one link can hold in the index; a micro-batch carries out a few hundred instructions."""


@dataclass(frozen=True, slots=True)
class Deed:
    """One record of the chain. `at` is microseconds since 1970; `detail` is what the chain says, None when its link cannot be read."""

    id: int
    at: int
    partition: int
    seq: int
    tag: str
    author: str
    key: str
    subject: int
    detail: Any


@dataclass(frozen=True, slots=True)
class Sought:
    """What to look for; empty is no limit. `about` is a business key or a number's digits; `tag` may end in `*`."""

    author: str = ""
    tag: str = ""
    about: str = ""
    since: int | None = None
    until: int | None = None


def rows_of(link: int, partition: int, seq: int, at: int, records: Sequence[Record]) -> list[Row]:
    """Index rows of the records of one link that speak of people."""
    found: list[Row] = []
    for place, (tag, _subject, key, _digest, detail) in enumerate(records):
        if tag.startswith(SOURCES) and len(found) < PLACES:
            author = str(detail.get("by", "")) if isinstance(detail, dict) else ""
            about = key or (str(detail.get("account", "")) if isinstance(detail, dict) else "")
            found.append((link * PLACES + len(found), at, partition, seq, place, tag, author, about))
    return found


def remember(session: Session, rows: Sequence[Row]) -> None:
    """Keep index rows, in the transaction of their links."""
    session.insert("ledger_deed", COLUMNS, rows)


def search(session: Session, sought: Sought, *, before: tuple[int, int] | None = None, limit: int = 50) -> list[Deed]:
    """The newest deeds that fit, below `before` (time and number of the last one seen)."""
    conditions, args = ["1=1"], list[Any]()
    if sought.author:
        conditions.append("author=?")
        args.append(sought.author)
    if sought.tag.endswith("*"):
        conditions.append("substr(tag, 1, ?)=?")
        args += [len(sought.tag) - 1, sought.tag[:-1]]
    elif sought.tag:
        conditions.append("tag=?")
        args.append(sought.tag)
    if sought.about:
        conditions.append("key=?")
        args.append(sought.about)
    if sought.since is not None:
        conditions.append("at>=?")
        args.append(sought.since)
    if sought.until is not None:
        conditions.append("at<?")
        args.append(sought.until)
    if before is not None:
        conditions.append("(at<? OR (at=? AND id<?))")
        args += [before[0], before[0], before[1]]
    rows = session.rows(
        f"SELECT {','.join(COLUMNS)} FROM ledger_deed WHERE {' AND '.join(conditions)} ORDER BY at DESC, id DESC LIMIT {int(limit)}",
        args,
    )
    return _told(session, rows)


def every(session: Session, sought: Sought, batch: int = 500) -> Iterator[Deed]:
    """All deeds that fit, newest first, read in batches."""
    before: tuple[int, int] | None = None
    while found := search(session, sought, before=before, limit=batch):
        yield from found
        before = (found[-1].at, found[-1].id)


def _told(session: Session, rows: Sequence[Row]) -> list[Deed]:
    links: dict[int, list[Any]] = {}
    wanted = sorted({row[3] << 16 | row[2] for row in rows})
    for number, packed in session.rows_in("SELECT id, records FROM ledger_audit WHERE id {in}", wanted):
        try:
            links[number] = orjson.loads(unpack(packed))
        except (Damaged, ValueError):
            links[number] = []
    found: list[Deed] = []
    for number, at, partition, seq, place, tag, author, key in rows:
        records = links.get(seq << 16 | partition, [])
        record = records[place] if place < len(records) and records[place][0] == tag else None
        subject, detail = (record[1], record[4]) if record is not None else (0, None)
        found.append(Deed(number, at, partition, seq, tag, author, key, subject, detail))
    return found
