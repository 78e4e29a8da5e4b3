"""Regions in the ledger: what stands here in counts, this region's reports, and on a coordinator the reports it heard; judges nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import orjson

from crossdock.ledger.ids import Numbers
from crossdock.ledger.session import Session
from crossdock.ledger.states import ExceptionState
from crossdock.ledger.traffic import number_at

_UNRESOLVED: Final = f"state<{int(ExceptionState.RESOLVED)}"
KEYS: Final = 5
"""Business keys named with a group of cases."""
SEARCHED: Final = 2_000
"""Open exceptions looked at for them."""


def there_are(session: Session) -> bool:
    """Whether this ledger knows of regions at all; one of an earlier release does not."""
    if session.vendor == "sqlite":
        return bool(session.rows("SELECT 1 FROM sqlite_master WHERE name='ledger_region'"))
    return bool(session.rows("SELECT 1 WHERE to_regclass('ledger_region') IS NOT NULL"))


# --- what stands here ---------------------------------------------------------------------------------------


class Cases(NamedTuple):
    """Open exceptions of one code, flow, system, owner and currency. `oldest` is in microseconds since 1970, `minor` what is at risk."""

    code: str
    flow: str
    system: str
    owner: str
    currency: str
    open: int
    late: int
    oldest: int
    minor: int


def cases(session: Session, now: int) -> list[Cases]:
    """Open exceptions in groups, most first."""
    rows = session.rows(
        "SELECT code, flow, system, owner, currency, COUNT(*), SUM(CASE WHEN due<? THEN 1 ELSE 0 END), MIN(created_at), "
        f"SUM(COALESCE(amount,0)) FROM ledger_exception WHERE {_UNRESOLVED} GROUP BY code, flow, system, owner, currency "
        "ORDER BY COUNT(*) DESC, MIN(created_at)",
        (now,),
    )
    return [
        Cases(code, flow, system, owner, currency, int(count), int(late or 0), int(oldest), int(minor or 0))
        for code, flow, system, owner, currency, count, late, oldest, minor in rows
    ]


def stuck_keys(session: Session) -> dict[tuple[str, str, str, str], list[str]]:
    """Per code, flow, system and owner the business keys that wait longest, of the oldest open exceptions."""
    found: dict[tuple[str, str, str, str], list[str]] = {}
    for code, flow, system, owner, key in session.rows(
        f"SELECT code, flow, system, owner, key FROM ledger_exception WHERE {_UNRESOLVED} AND key<>'' "
        f"ORDER BY id LIMIT {SEARCHED}"
    ):
        keys = found.setdefault((code, flow, system, owner), [])
        if len(keys) < KEYS and key not in keys:
            keys.append(key)
    return found


def keys_in_trouble(session: Session) -> list[str]:
    """Every business key with an open exception."""
    return [key for (key,) in session.rows(f"SELECT DISTINCT key FROM ledger_exception WHERE {_UNRESOLVED} AND key<>''")]


def counted(session: Session, begin: int, end: int) -> dict[str, int]:
    """Messages, events, accepted effects and exceptions recorded from `begin` up to `end` (microseconds): reads only their rows."""
    window = (number_at(begin), number_at(end))
    asked = {
        "messages": "SELECT COUNT(*) FROM ledger_message WHERE id>=? AND id<?",
        "events": "SELECT COUNT(*) FROM ledger_event WHERE id>=? AND id<?",
        "effects": "SELECT COUNT(*) FROM ledger_attempt WHERE id>=? AND id<? AND outcome='accepted'",
        "exceptions": "SELECT COUNT(*) FROM ledger_exception WHERE id>=? AND id<?",
    }
    return {name: int(session.rows(sql, window)[0][0]) for name, sql in asked.items()}


# --- this region's reports ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reporting:
    """How far this region's reports are; times in microseconds since 1970."""

    incarnation: str
    sequence: int
    said_at: int
    left_out: int
    told_at: int | None
    counted_to: int
    totals: dict[str, int]
    reconciled: dict[str, Any]
    trouble: str


_STANDING: Final = "incarnation, sequence, said_at, left_out, told_at, counted_to, totals, reconciled, trouble"


def reporting(session: Session) -> Reporting | None:
    """How far this region's reports are; None before the first."""
    rows = session.rows(f"SELECT {_STANDING} FROM ledger_reporting WHERE id=1")
    if not rows:
        return None
    incarnation, sequence, said, left_out, told, counted_to, totals, reconciled, trouble = rows[0]
    return Reporting(
        incarnation, int(sequence), int(said), int(left_out), None if told is None else int(told), int(counted_to),
        orjson.loads(totals), orjson.loads(reconciled), trouble,
    )  # fmt: skip


def begin(session: Session, incarnation: str, counted_to: int) -> Reporting:
    """Begin to count reports from one, under a new incarnation; what was not told is gone."""
    session.execute("DELETE FROM ledger_report")
    columns = ("id", *_STANDING.split(", "))
    row = (1, incarnation, 0, 0, 0, None, counted_to, "{}", "{}", "")
    session.upsert("ledger_reporting", columns, [row], ("id",), columns[1:])
    found = reporting(session)
    assert found is not None
    return found


def put(
    session: Session, sequence: int, digest: str, taken_at: int, body: str, totals: Mapping[str, int], counted_to: int
) -> None:
    """Keep a report that was taken. Refused by the table when another worker took the same number."""
    session.insert("ledger_report", ("id", "digest", "taken_at", "body", "told_at"), [(sequence, digest, taken_at, body, None)])
    session.execute(
        "UPDATE ledger_reporting SET sequence=?, totals=?, counted_to=? WHERE id=1",
        (sequence, orjson.dumps(dict(totals)).decode(), counted_to),
    )


def trim(session: Session, keep: int) -> int:
    """Leave out the oldest reports beyond so many; how many of them had not been told."""
    [(newest,)] = session.rows("SELECT COALESCE(MAX(id),0) FROM ledger_report")
    before = int(newest) - keep + 1
    [(untold,)] = session.rows("SELECT COUNT(*) FROM ledger_report WHERE id<? AND told_at IS NULL", (before,))
    session.execute("DELETE FROM ledger_report WHERE id<?", (before,))
    if untold:
        session.execute("UPDATE ledger_reporting SET left_out=left_out+? WHERE id=1", (int(untold),))
    return int(untold)


def held(session: Session) -> dict[int, str]:
    """The reports kept, told or not: number and digest."""
    return {int(number): digest for number, digest in session.rows("SELECT id, digest FROM ledger_report ORDER BY id")}


def untold(session: Session, limit: int) -> list[tuple[int, str]]:
    """The reports not told yet, the oldest first: number and body."""
    sql = f"SELECT id, body FROM ledger_report WHERE told_at IS NULL ORDER BY id LIMIT {int(limit)}"
    return [(int(number), body) for number, body in session.rows(sql)]


def waiting(session: Session) -> int:
    """How many reports were not told yet."""
    return int(session.rows("SELECT COUNT(*) FROM ledger_report WHERE told_at IS NULL")[0][0])


def bodies(session: Session, numbers: Sequence[int]) -> list[tuple[int, str]]:
    """These reports, as far as they are kept."""
    rows = session.rows_in("SELECT id, body FROM ledger_report WHERE id {in}", list(numbers))
    return sorted((int(number), body) for number, body in rows)


def told(session: Session, numbers: Sequence[int], at: int) -> None:
    """The coordinator has these reports."""
    session.update("ledger_report", ("told_at",), [(number, at) for number in numbers], only="told_at IS NULL")
    session.execute("UPDATE ledger_reporting SET told_at=?, trouble='' WHERE id=1", (at,))


def note(session: Session, **values: object) -> None:
    """Note how telling went: `said_at`, `left_out`, `reconciled` (JSON) or `trouble` (a stable code)."""
    names = [name for name in ("said_at", "left_out", "reconciled", "trouble") if name in values]
    session.execute(
        f"UPDATE ledger_reporting SET {', '.join(f'{name}=?' for name in names)} WHERE id=1", [values[name] for name in names]
    )


# --- the coordinator's side ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Heard:
    """A region as the coordinator heard of it last."""

    region: str
    incarnation: str
    sequence: int
    received: int
    left_out: int
    said_at: int
    heard_at: int
    began_anew: int
    body: dict[str, Any]
    reconciled: dict[str, Any]

    @property
    def missing(self) -> int:
        """Reports of this incarnation that never came."""
        return max(0, self.sequence - self.received)


_HEARD: Final = "region, incarnation, sequence, received, left_out, said_at, heard_at, began_anew, body, reconciled"


def heard(session: Session, region: str = "") -> list[Heard]:
    """Every region that was ever heard of, or this one."""
    only, args = (" WHERE region=?", (region,)) if region else ("", ())
    return [
        Heard(
            name, incarnation, int(sequence), int(received), int(left_out), int(said), int(at), int(anew), orjson.loads(body),
            orjson.loads(reconciled),
        )
        for name, incarnation, sequence, received, left_out, said, at, anew, body, reconciled in session.rows(
            f"SELECT {_HEARD} FROM ledger_region{only} ORDER BY region", args
        )
    ]  # fmt: skip


def has(session: Session, region: str, incarnation: str, numbers: Sequence[int]) -> dict[int, str]:
    """Which of these reports of a region are here, with their digests."""
    rows = session.rows_in(
        "SELECT sequence, digest FROM ledger_region_report WHERE region=? AND incarnation=? AND sequence {in}", list(numbers),
        (region, incarnation),
    )  # fmt: skip
    return {int(number): digest for number, digest in rows}


def keep(
    session: Session, numbers: Numbers, region: str, incarnation: str, reports: Sequence[tuple[int, str, int, str]], at: int
) -> None:
    """Keep reports of a region (number, digest, when taken, body); one that is here with another content is replaced: the region's word counts."""
    columns = ("id", "region", "incarnation", "sequence", "digest", "taken_at", "heard_at", "body")
    rows = [(numbers.next(), region, incarnation, number, digest, taken, at, body) for number, digest, taken, body in reports]
    session.upsert(
        "ledger_region_report", columns, rows, ("region", "incarnation", "sequence"), ("digest", "taken_at", "heard_at", "body")
    )


def hear(session: Session, numbers: Numbers, now: Heard) -> None:
    """A region as it stands now."""
    columns = ("id", *_HEARD.split(", "))
    row = (
        numbers.next(), now.region, now.incarnation, now.sequence, now.received, now.left_out, now.said_at, now.heard_at,
        now.began_anew, orjson.dumps(now.body).decode(), orjson.dumps(now.reconciled).decode(),
    )  # fmt: skip
    session.upsert("ledger_region", columns, [row], ("region",), columns[2:])


def course(session: Session, region: str, incarnation: str, limit: int) -> list[dict[str, Any]]:
    """The last reports of a region, the newest first."""
    rows = session.rows(
        f"SELECT body FROM ledger_region_report WHERE region=? AND incarnation=? ORDER BY sequence DESC LIMIT {int(limit)}",
        (region, incarnation),
    )
    return [orjson.loads(body) for (body,) in rows]


def forget(session: Session, before: int) -> int:
    """Remove reports heard before a time; how many. What a region stands at stays."""
    return session.execute("DELETE FROM ledger_region_report WHERE heard_at<?", (before,))
