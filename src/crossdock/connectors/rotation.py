"""The port by which credentials are changed: what a connector or transport declares for each, and what it does about it; stores nothing.

A credential that is not declared is changed by a person. Rotating goes in one of three ways:

* `system`: the system makes the new one (`renew`), both are good for the overlap, then the old one is ended there (`retire`).
* `hub`: the hub makes the new one and takes it beside the old one; then it is told to the system (`install`), which changes at once.
* `handover`: the hub makes the new one; a person gives its public part to the other side and says when to change over.
* `person`: the system offers no way; a person is told in time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Literal, Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Rotation:
    """How one credential is changed. `material` is what the hub makes (`token`, `webhook_secret`, `ssh_key`, `as2_identity`); `says` is
    told to the person who has something to do, or why the system offers no rotation."""

    by: Literal["system", "hub", "handover", "person"]
    says: str = ""
    material: str = ""


@dataclass(frozen=True, slots=True)
class Renewed:
    """A new credential as a system made it; never shown."""

    value: str = field(repr=False)
    expires: datetime | None = None


@runtime_checkable
class Rotates(Protocol):
    """What a connector or transport offers whose `rotations` name more than persons. Purposes are those of its credentials."""

    rotations: ClassVar[Mapping[str, Rotation]]

    async def renew(self, purpose: str, name: str, now: datetime, until: datetime) -> Renewed:
        """Have the system make a new credential called `name` that is good until `until` or later, beside the current one.

        Raises outcome errors; after `Uncertain` nobody knows whether it was made, and a person is asked.
        """
        ...

    async def install(self, purpose: str, value: str) -> None:
        """Tell the system the new credential; doing it twice is doing it once. Raises outcome errors."""
        ...

    async def retire(self, purpose: str, value: str) -> None:
        """End an old credential at the system; nothing happens where it has ended already. Raises outcome errors."""
        ...
