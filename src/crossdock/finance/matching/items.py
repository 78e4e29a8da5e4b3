"""What is open and what a match says: plain values; knows no evidence and no order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from crossdock.canonical.bank import StatementEntry

Verdict = Literal["matched", "partial", "overpaid", "returned", "review", "unmatched"]
"""`matched`: to the cent or within the tolerance. `partial`: less than what is open, and certain for what. `overpaid`: more than that, the
rest is in `remainder`. `returned`: money of ours that came back. `review`: a person chooses among the candidates. `unmatched`: none."""


@dataclass(frozen=True, slots=True)
class OpenItem:
    """Money expected: `credit` to come (an invoice), `debit` to go (a refund's transfer, a supplier's bill).

    `amount` is what is open of it, never below zero. `reference` is its structured reference, `ibans` are accounts the party paid from before
    (or is paid to), `end_to_end_id` is that of a transfer or a collection of ours. `also` are further numbers a payer may write.
    """

    number: str
    amount: Decimal
    currency: str
    direction: Literal["credit", "debit"] = "credit"
    reference: str = ""
    party: str = ""
    name: str = ""
    ibans: tuple[str, ...] = ()
    order_number: str = ""
    end_to_end_id: str = ""
    due: date | None = None
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Terms:
    """What counts as certain.

    `tolerance` is the difference in the account's currency that may be written off; `certain` the points a match needs, `margin` how many
    points it must be ahead of the next, `candidates` how many a person is shown.
    """

    tolerance: Decimal = Decimal("0.05")
    certain: int = 70
    margin: int = 15
    candidates: int = 5


@dataclass(frozen=True, slots=True)
class Reason:
    """One piece of evidence: a stable code, the points it gives, and words for people."""

    code: str
    points: int
    words: str


@dataclass(frozen=True, slots=True)
class Allocation:
    """How much of an entry pays which item. `difference` is what is written off (below zero: paid too much within the tolerance)."""

    number: str
    amount: Decimal
    difference: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Items a person may choose, together, with the score and why."""

    numbers: tuple[str, ...]
    score: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """What became of one entry."""

    entry: StatementEntry
    verdict: Verdict
    allocations: tuple[Allocation, ...] = ()
    score: int = 0
    reasons: tuple[Reason, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    remainder: Decimal = Decimal(0)
