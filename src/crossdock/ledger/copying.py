"""What a backup needs of a ledger: a copy of a SQLite file amid work, and what a copy holds; knows no folder of backups."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

from crossdock.core.errors import LedgerDamaged, LedgerUnavailable
from crossdock.ledger.database import damaged
from crossdock.ledger.session import Session
from crossdock.ledger.times import moment


def copy_sqlite(source: Path, target: Path) -> None:
    """Copy the ledger as it is at one moment, while hubs write to it (SQLite's online backup); they are not kept waiting.

    Raises `LedgerUnavailable` or `LedgerDamaged`.
    """
    target.unlink(missing_ok=True)
    try:
        reading = sqlite3.connect(f"file:{quote(str(source))}?mode=ro", uri=True, timeout=30)
        try:
            writing = sqlite3.connect(target)
            try:
                # in one go: it reads one moment, and in write-ahead mode whoever reads keeps nobody from writing
                reading.backup(writing, pages=-1)
                writing.execute("PRAGMA journal_mode=DELETE")
            finally:
                writing.close()
        finally:
            reading.close()
    except sqlite3.Error as error:
        kind = LedgerDamaged if damaged(error) else LedgerUnavailable
        raise kind(f"the ledger cannot be copied: {error}") from None


def sound_sqlite(path: Path) -> list[str]:
    """What SQLite's own check finds wrong with a copy; empty when it is sound."""
    connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)
    try:
        found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(20)")]
    except sqlite3.DatabaseError as error:
        return [str(error)]
    finally:
        connection.close()
    return [] if found == ["ok"] else found


def claims_named(session: Session, batch: int = 5_000) -> list[str]:
    """Every claim a message of the ledger has its body under, in order."""
    found: list[str] = []
    last = ""
    while rows := session.rows(
        f"SELECT DISTINCT claim FROM ledger_message WHERE claim>? AND claim<>'' ORDER BY claim LIMIT {int(batch)}", (last,)
    ):
        found += [row[0] for row in rows]
        last = found[-1]
    return found


def contents(session: Session) -> dict[str, Any]:
    """What a ledger holds, for a manifest: newest message, counts of what is open, heads of the audit chains, the bundle that ran."""
    newest = session.rows("SELECT MAX(received_at) FROM ledger_message")[0][0]
    bundle = session.rows("SELECT id FROM ledger_bundle ORDER BY loaded_at DESC LIMIT 1")
    return {
        "messages": int(session.rows("SELECT COUNT(*) FROM ledger_message")[0][0]),
        "newest_message": "" if newest is None else moment(newest).isoformat(),
        "open_deliveries": int(session.rows("SELECT COUNT(*) FROM ledger_delivery WHERE state<10")[0][0]),
        "open_exceptions": int(session.rows("SELECT COUNT(*) FROM ledger_exception WHERE state<2")[0][0]),
        "bundle": bundle[0][0] if bundle else "",
        "audit": {
            str(partition): [seq, bytes(digest).hex()]
            for partition, seq, digest in session.rows("SELECT id, audit_seq, audit_hash FROM ledger_partition ORDER BY id")
        },
        "migrations": sorted(name for (name,) in session.rows("SELECT name FROM django_migrations WHERE app='ledger'")),
    }
