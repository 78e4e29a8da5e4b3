"""The reference the hub gives with a modification, and its idempotency key: short enough for Adyen, the same whenever it is sent again."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

LONGEST: Final = 80
"""Characters of a merchant reference."""
KEY: Final = 64
"""Characters of an idempotency key."""
PREFIX: Final = "xd:"


def reference_of(command_id: str) -> str:
    """A command's merchant reference: `xd:` and its id, or a digest of it where that is too long."""
    given = f"{PREFIX}{command_id}"
    return given if len(given) <= LONGEST else f"{PREFIX}~{_digest(command_id)}"


def own_reference(reference: str) -> str:
    """The hub's part of a merchant reference (a command's id, or `~` and its digest), empty when somebody else gave it."""
    return reference.removeprefix(PREFIX) if reference.startswith(PREFIX) else ""


def key_of(command_id: str) -> str:
    """A command's idempotency key: its id, or a digest of it where that is too long."""
    return command_id if len(command_id) <= KEY else _digest(command_id)


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=20).hexdigest()
