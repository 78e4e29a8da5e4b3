"""A statement as a reader found it, before it is judged: plain values, some of them missing; knows no format."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal


@dataclass(slots=True)
class DraftBalance:
    """A balance: below zero is a debt of ours to the bank. `byte` is where it stands in the file."""

    amount: Decimal
    currency: str
    day: date | None
    byte: int = 0


@dataclass(slots=True)
class DraftEntry:
    """One booking: the amount is never negative, `credit` says that it came to us. `part` counts the payments of a collective booking."""

    amount: Decimal
    currency: str
    credit: bool
    booked: date | None = None
    value: date | None = None
    reference: str = ""
    part: int = 0
    end_to_end: str = ""
    name: str = ""
    account: str = ""
    structured: str = ""
    remittance: str = ""
    code: str = ""
    reversal: bool = False
    pending: bool = False
    own_reference: str = ""
    return_code: str = ""
    bic: str = ""
    mandate: str = ""
    instructed: tuple[Decimal, str] | None = None
    charges: tuple[Decimal, str] | None = None


@dataclass(slots=True)
class DraftStatement:
    """One statement. `kind` is `camt.053` or `mt940`; `whole` is false for one page of several, whose entries are not all there."""

    kind: str
    name: str = ""
    account: str = ""
    owner: str = ""
    bic: str = ""
    sequence: int | None = None
    currency: str = ""
    number: str = ""
    begins: date | None = None
    ends: date | None = None
    created: datetime | None = None
    opening: DraftBalance | None = None
    closing: DraftBalance | None = None
    whole: bool = True
    entries: list[DraftEntry] = field(default_factory=list)
    unread: int = 0
    """Bookings that were there and could not be read, each with a finding."""
