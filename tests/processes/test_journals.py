"""Journals: every paper that moves the books is posted once and balances; what no longer stands is taken back; refusals are a person's."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from process_bench import ProcessBench

from crossdock.canonical.journal import Journal
from crossdock.core.commands import Command
from crossdock.core.errors import JournalPeriodClosed
from crossdock.core.process import Decision, FlowContext
from crossdock.processes.journals import Journals, State

PROCESS = Journals()


def flow(**settings: Any) -> FlowContext:
    return FlowContext(
        "books", {"finance": "ledger-eu", "erp": "odoo", "gateway": "stripe", "bank": "bank"}, settings, {}, "finance"
    )


def ack_of(command: Command) -> dict[str, Any]:
    number = command.data["journal"]["number"]
    return {"posted_number": f"GL-{number}", "status": "posted", "references": [["journal:ledger-eu", number]]}


def eur(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}


@dataclass
class Bench(ProcessBench[State]):
    """The journals of one transaction."""

    process = PROCESS
    source = "odoo"
    ack_of = staticmethod(ack_of)

    context: FlowContext = field(default_factory=flow)
    key: str = "order/shopify-eu/1001"

    def invoice(self, amount: str = "119.00", tax: str = "19.00", kind: str = "posted", **more: Any) -> Decision[State]:
        document = {
            "number": "INV/1", "erp_id": "80", "order_number": "1001", "state": kind, "currency": "EUR", "issue_date": "2026-11-23",
            "amount": eur(amount), "residual": eur("0"), "tax_total": eur(tax), "at": self.now.isoformat(), **more,
        }  # fmt: skip
        if "lines" not in more:
            net = format(Decimal(amount) - Decimal(tax) - Decimal("5.00"), "f")
            document["lines"] = [
                {"number": "1", "quantity": {"value": "1"}, "net_amount": eur(net)},
                {"number": "2", "kind": "freight", "quantity": {"value": "1"}, "net_amount": eur("5.00")},
            ]
        return self.event(f"customer_invoice.{kind}", document)

    def money(self, kind: str, amount: str, source: str = "stripe", reference: str = "p1") -> Decision[State]:
        document = {"reference": reference, "provider": source, "amount": eur(amount), "at": self.now.isoformat()}
        return self.event(kind, document, source)

    def says(self, verdict: str, number: str, reason: str = "") -> Decision[State]:  # type: ignore[override]
        document = {"number": number, "verdict": verdict, "posted_number": "GL-9", "reason": reason, "at": self.now.isoformat()}
        return self.event("journal.acknowledged", document, "ledger-eu")

    @property
    def sums(self) -> dict[str, Decimal]:
        """The balance of each account over everything the finance system was given, by an adding machine of its own."""
        found: dict[str, Decimal] = {}
        for command in self.commands:
            for line in command.data["journal"]["lines"]:
                side = Decimal(line["debit"]["amount"]) if line.get("debit") else -Decimal(line["credit"]["amount"])
                found[line["account"]] = found.get(line["account"], Decimal(0)) + side
        return {name: amount for name, amount in found.items() if amount}


def test_an_invoice_and_its_payment_leave_nothing_owed() -> None:
    bench = Bench()
    bench.invoice()
    bench.money("payment.captured", "119.00")
    assert bench.sums == {
        "revenue": Decimal("-95.00"),
        "freight_revenue": Decimal("-5.00"),
        "tax": Decimal("-19.00"),
        "clearing": Decimal(119),
    }
    bench.run()
    assert bench.state.closed == "finished"
    assert [one.data["approved_by"] for one in bench.commands] == ["policy:books/invoice", "policy:books/payment"]
    # told again, as an ERP does when the residual changes
    bench.invoice()
    assert bench.count("journal.post") == 2 and bench.state.closed == "finished"


def test_what_no_longer_stands_is_taken_back_once_it_was_posted_and_a_changed_paper_is_booked_anew() -> None:
    bench = Bench()
    bench.invoice()
    bench.invoice("59.50", "9.50")
    assert bench.count("journal.post") == 2, "the first is not taken back before it is there"
    bench.run()
    back = bench.commands[2].data["journal"]
    assert back["reverses"] == bench.commands[0].data["journal"]["number"]
    assert bench.sums == {
        "receivable": Decimal("59.50"),
        "revenue": Decimal("-45.00"),
        "freight_revenue": Decimal(-5),
        "tax": Decimal("-9.50"),
    }
    bench.invoice("59.50", "9.50", "cancelled")
    bench.run()
    assert bench.sums == {}
    bench.money("refund.completed", "10.00", reference="r1")
    bench.money("refund.failed", "10.00", reference="r1")
    bench.run()
    assert bench.sums == {} and bench.state.closed == "finished"


def test_freight_accrued_is_taken_back_when_it_is_billed() -> None:
    order, bill = Bench(), Bench(key="freight/dhl/R-1")
    accrual = {"shipment_number": "SH-1", "carrier": "dhl", "amount": eur("7.40"), "booked_on": "2026-11-23"}
    order.event("freight.accrued", accrual)
    order.run()
    assert order.sums == {"freight": Decimal("7.40"), "freight_accrued": Decimal("-7.40")}
    order.event("freight.accrued", {**accrual, "state": "released"})
    invoice = {
        "number": "R-1", "carrier": "dhl", "issue_date": "2026-11-30", "currency": "EUR", "tax_total": eur("1.41"), "total": eur("8.81"),
        "lines": [{"number": "1", "tracking_number": "T1", "amount": eur("7.40")}],
    }  # fmt: skip
    bill.event("freight.billed", invoice, "tms")
    order.event("freight.billed", invoice, "tms")
    assert order.sums == {} and order.count("journal.post") == 2
    assert bill.sums == {"freight": Decimal("7.40"), "freight_tax": Decimal("1.41"), "payable": Decimal("-8.81")}


def test_a_payout_moves_what_a_gateway_held_to_the_bank_less_its_fees() -> None:
    bench = Bench(key="payout/stripe/po_1")
    lines = [("sale", "119.00"), ("fee", "-3.20"), ("refund", "-19.00")]
    document = {
        "number": "po_1", "provider": "stripe", "paid_on": "2026-11-25", "currency": "EUR", "total": eur("96.80"),
        "lines": [{"kind": kind, "amount": eur(amount)} for kind, amount in lines],
    }  # fmt: skip
    bench.event("payout.received", document, "stripe")
    assert bench.sums == {"bank": Decimal("96.80"), "clearing": Decimal("-100.00"), "fees": Decimal("3.20")}


def test_a_journal_waits_for_its_verdict_and_a_refused_one_is_offered_under_another_number() -> None:
    bench = Bench()
    bench.invoice()
    bench.ack("journal.post", status="pending", posted_number="")
    assert "acknowledged:1" in bench.expected and not bench.state.closed
    first = bench.commands[0].data["journal"]["number"]
    bench.says("rejected", first, "account 4711 is closed")
    assert bench.parked["journal:1"].error.code == "journal.refused" and "4711" in bench.parked["journal:1"].error.message
    bench.decide("journal:1", "another_day", date="2026-12-01")
    again = bench.last("journal.post").data["journal"]
    assert (again["number"], again["posting_date"]) == (f"{first}.2", "2026-12-01")
    bench.ack("journal.post", status="pending", posted_number="")
    bench.says("posted", again["number"])
    assert bench.state.closed == "finished" and bench.state.entries[0].posted_number == "GL-9"


def test_a_closed_period_is_a_persons_who_may_name_a_day() -> None:
    bench = Bench()
    bench.invoice()
    bench.fail("journal.post", JournalPeriodClosed("2026-11 is closed"))
    slot = next(iter(bench.parked))
    bench.decide(slot, "another_day", date="2026-12-01")
    bench.run()
    assert bench.state.closed == "finished" and bench.count("journal.post") == 2


KINDS = st.sampled_from(["invoice", "less", "cancelled", "captured", "refund", "bounced", "opened", "won", "lost", "run"])


@settings(max_examples=60, deadline=None)
@given(st.lists(KINDS, max_size=14))
def test_whatever_comes_in_whatever_order_the_books_balance_and_say_what_stands(kinds: list[str]) -> None:
    bench, standing, held = Bench(), Decimal(0), Decimal(0)
    refunded = gone = lost = False
    for place, kind in enumerate(kinds):
        if kind in {"invoice", "less"}:
            standing = Decimal("119.00") if kind == "invoice" else Decimal("59.50")
            bench.invoice(str(standing), "19.00" if kind == "invoice" else "9.50")
        elif kind == "cancelled":
            standing = Decimal(0)
            bench.invoice(kind="cancelled")
        elif kind == "captured":
            held += 7
            bench.money("payment.captured", "7.00", reference=f"p{place}")
        elif kind == "refund":
            refunded = True
            bench.money("refund.completed", "3.00", reference="r")
        elif kind == "bounced":
            refunded = False
            bench.money("refund.failed", "3.00", reference="r")
        elif kind == "run":
            bench.run()
        elif not lost:
            gone, lost = kind != "won", kind == "lost"
            told = {
                "reference": "d",
                "payment_reference": "p",
                "provider": "stripe",
                "amount": eur("2.00"),
                "at": bench.now.isoformat(),
            }
            outcome = "" if kind == "opened" else kind
            bench.event("chargeback.opened" if not outcome else "chargeback.closed", {**told, "outcome": outcome}, "stripe")
    bench.run()
    for command in bench.commands:
        Journal.model_validate(command.data["journal"])
    left = held - 3 * refunded - 2 * gone
    wanted = {
        "clearing": left,
        "receivable": standing - held + 3 * refunded,
        "losses": Decimal(2 * lost),
        "disputed": Decimal(2 * gone - 2 * lost),
    }
    assert {name: bench.sums.get(name, Decimal(0)) for name in wanted} == wanted
    assert sum(bench.sums.values(), Decimal(0)) == 0
    assert not bench.commands or bench.state.closed == "finished"


@pytest.mark.parametrize("document", ["invoice", "payment"])
def test_only_what_the_flow_posts_is_posted(document: str) -> None:
    bench = Bench(context=flow(documents=[document]))
    bench.invoice()
    bench.money("payment.captured", "119.00")
    assert [one.data["journal"]["document"] for one in bench.commands] == [document]
