"""Whether a PostgreSQL database is free to take a ledger: nothing in it, and no hub connected; changes nothing."""

from __future__ import annotations

from crossdock.ledger.session import Session


def is_empty(session: Session) -> bool:
    """Whether no table is there."""
    return not session.rows(
        "SELECT 1 FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog','information_schema') LIMIT 1"
    )


def in_use(session: Session) -> int:
    """How many sessions of hubs hold partitions of this database."""
    sql = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname=current_database() AND application_name LIKE 'crossdock %'"
    return int(session.rows(sql)[0][0])
