"""Where the ledger is: reads a ledger URL, configures Django for it and brings the schema up to date; knows no query."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from crossdock.core.errors import LedgerDamaged, LedgerUnavailable, Misconfigured

MIGRATION: Final = 0x43CF
"""Class of the advisory lock under which a PostgreSQL ledger is migrated."""


class LedgerUrlInvalid(Misconfigured):
    """The ledger URL cannot be understood."""

    code = "ledger.url_invalid"
    hint = "Use sqlite:///relative.sqlite3, sqlite:////absolute.sqlite3 or postgresql://user:password@host:port/database."


@dataclass(frozen=True, slots=True)
class LedgerLocation:
    """A parsed ledger URL. `vendor` is `sqlite` or `postgresql`; `path` is set for SQLite only."""

    vendor: str
    path: Path | None
    host: str = ""
    port: int = 0
    name: str = ""
    user: str = ""
    password: str = ""
    options: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, url: str, base: Path | None = None) -> LedgerLocation:
        """Read `sqlite:///file` (relative to `base`), `sqlite:////abs/file` or a libpq-style `postgresql://` URL."""
        parts = urlsplit(url)
        if parts.scheme == "sqlite" and parts.path.strip("/"):
            raw = unquote(parts.path[1:])
            path = Path(raw) if raw.startswith("/") else (base or Path.cwd()) / raw
            return cls("sqlite", path)
        if parts.scheme in ("postgresql", "postgres") and parts.path.strip("/"):
            return cls(
                "postgresql",
                None,
                host=unquote(parts.hostname or ""),
                port=parts.port or 5432,
                name=unquote(parts.path[1:]),
                user=unquote(parts.username or ""),
                password=unquote(parts.password or ""),
                options=tuple(parse_qsl(parts.query)),
            )
        raise LedgerUrlInvalid(f"{parts.scheme or 'this'}://… is not a ledger URL")

    def __repr__(self) -> str:
        return f"LedgerLocation({self.vendor}, {self.path or f'{self.host}:{self.port}/{self.name}'})"

    def conninfo(self) -> dict[str, Any]:
        """Keyword arguments for psycopg.connect."""
        given = {"host": self.host, "user": self.user, "password": self.password}
        named = {name: value for name, value in given.items() if value}
        return {"dbname": self.name, "port": self.port, **dict(self.options), **named}

    def django(self) -> dict[str, Any]:
        """The DATABASES entry for Django."""
        if self.vendor == "sqlite":
            return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(self.path), "OPTIONS": {"timeout": 30}}
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": self.name,
            "HOST": self.host,
            "PORT": self.port,
            "USER": self.user,
            "PASSWORD": self.password,
            "OPTIONS": dict(self.options),
        }


def configure(location: LedgerLocation, project: Mapping[str, Any] | None = None) -> str:
    """Make Django know this ledger; returns the alias of its connection. A process may use several ledgers, one after the other.

    `project`: all settings of a process that does more with Django than keep a ledger; it is configured once, before anything else.
    """
    import django
    from django.conf import settings
    from django.db import connections

    wanted = location.django()
    if not settings.configured and project is not None:
        settings.configure(**project)
        django.setup()
    elif not settings.configured:
        settings.configure(
            INSTALLED_APPS=["crossdock.ledger"],
            DATABASES={"default": wanted},
            USE_TZ=True,
            DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
            LOGGING_CONFIG=None,
        )
        django.setup()
    for alias, known in connections.settings.items():
        if all(known.get(name) == wanted.get(name) for name in ("ENGINE", "NAME", "HOST", "PORT", "USER") if name in wanted):
            return str(alias)
    alias = f"ledger{len(connections.settings)}"
    connections.settings[alias] = connections.configure_settings({"default": wanted})["default"]
    return alias


def migrate(location: LedgerLocation) -> None:
    """Bring the schema up to date; workers that start together do it one after the other.

    Raises `LedgerUnavailable` when the database cannot be reached.
    """
    from django.core.management import call_command
    from django.db import DatabaseError, connections

    alias = configure(location)
    try:
        with _alone(location, alias):
            if location.vendor == "sqlite":
                with connections[alias].cursor() as cursor:
                    cursor.execute("PRAGMA auto_vacuum=INCREMENTAL")
                    cursor.execute("PRAGMA journal_mode=WAL")
            call_command("migrate", database=alias, verbosity=0, interactive=False)
    except (DatabaseError, OSError) as error:
        if damaged(error):
            raise LedgerDamaged(f"the ledger at {location.path} is damaged: {str(error).splitlines()[0]}") from None
        raise LedgerUnavailable(f"the ledger cannot be opened: {str(error).splitlines()[0]}") from None
    finally:
        connections.close_all()
        if location.vendor == "postgresql":  # a connection that only went back to its pool would keep the lock of `_alone`
            connections[alias].close_pool()


def damaged(error: BaseException) -> bool:
    """Whether a database error says that the ledger's file itself is broken."""
    found: BaseException | None = error
    while found is not None:
        if getattr(found, "sqlite_errorname", "").startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
            return True
        found = found.__cause__
    return False


@contextmanager
def _alone(location: LedgerLocation, alias: str) -> Iterator[None]:
    """Keep other processes from migrating the same ledger; the lock ends with the connection or the process."""
    if location.path is None:
        from django.db import connections

        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, 0)", (MIGRATION,))
        yield
        return
    location.path.parent.mkdir(parents=True, exist_ok=True)
    folder = os.open(location.path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)
