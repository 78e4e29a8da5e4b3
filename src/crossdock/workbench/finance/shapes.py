"""What the API tells of settlements and proofs; amounts are decimals written as text."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from ninja import Schema

from crossdock.finance.reports import STANDINGS

if TYPE_CHECKING:
    from crossdock.finance.settlement import Settlement
    from crossdock.workbench.finance.service import Proved, Settled


class SettledInvoiceOut(Schema):
    """One invoice of a carrier. `booked` is None when nothing is in the books; `standing` matched, unmatched or disputed, `words` why."""

    number: str
    issued: date
    billed: str
    booked: str | None
    standing: str
    words: str
    evidence: str


class SumOut(Schema):
    """The invoices that stand alike."""

    standing: str
    count: int
    billed: str


class SettlementOut(Schema):
    """One carrier in one currency."""

    carrier: str
    currency: str
    billed: str
    sums: list[SumOut]
    invoices: list[SettledInvoiceOut]


class SettlementsOut(Schema):
    """The settlements of a period as the ledger was `at` a moment."""

    begin: date
    end: date
    at: datetime
    settlements: list[SettlementOut]


class CheckOut(Schema):
    """One comparison: how many movements were compared, agreed, and are too young to be judged; the sums of both sides by currency."""

    check: str
    sides: list[str]
    compared: int
    agreed: int
    young: int
    left: dict[str, str]
    right: dict[str, str]
    note: str


class DifferenceOut(Schema):
    """One thing on which two sides do not agree, with the arithmetic in words; None is a side that says nothing."""

    code: str
    kind: str
    key: str
    left: str | None
    right: str | None
    currency: str
    transaction: str
    words: str
    evidence: list[str]


class ProofOut(Schema):
    """Whether money agrees everywhere, as the ledger was `at` a moment."""

    agrees: bool
    begin: date
    day: date
    grace: int
    at: datetime
    checks: list[CheckOut]
    differences: list[DifferenceOut]
    forgotten: int
    unreadable: list[str]


def settlements_out(found: Settled) -> SettlementsOut:
    """Settlements as the API tells them."""
    return SettlementsOut(
        begin=found.period.begin, end=found.period.end, at=found.at, settlements=[_settlement(each) for each in found.settlements]
    )


def _settlement(each: Settlement) -> SettlementOut:
    return SettlementOut(
        carrier=each.carrier,
        currency=each.currency,
        billed=str(each.total()),
        sums=[SumOut(standing=name, count=each.count(name), billed=str(each.total(name))) for name in STANDINGS],
        invoices=[
            SettledInvoiceOut(
                number=one.number, issued=one.issued, billed=str(one.billed), booked=None if one.booked is None else str(one.booked),
                standing=one.standing, words=one.words, evidence=one.evidence,
            )
            for one in each.invoices
        ],
    )  # fmt: skip


def proof_out(found: Proved) -> ProofOut:
    """A proof as the API tells it."""
    return ProofOut(
        agrees=found.agrees,
        begin=found.begin,
        day=found.proof.day,
        grace=found.grace,
        at=found.at,
        checks=[
            CheckOut(
                check=each.name, sides=list(each.sides), compared=each.compared, agreed=each.agreed, young=each.young,
                left={currency: str(amount) for currency, amount in sorted(each.left.items())},
                right={currency: str(amount) for currency, amount in sorted(each.right.items())}, note=each.note,
            )
            for each in found.proof.checks
        ],
        differences=[
            DifferenceOut(
                code=each.code, kind=each.kind, key=each.key, left=None if each.left is None else str(each.left),
                right=None if each.right is None else str(each.right), currency=each.currency, transaction=each.order,
                words=each.words, evidence=list(each.evidence),
            )
            for each in found.proof.differences
        ],
        forgotten=found.forgotten,
        unreadable=list(found.unreadable),
    )  # fmt: skip
