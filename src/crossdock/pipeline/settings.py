"""The pipeline's own settings, each with its reason; a landscape or the environment variable of the same name overrides."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final

PREFIX: Final = "CROSSDOCK_"


@dataclass(frozen=True, slots=True)
class PipelineSettings:
    """Settings of one hub process; seconds are floats.

    Every field can be set by an environment variable: `CROSSDOCK_` and its name in upper case.
    """

    batch: int = 200
    """Messages taken in one micro-batch; larger is faster, smaller answers sooner."""
    in_flight: int = 2_000
    """Open deliveries above which no new messages are taken, so that memory stays bounded."""
    backlog: int = 200_000
    """Accepted messages waiting above which senders are asked to wait (503 with Retry-After)."""
    reference_patience: float = 600.0
    """How long an event may wait for the transaction it refers to before a person is told."""
    gap_patience: float = 600.0
    """How long an event waits for the one missing before it."""
    reconcile_first: float = 1.0
    """Wait before the target is first asked whether an uncertain effect happened."""
    reconcile_longest: float = 60.0
    """The longest wait between two such questions."""
    reconcile_tell: int = 6
    """Unclear answers after which a person is told; the hub goes on asking."""
    probe_every: float = 30.0
    """How often a parked system is probed."""
    timers_every: float = 0.5
    """How often deadlines and timers are looked at."""
    idle: float = 0.5
    """The longest sleep of an idle worker before it looks for work left by others."""
    grace: float = 10.0
    """Seconds given to calls under way when the hub stops."""
    watch_every: float = 10.0
    """How often the watch looks for what teams have to be told; 0: never."""
    keep_every: float = 1.0
    """How often bulk jobs go on, and half as often snoozed exceptions and added value-map entries are looked at."""
    mappers: int = 1
    """1: messages are mapped by a process beside the hub while there is a backlog, where there is another core to help; 0: never."""
    prune_every: float = 86_400.0
    """How often payloads that have outlived the landscape's retention are removed; 0: never by itself."""
    cache: int = 20_000
    """Process instances kept in memory."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> PipelineSettings:
        """Settings with what the environment overrides. Raises ValueError for a value that is no number."""
        values: dict[str, float | int] = {}
        for field in fields(cls):
            raw = environment.get(PREFIX + field.name.upper())
            if raw is not None:
                values[field.name] = int(raw) if field.type == "int" else float(raw)
        return cls(**values)  # type: ignore[arg-type]
