"""Numbers the hub gives to papers of a transaction: unique over the whole hub, readable, short; knows no workflow."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

_PLAIN: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
_ROOM: Final = 40


def numbered(prefix: str, key: str, n: int) -> str:
    """The number of the `n`-th paper of a kind (`prefix`) of the transaction `key`: `FO-shopify-eu.1001-1`.

    Made of system and number of the business key, with a digest when they have to be shortened. At most 64 characters of letters, digits,
    dot, dash, underscore.
    """
    system, _, number = key.partition("/")[2].partition("/")
    name = f"{system}.{number}"
    if len(name) > _ROOM or not (_PLAIN.issuperset(system) and _PLAIN.issuperset(number)):
        kept = "".join(char if char in _PLAIN else "_" for char in name[:_ROOM])
        name = f"{kept}.{blake2b(key.encode(), digest_size=6).hexdigest()}"
    return f"{prefix}-{name}-{n}"
