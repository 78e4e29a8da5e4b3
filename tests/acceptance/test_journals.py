"""A second finance system gets what moves the books: a posted invoice and a carrier's bill are balanced journals there, each once."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from crossdock.simulators.finance import API_KEY as BOOKS_KEY
from crossdock.simulators.finance import Finance
from crossdock.simulators.tms import Tms
from crossdock.simulators.tms.rest import API_KEY
from tests.acceptance.conftest import Opener
from tests.acceptance.dock import until
from tests.acceptance.test_freight import FLOW, asked, bill, owned

pytestmark = pytest.mark.asyncio(loop_scope="session")

BOOKS = """
title: Regional books
workflow: journals
consequence: The regional company reports from these books.
trigger:
  events: [customer_invoice.posted, customer_invoice.cancelled, payment.captured, refund.completed, freight.billed, journal.acknowledged]
roles: {finance: ledger-eu, erp: odoo, tms: tms, gateway: stripe}
exception_owner: finance
budgets: {default: {attempts: 10, first_delay: 500ms, max_delay: 5s}}
"""


def matrix(text: str) -> str:
    """The books acknowledge, the TMS' flow tells of bills."""
    text = owned(text).replace("entities:\n", "entities:\n  journal_acknowledgement: {owner: ledger-eu}\n")
    told = "  journal.acknowledged: {originates: [ledger-eu]}\n  freight.billed: {originates: [tms]}\n"
    return text.replace("events:\n", f"events:\n{told}", 1)


async def test_what_moves_the_books_is_posted_in_the_finance_system(opens: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    tms, books = Tms(), Finance()
    async with tms.running(), books.running():
        monkeypatch.setenv("ACCEPTANCE_TMS_KEY", API_KEY)
        monkeypatch.setenv("ACCEPTANCE_TMS_SECRET", tms.webhook_secret)
        monkeypatch.setenv("ACCEPTANCE_BOOKS_KEY", BOOKS_KEY)
        cast = await opens(
            {"ownership.yaml": matrix, "flows/invoices.yaml": asked},
            {
                "systems/tms.yaml": f"kind: tms\ntitle: TMS\nowner: operations\ntrust: internal\nendpoint: {tms.url}\n"
                "credentials: {api_key: 'env:ACCEPTANCE_TMS_KEY', webhook_secret: 'env:ACCEPTANCE_TMS_SECRET'}\n"
                "polls: [{channel: events, every: 1s}]\n",
                "systems/ledger-eu.yaml": f"kind: finance\ntitle: Regional books\nowner: finance\ntrust: internal\nendpoint: {books.url}\n"
                "credentials: {api_key: 'env:ACCEPTANCE_BOOKS_KEY'}\noptions: {company: NL01}\npolls: [{channel: acknowledgements, every: 1s}]\n",
                "flows/freight.yaml": FLOW.replace("patience: PT2S", "patience: PT2S, tells: true"),
                "flows/books.yaml": BOOKS,
            },
        )
        if not await cast.dock.desk.rows("res.partner", [["ref", "=", "dhl"]], "name"):
            await cast.dock.desk.call("res.partner", "create", vals_list=[{"name": "DHL Express", "ref": "dhl"}])
        order = cast.shopify.orders(("HP-004", 1))
        await cast.warehouse.picks(order.number)
        parcel = await cast.carriers.booked(order)
        await cast.arrives(order)
        number = f"J-1-{cast.dock.unique}"
        tms.office.bill(bill(number, (parcel.waybill, parcel.cost[0])))

        def journals(kind: str) -> list[Mapping[str, Any]]:
            return [one.body for one in books.books.journals.values() if one.body["document"] == kind]

        await until(lambda: _are(journals("freight_bill"), 1), "the carrier's bill is in the books")
        await until(lambda: _are(journals("invoice"), 1), "the invoice is in the books")
        [invoice], [freight] = journals("invoice"), journals("freight_bill")
        assert Decimal(invoice["total"]) == pytest.approx(Decimal(order.total), abs=Decimal("0.02"))
        assert (freight["document_number"], Decimal(freight["total"])) == (number, Decimal(parcel.cost[0]))
        assert invoice["justified_by"] and invoice["approved_by"] == "policy:books/invoice" and invoice["company"] == "NL01"
        assert await cast.clerk.has_nothing(key=order.key)


async def _are(found: list[Mapping[str, Any]], count: int) -> bool:
    return len(found) == count
