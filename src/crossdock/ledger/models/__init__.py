"""The ledger's tables as Django models: the source of the schema and the read side for pages; the hot path uses `queries`."""

from __future__ import annotations

from crossdock.ledger.models.control import (
    AuditLink,
    Bundle,
    Cursor,
    Deed,
    Instruction,
    MapEntry,
    Partition,
    Release,
    SystemState,
)
from crossdock.ledger.models.delivery import Attempt, Delivery
from crossdock.ledger.models.instance import Expectation, Instance, Reference, Stream
from crossdock.ledger.models.issue import ExceptionRecord, MessageName
from crossdock.ledger.models.job import Job, JobItem
from crossdock.ledger.models.message import Correction, EventRecord, Message
from crossdock.ledger.models.numbering import ControlNumber
from crossdock.ledger.models.onboarding import Onboarding
from crossdock.ledger.models.region import Region, RegionReport, Report, Reporting
from crossdock.ledger.models.review import Change, Decision, Waiver
from crossdock.ledger.models.run import Run
from crossdock.ledger.models.survival import Drill, Restoration
from crossdock.ledger.models.token import Assertion, ClientRevocation, Token
from crossdock.ledger.models.topic import Offset
from crossdock.ledger.models.vault import Credential, CredentialUse, VaultKey, VaultSecret, VaultState
from crossdock.ledger.models.watch import Alert, Traffic

__all__ = [
    "Alert",
    "Assertion",
    "Attempt",
    "AuditLink",
    "Bundle",
    "Change",
    "ClientRevocation",
    "ControlNumber",
    "Correction",
    "Credential",
    "CredentialUse",
    "Cursor",
    "Deed",
    "Decision",
    "Delivery",
    "Drill",
    "EventRecord",
    "ExceptionRecord",
    "Expectation",
    "Instance",
    "Instruction",
    "Job",
    "JobItem",
    "MapEntry",
    "Message",
    "MessageName",
    "Offset",
    "Onboarding",
    "Partition",
    "Reference",
    "Region",
    "RegionReport",
    "Release",
    "Report",
    "Reporting",
    "Restoration",
    "Run",
    "Stream",
    "SystemState",
    "Token",
    "Traffic",
    "VaultKey",
    "VaultSecret",
    "VaultState",
    "Waiver",
]
