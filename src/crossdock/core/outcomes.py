"""The outcomes an attempt can have: accepted is a value here, the other four are the families of `core.errors`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crossdock.core.errors import Deferred, Misconfigured, Rejected, Uncertain


@dataclass(frozen=True, slots=True)
class Accepted:
    """The target did it. `ack` is what it answered, as far as processes and people need it (JSON values only).

    `repeated` says that the effect had happened before and this attempt only found it again.
    """

    ack: Mapping[str, Any] = field(default_factory=dict)
    repeated: bool = False


Outcome = Accepted | Rejected | Deferred | Uncertain | Misconfigured


@dataclass(frozen=True, slots=True)
class EffectFound:
    """Reconciliation found that the effect happened; `ack` as in `Accepted`."""

    ack: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EffectAbsent:
    """Reconciliation proved that it did not happen, or that repeating it cannot double it; the command may be sent again."""


@dataclass(frozen=True, slots=True)
class EffectUnclear:
    """The target could not tell yet; ask again after `retry_after` seconds, tell a person when the budget ends."""

    reason: str = ""
    retry_after: float | None = None


Effect = EffectFound | EffectAbsent | EffectUnclear
