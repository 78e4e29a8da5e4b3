"""The key that signs and encrypts for the workbench: from the environment, else a file beside the ledger's; never in the ledger."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from crossdock.core.errors import Misconfigured
from crossdock.ledger.database import LedgerLocation

VARIABLE: Final = "CROSSDOCK_SECRET_KEY"


class SecretKeyMissing(Misconfigured):
    """The workbench has no key to sign with."""

    code = "workbench.secret_key"
    hint = f"Set {VARIABLE} to 32 or more random characters, the same for every process on this ledger."


def there_is_one(location: LedgerLocation, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether `secret_key` would give one; makes none."""
    return location.path is not None or len(environment.get(VARIABLE, "")) >= 32


def secret_key(location: LedgerLocation, environment: Mapping[str, str] = os.environ) -> str:
    """The key. Raises `SecretKeyMissing` on PostgreSQL without one, because all processes of a ledger need the same."""
    given = environment.get(VARIABLE, "")
    if given:
        if len(given) < 32:
            raise SecretKeyMissing(f"{VARIABLE} is shorter than 32 characters")
        return given
    if location.path is None:
        raise SecretKeyMissing
    return _kept(location.path.with_name("workbench.key"))


def _kept(path: Path) -> str:
    """The key in the file; of two processes that come first together one makes it and the other reads it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    if not path.exists():
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text().strip()
