"""Canonical procurement objects at random, with nothing in them that the wire cannot carry; what that is, is said where it is left out."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from crossdock.canonical.despatch import DespatchAdvice
from crossdock.canonical.gs1 import build_sscc, with_check_digit
from crossdock.canonical.invoice import Invoice
from crossdock.canonical.order_response import OrderResponse
from crossdock.canonical.purchase_order import PurchaseOrder

CURRENCY = "EUR"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-./&'äöüéßñ"
words = st.lists(st.text(_LETTERS, min_size=1, max_size=12), min_size=1, max_size=6).map(" ".join)
short = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-", min_size=1, max_size=15)
code = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=2, max_size=12)
days = st.dates(date(2020, 1, 1), date(2035, 12, 31))
minutes = st.datetimes(datetime(2020, 1, 1), datetime(2035, 12, 31)).map(lambda t: t.replace(second=0, microsecond=0, tzinfo=UTC))
amounts = st.decimals(Decimal(0), Decimal(99999), places=2)
prices = st.decimals(Decimal("0.0001"), Decimal(9999), places=4)
counts = st.decimals(Decimal(1), Decimal(9999), places=2)
gtins = st.integers(0, 10**11 - 1).map(lambda n: with_check_digit(f"4{n:011d}"))
glns = st.integers(0, 10**9).map(lambda n: with_check_digit(f"40{n:010d}"[:12]))
ssccs = st.integers(0, 10**7).map(lambda n: build_sscc("4012345", n))


def money(amount: Decimal) -> dict[str, Any]:
    return {"amount": amount, "currency": CURRENCY}


@st.composite
def parties(draw: Any, prefix: str) -> dict[str, Any]:
    party: dict[str, Any] = {"name": draw(words)[:35].strip()}
    identifier = draw(st.sampled_from(["gln", prefix]))
    value = draw(glns) if identifier == "gln" else draw(code)
    party["identifiers"] = [{"scheme": identifier, "value": value}]
    if draw(st.booleans()):
        party["address"] = {
            "street": draw(words)[:35].strip(),
            "city": draw(st.sampled_from(["Hamburg", "Den Haag", "Köln", "Saint-Jean-de-Luz"])),
            "postal_code": draw(st.text("0123456789", min_size=4, max_size=8)),
            "country": draw(st.sampled_from(["DE", "US", "FR"])),
        }
    if draw(st.booleans()):
        party |= {"contact": draw(words)[:35].strip(), "phone": "+49 40 123", "email": "desk@example.com"}
    return party


@st.composite
def items(draw: Any) -> dict[str, Any]:
    item: dict[str, Any] = {
        "sku": draw(short),
        "supplier_sku": draw(st.one_of(st.just(""), short)),
        "name": draw(words)[:35].strip(),
    }
    if draw(st.booleans()):
        item["gtin"] = draw(gtins)
    if draw(st.booleans()):
        item["description"] = draw(words)[:35].strip()
    return item


@st.composite
def allowances(draw: Any, x12: bool) -> dict[str, Any]:
    charge = draw(st.booleans())
    codes = ["FC", "HD", "PC"] if charge else ["95", "66", "62"]
    made: dict[str, Any] = {"charge": charge, "amount": money(draw(amounts)), "code": draw(st.sampled_from(codes))}
    made["reason"] = draw(words)[:35].strip()
    if draw(st.booleans()):
        made["percent"] = draw(st.decimals(Decimal("0.01"), Decimal(100), places=2))
    if not x12 and draw(st.booleans()):  # SAC has no base amount and no tax
        made |= {"base": money(draw(amounts)), "tax_category": "S", "tax_percent": Decimal(19)}
    return made


@st.composite
def purchase_orders(draw: Any, x12: bool, revision: int = 0) -> PurchaseOrder:
    prefix = "x12:92" if x12 else "edifact:92"
    quantity = st.builds(
        lambda value, unit: {"value": value, "unit": unit}, counts, st.sampled_from(["C62", "KGM", "MTR", "XCT"])
    )
    lines = []
    for place in range(draw(st.integers(1, 4))):
        line = draw(items())
        line |= {
            "number": draw(st.sampled_from([str(place + 1), str((place + 1) * 10), f"L-{place}"])),
            "quantity": draw(quantity),
            "unit_price": money(draw(prices)),
            "price_base": draw(st.sampled_from([None, Decimal(100), Decimal(1000)])),
            "allowances": draw(st.lists(allowances(x12), max_size=2)),
            "delivery_date": draw(st.one_of(st.none(), days)),
            "schedule": draw(st.lists(st.builds(lambda q, d: {"quantity": q, "delivery_date": d}, quantity, days), max_size=2)),
            "note": draw(st.one_of(st.just(""), words)),
        }
        if not x12:  # a line's tax has no place in the 850 as we write it
            line |= {"tax_category": "S", "tax_percent": Decimal(19)}
        lines.append(line)
    order = {
        "number": draw(short),
        "revision": revision,
        "ordered_at": draw(minutes),
        "buyer": draw(parties(prefix)),
        "supplier": draw(parties(prefix)),
        "ship_to": draw(parties(prefix)),
        "invoice_to": draw(st.one_of(st.none(), parties(prefix))),
        "currency": CURRENCY,
        "lines": lines,
        "allowances": draw(st.lists(allowances(x12), max_size=2)),
        "tax": draw(st.one_of(st.none(), amounts.map(money))),
        "total": money(draw(amounts)),
        "delivery_date": draw(st.one_of(st.none(), days)),
        "latest_delivery_date": draw(st.one_of(st.none(), days)),
        "incoterm": draw(st.sampled_from(["", "DAP", "FCA"])),
        "payment_terms": draw(st.one_of(st.just(""), words)),
        "contract": draw(st.one_of(st.just(""), short)),
        "quotation": draw(st.one_of(st.just(""), short)),
        "supplier_order_number": draw(st.one_of(st.just(""), short)),
        "note": draw(st.one_of(st.just(""), words, st.lists(words, min_size=2, max_size=3).map("\n".join))),
    }
    if order["incoterm"]:
        order["incoterm_place"] = draw(words)[:35].strip()
    return PurchaseOrder.model_validate(order)


@st.composite
def order_responses(draw: Any, x12: bool) -> OrderResponse:
    prefix = "x12:92" if x12 else "edifact:92"
    lines = []
    for place in range(draw(st.integers(0, 4))):
        line = draw(items())
        line |= {
            "order_line": str(place + 1),
            "answer": draw(st.sampled_from(["accepted", "changed", "refused", "backordered"])),
            "quantity": {"value": draw(counts)},
            "unit_price": draw(st.one_of(st.none(), prices.map(money))),
            "delivery_date": draw(st.one_of(st.none(), days)),
            "ship_date": draw(st.one_of(st.none(), days)),
            "reason": draw(st.one_of(st.just(""), words)),
        }
        lines.append(line)
    number = draw(short)
    made: dict[str, Any] = {
        "number": number,
        "order_number": draw(short),
        "answered_at": draw(minutes),
        "verdict": draw(st.sampled_from(["accepted", "changed", "refused", "acknowledged"])),
        "supplier_order_number": number if x12 else draw(st.one_of(st.just(""), short)),
        "currency": CURRENCY,
        "supplier": draw(st.one_of(st.none(), parties(prefix))),
        "buyer": draw(st.one_of(st.none(), parties(prefix))),
        "lines": lines,
        "delivery_date": draw(st.one_of(st.none(), days)),
        "note": draw(st.one_of(st.just(""), words)),
    }
    if x12:  # BAK09 is a day
        made["answered_at"] = made["answered_at"].replace(hour=0, minute=0)
    return OrderResponse.model_validate(made)


@st.composite
def despatch_advices(draw: Any, x12: bool) -> DespatchAdvice:
    prefix = "x12:92" if x12 else "edifact:92"
    labels = draw(st.lists(ssccs, max_size=4, unique=True))
    units: list[dict[str, Any]] = []
    for label in labels:
        pallets = [unit["reference"] for unit in units if unit["kind"] == "PX"]
        kind = draw(st.sampled_from(["PX", "CT"])) if not pallets else "CT"
        unit: dict[str, Any] = {"reference": label, "sscc": label, "kind": kind}
        if pallets and draw(st.booleans()):
            unit["inside"] = pallets[0]
        unit["weight_kg"] = draw(st.one_of(st.none(), counts))
        unit["tracking_number"] = draw(st.one_of(st.just(""), code))
        units.append(unit)
    number = draw(short)
    lines = []
    for _ in range(draw(st.integers(1, 4))):
        line = draw(items())
        line |= {
            "order_number": number,
            "order_line": draw(st.sampled_from(["1", "2", "10"])),
            "quantity": {"value": draw(counts), "unit": draw(st.sampled_from(["C62", "KGM"]))},
            "lot": draw(st.one_of(st.just(""), short)),
            "expiry": draw(st.one_of(st.none(), days)),
            "produced": draw(st.one_of(st.none(), days)),
            "serials": draw(st.lists(code, max_size=7, unique=True)),
            "package": draw(st.sampled_from(labels)) if labels else "",
            "origin_country": draw(st.sampled_from([None, "CN"])),
        }
        if not x12:  # no X12 code says best before, what is outstanding, or a note of an item
            line |= {
                "best_before": draw(st.one_of(st.none(), days)),
                "outstanding": draw(st.one_of(st.none(), counts.map(lambda value: {"value": value}))),
                "note": draw(st.one_of(st.just(""), words)),
            }
        lines.append(line)
    order = [unit["reference"] for unit in units]
    lines.sort(key=lambda line: order.index(line["package"]) if line["package"] else -1)
    issued = draw(minutes)
    made: dict[str, Any] = {
        "number": draw(short).ljust(2, "0"),
        "purpose": draw(st.sampled_from(["original", "replacement", "cancellation"])),
        "order_number": number,
        "issued_at": issued,
        "shipped_at": draw(st.one_of(st.none(), minutes)),
        "expected_at": issued + timedelta(days=2),
        "supplier": draw(st.one_of(st.none(), parties(prefix))),
        "buyer": draw(st.one_of(st.none(), parties(prefix))),
        "ship_from": draw(st.one_of(st.none(), parties(prefix))),
        "ship_to": draw(st.one_of(st.none(), parties(prefix))),
        "supplier_order_number": draw(st.one_of(st.just(""), short)),
        "carrier": draw(st.sampled_from(["", "UPSN"])),
        "waybill": draw(st.one_of(st.just(""), short)),
        "tracking_number": draw(st.one_of(st.just(""), code)),
        "gross_weight_kg": draw(st.one_of(st.none(), counts)),
        "units": units,
        "lines": [{**line, "number": str(place)} for place, line in enumerate(lines, 1)],
    }
    return DespatchAdvice.model_validate(made)


@st.composite
def invoices(draw: Any, x12: bool) -> Invoice:
    prefix = "x12:92" if x12 else "edifact:92"
    number = draw(short)
    lines = []
    for place in range(draw(st.integers(1, 4))):
        line = draw(items())
        line |= {
            "number": str(place + 1),
            "order_line": draw(st.sampled_from([str(place + 1), "70", "200"])),
            "order_number": draw(st.sampled_from(["", "OTHER-1"])),
            "despatch_number": draw(st.one_of(st.just(""), short)),
            "quantity": {"value": draw(counts)},
            "unit_price": money(draw(prices)),
            "price_base": draw(st.sampled_from([None, Decimal(100)])),
            "gross_price": draw(st.one_of(st.none(), prices.map(money))),
            "net_amount": money(draw(amounts)),
            "allowances": draw(st.lists(allowances(x12), max_size=2)),
        }
        tax = draw(st.sampled_from([("S", Decimal(19)), ("Z", Decimal(0)), ("E", Decimal(0))]))
        line |= {"tax_category": tax[0], "tax_percent": tax[1]}
        lines.append(line)
    credit = draw(st.booleans())
    made: dict[str, Any] = {
        "number": draw(short),
        "kind": "credit_note" if credit else "invoice",
        "type_code": "381" if credit else "380",
        "purpose": draw(st.sampled_from(["original", "replacement", "cancellation"])),
        "issue_date": draw(days),
        "due_date": draw(st.one_of(st.none(), days)),
        "delivery_date": draw(st.one_of(st.none(), days)),
        "currency": CURRENCY,
        "order_number": number,
        "seller": draw(parties(prefix)),
        "buyer": draw(st.one_of(st.none(), parties(prefix))),
        "ship_to": draw(st.one_of(st.none(), parties(prefix))),
        "payment_terms": draw(words),
        "lines": lines,
        "allowances": draw(st.lists(allowances(x12), max_size=2)),
        "payable": money(draw(amounts)),
        "note": draw(st.one_of(st.just(""), words)),
    }
    for name in ("supplier_order_number", "contract", "despatch_number", "receipt_number", "preceding_number", "buyer_reference"):
        made[name] = draw(st.one_of(st.just(""), short))
    taxes = [
        {"category": category, "percent": percent, "taxable": money(draw(amounts)), "tax": money(draw(amounts))}
        for category, percent in draw(
            st.lists(st.sampled_from([("S", Decimal(19)), ("S", Decimal(7)), ("E", Decimal(0))]), max_size=2, unique=True)
        )
    ]
    if taxes:
        made |= {"taxes": taxes, "tax_total": money(sum((each["tax"]["amount"] for each in taxes), Decimal(0)))}
    if not x12:  # the 810 has one total
        for name in ("line_total", "allowance_total", "charge_total", "tax_exclusive", "tax_inclusive", "prepaid", "rounding"):
            made[name] = draw(st.one_of(st.none(), amounts.map(money)))
        made |= {"iban": "DE02120300000000202051", "bic": "BYLADEM1001", "remittance": draw(words), "tax_point_date": draw(days)}
        if made["preceding_number"]:
            made["preceding_date"] = draw(days)
    return Invoice.model_validate(made)
