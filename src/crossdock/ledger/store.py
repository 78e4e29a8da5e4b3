"""Connections to the ledger and the threads that use them: one transaction per unit of work; knows no query."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from crossdock.core.errors import LedgerUnavailable
from crossdock.ledger.database import LedgerLocation, configure
from crossdock.ledger.session import PostgresqlSession, Session, SqliteSession, TableTypes

T = TypeVar("T")


class Lane:
    """One connection used by one thread. Each unit of work is one transaction: committed whole or not at all."""

    def __init__(self, location: LedgerLocation, types: TableTypes, name: str, *, read_only: bool = False) -> None:
        self._location = location
        self._types = types
        self._read_only = read_only
        self._connection: Any = None
        self._session: Session | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"ledger-{name}")

    def _open(self) -> Session:
        if self._session is not None and not (self._location.vendor == "postgresql" and self._connection.closed):
            return self._session
        if self._location.vendor == "sqlite":
            connection = sqlite3.connect(
                str(self._location.path), timeout=30, isolation_level=None, check_same_thread=False, cached_statements=512
            )
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA temp_store=MEMORY")
            connection.execute("PRAGMA cache_size=-16000")
            connection.execute("PRAGMA journal_size_limit=67108864")
            if self._read_only:
                connection.execute("PRAGMA query_only=ON")
            self._connection = connection
            self._session = SqliteSession(connection)
        else:
            import psycopg

            self._connection = psycopg.connect(**self._location.conninfo(), autocommit=True, connect_timeout=5)
            self._session = PostgresqlSession(self._connection, self._types)
        return self._session

    def run(self, work: Callable[[Session], T]) -> T:
        """Do `work` in a transaction on the calling thread. Raises `LedgerUnavailable` when the database cannot serve."""
        try:
            session = self._open()
        except Exception as error:
            raise LedgerUnavailable(f"the ledger cannot be opened: {_first_line(error)}") from None
        if self._location.vendor == "sqlite":
            return self._run_sqlite(session, work)
        return self._run_postgresql(session, work)

    def _run_sqlite(self, session: Session, work: Callable[[Session], T]) -> T:
        connection: sqlite3.Connection = self._connection
        try:
            connection.execute("BEGIN" if self._read_only else "BEGIN IMMEDIATE")
            try:
                result = work(session)
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            if error.sqlite_errorname == "SQLITE_ERROR":  # a statement of ours is wrong: no outage
                raise
            raise LedgerUnavailable(f"the ledger cannot serve: {_first_line(error)}") from error
        return result

    def _run_postgresql(self, session: Session, work: Callable[[Session], T]) -> T:
        import psycopg

        try:
            with self._connection.transaction():
                return work(session)
        except psycopg.OperationalError as error:
            self._drop()
            raise LedgerUnavailable(f"the ledger cannot serve: {_first_line(error)}") from error

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = self._session = None

    async def do(self, work: Callable[[Session], T]) -> T:
        """`run` on this lane's own thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self.run, work)

    def close(self) -> None:
        self._thread.submit(self._drop).result(timeout=30)
        self._thread.shutdown()


class Store:
    """The ledger's lanes: `work` for the pipeline, `intake` for accepting, `read` for questions.

    SQLite has one writer, so there `intake` and `work` are the same lane and never wait for each other's locks.
    """

    def __init__(self, location: LedgerLocation) -> None:
        # only arrays on PostgreSQL need the models, and loading them takes a tenth of a second
        types = TableTypes(configure(location) if location.vendor == "postgresql" else "")
        self.location = location
        self.work = Lane(location, types, "work")
        self.intake = self.work if location.vendor == "sqlite" else Lane(location, types, "intake")
        self.read = Lane(location, types, "read", read_only=True)

    @property
    def vendor(self) -> str:
        return self.location.vendor

    def close(self) -> None:
        """Close all connections; waits for work under way."""
        for lane in {self.work, self.intake, self.read}:
            lane.close()


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
