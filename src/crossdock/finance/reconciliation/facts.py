"""What one side says of one movement of money, and what a proof finds; plain values, no source."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

Kind = Literal[
    "capture", "refund", "transfer", "chargeback", "payout", "invoice", "credit_note", "freight_bill", "journal", "statement"
]
Side = Literal["ledger", "gateway", "bank", "erp", "carrier", "finance"]


@dataclass(frozen=True, slots=True)
class Fact:
    """One movement as one side knows it. `key` is what both sides call it, `names` what else they may call it.

    `order` is the business key of the transaction, `of` the payment a capture or refund belongs to, `open` what is unpaid of an invoice,
    A `statement` moves nothing and says up to which day a bank has told. `evidence` where it stands (an event, a delivery, an entry). `texts` are words in which the other side's name may stand.
    """

    kind: Kind
    side: Side
    key: str
    amount: Decimal
    currency: str
    day: date
    order: str = ""
    source: str = ""
    of: str = ""
    open: Decimal = Decimal(0)
    names: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    status: str = ""
    evidence: str = ""
    commanded: bool = True


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing on which two sides do not agree: a stable code, what both say (None: nothing), and words with the arithmetic."""

    code: str
    kind: str
    key: str
    words: str
    left: Decimal | None = None
    right: Decimal | None = None
    currency: str = ""
    order: str = ""
    evidence: tuple[str, ...] = ()


@dataclass(slots=True)
class Check:
    """One comparison: how many movements were compared, agreed, and are too young to be judged; their sums by currency."""

    name: str
    sides: tuple[str, str]
    compared: int = 0
    agreed: int = 0
    young: int = 0
    left: dict[str, Decimal] = field(default_factory=dict)
    right: dict[str, Decimal] = field(default_factory=dict)
    note: str = ""

    def count(self, side: Literal["left", "right"], amount: Decimal, currency: str) -> None:
        """Add to the sum of one side."""
        sums = self.left if side == "left" else self.right
        sums[currency] = sums.get(currency, Decimal(0)) + amount


@dataclass(frozen=True, slots=True)
class Proof:
    """The result: every check, and every difference; nothing is left out."""

    day: date
    checks: tuple[Check, ...]
    differences: tuple[Difference, ...]

    @property
    def agrees(self) -> bool:
        """Whether all sides say the same."""
        return not self.differences
