"""Statements and status reports of a bank as events. Pure: knows no transport and no clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time
from fnmatch import fnmatchcase
from typing import Any, Final

from crossdock.canonical.bank import BankStatement, StatementEntry
from crossdock.canonical.events import Event, Position, Reference
from crossdock.canonical.payment import Refund
from crossdock.canonical.values import Money
from crossdock.connectors.bank_file.options import BankFileOptions
from crossdock.connectors.protocol import StoredMessage
from crossdock.core.errors import PayloadMalformed, StatementRefused, StatusUnclear
from crossdock.edi.findings import Finding, Severity
from crossdock.finance.statements.making import fingerprint
from crossdock.finance.statements.reading import name, read_statements
from crossdock.finance.transfers.pain002 import TransferStatus, is_status_report, read_status_report

STATEMENT: Final = "statement"
STATUS: Final = "status"
_SHOWN: Final = 50


def topic_of(body: bytes) -> str:
    """What a file of the bank is; everything that is no status report is read as a statement, and refused as one."""
    return STATUS if is_status_report(body) else STATEMENT


def refund_scheme(system: str) -> str:
    """The scheme of references by which a refund's transfer is found."""
    return f"refund:{system}"


def statement_events(message: StoredMessage, system: str, options: BankFileOptions) -> list[Event]:
    """One `statement.received` a statement, and what its entries say of refunds of ours. Raises `StatementRefused`."""
    read = read_statements(message.body)
    if read.refused:
        faults = [each for each in read.findings if each.severity is Severity.ERROR]
        raise StatementRefused(
            f"the statement cannot be taken: {faults[0].message}", findings=_told(faults), file=message.headers.get("file", "")
        )
    found: list[Event] = []
    for statement in read.statements:
        if options.accounts and statement.iban not in options.accounts:
            raise StatementRefused(f"this is a statement of an account that is not ours: {statement.iban or statement.account}")
        found += _events(statement, system, options)
    return found


def _events(statement: BankStatement, system: str, options: BankFileOptions) -> list[Event]:
    named = name(statement)
    at = statement.created_at or datetime.combine(statement.to_date, time(), UTC)
    key = f"bank/{system}/{statement.iban or statement.account}"
    # the same statement again is the same fact; another content in its place is not, and reaches a person (`sequence.content_conflict`)
    identity, place = f"{named}#{fingerprint(statement)}", Position(f"{system}/{named}", 1)
    told = Event(identity, "statement.received", system, key, statement, at, (Reference("statement", named),), place)
    refunds = [_refund(each, system) for each in statement.entries if each.status == "booked" and _ours(each, options)]
    return [told, *refunds]


def _ours(entry: StatementEntry, options: BankFileOptions) -> bool:
    return bool(entry.end_to_end_id) and any(fnmatchcase(entry.end_to_end_id, each) for each in options.transfers) and (
        (entry.direction == "debit" and not entry.reversal) or (entry.direction == "credit" and entry.reversal)
    )  # fmt: skip


def _refund(entry: StatementEntry, system: str) -> Event:
    """A transfer of ours on a statement: charged (it arrived as far as a bank can say), or sent back."""
    back = entry.direction == "credit"
    at = datetime.combine(entry.booking_date or entry.value_date, time(), UTC)
    refund = Refund(
        reference=entry.end_to_end_id, provider=system, method="sepa", amount=entry.amount, at=at,
        reason=entry.remittance[:200] if back else "", reason_code=entry.return_code,
    )  # fmt: skip
    return _refund_event("failed" if back else "completed", refund, system)


def status_events(message: StoredMessage, system: str) -> list[Event]:
    """What became of transfers: `refund.completed` or `refund.failed`; those still on the way tell nothing.

    Raises `PayloadMalformed` for what is no report, `StatusUnclear` when a refusal names no amount.
    """
    told, findings = read_status_report(message.body)
    if findings:
        raise PayloadMalformed(f"the status report cannot be read: {findings[0].message}", findings=_told(findings))
    return [_status_event(each, message.received_at, system) for each in told if each.settled or each.refused]


def _status_event(status: TransferStatus, received: datetime, system: str) -> Event:
    if status.amount is None or status.amount <= 0:
        raise StatusUnclear(
            f"the bank says {status.status} of {status.end_to_end} and no amount: {status.words or status.code or 'no reason given'}",
            end_to_end_id=status.end_to_end, status=status.status, report=status.report, reason_code=status.code,
        )  # fmt: skip
    refund = Refund(
        reference=status.end_to_end, provider=system, method="sepa", amount=Money(amount=status.amount, currency=status.currency),
        at=status.at or received, reason=status.words[:200], reason_code=status.code,
    )  # fmt: skip
    return _refund_event("failed" if status.refused else "completed", refund, system)


def _refund_event(kind: str, refund: Refund, system: str) -> Event:
    """One fact, whether a status report or a statement tells it first."""
    identity = f"{refund.reference}/{kind}"
    return Event(identity, f"refund.{kind}", system, "", refund, refund.at, (Reference(refund_scheme(system), refund.reference),))


def _told(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    return [
        {"code": each.code, "place": each.segment, "position": each.byte_position, "message": each.message}
        for each in findings[:_SHOWN]
    ]
