"""What anything that books money outside a paper must know: until when the books are closed, and the company's currency."""

from __future__ import annotations

from datetime import date
from typing import Final

from crossdock.canonical.values import Money
from crossdock.connectors.odoo.client import OdooClient
from crossdock.connectors.odoo.master_data import MasterData
from crossdock.connectors.odoo.values import text
from crossdock.core.errors import PeriodClosed, SchemaInvalid, TargetRefused

_LOCKS: Final = ("user_fiscalyear_lock_date", "user_hard_lock_date")


async def refuse_closed(client: OdooClient, on: date, what: str) -> None:
    """Raise `PeriodClosed` when the books are closed for everybody on this day: Odoo would book it on another day and not say so."""
    company = await client.read_one("res.company", await client.company(), _LOCKS)
    ends = [text(company[name]) for name in _LOCKS if len(text(company[name])) == 10]  # "1-01-01" is Odoo's way to say never
    closed = max(ends, default="")
    if closed and on.isoformat() <= closed:
        raise PeriodClosed(f"the books are closed until {closed}, {what} is of {on}", date=str(on), closed=closed)


async def refuse_foreign(data: MasterData, amount: Money, what: str) -> None:
    """Raise `TargetRefused` for an amount that is not in the company's currency."""
    own = await data.currency()
    if amount.currency != own:
        raise TargetRefused(f"{what} is in {amount.currency}, the books are kept in {own}", expected=own, found=amount.currency)


def day_of(value: object, field: str) -> date:
    """A day out of a command's data. Raises `SchemaInvalid`."""
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        raise SchemaInvalid("the command has no date", fields=[{"field": field, "problem": "no date (YYYY-MM-DD)"}]) from None
