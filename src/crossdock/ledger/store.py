"""Connections to the ledger and the threads that use them: one transaction per unit of work; knows no query."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from crossdock.core.errors import LedgerDamaged, LedgerUnavailable
from crossdock.ledger.database import LedgerLocation, configure, damaged
from crossdock.ledger.session import PostgresqlSession, Session, SqliteSession, TableTypes

T = TypeVar("T")

FROZEN = 5_000
"""Milliseconds after which PostgreSQL ends the session of a process that does not go on with a transaction it began."""


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
            if self._read_only:  # every transaction begins so: it cannot write, and sees one moment however many queries it has
                self._connection.read_only = True
                self._connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            # a process that froze amid a transaction must not keep others from its partitions
            self._connection.execute(f"SET idle_in_transaction_session_timeout = {FROZEN}")
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

    def run(self, work: Callable[[Session], T], whole: bool = True) -> T:
        """Do `work` in a transaction on the calling thread. Raises `LedgerUnavailable` when the database cannot serve.

        With `whole` false PostgreSQL commits each statement by itself, which spares two round trips where there is one statement.
        """
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
        return self._run_postgresql(session, work, whole)

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

    def _run_postgresql(self, session: Session, work: Callable[[Session], T], whole: bool) -> T:
        import psycopg

        try:
            if not whole:
                return work(session)
            with ExitStack() as transaction:
                return work(self._begin_postgresql(session, transaction))
        except psycopg.Error as error:
            if not isinstance(error, psycopg.OperationalError) and not self._connection.closed:
                raise
            self._drop()
            raise LedgerUnavailable(f"the ledger cannot serve: {_first_line(error)}") from error

    def _begin_postgresql(self, session: Session, transaction: ExitStack) -> Session:
        """Begin a transaction. A connection that ended while nobody used it shows only now, before anything was done: another takes its place."""
        import psycopg

        try:
            transaction.enter_context(self._connection.transaction())
        except psycopg.OperationalError:
            if not self._connection.closed:
                raise
            self._drop()
            session = self._open()
            transaction.enter_context(self._connection.transaction())
        return session

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = self._session = None

    def begin(self, work: Callable[[Session], T], whole: bool = True) -> asyncio.Future[T]:
        """Start `run` on this lane's own thread."""
        return asyncio.get_running_loop().run_in_executor(self._thread, self.run, work, whole)

    async def do(self, work: Callable[[Session], T], whole: bool = True) -> T:
        """`run` on this lane's own thread."""
        return await self.begin(work, whole)

    def close(self) -> None:
        self._thread.submit(self._drop).result(timeout=30)
        self._thread.shutdown()


class Store:
    """The ledger's lanes: `work` for the pipeline, `intake` for accepting, `look` for what the pipeline reads, `read` for questions.

    SQLite has one writer, so there `intake` and `work` are the same lane and never wait for each other's locks. A commit waits for the disk;
    `look` does not wait behind it, nor behind somebody's long question.
    """

    def __init__(self, location: LedgerLocation) -> None:
        # only arrays on PostgreSQL need the models, and loading them takes a tenth of a second
        types = TableTypes(configure(location) if location.vendor == "postgresql" else "")
        self._types = types
        self.location = location
        self.work = Lane(location, types, "work")
        self.intake = self.work if location.vendor == "sqlite" else Lane(location, types, "intake")
        self.look = Lane(location, types, "look", read_only=True)
        self.read = Lane(location, types, "read", read_only=True)

    @property
    def vendor(self) -> str:
        return self.location.vendor

    def another_reader(self, number: int) -> Lane:
        """One more connection that reads, for a process that answers many people at once; whoever asked closes it."""
        return Lane(self.location, self._types, f"read{number}", read_only=True)

    def close(self) -> None:
        """Close all connections; waits for work under way."""
        for lane in {self.work, self.intake, self.look, self.read}:
            lane.close()


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
