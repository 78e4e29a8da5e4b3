"""Maps a settlement detail report to `payout.received`, one for each currency paid out; knows no HTTP.

Columns by their names (docs.adyen.com/reporting/settlement-reconciliation): amounts are in major units, NC is the currency paid out.
What a movement brings is its net amount and the fees taken from it, so that the lines add up to the payout to the cent.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Any, Final

from crossdock.canonical.events import Event
from crossdock.canonical.payout import Payout, PayoutLine
from crossdock.canonical.values import Money
from crossdock.connectors.adyen.mapping import PROVIDER
from crossdock.connectors.document import Node, Problems
from crossdock.core.errors import PayloadMalformed

TOPIC: Final = "report/settlement"
PAYOUT: Final = "MerchantPayout"
FEES: Final = ("Commission (NC)", "Markup (NC)", "Scheme Fees (NC)", "Interchange (NC)")
NEEDED: Final = (
    "Merchant Account",
    "Type",
    "Net Currency",
    "Net Debit (NC)",
    "Net Credit (NC)",
    "Batch Number",
    "Creation Date",
    *FEES,
)
KINDS: Final = {
    "Settled": "sale",
    "SettledBulk": "sale",
    "SettledInstallment": "sale",
    "Refunded": "refund",
    "RefundedBulk": "refund",
    "RefundedInstallment": "refund",
    "RefundedReversed": "refund",
    "SettledReversed": "adjustment",
    "Chargeback": "chargeback",
    "ChargebackReversed": "chargeback",
    "SecondChargeback": "chargeback",
    "Fee": "fee",
    "MiscCosts": "fee",
    "PaymentCost": "fee",
    "InvoiceDeduction": "fee",
    "AdvancementCommission": "fee",
    "ReserveAdjustment": "reserve",
    "DepositCorrection": "reserve",
    "ManualCorrected": "adjustment",
}
"""Type of a movement -> kind of the line; others are `other`."""


def rows_of(body: bytes) -> list[dict[str, str]]:
    """The rows of a report. Raises `PayloadMalformed` when it is none, or was cut."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PayloadMalformed(f"the report is not UTF-8 at byte {error.start}") from None
    if "\x00" in text:
        raise PayloadMalformed("the report holds a NUL character")
    try:
        lines = [line for line in csv.reader(io.StringIO(text, newline=""), strict=True) if line]
    except csv.Error as error:
        raise PayloadMalformed(f"the report is not CSV: {error}") from None
    head = lines[0] if lines else []
    missing = [name for name in NEEDED if name not in head]
    if missing:
        raise PayloadMalformed(f"not a settlement detail report: the column {missing[0]!r} is missing")
    if not text.endswith("\n") or any(len(line) != len(head) for line in lines):
        raise PayloadMalformed("the report was cut: its last line is not whole")
    return [dict(zip(head, line, strict=True)) for line in lines[1:]]


def payout_events(system: str, merchant: str, body: bytes) -> list[Event]:
    """`payout.received` for each currency of a report. Raises `PayloadMalformed`, `SchemaInvalid`."""
    problems = Problems()
    rows = [Node(row, problems, f"row {place}") for place, row in enumerate(rows_of(body), 2)]
    by_currency: dict[str, list[Node]] = {}
    for row in rows:
        if row.text("Merchant Account") != merchant:
            row.wrong("Merchant Account", f"is not {merchant}")
        by_currency.setdefault(row.text("Net Currency", required=True, limit=3), []).append(row)
    problems.raise_if_any("settlement report")
    return [_payout(system, merchant, currency, found, problems) for currency, found in by_currency.items()]


def _payout(system: str, merchant: str, currency: str, rows: list[Node], problems: Problems) -> Event:
    batches = {row.text("Batch Number", required=True, limit=20) for row in rows}
    if len(batches) != 1:
        problems.add("Batch Number", "a report is of one batch")
    payouts = [row for row in rows if row.text("Type") == PAYOUT]
    movements = [row for row in rows if row.text("Type") != PAYOUT]
    lines = tuple(line for row in movements for line in _lines(row, currency) if line is not None)
    total = -sum((_net(row) for row in payouts), Decimal(0))
    days = sorted(day for day in (_day(row) for row in movements) if day is not None)
    paid = next((day for day in (_day(row) for row in payouts) if day is not None), None)
    problems.raise_if_any("settlement report")
    number = f"{merchant}/{batches.pop()}/{currency}"
    if len(number) > 64:
        number = blake2b(number.encode(), digest_size=16).hexdigest()
    values: dict[str, Any] = {
        "period_start": days[0] if days else None,
        "period_end": days[-1] if days else None,
        "paid_on": paid,
    }
    entry = problems.build(
        Payout,
        "",
        number=number,
        provider=PROVIDER,
        account=merchant,
        currency=currency,
        lines=lines,
        total={"amount": total, "currency": currency},
        statement_reference=payouts[0].text("Modification Reference", limit=255) if payouts else "",
        **values,
    )
    when = paid or (days[-1] if days else None)
    if entry is None or when is None:
        if when is None:
            problems.add("Creation Date", "is missing")
        raise problems.refusal("settlement report")
    at = datetime(when.year, when.month, when.day, tzinfo=UTC)
    return Event(f"{system}/{number}/payout", "payout.received", system, f"payout/{system}/{number}", entry, at)


def _lines(row: Node, currency: str) -> Iterator[PayoutLine | None]:
    kind, net = row.text("Type", required=True, limit=100), _net(row)
    fees = sum((row.amount(name) for name in FEES), Decimal(0))
    about: dict[str, Any] = {
        "reference": row.text("Modification Reference", limit=255) or row.text("Psp Reference", limit=255),
        "order_number": row.text("Merchant Reference", limit=200)[:64],
        "payment_reference": row.text("Psp Reference", limit=255),
    }
    if net + fees:
        amount = {"amount": net + fees, "currency": currency}
        gross, rate = row.text("Gross Currency", limit=3), row.decimal("Exchange Rate")
        foreign = gross not in ("", currency)
        original = Money(amount=row.amount("Gross Credit (GC)") - row.amount("Gross Debit (GC)"), currency=gross) if foreign and len(gross) == 3 and gross.isalpha() and gross.isupper() else None  # fmt: skip
        yield row.problems.build(
            PayoutLine,
            row.path,
            kind=KINDS.get(kind, "other"),
            amount=amount,
            original=original,
            exchange_rate=rate if foreign else None,
            description=kind,
            **about,
        )
    if fees:
        amount = {"amount": -fees, "currency": currency}
        yield row.problems.build(PayoutLine, row.path, kind="fee", amount=amount, description=f"fees of {kind}", **about)


def _net(row: Node) -> Decimal:
    return row.amount("Net Credit (NC)") - row.amount("Net Debit (NC)")


def _day(row: Node) -> date | None:
    """The day of a movement, in the time zone of the report."""
    written = row.text("Creation Date", limit=40)
    try:
        return datetime.fromisoformat(written).date() if written else None
    except ValueError:
        row.wrong("Creation Date", "must be a date and time")
        return None
