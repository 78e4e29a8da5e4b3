"""The settings of an invoice-collection flow, with defaults; knows no state."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator

from crossdock.processes.frame.settings import Strict

Stage = Literal["posted", "paid"]
_EXPECTED: dict[Stage, timedelta] = {"posted": timedelta(hours=4)}


class Settings(Strict):
    """`settings:` of a flow with `workflow: invoice_collection`. Everything has a default."""

    window: Annotated[
        timedelta,
        Field(
            gt=timedelta(0),
            description="So long after the first share the invoice is made. Shares that come later go on a further invoice.",
        ),
    ] = timedelta(minutes=15)
    approve_above: Annotated[
        Decimal | None, Field(ge=0, description="A person allows invoices above so much (with tax); absent: none has to.")
    ] = None
    zone: Annotated[str, Field(description="The time zone of invoice days.")] = "UTC"
    finish: Annotated[Literal["posted", "paid"], Field(description="What ends the transaction.")] = "posted"

    expectations: Annotated[
        dict[Stage, timedelta],
        Field(
            description="`posted`: after its shares are collected; `paid`: after it is posted. The flow's `slas` of the same names go before."
        ),
    ] = Field(default_factory=lambda: dict(_EXPECTED))
    owners: Annotated[dict[str, str], Field(description="Role (`accounting`) and the team that gets its failures.")] = Field(
        default_factory=dict
    )
    budgets: Annotated[dict[str, str], Field(description="Command (`invoice.post`) and the retry budget it is given.")] = Field(
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
