"""Connections to the ledger and the threads that use them: one transaction per unit of work; knows no query."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from crossdock.core.errors import LedgerDamaged, LedgerUnavailable
from crossdock.ledger.database import LedgerLocation, configure, damaged
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
        self._file = (0, 0)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"ledger-{name}")

    def _open(self) -> Session:
        if self._session is not None and self._still_there():
            return self._session
        if self._location.vendor == "sqlite":
            path = self._location.path
            assert path is not None
            self._file = _identity(path)
            # a ledger is made by `migrate` only: an empty one in the place of one that was removed would look like a fresh start
            connection = sqlite3.connect(
                f"file:{quote(str(path))}?mode=rw", uri=True,
                timeout=30, isolation_level=None, check_same_thread=False, cached_statements=512,
            )  # fmt: skip
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

    def _still_there(self) -> bool:
        """Whether the connection leads to the ledger. Raises OSError when the file was removed: what is written to it would be lost."""
        if self._location.vendor == "postgresql":
            return not self._connection.closed
        path = self._location.path
        assert path is not None
        if _identity(path) == self._file:
            return True
        self._drop()
        return False

    def run(self, work: Callable[[Session], T]) -> T:
        """Do `work` in a transaction on the calling thread. Raises `LedgerUnavailable` when the database cannot serve."""
        try:
            session = self._open()
        except FileNotFoundError:
            self._drop()
            raise LedgerUnavailable(f"the ledger {self._location.path} is not there any more") from None
        except Exception as error:
            if damaged(error):
                raise LedgerDamaged(f"the ledger is damaged: {_first_line(error)}") from None
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
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            if error.sqlite_errorname == "SQLITE_ERROR":  # a statement of ours is wrong: no outage
                raise
            raise LedgerUnavailable(f"the ledger cannot serve: {_first_line(error)}") from error
        except sqlite3.DatabaseError as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            if damaged(error):
                raise LedgerDamaged(f"the ledger is damaged: {_first_line(error)}") from error
            raise
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


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
