"""One full example of every document: the object that we write, or the segments a partner sends. Golden files hold what goes over the wire."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crossdock.canonical.base import Canonical
from crossdock.canonical.despatch import DespatchAdvice
from crossdock.canonical.fulfilment import FulfilmentOrder
from crossdock.canonical.invoice import Invoice
from crossdock.canonical.order_response import OrderResponse
from crossdock.canonical.purchase_order import PurchaseOrder
from crossdock.canonical.receipt import ExpectedReceipt
from crossdock.documents.options import MappingOptions
from crossdock.edi.writer import Row

GOLDEN = Path(__file__).parent / "golden"
OPTIONS = MappingOptions(
    zone="Europe/Berlin",
    currency="EUR",
    changes="whole",
    locations={"4000003000003": {"name": "Lager Nord", "street": "Kai 1", "city": "Hamburg", "country": "DE"}},  # type: ignore[dict-item]
)


def money(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}


def pieces(value: str, unit: str = "C62") -> dict[str, str]:
    return {"value": value, "unit": unit}


def party(name: str, code: str, x12: bool) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": name,
        "identifiers": [{"scheme": "x12:92" if x12 else "gln", "value": code}],
        "address": {
            "street": "Hafenstraße 1",
            "street2": "Hof 3",
            "city": "Hamburg",
            "postal_code": "20457",
            "region": "HH",
            "country": "DE",
        },
        "contact": "Anna Krüger",
        "phone": "+49 40 1234",
        "email": "anna@example.com",
    }
    if x12:
        made["address"]["company"] = "Einkauf"
    else:
        made |= {"vat": "DE123456789", "registration": "HRB 4711"}
    return made


def item(place: int, x12: bool) -> dict[str, Any]:
    other = {"scheme": "x12:mg" if x12 else "edifact:mf", "value": f"M-{place}"}
    return {
        "sku": f"SKU-{place}",
        "supplier_sku": f"V-{place}00",
        "gtin": ("4006381333931", "4012345678901")[place - 1],
        "name": f"Spannrolle {place}",
        "description": "gehärtet, 40 mm",
        "identifiers": [other],
    }


def reference(x12: bool) -> list[dict[str, str]]:
    return [{"scheme": "x12:dp", "value": "D42"} if x12 else {"scheme": "edifact:ade", "value": "ACC-42"}]


def allowance(x12: bool, charge: bool = False) -> dict[str, Any]:
    made: dict[str, Any] = {
        "charge": charge,
        "amount": money("12.50"),
        "reason": "Fracht" if charge else "Mengenrabatt",
        "code": "FC" if charge else "95",
        "percent": "2.5",
    }
    if not x12:
        made |= {"base": money("500.00"), "tax_category": "S", "tax_percent": "19"}
    return made


def purchase_order(x12: bool, revision: int = 0) -> PurchaseOrder:
    lines = [
        {
            **item(1, x12),
            "number": "10",
            "quantity": pieces("120"),
            "unit_price": money("4.1250"),
            "price_base": "100",
            "allowances": [allowance(x12)],
            "delivery_date": "2026-02-02",
            "schedule": [
                {"quantity": pieces("100"), "delivery_date": "2026-02-02"},
                {"quantity": pieces("20"), "delivery_date": "2026-02-16"},
            ],
            "note": "Seriennummern auf dem Karton",
        },
        {**item(2, x12), "number": "20", "quantity": pieces("7.5", "KGM"), "unit_price": money("19.90")},
    ]
    if not x12:
        lines[0] |= {"tax_category": "S", "tax_percent": "19"}
    return PurchaseOrder.model_validate(
        {
            "number": "P00042",
            "revision": revision,
            "ordered_at": datetime(2026, 1, 5, 8, 15, tzinfo=UTC),
            "buyer": party("Musterwerk GmbH", "100" if x12 else "4000001000005", x12),
            "supplier": party("Rollen AG", "200" if x12 else "4000002000004", x12),
            "ship_to": party("Lager Nord", "300" if x12 else "4000003000003", x12),
            "invoice_to": party("Musterwerk Buchhaltung", "101" if x12 else "4000004000002", x12),
            "currency": "EUR",
            "lines": lines,
            "allowances": [allowance(x12, charge=True)],
            "tax": money("30.12"),
            "total": money("188.65"),
            "delivery_date": "2026-02-02",
            "latest_delivery_date": "2026-02-20",
            "delivery_zone": "Europe/Berlin",
            "incoterm": "DAP",
            "incoterm_place": "Hamburg",
            "payment_terms": "30 Tage netto",
            "contract": "RV-7",
            "quotation": "ANG-9",
            "supplier_order_number": "AB-1",
            "note": "Anlieferung nur werktags\nTor 3",
            "identifiers": reference(x12),
        }
    )


def order_response(x12: bool, revision: int | None = None) -> OrderResponse:
    second = {**item(2, x12), "order_line": "20", "answer": "backordered", "quantity": pieces("7.5", "KGM")}
    if x12:
        second |= {"answer": "changed", "replaces": "SKU-0", "identifiers": []}
    return OrderResponse.model_validate(
        {
            "number": "AB-1",
            "order_number": "P00042",
            "order_revision": revision,
            "answered_at": datetime(2026, 1, 5, 23, 0, tzinfo=UTC),
            "verdict": "changed",
            "supplier_order_number": "AB-1",
            "currency": "EUR",
            "supplier": party("Rollen AG", "200" if x12 else "4000002000004", x12),
            "buyer": party("Musterwerk GmbH", "100" if x12 else "4000001000005", x12),
            "lines": [
                {
                    **item(1, x12),
                    "order_line": "10",
                    "answer": "changed",
                    "quantity": pieces("100"),
                    "unit_price": money("4.20"),
                    "price_base": "100",
                    "delivery_date": "2026-02-09",
                    "ship_date": "2026-02-06",
                    "reason": "Werk geschlossen",
                },
                second,
            ],
            **({} if x12 else {"total": money("200.00")}),
            "delivery_date": "2026-02-09",
            "note": "Danke für den Auftrag",
            "identifiers": reference(x12),
        }
    )


def despatch_advice(x12: bool) -> DespatchAdvice:
    pallet, carton = "340123450000000017", "340123450000000550"
    first = {
        **item(1, x12),
        "number": "1",
        "order_number": "P00042",
        "order_line": "10",
        "quantity": pieces("100"),
        "lot": "L-77",
        "expiry": "2027-01-31",
        "produced": "2025-12-01",
        "serials": ["S1", "S2"],
        "package": carton,
        "origin_country": "CN",
    }
    second = {**item(2, x12), "number": "2", "order_number": "P00042", "order_line": "20", "quantity": pieces("7.5", "KGM")}
    if not x12:
        first |= {"best_before": "2026-12-31", "outstanding": pieces("20"), "note": "trocken lagern"}
        second, first = {**second, "number": "1"}, {**first, "number": "2"}
    else:
        second["package"] = pallet
        second, first = {**second, "number": "2"}, {**first, "number": "1"}
    lines = [first, second] if x12 else [second, first]
    return DespatchAdvice.model_validate(
        {
            "number": "LS-900",
            "order_number": "P00042",
            "issued_at": datetime(2026, 2, 6, 12, 30, tzinfo=UTC),
            "shipped_at": datetime(2026, 2, 6, 15, 0, tzinfo=UTC),
            "expected_at": datetime(2026, 2, 9, 7, 0, tzinfo=UTC),
            "supplier": party("Rollen AG", "200" if x12 else "4000002000004", x12),
            "buyer": party("Musterwerk GmbH", "100" if x12 else "4000001000005", x12),
            "ship_from": party("Rollen AG Werk 2", "201" if x12 else "4000005000001", x12),
            "ship_to": party("Lager Nord", "300" if x12 else "4000003000003", x12),
            "supplier_order_number": "AB-1",
            "carrier": "DSVF",
            "carrier_name": "DSV",
            **({"service_level": "ND"} if x12 else {}),
            "waybill": "FB-1",
            "tracking_number": "TRK-1",
            "seal": "SEAL9",
            "vehicle": "HHAB123",
            "gross_weight_kg": "412.5",
            "units": [
                {"reference": pallet, "sscc": pallet, "kind": "PX", "weight_kg": "400"},
                {
                    "reference": carton,
                    "sscc": carton,
                    "kind": "CT",
                    "inside": pallet,
                    "weight_kg": "12.5",
                    "tracking_number": "1Z1",
                },
            ],
            "lines": lines,
            "identifiers": reference(x12),
        }
    )


def invoice(x12: bool, kind: str = "invoice") -> Invoice:
    first = {
        **item(1, x12),
        "number": "1",
        "order_number": "P00043",
        "order_line": "10",
        "despatch_number": "LS-900",
        "quantity": pieces("100"),
        "unit_price": money("4.20"),
        "price_base": "100",
        "gross_price": money("5.00"),
        "net_amount": money("4.19"),
        "allowances": [allowance(x12)],
        "tax_category": "S",
        "tax_percent": "19",
    }
    second = {
        **item(2, x12),
        "number": "2",
        "order_line": "20",
        "quantity": pieces("7.5", "KGM"),
        "unit_price": money("19.90"),
        "net_amount": money("149.25"),
        "tax_category": "S",
        "tax_percent": "19",
    }
    if not x12:
        first |= {"despatch_line": "1", "period_start": "2026-01-01", "period_end": "2026-01-31", "note": "Staffelpreis"}
    made: dict[str, Any] = {
        "number": "RE-5001",
        "kind": kind,
        "type_code": "380" if kind == "invoice" else "381",
        "issue_date": "2026-02-10",
        "due_date": "2026-03-12",
        "delivery_date": "2026-02-09",
        "currency": "EUR",
        "buyer_reference": "KST-1",
        "order_number": "P00042",
        "supplier_order_number": "AB-1",
        "contract": "RV-7",
        "despatch_number": "LS-900",
        "receipt_number": "WE-12",
        "preceding_number": "RE-4999",
        "seller": party("Rollen AG", "200" if x12 else "4000002000004", x12),
        "buyer": party("Musterwerk GmbH", "100" if x12 else "4000001000005", x12),
        "payee": party("Factoring AG", "900" if x12 else "4000006000000", x12),
        "ship_to": party("Lager Nord", "300" if x12 else "4000003000003", x12),
        "payment_terms": "30 Tage netto",
        "lines": [first, second],
        "allowances": [allowance(x12, charge=True)],
        "taxes": [{"category": "S", "percent": "19", "taxable": money("165.94"), "tax": money("31.53")}],
        "tax_total": money("31.53"),
        "payable": money("197.47"),
        "note": "Vielen Dank",
        "identifiers": reference(x12),
    }
    if not x12:
        made |= {
            "tax_point_date": "2026-02-09",
            "preceding_date": "2026-01-02",
            "payment_means": "30",
            "remittance": "RE-5001 MW",
            "iban": "DE02120300000000202051",
            "bic": "BYLADEM1001",
            "line_total": money("153.44"),
            "allowance_total": money("0.00"),
            "charge_total": money("12.50"),
            "tax_exclusive": money("165.94"),
            "tax_inclusive": money("197.47"),
            "prepaid": money("0.00"),
            "rounding": money("0.01"),
        }
    return Invoice.model_validate(made)


def expected_receipt() -> ExpectedReceipt:
    carton = "340123450000000550"
    line = {
        **item(1, True),
        "number": "1",
        "order_line": "10",
        "quantity": pieces("100"),
        "lot": "L-77",
        "expiry": "2027-01-31",
        "best_before": "2026-12-31",
        "serials": ["S1", "S2"],
        "package": carton,
        "identifiers": [{"scheme": "edifact:mf", "value": "M-1"}],
    }
    return ExpectedReceipt.model_validate(
        {
            "number": "RC-odoo.P00042-1",
            "order_number": "P00042",
            "despatch_number": "LS-900",
            "warehouse": "NORD",
            "supplier": party("Rollen AG", "200", True),
            "ship_to": party("Lager Nord", "300", True),
            "expected_at": datetime(2026, 2, 9, 7, 0, tzinfo=UTC),
            "carrier": "DSVF",
            "waybill": "FB-1",
            "tracking_number": "TRK-1",
            "units": [{"reference": carton, "sscc": carton, "kind": "CT"}],
            "lines": [
                line,
                {**item(2, True), "number": "2", "order_line": "20", "quantity": pieces("7.5", "KGM"), "identifiers": []},
            ],
            "note": "Palette nicht stapeln",
        }
    )


def fulfilment_order() -> FulfilmentOrder:
    return FulfilmentOrder.model_validate(
        {
            "number": "FO-1001-1",
            "order_number": "1001",
            "warehouse": "NORD",
            "ship_to": {
                "name": "Eva Beispiel",
                "street": "Am Markt 5",
                "city": "Köln",
                "postal_code": "50667",
                "country": "DE",
                "phone": "+49 221 1",
            },
            "lines": [
                {"number": "1", "order_line": "1", "sku": "SKU-1", "quantity": pieces("2"), "lot": "L-77"},
                {"number": "2", "order_line": "2", "sku": "SKU-2", "quantity": pieces("1.5", "KGM")},
            ],
            "service_level": "express",
            "carrier": "DPDG",
            "ship_by": datetime(2026, 1, 6, 14, 30, tzinfo=UTC),
            "note": "Geschenkverpackung",
        }
    )


@dataclass(frozen=True)
class Example:
    """One document: what is written, what it goes into, and segments a partner may send that we do not write (after which tag they stand)."""

    standard: str
    type: str
    release: str
    group: str
    made: Callable[[], Canonical] | None = None
    rows: Sequence[Row] = ()
    extra: Sequence[tuple[str, Row]] = field(default=())

    @property
    def name(self) -> str:
        return f"{self.standard}-{self.type}-{self.release}"


def _orders(standard: str, x12: bool) -> list[Example]:
    if x12:
        ship: list[tuple[str, Row]] = [
            ("DTM", ("DTM", "010", "20260130")),
            ("DTM", ("TD5", "", "2", "UPSN", "", "", "", "", "", "", "", "", "ND")),
        ]
        return [
            Example("x12", "850", "004010", "PO", lambda: purchase_order(True), extra=ship),
            Example("x12", "850", "005010", "PO", lambda: purchase_order(True)),
            Example("x12", "860", "004010", "PC", lambda: purchase_order(True, 2), extra=ship),
        ]
    dates: list[tuple[str, Row]] = [("DTM", ("DTM", ("10", "20260130", "102")))]
    return [
        Example("edifact", "ORDERS", "D.96A", "", lambda: purchase_order(False), extra=dates),
        Example("edifact", "ORDERS", "D.01B", "", lambda: purchase_order(False), extra=dates),
        Example("edifact", "ORDCHG", "D.96A", "", lambda: purchase_order(False, 2), extra=dates),
        Example("edifact", "ORDCHG", "D.01B", "", lambda: purchase_order(False, 2), extra=dates),
    ]


WRITTEN: Sequence[Example] = (
    *_orders("x12", True),
    *_orders("edifact", False),
    Example("x12", "855", "004010", "PR", lambda: order_response(True)),
    Example("x12", "865", "004010", "CA", lambda: order_response(True, 2)),
    Example("x12", "856", "004010", "SH", lambda: despatch_advice(True)),
    Example("x12", "810", "004010", "IN", lambda: invoice(True)),
    Example("x12", "810", "005010", "IN", lambda: invoice(True, "credit_note")),
    Example("x12", "940", "004010", "OW", fulfilment_order),
    Example("x12", "943", "004010", "AR", expected_receipt),
    Example("edifact", "ORDRSP", "D.96A", "", lambda: order_response(False)),
    Example("edifact", "ORDRSP", "D.01B", "", lambda: order_response(False)),
    Example("edifact", "DESADV", "D.96A", "", lambda: despatch_advice(False)),
    Example("edifact", "DESADV", "D.01B", "", lambda: despatch_advice(False)),
    Example("edifact", "INVOIC", "D.96A", "", lambda: invoice(False)),
    Example("edifact", "INVOIC", "D.01B", "", lambda: invoice(False, "credit_note")),
)

RECEIVED: Sequence[Example] = (
    Example(
        "x12",
        "944",
        "004010",
        "RE",
        rows=(
            ("W17", "F", "20260209", "WE-12", "RC-odoo.P00042-1", "LS-900", "8", "1430"),
            ("N1", "WH", "Lager Nord", "ZZ", "NORD"),
            ("N9", "PO", "P00042"),
            ("NTE", "WHI", "Karton 2 nass"),
            ("W07", "100", "EA", "012345678905", "VN", "SKU-1", "MG", "V-100", "L-77", "", "", "ZZ", "H-1"),
            ("N9", "LI", "10"),
            ("N9", "LA", "340123450000000550"),
            ("N9", "SE", "S1"),
            ("G62", "36", "20270131"),
            ("W13", "4", "EA", "01", "L-77", "WD"),
            ("W07", "7.5", "KG", "", "VN", "SKU-2"),
            ("N9", "LI", "20"),
            ("W14", "107.5"),
        ),
    ),
    Example(
        "x12",
        "945",
        "004010",
        "SW",
        rows=(
            ("W06", "F", "FO-1001-1", "20260106", "S-77"),
            ("N1", "ST", "Eva Beispiel"),
            ("N9", "CN", "1Z1"),
            ("G62", "11", "20260106", "8", "1505"),
            ("W27", "M", "DPDG"),
            ("LX", "1"),
            ("MAN", "GM", "00340123450000000550"),
            ("W12", "CC", "2", "2", "", "EA", "", "VN", "SKU-1", "L-77"),
            ("N9", "LI", "1"),
            ("N9", "SE", "S1"),
            ("W12", "CP", "1.5", "1", "0.5", "KG", "", "VN", "SKU-2"),
            ("N9", "LI", "2"),
            ("W03", "3"),
        ),
    ),
    Example(
        "x12",
        "947",
        "004010",
        "AW",
        rows=(
            ("W15", "20260209", "ADJ-1"),
            ("N1", "WH", "", "ZZ", "NORD"),
            ("W19", "AA", "-3", "EA", "", "VN", "SKU-1", "", "", "L-77"),
            ("W19", "04", "-1", "EA", "", "VN", "SKU-2"),
        ),
    ),
    Example(
        "x12",
        "846",
        "004010",
        "IB",
        rows=(
            ("BIA", "00", "MB", "INV-1", "20260209", "0600"),
            ("N1", "WH", "", "ZZ", "NORD"),
            ("LIN", "1", "VN", "SKU-1", "LT", "L-77"),
            ("QTY", "17", "100", "EA"),
            ("QTY", "33", "90", "EA"),
            ("LIN", "2", "VN", "SKU-2"),
            ("QTY", "33", "7.5", "KG"),
            ("CTT", "2"),
        ),
    ),
    Example(
        "x12",
        "214",
        "004010",
        "QM",
        rows=(
            ("B10", "1Z1", "SH-1", "DSVF"),
            ("LX", "1"),
            ("AT7", "AF", "NS", "", "", "20260206", "1600", "ET"),
            ("MS1", "HAMBURG", "", "DE"),
            ("AT7", "D1", "NS", "", "", "20260209", "0815", "LT"),
        ),
    ),
    Example(
        "edifact",
        "RECADV",
        "D.96A",
        "",
        rows=(
            ("BGM", "632", "WE-12", "9"),
            ("DTM", ("137", "20260209", "102")),
            ("DTM", ("50", "202602091430", "203")),
            ("RFF", ("AAK", "RC-odoo.P00042-1")),
            ("RFF", ("ON", "P00042")),
            ("RFF", ("DQ", "LS-900")),
            ("RFF", ("ADE", "ACC-42")),
            ("NAD", "DP", ("4000003000003", "", "9")),
            ("CPS", "1"),
            ("LIN", "1", "", ("4006381333931", "EN")),
            ("PIA", "1", ("SKU-1", "IN"), ("V-100", "SA"), ("M-1", "MF")),
            ("QTY", ("194", "96", "PCE")),
            ("QTY", ("124", "4", "PCE")),
            ("QVR", ("4", "124"), "AB"),
            ("DTM", ("36", "20270131", "102")),
            ("DTM", ("361", "20261231", "102")),
            ("GIN", "BX", "L-77"),
            ("GIN", "BN", "S1", "S2"),
            ("RFF", ("ON", "P00042", "10")),
            ("LIN", "2"),
            ("PIA", "5", ("SKU-2", "IN")),
            ("QTY", ("48", "7.5", "KGM")),
            ("RFF", ("ON", "P00042", "20")),
            ("CNT", ("2", "2")),
        ),
    ),
    Example(
        "edifact",
        "INVRPT",
        "D.96A",
        "",
        rows=(
            ("BGM", "35", "INV-1", "9"),
            ("DTM", ("137", "202602090600", "203")),
            ("NAD", "WH", ("4000003000003", "", "9")),
            ("LIN", "1", "", ("4006381333931", "EN")),
            ("PIA", "5", ("SKU-1", "SA")),
            ("QTY", ("145", "100", "PCE")),
            ("LIN", "2"),
            ("PIA", "5", ("SKU-2", "SA")),
            ("QTY", ("145", "7.5", "KGM")),
        ),
    ),
    Example(
        "edifact",
        "IFTSTA",
        "D.01B",
        "",
        rows=(
            ("BGM", "23", "ST-1", "9"),
            ("DTM", ("137", "202602090815", "203")),
            ("NAD", "CA", ("DSVF", "", "182")),
            ("CNI", "1", "SH-1"),
            ("STS", "1", "21"),
            ("RFF", ("CN", "1Z1")),
            ("DTM", ("334", "202602090810", "203")),
            ("LOC", "5", ("DEHAM", "", "6", "Hamburg")),
        ),
    ),
)


def with_extra(example: Example, rows: Sequence[Row]) -> list[Row]:
    """What we write, with the segments only a partner sends, each behind the first run of its neighbour's tag."""
    out = list(rows)
    for tag, row in reversed(example.extra):
        place = next(n for n, each in enumerate(out) if each[0] == tag)
        while place < len(out) and out[place][0] == tag:
            place += 1
        out.insert(place, row)
    return out
