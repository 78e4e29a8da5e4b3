"""invoice.post: a draft invoice or credit note posted, judged by reading it again; never in a period that is closed.

Odoo posts in a closed period all the same: it keeps the paper's date and books it on the first open day. So whether the period is closed is
asked before (Odoo computes the warning a person would see), and a booking day that is not the paper's is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from crossdock.connectors.odoo.books import day_of
from crossdock.connectors.odoo.buttons import pressed
from crossdock.connectors.odoo.client import OdooClient, Row, exact
from crossdock.connectors.odoo.subject import paper_id
from crossdock.connectors.odoo.values import label, number, text
from crossdock.core.commands import Command
from crossdock.core.errors import PeriodClosed, TargetRefused
from crossdock.core.outcomes import Accepted

_FIELDS: Final = (
    "name",
    "state",
    "move_type",
    "date",
    "invoice_date",
    "currency_id",
    "amount_total",
    "amount_residual",
    "payment_state",
    "payment_reference",
    "tax_lock_date_message",
)
CUSTOMERS: Final = ("out_invoice", "out_refund")


class Posting:
    """Posts papers for customers."""

    def __init__(self, client: OdooClient, system: str) -> None:
        self._client = client
        self._system = system

    async def post(self, command: Command) -> Accepted:
        """Carry out `invoice.post`. Raises outcome errors."""
        row, repeated = await self.press(
            paper_id(command), day_of(command.data["issue_date"], "issue_date") if command.data.get("issue_date") else None
        )
        return Accepted(self._ack(row), repeated=repeated)

    async def find(self, command: Command) -> Mapping[str, Any] | None:
        """The acknowledgement when the paper is posted, None when it is not."""
        id_ = paper_id(command)
        row = (await self._client.read("account.move", [id_], _FIELDS)).get(id_)
        return None if row is None or row["state"] != "posted" else self._ack(row)

    async def press(self, id_: int, day: date | None = None) -> tuple[Row, bool]:
        """Post a draft under a date; returns it as it is now, and whether it was posted before.

        Raises `PeriodClosed` before anything is posted, `TargetRefused` for a paper that cannot be posted.
        """
        row = await self._client.read_one("account.move", id_, _FIELDS)
        if row["move_type"] not in CUSTOMERS:
            raise TargetRefused(f"{id_} is no customer's paper in Odoo", invoice_id=str(id_), kind=row["move_type"])
        if row["state"] == "posted":
            return row, True
        if row["state"] == "cancel":
            raise TargetRefused(f"paper {id_} is cancelled in Odoo", invoice_id=str(id_), state="cancel")
        if day is not None and text(row["invoice_date"]) != day.isoformat():
            await self._client.call("account.move", "write", ids=[id_], vals={"invoice_date": day.isoformat()})
            row = await self._client.read_one("account.move", id_, _FIELDS)
        self._refuse_closed(row)
        button = await pressed(self._client, "account.move", "action_post", [id_])
        after = await self._client.read_one("account.move", id_, _FIELDS)
        if after["state"] != "posted":
            self._refuse_closed(after)
            raise button.failure(f"Odoo answered but did not post paper {id_}", invoice_id=str(id_))
        return after, button.trouble is not None

    def _refuse_closed(self, row: Row) -> None:
        closed = text(row["tax_lock_date_message"])
        if closed:
            raise PeriodClosed(
                f"the period of {text(row['invoice_date']) or text(row['date'])} is closed in Odoo: {closed}",
                invoice_id=str(row["id"]),
                date=text(row["invoice_date"]) or text(row["date"]),
                answer=closed,
            )

    def _ack(self, row: Row) -> dict[str, Any]:
        booked, dated = text(row["date"]), text(row["invoice_date"])
        moved = [{"field": "date", "expected": dated, "found": booked}] if booked != dated else []
        return {**said(self._system, row), "issue_date": dated, "discrepancies": moved}


def said(system: str, head: Row) -> dict[str, Any]:
    """What every answer about a paper says."""
    name = text(head["name"]).removeprefix("/")  # Odoo 17 and older call a draft "/"
    references = [[f"{system}:invoice_id", str(head["id"])]]
    if name and head["state"] == "posted":
        references.append(["invoice", name])
    return {
        "invoice_id": str(head["id"]),
        "invoice_number": name,
        "state": {"cancel": "cancelled"}.get(head["state"], head["state"]),
        "total": number(exact(head["amount_total"])),
        "residual": number(exact(head["amount_residual"])),
        "payment_state": head["payment_state"],
        "currency": label(head["currency_id"]),
        "reference": text(head["payment_reference"]),
        "references": references,
    }
