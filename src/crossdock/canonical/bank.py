"""Bank statements in and credit transfers out (ISO 20022 camt.053, camt.054, pain.001; SWIFT MT940); knows no bank and no file."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Literal

from pydantic import Field, model_validator

from crossdock.canonical.base import Canonical
from crossdock.canonical.iban import Bic, Iban
from crossdock.canonical.payment import not_above_zero
from crossdock.canonical.values import Day, Money, UtcTime

EndToEndId = Annotated[str, Field(min_length=1, max_length=35)]


class StatementEntry(Canonical):
    """One movement of an account (camt Ntry with its TxDtls, MT940 :61: with :86:).

    `amount` is above zero; `direction` says which way (CdtDbtInd): `credit` is money that came. A `reversal` (RvslInd, MT940 `RC`/`RD`)
    takes back an earlier entry; its `direction` is still how the balance moved. `reference` is unique in the statement (NtryRef or AcctSvcrRef, with the
    place in a batch), `bank_code` is BkTxCd (`PMNT-RCDT-ESCT`) or the MT940 type, `structured_reference` CdtrRefInf (ISO 11649 RF or
    national), `remittance` Ustrd in one text. An account that is no IBAN stands in `counterparty_account`.
    """

    schema_name = "statement_entry"

    reference: Annotated[str, Field(min_length=1, max_length=140)]
    value_date: Day
    booking_date: Day | None = None
    amount: Money
    direction: Literal["credit", "debit"]
    reversal: bool = False
    status: Literal["booked", "pending"] = "booked"
    counterparty_name: str = ""
    counterparty_iban: Iban | None = None
    counterparty_account: str = ""
    counterparty_bic: str = ""
    structured_reference: str = ""
    remittance: str = ""
    end_to_end_id: str = ""
    mandate: str = ""
    bank_reference: str = ""
    bank_code: str = ""
    return_code: str = ""
    instructed: Money | None = None
    charges: Money | None = None

    @model_validator(mode="after")
    def _sound(self) -> StatementEntry:
        if faults := not_above_zero(self.amount):
            raise ValueError(f"entry {self.reference}: {faults[0]}")
        return self

    @property
    def signed(self) -> Money:
        """How the balance moved: above zero for a credit."""
        return self.amount if self.direction == "credit" else -self.amount


class BankStatement(Canonical):
    """Payload of `statement.received`.

    `identity` is the bank's own of this statement and unique for the account (camt Id with ElctrncSeqNb, MT940 :20: with :28C:), by which
    a statement imported twice is one. Balances may be below zero; a notification (camt.054) has none. Entries and balances are in
    `currency`; that they add up is for `checks.problems` (`statement.unbalanced`).
    """

    schema_name = "bank_statement"

    identity: Annotated[str, Field(min_length=1, max_length=140)]
    kind: Literal["statement", "report", "notification"] = "statement"
    sequence: int | None = None
    iban: Iban | None = None
    account: Annotated[str, Field(max_length=64)] = ""
    bic: str = ""
    owner: str = ""
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    from_date: Day | None = None
    to_date: Day
    created_at: UtcTime | None = None
    opening: Money | None = None
    closing: Money | None = None
    entries: tuple[StatementEntry, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> BankStatement:
        if self.iban is None and not self.account:
            raise ValueError("names no account")
        faults = [
            f"entry {each.reference}: {each.amount.currency} in a statement in {self.currency}"
            for each in self.entries
            if each.amount.currency != self.currency
        ]
        faults += [
            f"{name}: {money.currency} in a statement in {self.currency}"
            for name, money in (("opening", self.opening), ("closing", self.closing))
            if money is not None and money.currency != self.currency
        ]
        counted = Counter(each.reference for each in self.entries)
        if len(counted) != len(self.entries):
            faults += [f"two entries carry the reference {reference!r}" for reference, times in counted.items() if times > 1]
        if self.from_date is not None and self.from_date > self.to_date:
            faults.append(f"it ends on {self.to_date}, before it begins on {self.from_date}")
        if faults:
            raise ValueError("; ".join(faults[:20]))
        return self


class CreditTransfer(Canonical):
    """What `refund.transfer` carries: one SEPA credit transfer (pain.001 CdtTrfTxInf).

    `end_to_end_id` is the hub's and unique for ever: by it the transfer is found on the statement and never made twice.
    `structured_reference` and `remittance` exclude each other in SEPA (AT-05: one of both).
    """

    schema_name = "credit_transfer"

    end_to_end_id: EndToEndId
    amount: Money
    creditor_name: Annotated[str, Field(min_length=1, max_length=70)]
    creditor_iban: Iban
    creditor_bic: Bic = ""
    debtor_iban: Iban | None = None
    execution_date: Day | None = None
    remittance: Annotated[str, Field(max_length=140)] = ""
    structured_reference: Annotated[str, Field(max_length=35)] = ""
    order_number: str = ""
    return_number: str = ""

    @model_validator(mode="after")
    def _sound(self) -> CreditTransfer:
        faults = not_above_zero(self.amount)
        if self.remittance and self.structured_reference:
            faults.append("a transfer carries either a structured reference or a text")
        if faults:
            raise ValueError("; ".join(faults))
        return self
