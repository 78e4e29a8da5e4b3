"""A session inside the transaction Django has open, so that what pages write and what the hub is asked to record commit together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from crossdock.ledger.session import PostgresqlSession, Session, SqliteSession, TableTypes

_TYPES = TableTypes("default")


@contextmanager
def joined() -> Iterator[Session]:
    """A session on Django's default connection; begins a transaction when none is open."""
    from django.db import connection, transaction

    with transaction.atomic():
        connection.ensure_connection()
        raw = connection.connection
        yield SqliteSession(raw) if connection.vendor == "sqlite" else PostgresqlSession(raw, _TYPES)
