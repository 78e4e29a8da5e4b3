"""The settlement detail report as Adyen writes it (CSV, major units); knows no HTTP."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from crossdock.simulators.adyen.store import Entry

COLUMNS: Final = (
    "Company Account",
    "Merchant Account",
    "Psp Reference",
    "Merchant Reference",
    "Payment Method",
    "Creation Date",
    "TimeZone",
    "Type",
    "Modification Reference",
    "Gross Currency",
    "Gross Debit (GC)",
    "Gross Credit (GC)",
    "Exchange Rate",
    "Net Currency",
    "Net Debit (NC)",
    "Net Credit (NC)",
    "Commission (NC)",
    "Markup (NC)",
    "Scheme Fees (NC)",
    "Interchange (NC)",
    "Payment Method Variant",
    "Modification Merchant Reference",
    "Batch Number",
    "Reserved4",
    "Reserved5",
    "Reserved6",
    "Reserved7",
    "Reserved8",
    "Reserved9",
    "Reserved10",
)
MONTHLY_FEE: Final = 250
"""A fee of the account itself, in minor units, once in every batch."""


def settlement_report(merchant: str, number: int, entries: Sequence[Entry], currency: str, at: datetime) -> bytes:
    """One batch: its movements, a fee of the account and the payout that empties it."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    head = {"Company Account": f"{merchant}Company", "Merchant Account": merchant, "TimeZone": "UTC", "Batch Number": str(number)}
    total = 0
    for entry in entries:
        net = entry.value - entry.fee
        total += net
        writer.writerow(
            {
                **head,
                "Psp Reference": entry.payment.psp,
                "Merchant Reference": entry.payment.reference,
                "Payment Method": entry.payment.method,
                "Creation Date": f"{entry.at:%Y-%m-%d %H:%M:%S}",
                "Type": entry.kind,
                "Modification Reference": entry.modification,
                "Gross Currency": entry.payment.currency,
                "Gross Debit (GC)" if entry.value < 0 else "Gross Credit (GC)": major(abs(entry.value)),
                "Exchange Rate": "1",
                "Net Currency": currency,
                "Net Debit (NC)" if net < 0 else "Net Credit (NC)": major(abs(net)),
                "Commission (NC)": major(entry.fee - entry.fee // 3),
                "Scheme Fees (NC)": major(entry.fee // 3),
                "Modification Merchant Reference": entry.modification_reference,
            }
        )
    total -= MONTHLY_FEE
    day = {**head, "Creation Date": f"{at:%Y-%m-%d %H:%M:%S}", "Net Currency": currency}
    writer.writerow({**day, "Type": "Fee", "Modification Reference": "Transaction Fees", "Net Debit (NC)": major(MONTHLY_FEE)})
    paid = {"Net Debit (NC)" if total >= 0 else "Net Credit (NC)": major(abs(total))}
    writer.writerow(
        {**day, "Type": "MerchantPayout", "Modification Reference": f"TX{number:010d}XT batch {number}, {merchant}", **paid}
    )
    return out.getvalue().encode()


def major(value: int) -> str:
    """Minor units of a currency with two decimals in major units."""
    return str(Decimal(value).scaleb(-2))
