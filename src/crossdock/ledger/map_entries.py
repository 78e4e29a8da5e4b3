"""Value-map entries people added while the hub runs; knows no landscape."""

from __future__ import annotations

from dataclasses import dataclass

from crossdock.ledger.session import Row, Session


@dataclass(frozen=True, slots=True)
class MapEntry:
    """One added entry; times are microseconds since 1970."""

    id: int
    map: str
    code: str
    value: str
    author: str
    reason: str
    created_at: int


def live_entries(session: Session) -> list[tuple[str, str, str]]:
    """All entries in force: (map, code, value)."""
    return [
        (name, code, value)
        for name, code, value in session.rows(
            "SELECT map, code, value FROM ledger_map_entry WHERE removed_at IS NULL ORDER BY id"
        )
    ]


def entries(session: Session, name: str = "") -> list[MapEntry]:
    """The entries in force with who made them and why, of one map or of all."""
    columns = "SELECT id, map, code, value, author, reason, created_at FROM ledger_map_entry WHERE removed_at IS NULL"
    rows: list[Row] = (
        session.rows(f"{columns} AND map=? ORDER BY id", (name,)) if name else session.rows(f"{columns} ORDER BY map, id")
    )
    return [MapEntry(*row) for row in rows]
