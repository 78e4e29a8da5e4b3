"""A PostgreSQL server for benchmarks: `CROSSDOCK_TEST_POSTGRESQL`, or one of our own with durable commits."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Databases:
    """Makes databases on one server."""

    def __init__(self, server: str) -> None:
        self._server = server

    def __call__(self, name: str) -> str:
        import psycopg

        with psycopg.connect(f"{self._server}/postgres", autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return f"{self._server}/{name}"

    def size(self, url: str) -> int:
        """Bytes a database takes, catalogue of about 7.5 MB left out."""
        import psycopg

        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM")
            row = connection.execute(
                "SELECT COALESCE(SUM(pg_total_relation_size(oid)),0) FROM pg_class WHERE relkind='r' AND relname LIKE 'ledger_%'"
            ).fetchone()
        return int(row[0]) if row else 0


@contextmanager
def server() -> Iterator[Databases]:
    """Databases on a running server; stopped afterwards when it was started here."""
    given = os.environ.get("CROSSDOCK_TEST_POSTGRESQL")
    if given:
        yield Databases(given.rstrip("/"))
        return
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        raise SystemExit("no PostgreSQL: install it, or set CROSSDOCK_TEST_POSTGRESQL to the URL of a server")
    binaries = found[-1].parent
    base = Path(tempfile.mkdtemp(prefix="cdpg"))
    run_as = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if run_as:
        shutil.chown(base, "postgres", "postgres")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    data = base / "data"
    subprocess.run(
        [*run_as, binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8"],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=base,
    )
    options = f"-c listen_addresses=127.0.0.1 -p {port} -k {base} -c shared_buffers=256MB -c max_wal_size=2GB"
    subprocess.run(
        [*run_as, binaries / "pg_ctl", "-D", data, "-o", options, "-l", base / "log", "-w", "start"],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=base,
    )
    try:
        yield Databases(f"postgresql://postgres@127.0.0.1:{port}")
    finally:
        subprocess.run(
            [*run_as, binaries / "pg_ctl", "-D", data, "-m", "fast", "stop"], check=False, stdout=subprocess.DEVNULL, cwd=base
        )
        shutil.rmtree(base, ignore_errors=True)
