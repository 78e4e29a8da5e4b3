"""What a vault must do: documents of a few secret fields by path, changed only against the version somebody saw."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from crossdock.core.errors import SecretMissing

VALUE: Final = "value"
"""The field a path without `#field` means."""
PENDING: Final = "~pending"
"""Suffix of the field that holds the next value while the other side does not use it yet."""
PREVIOUS: Final = "~previous"
"""Suffix of the field that holds the value before while both are good."""
_PATH: Final = re.compile(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*")
_FIELD: Final = re.compile(r"[A-Za-z0-9_.-]+(~pending|~previous)?")
MAX_PATH: Final = 200


@dataclass(frozen=True, slots=True)
class Document:
    """What is stored at a path. `version` is 0 when nothing is; fields are never shown."""

    version: int = 0
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)


class Vault(Protocol):
    """A store of secrets. Every method may raise `VaultUnavailable` and `VaultRefused`; all are called in threads."""

    def read(self, path: str) -> Document:
        """What is stored at a path."""
        ...

    def write(self, path: str, fields: Mapping[str, str], seen: int) -> int:
        """Store all fields of a path if its version is still `seen` (0: nothing there); the new version. Older ones cannot be read any more.

        Raises `StoredMeanwhile`.
        """
        ...

    def delete(self, path: str) -> None:
        """Destroy everything at a path, for good; nothing happens when nothing is there."""
        ...

    def paths(self) -> list[str]:
        """Where something is stored, sorted."""
        ...

    def check(self) -> None:
        """Whether it is open to this hub. Raises what is wrong with it."""
        ...

    def close(self) -> None:
        """Give back connections."""
        ...


def parsed(rest: str) -> tuple[str, str]:
    """Path and field of what follows `vault:`. Raises `SecretMissing` for what is no path."""
    path, _, name = rest.partition("#")
    name = name or VALUE
    steps = path.split("/")
    if not _PATH.fullmatch(path) or len(path) > MAX_PATH or ".." in steps or "." in steps or not _FIELD.fullmatch(name):
        raise SecretMissing("a vault reference is `vault:path/of/names`, with `#field` where a path holds several")
    return path, name
