"""PostgreSQL's own tools, run with the ledger's address and without its password on a command line; knows no folder of backups."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from crossdock.backup.errors import ToolFailed
from crossdock.ledger.database import LedgerLocation

ENVIRONMENT: Final = {
    "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY", "host": "PGHOST",
    "options": "PGOPTIONS", "connect_timeout": "PGCONNECT_TIMEOUT",
}  # fmt: skip
"""Options of a ledger's URL and the variables libpq reads them from."""


def surroundings(location: LedgerLocation) -> dict[str, str]:
    """The environment in which the tools reach a ledger."""
    named = {"PGHOST": location.host, "PGPORT": str(location.port), "PGUSER": location.user, "PGPASSWORD": location.password}
    more = {ENVIRONMENT[name]: value for name, value in location.options if name in ENVIRONMENT}
    return {**os.environ, **more, **{name: value for name, value in named.items() if value}}


@contextmanager
def reading(location: LedgerLocation, tool: str, arguments: Sequence[str]) -> Iterator[IO[bytes]]:
    """What a tool writes to its standard output. Raises `ToolFailed` at the end when it failed."""
    with tempfile.TemporaryFile() as said:
        with _begun(location, tool, arguments, stdout=subprocess.PIPE, stderr=said) as process:
            assert process.stdout is not None
            try:
                yield process.stdout
            except BaseException:
                process.kill()
                raise
        _judge(tool, process.returncode, said)


def feed(location: LedgerLocation, tool: str, arguments: Sequence[str], pieces: Iterator[bytes]) -> None:
    """Give a tool its standard input. Raises `ToolFailed`, and what `pieces` raises."""
    with tempfile.TemporaryFile() as said:
        with _begun(location, tool, arguments, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said) as process:
            assert process.stdin is not None
            try:
                for piece in pieces:
                    process.stdin.write(piece)
                process.stdin.close()
            except BrokenPipeError:
                pass  # it says itself why it ended
            except BaseException:
                process.kill()
                raise
        _judge(tool, process.returncode, said)


def _begun(location: LedgerLocation, tool: str, arguments: Sequence[str], **streams: object) -> subprocess.Popen[bytes]:
    program = found(tool)
    return subprocess.Popen([program, *arguments], env=surroundings(location), **streams)  # type: ignore[call-overload,no-any-return]  # noqa: S603


def found(tool: str) -> str:
    """Where a tool is: on the path, else in the newest version installed as Debian does. Raises `ToolFailed`."""
    homes = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: _version(path.parent.name))
    program = shutil.which(tool) or next((str(home / tool) for home in reversed(homes) if (home / tool).exists()), None)
    if program is None:
        raise ToolFailed(f"{tool} is not installed", tool=tool)
    return program


def _version(name: str) -> int:
    return int(name) if name.isdecimal() else 0


def _judge(tool: str, code: int, said: IO[bytes]) -> None:
    if code == 0:
        return
    said.seek(0)
    words = said.read().decode(errors="replace").strip().splitlines()
    raise ToolFailed(f"{tool} ended with {code}: {' '.join(words[-3:])[:500]}", tool=tool)
