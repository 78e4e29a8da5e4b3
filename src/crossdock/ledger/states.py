"""The states of ledger records as small integers; they are stored, so a number is never given a new meaning."""

from __future__ import annotations

from enum import IntEnum


class MessageState(IntEnum):
    """What became of a received message."""

    RECEIVED = 0
    NORMALIZED = 1
    IGNORED = 2
    FAILED = 3
    RESOLVED = 5


class EventState(IntEnum):
    """What became of a canonical event."""

    PENDING = 0
    APPLIED = 1
    STALE = 2
    DUPLICATE = 3
    HELD = 4
    WAITING = 5
    FAILED = 6
    UNROUTED = 7
    RESOLVED = 8


class DeliveryState(IntEnum):
    """Where a command's delivery stands. Up to PARKED it is open, after it settled."""

    READY = 0
    SENDING = 1
    DEFERRED = 2
    UNCERTAIN = 3
    PARKED = 4
    ACCEPTED = 10
    FAILED = 11
    CANCELLED = 12


class ExpectationState(IntEnum):
    """Whether what was expected has come."""

    OPEN = 0
    FULFILLED = 1
    BREACHED = 2
    WITHDRAWN = 3


class ExceptionState(IntEnum):
    """Where an exception stands with its people."""

    OPEN = 0
    RETRYING = 1
    RESOLVED = 2


OPEN_DELIVERIES = (
    DeliveryState.READY,
    DeliveryState.SENDING,
    DeliveryState.DEFERRED,
    DeliveryState.UNCERTAIN,
    DeliveryState.PARKED,
)


class RunState(IntEnum):
    """Where a run of a batch flow stands. Up to SETTLING it is open, after it ended."""

    PLANNED = 0
    RUNNING = 1
    SETTLING = 2
    DONE = 10
    FAILED = 11
    INTERRUPTED = 12


OPEN_RUNS = (RunState.PLANNED, RunState.RUNNING, RunState.SETTLING)


class CorrectionState(IntEnum):
    """Where a corrected version stands: in force, waiting for a second person, or turned down."""

    APPLIED = 0
    PROPOSED = 1
    REJECTED = 2


class JobState(IntEnum):
    """Where a bulk job stands. PROPOSED waits for a second person; up to RUNNING it is open, after it ended."""

    PROPOSED = 0
    RUNNING = 1
    DONE = 10
    STOPPED = 11
    HALTED = 12


OPEN_JOBS = (JobState.RUNNING,)


class ItemState(IntEnum):
    """What a bulk job did about one exception."""

    ASKED = 1
    DONE = 10
    REFUSED = 11
    SKIPPED = 12
