"""The settings of a journals flow, with defaults: which papers are posted to which accounts; knows no state."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator

from crossdock.processes.frame.settings import Strict

Stage = Literal["acknowledged"]
Document = Literal["invoice", "credit_note", "payment", "refund", "accrual", "freight_bill", "payout", "other"]
Account = Annotated[str, Field(min_length=1, max_length=64)]
_EXPECTED: dict[Stage, timedelta] = {"acknowledged": timedelta(days=1)}


class Accounts(Strict):
    """The accounts by the hub's names for them; the finance system's own numbers are in its value map."""

    receivable: Annotated[Account, Field(description="What customers owe.")] = "receivable"
    revenue: Annotated[Account, Field(description="Goods sold.")] = "revenue"
    freight_revenue: Annotated[Account, Field(description="Shipping charged to customers.")] = "freight_revenue"
    tax: Annotated[Account, Field(description="Tax on sales.")] = "tax"
    clearing: Annotated[Account, Field(description="Money a gateway or marketplace holds.")] = "clearing"
    bank: Annotated[Account, Field(description="Money in the bank.")] = "bank"
    fees: Annotated[Account, Field(description="What gateways and marketplaces keep.")] = "fees"
    disputed: Annotated[Account, Field(description="Money payers' banks took back while the dispute lasts.")] = "disputed"
    losses: Annotated[Account, Field(description="Disputes that were lost.")] = "losses"
    freight: Annotated[Account, Field(description="Freight as an expense.")] = "freight"
    freight_accrued: Annotated[Account, Field(description="Freight that is expected and not billed.")] = "freight_accrued"
    freight_tax: Annotated[Account, Field(description="Tax on carriers' invoices.")] = "freight_tax"
    payable: Annotated[Account, Field(description="What carriers are owed.")] = "payable"


class Settings(Strict):
    """`settings:` of a flow with `workflow: journals`. Everything has a default."""

    documents: Annotated[tuple[Document, ...], Field(description="What is posted; absent: everything.")] = (
        "invoice",
        "credit_note",
        "payment",
        "refund",
        "accrual",
        "freight_bill",
        "payout",
        "other",
    )
    accounts: Accounts = Accounts()
    banks: Annotated[
        tuple[str, ...],
        Field(description="Roles whose payments are on the bank account already; all others are held by a gateway."),
    ] = ("bank",)
    company: Annotated[str, Field(description="The company the finance system keeps books for; absent: its own default.")] = ""
    book: Annotated[str, Field(max_length=32, description="The book (journal) in the finance system.")] = ""
    zone: Annotated[str, Field(description="The time zone of posting days.")] = "UTC"

    expectations: Annotated[
        dict[Stage, timedelta],
        Field(description="`acknowledged`: after the journal was handed over. The flow's `slas` of the same name go before."),
    ] = Field(default_factory=lambda: dict(_EXPECTED))
    owners: Annotated[dict[str, str], Field(description="Role (`finance`) and the team that gets its failures.")] = Field(
        default_factory=dict
    )
    budgets: Annotated[dict[str, str], Field(description="Command (`journal.post`) and the retry budget it is given.")] = Field(
        default_factory=dict
    )

    @field_validator("zone")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"there is no time zone {value!r}") from None
        return value
