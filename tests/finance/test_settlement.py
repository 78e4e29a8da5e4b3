"""A carrier's invoices of a period stand as matched, unmatched or disputed, to the cent; reports say the same as CSV and PDF."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal
from typing import Any

from crossdock.canonical.freight import FreightInvoice
from crossdock.finance.reconciliation.commanded import ledger_facts
from crossdock.finance.reconciliation.facts import Check, Difference, Proof
from crossdock.finance.reconciliation.records import Done, Told
from crossdock.finance.reports import proof_csv, proof_pdf, settlement_csv, settlement_pdf
from crossdock.finance.settlement import Settlement, settle

FIRST, LAST = date(2026, 3, 1), date(2026, 3, 31)


def billed(number: str, total: str, carrier: str = "ups", issued: str = "2026-03-10", **more: Any) -> Told:
    """A carrier's invoice."""
    amount = {"amount": total, "currency": "EUR"}
    data = FreightInvoice.model_validate(
        {
            "number": number,
            "carrier": carrier,
            "issue_date": issued,
            "currency": "EUR",
            "total": amount,
            "lines": [{"number": "1", "amount": amount}],
            **more,
        }
    )
    return Told("freight_invoice.received", data, carrier, "", LAST, f"event {number}")


def booked(number: str, total: str) -> Done:
    """Its bill in the ERP."""
    data, ack = {"freight_invoice": {"number": number}}, {"bill_id": "1", "total": total, "currency": "EUR"}
    return Done("bill.create", "odoo", f"c-{number}", "", data, ack, LAST, f"delivery {number}")


def settled() -> list[Settlement]:
    told = [
        billed("U-1", "100.00"), billed("U-1", "100.00"), billed("U-2", "50.00"), billed("U-3", "70.00"), billed("U-4", "30.00"),
        billed("U-5", "9.00", kind="credit_note"), billed("OLD", "1.00", issued="2026-02-28"), billed("D-1", "12.00", carrier="dhl"),
    ]  # fmt: skip
    done = [
        booked("U-1", "100.00"),
        booked("U-3", "71.00"),
        booked("U-4", "30.00"),
        booked("U-5", "9.00"),
        booked("D-1", "12.00"),
    ]
    return settle(told, ledger_facts(done), {("ups", "U-4"): "=cmd: weight differs"}, FIRST, LAST)


def test_every_invoice_stands_once_and_sums_are_right():
    dhl, ups = settled()
    assert (dhl.carrier, dhl.count("matched"), dhl.total()) == ("dhl", 1, Decimal("12.00"))
    assert [(each.number, each.standing) for each in ups.invoices] == [
        ("U-1", "matched"), ("U-2", "unmatched"), ("U-3", "disputed"), ("U-4", "disputed"), ("U-5", "matched"),
    ]  # fmt: skip
    assert (ups.total("matched"), ups.total("unmatched"), ups.total("disputed")) == (
        Decimal("91.00"),
        Decimal("50.00"),
        Decimal("100.00"),
    )
    assert ups.total() == ups.total("matched", "unmatched", "disputed")


def test_a_file_for_spreadsheets_has_every_invoice_and_no_formula():
    rows = list(csv.DictReader(io.StringIO(settlement_csv(settled()).decode("utf-8-sig"), newline="")))
    assert [each["invoice"] for each in rows] == ["D-1", "U-1", "U-2", "U-3", "U-4", "U-5"]
    assert next(each["words"] for each in rows if each["invoice"] == "U-4") == "'=cmd: weight differs"
    assert next(each["billed"] for each in rows if each["invoice"] == "U-5") == "-9.00"


def test_pages_are_the_same_every_time():
    first, again = (settlement_pdf(settled(), FIRST, LAST) for _ in range(2))
    assert first == again
    assert first.startswith(b"%PDF-")


def test_a_proof_is_written_with_its_differences():
    difference = Difference(
        "refund.doubled",
        "refund",
        "re_1",
        "<b>twice</b> & more",
        Decimal("1.00"),
        Decimal("2.00"),
        "EUR",
        "order/shop/1",
        ("event 1",),
    )
    proof = Proof(LAST, (Check("refunds", ("ledger", "gateway"), 1, 0),), (difference,))
    (row,) = csv.DictReader(io.StringIO(proof_csv(proof).decode("utf-8-sig"), newline=""))
    assert (row["code"], row["left"], row["right"]) == ("refund.doubled", "1.00", "2.00")
    assert proof_pdf(proof).startswith(b"%PDF-")
