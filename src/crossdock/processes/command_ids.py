"""Command ids: deterministic, ASCII, below 120 characters, whatever the business key looks like; knows no workflow."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b

LONGEST = 119
_ROOM = 60


@lru_cache(maxsize=4096)
def _prefix(key: str) -> str:
    if len(key) <= _ROOM and key.isascii() and key.isprintable() and " " not in key:
        return key
    kept = "".join(char if char.isascii() and char.isprintable() and char != " " else "_" for char in key)
    return f"{kept[: _ROOM - 17]}~{blake2b(key.encode(), digest_size=8).hexdigest()}"


def command_id(key: str, name: str, suffix: str) -> str:
    """The id of command `name` of the transaction `key`; `suffix` says which one of that name it is.

    Two different keys or suffixes never give the same id: what is too long or not ASCII is shortened and gets a digest of the whole.
    """
    made = f"{_prefix(key)}:{name}:{suffix}"
    if len(made) <= LONGEST and made.isascii() and made.isprintable() and " " not in suffix:
        return made
    return f"{_prefix(key)}:{name}:~{blake2b(suffix.encode(), digest_size=12).hexdigest()}"
