"""Business objects as hypothesis makes them, within what UBL documents and supplier tables can say; used by their round trips."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from hypothesis import strategies as st

from crossdock.canonical.despatch import DespatchAdvice, DespatchLine, HandlingUnit
from crossdock.canonical.gs1 import build_sscc, with_check_digit
from crossdock.canonical.identifiers import Identifier
from crossdock.canonical.invoice import Invoice, InvoiceLine, TaxBreakdown
from crossdock.canonical.order_response import OrderResponse, OrderResponseLine
from crossdock.canonical.party import Address, TradingParty
from crossdock.canonical.purchase_order import AllowanceCharge, PurchaseOrder, PurchaseOrderLine, ScheduledDelivery
from crossdock.canonical.values import Money, Quantity
from crossdock.documents.mapping import Parties, Party

PARTIES = Parties(ours=Party("0088", "4000001000005", name="Our company"), theirs=Party("0088", "7300010000001", name="Theirs"))
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=12)
TEXT = st.lists(WORDS, min_size=1, max_size=3).map(" ".join)
MAYBE = st.just("") | TEXT
NUMBER = st.from_regex(r"[A-Z0-9][A-Z0-9/-]{0,14}", fullmatch=True).filter(lambda text: text != "NA")
DAYS = st.dates(date(2000, 1, 1), date(2090, 12, 31))
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)).map(
    lambda each: each.replace(microsecond=0)
)
AMOUNTS = st.decimals(0, Decimal("9999999.99"), places=2)
PRICES = st.decimals(0, Decimal("99999.9999"), places=4)
COUNTS = st.decimals(Decimal("0.001"), 100000, places=3)
PERCENTS = st.none() | st.decimals(0, 100, places=2)
UNITS = st.sampled_from(("C62", "KGM", "LTR", "MTR", "XBX")).filter(lambda unit: unit != "XBX")
GTINS = st.just("") | st.integers(0, 10**12 - 1).map(lambda number: with_check_digit(f"{number:012d}"))
GLNS = st.integers(0, 10**12 - 1).map(lambda number: Identifier(scheme="gln", value=with_check_digit(f"{number:012d}")))
OTHER = st.builds(Identifier, scheme=st.sampled_from(("ubl:party", "duns", "0192")), value=NUMBER)
ADDRESSES = st.builds(
    Address, street=MAYBE, street2=MAYBE, city=MAYBE, postal_code=MAYBE, region=MAYBE, country=st.sampled_from(("DE", "FR", "US"))
)
PARTY = st.builds(
    TradingParty,
    name=TEXT,
    identifiers=st.lists(GLNS | OTHER, max_size=1).map(tuple),
    address=st.none() | ADDRESSES,
    vat=st.just("") | st.just("DE123456789"),
    registration=MAYBE,
    endpoint=GLNS,
    contact=MAYBE,
    phone=MAYBE,
    email=MAYBE,
)
PLACE = st.builds(
    TradingParty,
    name=TEXT,
    identifiers=st.lists(GLNS, max_size=1).map(tuple),
    address=ADDRESSES,
    contact=MAYBE,
    phone=MAYBE,
    email=MAYBE,
)


def money(amount: Decimal, currency: str = "EUR") -> Money:
    return Money(amount=amount, currency=currency)


@st.composite
def allowances(draw: st.DrawFn) -> tuple[AllowanceCharge, ...]:
    one = st.builds(
        AllowanceCharge,
        charge=st.booleans(),
        amount=AMOUNTS.map(money),
        reason=MAYBE,
        code=st.just("") | st.just("95"),
        percent=PERCENTS,
        base=st.none() | AMOUNTS.map(money),
    )
    return tuple(draw(st.lists(one, max_size=2)))


ITEM = {"sku": st.just("") | NUMBER, "supplier_sku": NUMBER, "gtin": GTINS, "name": TEXT, "description": MAYBE}


@st.composite
def purchase_orders(draw: st.DrawFn) -> PurchaseOrder:
    lines = []
    for at in range(draw(st.integers(1, 4))):
        unit = draw(UNITS)
        parts = draw(st.lists(st.tuples(COUNTS, DAYS), max_size=2))
        schedule = [ScheduledDelivery(quantity=Quantity(value=count, unit=unit), delivery_date=day) for count, day in parts]
        lines.append(
            PurchaseOrderLine(
                **{name: draw(strategy) for name, strategy in ITEM.items()},
                number=str(at + 1),
                quantity=Quantity(value=draw(COUNTS), unit=unit),
                unit_price=money(draw(PRICES)),
                price_base=draw(st.none() | st.just(Decimal(100))),
                allowances=draw(allowances()),
                tax_category=(category := draw(st.sampled_from(("", "S")))),
                tax_percent=draw(PERCENTS) if category else None,
                delivery_date=draw(st.none() | DAYS),
                schedule=tuple(schedule),
                status=draw(st.sampled_from(("open", "open", "closed", "cancelled"))),
                note=draw(MAYBE),
            )
        )
    return PurchaseOrder(
        number=draw(NUMBER),
        revision=draw(st.integers(0, 5)),
        ordered_at=draw(MOMENTS),
        buyer=draw(PARTY),
        supplier=draw(PARTY),
        ship_to=draw(PLACE),
        invoice_to=draw(st.none() | PARTY),
        currency="EUR",
        lines=tuple(lines),
        allowances=draw(allowances()),
        tax=draw(st.none() | AMOUNTS.map(money)),
        total=money(draw(AMOUNTS)),
        delivery_date=draw(st.none() | DAYS),
        latest_delivery_date=draw(st.none() | DAYS),
        incoterm=(incoterm := draw(st.sampled_from(("", "DAP")))),
        incoterm_place=draw(MAYBE) if incoterm else "",
        payment_terms=draw(MAYBE),
        contract=draw(MAYBE),
        quotation=draw(MAYBE),
        supplier_order_number=draw(MAYBE),
        note=draw(MAYBE),
    )


@st.composite
def order_responses(draw: st.DrawFn) -> OrderResponse:
    lines = [
        OrderResponseLine(
            **{name: draw(strategy) for name, strategy in ITEM.items()},
            number=str(at + 1),
            order_line=draw(NUMBER),
            answer=draw(st.sampled_from(("accepted", "changed", "refused", "backordered"))),
            quantity=(quantity := draw(st.none() | COUNTS.map(lambda n: Quantity(value=n, unit="KGM")))),
            unit_price=(price := draw(st.none() | PRICES.map(money))),
            price_base=draw(st.none() | st.just(Decimal(10))) if price is not None and quantity is not None else None,
            delivery_date=draw(st.none() | DAYS),
            replaces=draw(st.just("") | NUMBER),
            reason=draw(MAYBE),
        )
        for at in range(draw(st.integers(0, 3)))
    ]
    return OrderResponse(
        number=draw(NUMBER),
        order_number=draw(NUMBER),
        answered_at=draw(MOMENTS),
        verdict=draw(st.sampled_from(("accepted", "changed", "refused", "acknowledged"))),
        supplier_order_number=draw(MAYBE),
        currency="EUR",
        supplier=draw(PARTY),
        buyer=draw(PARTY),
        lines=tuple(lines),
        delivery_date=draw(st.none() | DAYS),
        note=draw(MAYBE),
    )


@st.composite
def ship_notices(draw: st.DrawFn) -> DespatchAdvice:
    order = draw(NUMBER)
    units: list[HandlingUnit] = []
    for at in range(draw(st.integers(0, 4))):
        sscc = build_sscc("4000001", at + 1) if draw(st.booleans()) else ""
        units.append(
            HandlingUnit(
                reference=sscc or f"U{at}",
                sscc=sscc,
                inside=draw(st.sampled_from(["", *(unit.reference for unit in units)])),
                kind=draw(st.sampled_from(("", "PX", "CT"))),
                weight_kg=draw(st.none() | COUNTS),
                volume_m3=draw(st.none() | COUNTS),
                tracking_number=draw(st.just("") | NUMBER),
            )
        )
    lines = [
        DespatchLine(
            **{name: draw(strategy) for name, strategy in ITEM.items()},
            number=str(at + 1),
            order_number=order,
            order_line=draw(NUMBER),
            quantity=Quantity(value=draw(COUNTS), unit=draw(UNITS)),
            outstanding=draw(st.none() | COUNTS.map(lambda n: Quantity(value=n))),
            lot=draw(st.just("") | NUMBER),
            expiry=draw(st.none() | DAYS),
            best_before=draw(st.none() | DAYS),
            produced=draw(st.none() | DAYS),
            serials=tuple(draw(st.lists(NUMBER, max_size=2, unique=True))),
            package=draw(st.sampled_from(["", *(unit.reference for unit in units)])),
            origin_country=draw(st.none() | st.just("CN")),
            note=draw(MAYBE),
        )
        for at in range(draw(st.integers(1, 3)))
    ]
    return DespatchAdvice(
        number=draw(NUMBER),
        purpose=draw(st.sampled_from(("original", "replacement"))),
        order_number=order,
        issued_at=draw(MOMENTS),
        shipped_at=draw(st.none() | MOMENTS),
        expected_at=draw(st.none() | MOMENTS),
        supplier=draw(PARTY),
        buyer=draw(PARTY),
        ship_to=draw(PLACE),
        carrier=(carrier := draw(st.just("") | NUMBER)),
        carrier_name=draw(TEXT) if carrier else "",
        waybill=draw(st.just("") | NUMBER),
        tracking_number=draw(st.just("") | NUMBER),
        vehicle=draw(st.just("") | NUMBER),
        gross_weight_kg=draw(st.none() | COUNTS),
        units=tuple(units),
        lines=tuple(lines),
        note=draw(MAYBE),
    )


@st.composite
def invoices(draw: st.DrawFn) -> Invoice:
    credit = draw(st.booleans())
    lines = [
        InvoiceLine(
            **{name: draw(strategy) for name, strategy in ITEM.items()},
            number=str(at + 1),
            order_number=draw(st.just("") | NUMBER),
            order_line=draw(st.just("") | NUMBER),
            despatch_number=draw(st.just("") | NUMBER),
            despatch_line=draw(st.just("") | NUMBER),
            quantity=Quantity(value=draw(COUNTS), unit=draw(UNITS)),
            unit_price=money(draw(PRICES)),
            price_base=draw(st.none() | st.just(Decimal(100))),
            gross_price=draw(st.none() | PRICES.map(money)),
            net_amount=money(draw(AMOUNTS)),
            allowances=draw(allowances()),
            tax_category=(category := draw(st.sampled_from(("", "S")))),
            tax_percent=draw(PERCENTS) if category else None,
            period_start=draw(st.none() | DAYS),
            period_end=draw(st.none() | DAYS),
            note=draw(MAYBE),
        )
        for at in range(draw(st.integers(1, 3)))
    ]
    taxes = draw(
        st.lists(
            st.builds(
                TaxBreakdown,
                category=st.sampled_from(("S", "E")),
                percent=PERCENTS,
                taxable=AMOUNTS.map(money),
                tax=AMOUNTS.map(money),
                exemption_reason=MAYBE,
            ),
            max_size=2,
        )
    )
    foreign = draw(st.booleans())
    named = {
        name: draw(st.none() | AMOUNTS.map(money))
        for name in ("line_total", "tax_exclusive", "tax_inclusive", "allowance_total", "charge_total", "prepaid", "rounding")
    }
    return Invoice(
        number=draw(NUMBER),
        kind="credit_note" if credit else "invoice",
        type_code="381" if credit else "380",
        issue_date=draw(DAYS),
        due_date=draw(st.none() | DAYS),
        tax_point_date=draw(st.none() | DAYS),
        delivery_date=draw(st.none() | DAYS),
        currency="EUR",
        tax_currency="SEK" if foreign else None,
        tax_total_in_tax_currency=Money(amount=draw(AMOUNTS), currency="SEK") if foreign else None,
        tax_total=money(draw(AMOUNTS)),
        buyer_reference=draw(MAYBE),
        order_number=draw(st.just("") | NUMBER),
        supplier_order_number=draw(MAYBE),
        contract=draw(MAYBE),
        despatch_number=draw(MAYBE),
        receipt_number=draw(MAYBE),
        preceding_number=(preceding := draw(st.just("") | NUMBER)),
        preceding_date=draw(DAYS) if preceding else None,
        seller=draw(PARTY),
        buyer=draw(PARTY),
        ship_to=draw(st.none() | PLACE.map(lambda place: place.model_copy(update={"contact": "", "phone": "", "email": ""}))),
        payment_terms=draw(MAYBE),
        payment_means=draw(st.sampled_from(("30", "58"))),
        remittance=draw(MAYBE),
        iban=(iban := draw(st.just("") | st.just("DE02120300000000202051"))),
        bic=draw(st.just("") | st.just("BYLADEM1001")) if iban else "",
        lines=tuple(lines),
        allowances=draw(allowances()),
        taxes=tuple(taxes),
        payable=money(draw(AMOUNTS)),
        note=draw(MAYBE),
        **named,
    )
