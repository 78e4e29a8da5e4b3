"""Whether anybody has an account on this ledger yet, asked before the workbench's tables are known to exist."""

from __future__ import annotations

from crossdock.ledger.session import Session


def nobody_yet(session: Session) -> bool:
    """Whether there is no account of a person; also when the tables of accounts were never made."""
    if session.vendor == "sqlite":
        there = session.rows("SELECT 1 FROM sqlite_master WHERE type='table' AND name='accounts_user'")
    else:
        there = session.rows("SELECT 1 FROM pg_class WHERE oid=to_regclass('accounts_user')")
    if not there:
        return True
    service = "0" if session.vendor == "sqlite" else "false"
    return not session.rows(f"SELECT 1 FROM accounts_user WHERE is_service={service} LIMIT 1")
