"""The ledger's tables as Django models: the source of the schema and the read side for pages; the hot path uses `queries`."""

from __future__ import annotations

from crossdock.ledger.models.control import AuditLink, Bundle, Cursor, Instruction, Partition, SystemState
from crossdock.ledger.models.delivery import Attempt, Delivery
from crossdock.ledger.models.instance import Expectation, Instance, Reference, Stream
from crossdock.ledger.models.issue import ExceptionRecord
from crossdock.ledger.models.message import Correction, EventRecord, Message
from crossdock.ledger.models.run import Run

__all__ = [
    "Attempt",
    "AuditLink",
    "Bundle",
    "Correction",
    "Cursor",
    "Delivery",
    "EventRecord",
    "ExceptionRecord",
    "Expectation",
    "Instance",
    "Instruction",
    "Message",
    "Partition",
    "Reference",
    "Run",
    "Stream",
    "SystemState",
]
