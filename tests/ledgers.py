"""Ledgers brought up to date once, to be copied: doing it again for every test took most of many tests' time."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from crossdock.ledger.database import LedgerLocation, migrate


def _kept(folder: Path) -> Path:
    """The ledger's only file, whole: what SQLite has beside it is put into it."""
    import sqlite3

    connection = sqlite3.connect(folder / "ledger.sqlite3")
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()
    return folder / "ledger.sqlite3"


def _folder() -> Path:
    import atexit

    made = Path(tempfile.mkdtemp(prefix="ledger-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


@cache
def _hub() -> Path:
    folder = _folder()
    with ThreadPoolExecutor(
        1
    ) as beside:  # Django migrates nothing in a thread whose event loop runs, and whoever is first may be a coroutine
        beside.submit(migrate, LedgerLocation.parse(f"sqlite:///{folder}/ledger.sqlite3")).result()
    return _kept(folder)


WORKBENCH = """
import sys
from pathlib import Path
from crossdock.ledger.database import LedgerLocation
from crossdock.workbench.settings import prepare
from crossdock.workbench.start import Start
folder = Path(sys.argv[1])
prepare(Start(folder, "", LedgerLocation("sqlite", folder / "ledger.sqlite3"), folder / "socket"))
"""


@cache
def _workbench() -> Path:
    """Django knows one set of tables a process: that of the whole workbench is made by a process of its own."""
    folder = _folder()
    (folder / "crossdock.yaml").write_text("name: template\ncompany: Template Ltd\nteams: {ops: {}}\n")
    subprocess.run([sys.executable, "-c", WORKBENCH, str(folder)], check=True, timeout=120)
    return _kept(folder)


def migrated_at(path: Path, *, workbench: bool = False) -> Path:
    """Put a ledger nothing has happened in at this path, with the workbench's tables or without; one that is there stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        shutil.copyfile(_workbench() if workbench else _hub(), path)
    return path


class Databases:
    """Databases of a PostgreSQL server, each dropped when it is not used any more."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._template = ""

    def _do(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(f"{self._server}/postgres", autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]

    @contextmanager
    def fresh(self, *, migrated: bool) -> Iterator[str]:
        """URL of a database of one's own: empty, or brought up to date."""
        if migrated and not self._template:
            template = f"t{uuid.uuid4().hex[:12]}"
            self._do(f'CREATE DATABASE "{template}"')
            migrate(LedgerLocation.parse(f"{self._server}/{template}"))
            self._template = template
        name = f"t{uuid.uuid4().hex[:12]}"
        self._do(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{self._template}"' if migrated else ""))
        try:
            yield f"{self._server}/{name}"
        finally:
            self._do(f'DROP DATABASE "{name}" WITH (FORCE)')

    def close(self) -> None:
        if self._template:
            self._do(f'DROP DATABASE "{self._template}" WITH (FORCE)')
