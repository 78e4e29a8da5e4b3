"""A carrier's invoice comes through the TMS: charges as booked become a bill in Odoo, all else is a person's and nothing is posted."""

from __future__ import annotations

from typing import Any

import pytest

from crossdock.simulators.tms import Tms
from crossdock.simulators.tms.rest import API_KEY
from tests.acceptance.conftest import Opener
from tests.acceptance.dock import until
from tests.acceptance.people import Cast, Placed

pytestmark = pytest.mark.asyncio(loop_scope="session")

FLOW = """
title: Carriers' invoices
workflow: freight_to_bill
consequence: A carrier is paid for what it did, once.
trigger: {events: [freight_invoice.received, freight.audited], sources: [tms]}
roles: {erp: odoo}
exception_owner: finance
settings: {patience: PT2S}
budgets: {default: {attempts: 10, first_delay: 500ms, max_delay: 5s}}
"""


def owned(text: str) -> str:
    """The TMS tells what carriers bill."""
    text = text.replace("entities:\n", "entities:\n  freight_invoice: {owner: tms}\n  freight_audited: {owner: tms}\n")
    told = "".join(
        f"  {name}: {{originates: [tms]}}\n" for name in ("freight_invoice.received", "freight.claimed", "freight.audited")
    )
    return text.replace("events:\n", f"events:\n{told}")


def asked(text: str) -> str:
    """The orders are asked what they make of charges."""
    text = text.replace("    - customer_invoice.created\n", "    - freight.claimed\n    - customer_invoice.created\n")
    return text.replace("  carrier:ups: carrier-ups\n", "  carrier:ups: carrier-ups\n  tms: tms\n")


def bill(number: str, *charges: tuple[str, str], carrier: str = "dhl") -> dict[str, Any]:
    """An invoice of base charges (tracking number, amount)."""
    total = sum(float(amount) for _, amount in charges)
    return {
        "number": number,
        "carrier": carrier,
        "issue_date": "2026-11-23",
        "currency": "EUR",
        "lines": [
            {"number": str(place), "tracking_number": name, "kind": "base", "amount": {"amount": amount, "currency": "EUR"}}
            for place, (name, amount) in enumerate(charges, 1)
        ],
        "total": {"amount": f"{total:.2f}", "currency": "EUR"},
    }


async def bills(cast: Cast, number: str) -> list[dict[str, Any]]:
    """The vendor bills of this number in Odoo."""
    domain = [["ref", "=", number], ["move_type", "=", "in_invoice"]]
    return await cast.dock.desk.rows("account.move", domain, "state", "amount_total")


async def test_what_a_carrier_bills_is_held_against_its_booking(opens: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    tms = Tms()
    async with tms.running():
        monkeypatch.setenv("ACCEPTANCE_TMS_KEY", API_KEY)
        monkeypatch.setenv("ACCEPTANCE_TMS_SECRET", tms.webhook_secret)
        system = (
            f"kind: tms\ntitle: TMS\nowner: operations\ntrust: internal\nendpoint: {tms.url}\n"
            "credentials: {api_key: 'env:ACCEPTANCE_TMS_KEY', webhook_secret: 'env:ACCEPTANCE_TMS_SECRET'}\n"
            "polls: [{channel: events, every: 1s}]\n"
        )
        cast = await opens(
            {"ownership.yaml": owned, "flows/invoices.yaml": asked}, {"systems/tms.yaml": system, "flows/freight.yaml": FLOW}
        )
        if not await cast.dock.desk.rows("res.partner", [["ref", "=", "dhl"]], "name"):
            await cast.dock.desk.call("res.partner", "create", vals_list=[{"name": "DHL Express", "ref": "dhl"}])
        orders = [cast.shopify.orders(("HP-004", 1)) for _ in range(2)]
        parcels = [await _arrived(cast, order) for order in orders]
        cost = parcels[0][1]

        # when the carrier bills both parcels as they were booked, then Odoo has one bill, as a draft, and nobody is asked
        number = f"F-1-{cast.dock.unique}"
        tms.office.bill(bill(number, *((waybill, price) for waybill, price in parcels)))
        [made] = await until(lambda: bills(cast, number), "the bill is in Odoo")
        assert made["state"] == "draft"
        assert float(made["amount_total"]) == pytest.approx(float(cost) * 2, abs=0.01)
        await until(lambda: cast.finished(f"freight/dhl/{number}"), "the invoice is over")
        assert await cast.clerk.has_nothing(key=f"freight/dhl/{number}")

        # when it bills one of them again, at another price, or a parcel nobody knows, a person sees why and nothing is billed
        again, unknown = f"F-2-{cast.dock.unique}", f"F-3-{cast.dock.unique}"
        tms.office.bill(bill(again, (parcels[0][0], cost)))
        tms.office.bill(bill(unknown, ("NOBODY-1", "9.90")))
        twice = await cast.clerk.gets("freight.billed_twice", key=f"freight/dhl/{again}")
        assert number in twice.message
        await cast.clerk.gets("freight.unknown_waybill", key=f"freight/dhl/{unknown}")
        await cast.clerk.decides(twice, "refuse")
        await until(lambda: cast.finished(f"freight/dhl/{again}"), "the invoice is over")
        assert await bills(cast, again) == await bills(cast, unknown) == []


async def _arrived(cast: Cast, order: Placed) -> tuple[str, str]:
    """Waybill of a parcel that arrived, and what the carrier asked for it."""
    await cast.warehouse.picks(order.number)
    parcel = await cast.carriers.booked(order)
    await cast.arrives(order)
    return parcel.waybill, parcel.cost[0]
