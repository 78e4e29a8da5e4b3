"""freight.accrue: the freight a booking will cost, in the books before the carrier's paper comes, and out of them again; journal entries, each once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from crossdock.canonical.values import Money
from crossdock.connectors.odoo.books import day_of, refuse_closed, refuse_foreign
from crossdock.connectors.odoo.buttons import pressed
from crossdock.connectors.odoo.client import OdooClient, Row
from crossdock.connectors.odoo.external_ids import ExternalIds
from crossdock.connectors.odoo.load import Loader
from crossdock.connectors.odoo.master_data import MasterData
from crossdock.connectors.odoo.values import canonical, number, text
from crossdock.core.commands import Command
from crossdock.core.errors import SchemaInvalid, TargetRefused
from crossdock.core.outcomes import Accepted

_ENTRY: Final = ("name", "state")
_COLUMNS: Final = (
    "id",
    "move_type",
    "date",
    "ref",
    "journal_id/.id",
    "line_ids/id",
    "line_ids/account_id/.id",
    "line_ids/name",
    "line_ids/debit",
    "line_ids/credit",
)


class Accruals:
    """Books expected freight."""

    def __init__(self, client: OdooClient, loader: Loader, data: MasterData, system: str) -> None:
        self._client = client
        self._loader = loader
        self._data = data
        self._system = system

    async def accrue(self, command: Command) -> Accepted:
        """Carry out `freight.accrue`. Raises outcome errors."""
        there = await self._made(command)
        if there is None:
            there = await self._load(command)
        row = await self._client.read_one("account.move", there, _ENTRY)
        if row["state"] == "posted":
            return Accepted(self._ack(row), repeated=True)
        return Accepted(self._ack(await self._press(there)))

    async def find(self, command: Command) -> Mapping[str, Any] | None:
        """The acknowledgement when the freight is booked, None when it is not."""
        there = await self._made(command)
        row = None if there is None else await self._client.read_one("account.move", there, _ENTRY)
        return None if row is None or row["state"] != "posted" else self._ack(row)

    async def _name(self, kind: str, command: Command, *parts: str) -> str:
        shipment = str(command.data.get("shipment_number") or "")
        if not shipment:
            raise SchemaInvalid("the freight names no shipment", fields=[{"field": "shipment_number", "problem": "empty"}])
        return ExternalIds(self._client.options.xid_prefix, await self._client.company()).name(
            kind, shipment, *_turned(command), *parts
        )

    async def _made(self, command: Command) -> int | None:
        where = [["move_type", "=", "entry"], ["ref", "=", _words(command)]]
        return await self._client.find(await self._name("accrual", command), "account.move", where)

    async def _load(self, command: Command) -> int:
        options, words = self._client.options, _words(command)
        accounts = options.accrual_accounts
        if not {"expense", "liability"} <= set(accounts):
            raise TargetRefused(
                "freight is accrued on the accounts of the option `accrual_accounts` (expense, liability), and there are none"
            )
        amount = canonical(Money, command.data.get("amount"))
        on = day_of(command.data.get("booked_on"), "booked_on")
        turned = command.data.get("reverses") is True
        if amount.amount <= 0:
            raise SchemaInvalid("the freight to accrue is nothing", fields=[{"field": "amount", "problem": "not above zero"}])
        await refuse_foreign(self._data, amount, words)
        await refuse_closed(self._client, on, words)
        head = [await self._name("accrual", command), "entry", on.isoformat(), words, str(await self._journal())]
        value, rows = number(amount.amount), []
        sides = (("expense", accounts["expense"], value, "0"), ("liability", accounts["liability"], "0", value))
        for at, (side, account, debit, credit) in enumerate(sides):
            debit, credit = (credit, debit) if turned else (debit, credit)
            name = await self._name("accrual_line", command, side)
            rows.append([*(head if at == 0 else [""] * len(head)), name, str(account), words, debit, credit])
        (id_,) = await self._loader.load("account.move", _COLUMNS, rows)
        return id_

    async def _journal(self) -> int:
        """The company's first journal of miscellaneous entries."""
        rows = await self._client.search_read("account.journal", [["type", "=", "general"]], ["name"], limit=1)
        if not rows:
            raise TargetRefused("Odoo has no journal for miscellaneous entries")
        return int(rows[0]["id"])

    async def _press(self, id_: int) -> Row:
        button = await pressed(self._client, "account.move", "action_post", [id_])
        row = await self._client.read_one("account.move", id_, _ENTRY)
        if row["state"] != "posted":
            raise button.failure("Odoo answered but did not post the accrual", move_id=str(id_))
        return row

    def _ack(self, row: Row) -> dict[str, Any]:
        return {
            "move_id": str(row["id"]),
            "move_number": text(row["name"]),
            "references": [[f"{self._system}:accrual_id", str(row["id"])]],
        }


def _words(command: Command) -> str:
    carrier, shipment = str(command.data.get("carrier") or ""), str(command.data.get("shipment_number") or "")
    turn = int(command.data.get("turn") or 1)
    words = f"Freight {carrier} {shipment}{f' ({turn})' if turn > 1 else ''}".replace("  ", " ")
    return f"{words}, reversed" if command.data.get("reverses") is True else words


def _turned(command: Command) -> tuple[str, ...]:
    """What tells the entries of one shipment apart: the first has no mark."""
    turn = int(command.data.get("turn") or 1)
    marks = (f"turn{turn}",) if turn > 1 else ()
    return (*marks, "reversed") if command.data.get("reverses") is True else marks
