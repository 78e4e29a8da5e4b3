"""Shared by all tests: a ledger of each kind, and a PostgreSQL server of the tests' own when none is given."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest


def _pg_bin() -> Path | None:
    candidates = [*Path("/usr/lib/postgresql").glob("*/bin")]
    found = shutil.which("pg_ctl")
    if found:
        candidates.append(Path(os.path.realpath(found)).parent)
    usable = [c for c in candidates if (c / "initdb").exists() and (c / "pg_ctl").exists()]
    return sorted(usable)[-1] if usable else None


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """URL of a PostgreSQL server, without database: `CROSSDOCK_TEST_POSTGRESQL`, or one started here on a socket of its own."""
    given = os.environ.get("CROSSDOCK_TEST_POSTGRESQL")
    if given:
        yield given.rstrip("/")
        return
    binaries = _pg_bin()
    if binaries is None:
        pytest.skip("no PostgreSQL: install it, or set CROSSDOCK_TEST_POSTGRESQL to the URL of a server")
    base = Path(tempfile.mkdtemp(prefix="cdpg", dir="/tmp"))  # noqa: S108  (sockets need a short path)
    as_postgres = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if as_postgres:
        shutil.chown(base, "postgres", "postgres")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = base / "data"
    options = f"-c listen_addresses=127.0.0.1 -p {port} -k {base} -c fsync=off -c max_connections=200 -c shared_buffers=64MB"
    subprocess.run([*as_postgres, binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8"], check=True, stdout=subprocess.DEVNULL, cwd=base)  # noqa: E501
    subprocess.run([*as_postgres, binaries / "pg_ctl", "-D", data, "-o", options, "-l", base / "log", "-w", "start"], check=True, stdout=subprocess.DEVNULL, cwd=base)  # noqa: E501
    try:
        yield f"postgresql://postgres@127.0.0.1:{port}"
    finally:
        subprocess.run([*as_postgres, binaries / "pg_ctl", "-D", data, "-m", "immediate", "stop"], check=False, stdout=subprocess.DEVNULL, cwd=base)  # noqa: E501
        shutil.rmtree(base, ignore_errors=True)


@pytest.fixture
def postgresql_url(postgresql_server: str) -> Iterator[str]:
    """URL of a fresh PostgreSQL database."""
    import psycopg

    name = f"t{uuid.uuid4().hex[:12]}"
    with psycopg.connect(f"{postgresql_server}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    yield f"{postgresql_server}/{name}"
    with psycopg.connect(f"{postgresql_server}/postgres", autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty ledger, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.sqlite3"
    return str(request.getfixturevalue("postgresql_url"))
