"""Input about money that is wrong, through the real door of one hub: a stable code, somebody who has it, and nothing posted or sent.

A refund above the capture is in `test_returns.py`, a charge billed twice in `test_freight.py`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
import pytest_asyncio

from crossdock.ledger.payloads import unpack
from crossdock.simulators.bank import PASSWORD, BankSftp
from crossdock.simulators.carrier.push import BODIES, SECRET, signature
from crossdock.simulators.tms import Tms
from crossdock.simulators.tms.rest import API_KEY
from tests.acceptance.conftest import ODOO
from tests.acceptance.dock import Dock, until
from tests.acceptance.people import Cast, Placed
from tests.acceptance.test_freight import FLOW, asked, bills, owned
from tests.acceptance.test_invoices import invoices

pytestmark = pytest.mark.asyncio(loop_scope="session")

TOLD = ("shipment.milestone", "shipment.delivered", "shipment.pod")


@dataclass
class Counter:
    """Where wrong papers are handed in: the cast of a dock, and what stands beside the town."""

    cast: Cast
    tms: Tms
    bank: BankSftp

    async def ships(self) -> tuple[Placed, str, str]:
        """An order that arrived, its waybill and what the carrier asked for it."""
        order = self.cast.shopify.orders(("HP-004", 1))
        await self.cast.warehouse.picks(order.number)
        parcel = await self.cast.carriers.booked(order)
        await self.cast.arrives(order)
        return order, parcel.waybill, parcel.cost[0]


def guarded(text: str) -> str:
    """What the demo's ownership says, and who tells of freight, proofs and statements here."""
    text = owned(text)
    text = text.replace("entities:\n", "entities:\n  bank_statement: {owner: bank}\n")
    for name in TOLD:
        text = text.replace(
            f"  {name}: {{originates: [carrier-dhl, carrier-ups", f"  {name}: {{originates: [push, carrier-dhl, carrier-ups"
        )
    for name in ("milestone", "proof_of_delivery"):
        text = text.replace(f"  {name}:\n    owner: [carrier-dhl", f"  {name}:\n    owner: [push, carrier-dhl")
    return text.replace("events:\n", "events:\n  statement.received: {originates: [bank]}\n")


def pushed(text: str) -> str:
    """A carrier that pushes tells the invoices' flow, too."""
    return asked(text).replace("  tms: tms\n", "  tms: tms\n  carrier:push: push\n")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def counter(
    variant: str, ledgers: Callable[[Path], str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Counter]:
    """One hub for all tests here: the demo, a TMS, a carrier that pushes and a bank."""
    folder = tmp_path_factory.mktemp("counter")
    tms, bank = Tms(), BankSftp()
    endpoint = await bank.start()
    async with tms.running():
        with pytest.MonkeyPatch.context() as patch:
            given = {"TMS_KEY": API_KEY, "TMS_SECRET": tms.webhook_secret, "PUSH_SECRET": SECRET, "BANK_PASSWORD": PASSWORD}
            for name, value in given.items():
                patch.setenv(f"COUNTER_{name}", value)
            files = {
                "systems/tms.yaml": (
                    f"kind: tms\ntitle: TMS\nowner: operations\ntrust: internal\nendpoint: {tms.url}\n"
                    "credentials: {api_key: 'env:COUNTER_TMS_KEY', webhook_secret: 'env:COUNTER_TMS_SECRET'}\n"
                    "polls: [{channel: events, every: 1s}]\n"
                ),
                "systems/push.yaml": (
                    "kind: carrier_webhooks\ntitle: EasyPost\nowner: operations\ntrust: partner\n"
                    "credentials: {webhook_secret: 'env:COUNTER_PUSH_SECRET'}\noptions: {carrier: easypost, timestamped: true}\n"
                ),
                "systems/bank.yaml": (
                    f"kind: bank_file\ntitle: Bank\nowner: finance\ntrust: partner\nendpoint: {endpoint}\n"
                    "credentials: {files-password: 'env:COUNTER_BANK_PASSWORD'}\npolls: [{channel: files, every: 1s}]\n"
                    "options:\n  debtor: {name: Test Ltd, iban: NL91ABNA0417164300}\n  transports:\n    files:\n      kind: sftp\n"
                    f"      options: {{username: crossdock, auth: password, host_keys: ['{bank.host_key_line}'], send_to: /in, collect_from: [/out]}}\n"
                ),
                "flows/freight.yaml": FLOW,
                "flows/receipts.yaml": (
                    "title: Payments at the bank\nworkflow: bank_payment\nconsequence: Customers are dunned for what they paid.\n"
                    "trigger: {events: [payment.captured, statement.received], sources: [bank]}\nroles: {bank: bank, erp: odoo}\n"
                    "exception_owner: finance\n"
                ),
            }
            edits = {"ownership.yaml": guarded, "flows/invoices.yaml": pushed}
            dock = Dock(folder, ledgers(folder), variant == ODOO, edits, {}, files)
            await dock.start()
            yield Counter(Cast.at(dock), tms, bank)
            await dock.stop()
    await bank.stop()


def paper(
    number: str, waybill: str, amount: str, currency: str = "EUR", *, carrier: str = "dhl", whole: str = ""
) -> dict[str, Any]:
    """A carrier's invoice of one charge; `whole` is the currency of the invoice where it is another."""
    money = {"amount": amount, "currency": currency}
    return {
        "number": number, "carrier": carrier, "issue_date": "2026-11-23", "currency": whole or currency,
        "lines": [{"number": "1", "tracking_number": waybill, "kind": "base", "amount": money}],
        "total": {"amount": amount, "currency": whole or currency},
    }  # fmt: skip


async def test_what_a_carrier_may_not_bill_is_a_person_s_and_no_bill(counter: Counter) -> None:
    clerk, mark = counter.cast.clerk, counter.cast.dock.unique
    (_, waybill, cost), (_, other, price) = await counter.ships(), await counter.ships()
    # what a person has to decide says so in its own code, with the arithmetic
    disputed = {
        "freight.negative": paper(f"N-{mark}", waybill, f"-{cost}"),
        "freight.foreign_currency": paper(f"C-{mark}", waybill, cost, "USD", whole="EUR"),
        "freight.exchange_rate_missing": paper(f"R-{mark}", other, price, "USD"),
        "freight.contested_waybill": paper(f"W-{mark}", other, price, carrier="ups"),
    }
    for sent in disputed.values():
        counter.tms.office.bill(sent)
    for code, sent in disputed.items():
        found = await clerk.gets(code, key=f"freight/{sent['carrier']}/{sent['number']}")
        assert found.owner == "finance" and found.detail["arithmetic"]
        await clerk.decides(found, "refuse")
        await until(lambda sent=sent: counter.cast.finished(f"freight/{sent['carrier']}/{sent['number']}"), "it is over")  # type: ignore[misc]
    for sent in disputed.values():
        assert await bills(counter.cast, sent["number"]) == []


async def told(counter: Counter, body: bytes, at: datetime) -> tuple[int, dict[str, Any]]:
    """What the hub answers the carrier that pushes, which signed at this time."""
    url = f"{counter.cast.dock.url}/in/push/push"
    headers = {"content-type": "application/json", **signature("easypost", body, SECRET, at, "/in/push/push")}
    async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as answer:
        return answer.status, orjson.loads(await answer.read())


async def test_a_proof_of_delivery_before_the_pick_up_releases_no_invoice(counter: Counter) -> None:
    cast = counter.cast
    reference = f"PO-POD-{cast.dock.unique}"
    draft = await cast.dock.desk.enter_order(reference, {"HP-002": 1})
    await cast.dock.desk.confirm(draft)
    await cast.warehouse.picks(draft["name"])
    consignment, key = f"SH-odoo.{draft['name']}-", f"order/odoo/{draft['name']}"
    parcel = await cast.carriers.booked(consignment)
    waits = "SELECT state FROM ledger_expectation WHERE key=? AND flow='invoices' AND name='invoice_ready:1'"
    await until(lambda: cast.dock.rows(waits, key), "the invoice is waited for")

    # when the carrier has the parcel, and then a proof comes that says it was delivered two days before
    cast.carriers.moves(consignment, "picked_up")
    await until(lambda: _picked_up(cast, key), "the hub knows of the pick-up")
    now = datetime.now(UTC).replace(microsecond=0)
    signed = orjson.dumps(BODIES["easypost"](parcel.waybill, [("delivered", now - timedelta(days=2))], "A. Smith", b""))
    assert (await told(counter, signed, datetime.now(UTC)))[0] == 202

    found = await cast.clerk.gets("freight.proof_before_pickup", key=key)
    assert found.owner == "operations" and found.flow == "invoices"
    assert await invoices(cast, reference) == []
    await cast.clerk.decides(found, "confirm")
    await until(lambda: invoices(cast, reference), "a person vouched for it: the invoice is made")


async def _picked_up(cast: Cast, key: str) -> bool:
    """Whether the flow of invoices was told that the carrier has the parcel."""
    rows = await cast.dock.rows("SELECT state FROM ledger_instance WHERE key=? AND flow='invoices'", key)
    state = orjson.loads(unpack(bytes(rows[0][0])))
    return any(each["code"] == "picked_up" for one in state.get("consignments", ()) for each in one.get("told", ()))


async def test_a_right_signature_of_yesterday_tells_nothing(counter: Counter) -> None:
    cast = counter.cast
    body = orjson.dumps(BODIES["easypost"](f"OLD-{cast.dock.unique}", [("delivered", datetime.now(UTC))], "A. Smith", b""))
    before = await cast.dock.rows("SELECT count(*) FROM ledger_event WHERE source='push'")
    status, said = await told(counter, body, datetime.now(UTC) - timedelta(days=1))
    assert (status, said["code"]) == (401, "receive.signature_expired")
    found = await until(lambda: cast.clerk.with_code("receive.signature_expired", f"OLD-{cast.dock.unique}"), "a person has it")
    assert found.owner == "operations" and found.system == "push"
    assert await cast.dock.rows("SELECT count(*) FROM ledger_event WHERE source='push'") == before


async def test_a_statement_imported_twice_counts_once_and_another_under_its_identity_is_a_person_s(counter: Counter) -> None:
    cast, bank = counter.cast, counter.bank
    heard = "SELECT state FROM ledger_event WHERE type='statement.received'"
    bank.pay_in(2000, "Ada Byron", text="INV/2026/7")
    body = (bank.root / "out" / bank.end_of_day()).read_bytes()
    await until(lambda: cast.dock.rows(heard), "the statement is read")
    bank.put("out/again.xml", body.replace(b"<Ustrd>INV/2026/7<", b"<Ustrd>INV/2026/7 <"))  # not the same bytes
    bank.put("out/other.xml", body.replace(b"20.00<", b"21.00<").replace(b"10020.00", b"10021.00"))
    found = await cast.clerk.gets("sequence.content_conflict", system="bank")
    assert found.owner == "finance"
    counted = [state for (state,) in await cast.dock.rows(heard) if state not in (3, 6)]
    assert len(counted) == 1
    assert await cast.dock.rows("SELECT id FROM ledger_delivery WHERE name='payment.register'") == []


async def test_a_period_that_is_closed_gets_no_invoice_until_a_person_names_another_day(counter: Counter) -> None:
    cast = counter.cast
    desk = cast.dock.desk
    desk.simulated("close its books for everybody at once")
    order = cast.shopify.orders(("HP-010", 1))
    await cast.warehouse.picks(order.number)
    await cast.carriers.booked(order)
    until_ = (datetime.now(UTC) + timedelta(days=1)).date()
    await desk.call("res.company", "write", ids=[1], vals={"sale_lock_date": until_.isoformat()})
    try:
        cast.carriers.moves(order, "picked_up")
        found = await cast.clerk.gets("invoice.period_closed", key=order.key)
        assert found.owner == "finance" and found.flow == "invoices"
        assert {one["state"] for one in await invoices(cast, order.number)} <= {"draft"}
    finally:
        await desk.call("res.company", "write", ids=[1], vals={"sale_lock_date": False})
    await cast.clerk.decides(found, "another_day", date=datetime.now(UTC).date().isoformat())
    await until(lambda: _posted(cast, order), "the invoice is posted, once")
    assert Decimal(str((await invoices(cast, order.number))[0]["amount_total"])) > 0


async def _posted(cast: Cast, order: Placed) -> bool:
    return [one["state"] for one in await invoices(cast, order.number)] == ["posted"]
