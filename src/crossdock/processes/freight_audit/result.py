"""What an audit came to: each line with its arithmetic, what is approved and what is disputed, and the error a person gets; computes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal

from crossdock.core.errors import (
    ExchangeRateMissing,
    FreightBilledTwice,
    FreightCurrencyForeign,
    FreightDisputed,
    FreightNegative,
    WaybillContested,
    WaybillUnknown,
)

FindingCode = Literal[
    "duplicate_invoice",
    "total",
    "negative",
    "foreign_currency",
    "exchange_rate_missing",
    "unknown_waybill",
    "contested_waybill",
    "duplicate",
    "weight",
    "zone",
    "service",
    "surcharge",
    "amount",
]

ERRORS: Final[dict[FindingCode, type[FreightDisputed]]] = {
    "negative": FreightNegative,
    "foreign_currency": FreightCurrencyForeign,
    "exchange_rate_missing": ExchangeRateMissing,
    "contested_waybill": WaybillContested,
    "unknown_waybill": WaybillUnknown,
    "duplicate": FreightBilledTwice,
    "duplicate_invoice": FreightBilledTwice,
}
"""Findings with an error of their own, the gravest first; all others are `FreightDisputed`."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, in words a carrier can be sent."""

    code: FindingCode
    words: str


@dataclass(frozen=True, slots=True)
class AuditedLine:
    """One charge with what it was held against. `approved` and `disputed` add up to `amount`; `agreed` is in the invoice's currency.

    `arithmetic` shows every comparison made, those that failed marked with "! ".
    """

    number: str
    shipment: str
    reference: str
    kind: str
    amount: Decimal
    agreed: Decimal | None
    approved: Decimal
    disputed: Decimal
    findings: tuple[Finding, ...] = ()
    arithmetic: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Audit:
    """The whole invoice. `findings` are those about the invoice itself: with any of them nothing is to be posted, whatever its lines say."""

    number: str
    carrier: str
    currency: str
    lines: tuple[AuditedLine, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def approved(self) -> Decimal:
        """What the company agrees to pay, in the invoice's currency."""
        return sum((line.approved for line in self.lines), Decimal(0))

    @property
    def disputed(self) -> Decimal:
        """What a person must decide."""
        return sum((line.disputed for line in self.lines), Decimal(0))

    @property
    def clean(self) -> bool:
        """Nothing is wrong: it may be posted without a person."""
        return not self.findings and not any(line.findings for line in self.lines)

    def by_shipment(self) -> dict[str, Decimal]:
        """What is approved for each shipment, for landed cost and accruals."""
        sums: dict[str, Decimal] = {}
        for line in self.lines:
            if line.shipment and line.approved:
                sums[line.shipment] = sums.get(line.shipment, Decimal(0)) + line.approved
        return sums

    def document(self) -> dict[str, Any]:
        """The audit as JSON values, for the state of a process and for people."""
        return {
            "number": self.number,
            "carrier": self.carrier,
            "currency": self.currency,
            "approved": format(self.approved, "f"),
            "disputed": format(self.disputed, "f"),
            "findings": [{"code": one.code, "words": one.words} for one in self.findings],
            "lines": [_line(line) for line in self.lines],
        }


def dispute(audit: Audit) -> FreightDisputed | None:
    """The error with which a person gets this invoice, None when it is clean: the gravest finding names it, all stand in the detail."""
    found = [*audit.findings, *(finding for line in audit.lines for finding in line.findings)]
    if not found:
        return None
    gravest = min(found, key=lambda one: list(ERRORS).index(one.code) if one.code in ERRORS else len(ERRORS))
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return ERRORS.get(gravest.code, FreightDisputed)(
        f"{audit.carrier} {audit.number}: {gravest.words}{more}",
        invoice=audit.number,
        carrier=audit.carrier,
        approved=format(audit.approved, "f"),
        disputed=format(audit.disputed, "f"),
        currency=audit.currency,
        findings=[{"code": one.code, "words": one.words} for one in found],
    )


def _line(line: AuditedLine) -> dict[str, Any]:
    return {
        "number": line.number,
        "shipment": line.shipment,
        "reference": line.reference,
        "kind": line.kind,
        "amount": format(line.amount, "f"),
        "agreed": None if line.agreed is None else format(line.agreed, "f"),
        "approved": format(line.approved, "f"),
        "disputed": format(line.disputed, "f"),
        "findings": [{"code": one.code, "words": one.words} for one in line.findings],
        "arithmetic": list(line.arithmetic),
    }
