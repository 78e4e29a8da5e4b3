"""A worker's seat at a PostgreSQL ledger: a session of its own whose lock says that the worker lives, and under which number."""

from __future__ import annotations

import os
import socket
from typing import Any, Final

from crossdock.core.errors import LedgerUnavailable
from crossdock.ledger.database import LedgerLocation

WORKERS: Final = 0x43D0
"""Class of the advisory locks that stand for living workers; the object is the worker's node number."""
NODES: Final = 1000
"""Node numbers of workers; those above are for commands that people run."""


def session(location: LedgerLocation) -> Any:
    """A session in which either end finds out within seconds that the other is gone. Raises psycopg.OperationalError."""
    import psycopg

    connection = psycopg.connect(
        **location.conninfo(), autocommit=True, connect_timeout=5,
        keepalives_idle=2, keepalives_interval=1, keepalives_count=3, application_name=f"crossdock {worker_name()}",
    )  # fmt: skip
    # the server, too, finds out within seconds that the machine at the other end is gone: only then do its locks fall
    connection.execute(
        "SET tcp_user_timeout = 4000; SET tcp_keepalives_idle = 2; SET tcp_keepalives_interval = 1; SET tcp_keepalives_count = 3"
    )
    return connection


def take_seat(connection: Any) -> int:
    """A number no other living worker has. Raises `LedgerUnavailable` when there are too many, psycopg.Error when the session ended."""
    # numbers are given in turn: one that was just lost may still be used for a moment by a worker that does not know yet
    first = int(connection.execute("SELECT txid_current() %% %s", (NODES,)).fetchone()[0])
    for offset in range(NODES):
        node = (first + offset) % NODES
        if lock(connection, WORKERS, node):
            return node
    raise LedgerUnavailable(f"{NODES} workers are alive already")


def lock(connection: Any, kind: int, number: int) -> bool:
    """Try to take an advisory lock."""
    return bool(connection.execute("SELECT pg_try_advisory_lock(%s, %s)", (kind, number)).fetchone()[0])


def others(connection: Any, node: int) -> int:
    """How many other workers are alive on this ledger."""
    rows = connection.execute(
        "SELECT COUNT(*) FROM pg_locks WHERE locktype='advisory' AND granted AND classid=%s AND objid<>%s "
        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        (WORKERS, node),
    ).fetchone()
    return int(rows[0])


def worker_name() -> str:
    """This process, as people see it."""
    return f"{socket.gethostname()}:{os.getpid()}"
