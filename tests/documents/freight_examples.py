"""One full example of what carriers and paying customers send, and a tender with everything, for the field dictionary."""

from __future__ import annotations

from typing import Any

from crossdock.canonical.freight import Tender
from tests.documents.examples import Example

PAPERS = (
    Example(
        "x12", "210", "004010", "",
        rows=(
            ("B3", "", "F-77", "SH-9", "PP", "", "20260209", "12417", "", "20260208", "035", "ABCD", "20260206"),
            ("C3", "EUR"),
            ("N9", "PO", "P00042"),
            ("N9", "BM", "WB-1"),
            ("N1", "CA", "Carrier"),
            ("N1", "BT", "Harbour"),
            ("LX", "1"),
            ("L0", "1", "", "", "120", "B", "", "", "", "", "", "K"),
            ("L0", "1", "", "", "110", "G", "", "", "", "", "", "K"),
            ("L1", "1", "", "", "1180", "", "", "", "FUE", "", "", "", "Diesel"),
        ),
    ),
    Example(
        "x12", "820", "004010", "",
        rows=(
            ("BPR", "C", "890", "C", "ACH", *[""] * 11, "20260209"),
            ("TRN", "1", "E2E-1"),
            ("CUR", "PR", "EUR"),
            ("ENT", "1"),
            ("ADX", "-100", "05"),
            ("RMR", "IV", "INV-1", "", "990", "1000", "10"),
            ("REF", "PO", "P00042"),
        ),
    ),
    Example(
        "edifact", "REMADV", "D.96A", "",
        rows=(
            ("BGM", "481", "RA-77", "9"),
            ("DTM", ("138", "20260305", "102")),
            ("RFF", ("PQ", "E2E-1")),
            ("CUX", ("2", "EUR", "4")),
            ("DOC", "380", "INV-1"),
            ("MOA", ("12", "100")),
            ("RFF", ("ON", "P00042")),
            ("AJT", "4"),
            ("UNS", "S"),
            ("MOA", ("12", "100")),
        ),
    ),
    Example(
        "x12", "990", "004010", "",
        rows=(
            ("B1", "ABCD", "T-1", "20260209", "A"),
            ("N9", "CN", "PRO77"),
            ("N9", "SI", "SH-9"),
            ("V9", "SRD", "", "", "", "", "", "", "A99"),
            ("K1", "No truck before Friday"),
        ),
    ),
)  # fmt: skip


def tender(**changes: Any) -> Tender:
    """A load with three stops, so that one may go."""
    place = {"street": "Dock 1", "city": "Springfield", "region": "IL", "postal_code": "62701", "country": "US"}
    stops = [
        {
            "number": number, "kind": kind, "address": {**place, "name": f"Dock {number}"}, "reference": f"STOP-{number}",
            "earliest": f"2026-03-0{number}T08:00:00Z", "latest": f"2026-03-0{number}T12:00:00Z",
        }
        for number, kind in ((1, "pick_up"), (2, "delivery"), (3, "delivery"))
    ]  # fmt: skip
    return Tender.model_validate(
        {
            "number": "T-1", "shipment_number": "SH-9", "order_numbers": ["P1"], "carrier": "ABCD", "service_level": "LTL",
            "equipment": "TL", "weight_kg": "1250.5", "volume_m3": "4.2", "packages": 12, "answer_by": "2026-03-02T18:00:00Z",
            "rate": {"amount": "812.50", "currency": "EUR"}, "note": "Tail lift", "stops": stops, **changes,
        }
    )  # fmt: skip
