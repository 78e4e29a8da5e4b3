"""What a partner writes: acknowledgements, answers, ship notices, invoices, receipts, orders. Rows only; counts are the wire's business."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from crossdock.simulators.edi_partner.wire import Got

Rows = list[tuple[str, ...]]


@dataclass(slots=True)
class Line:
    """One line of an order: number, quantity, unit, price, item numbers as they stood there."""

    number: str
    quantity: Decimal
    unit: str
    price: Decimal
    items: tuple[str, ...]


@dataclass(slots=True)
class Order:
    """An order as the partner's people see it."""

    number: str
    lines: list[Line]


def order_of(got: Got) -> Order:
    """The order in an 850 or 860."""
    number = (got.first("BEG") if got.type == "850" else got.first("BCH"))[3]
    lines = []
    for segment in got.segments:
        take = [*segment, *[""] * 12]
        if take[0] == "PO1":
            lines.append(Line(take[1], Decimal(take[2] or "0"), take[3], Decimal(take[4] or "0"), tuple(segment[6:])))
        elif take[0] == "POC" and take[2] != "DI":
            lines.append(Line(take[1], Decimal(take[3] or "0"), take[5], Decimal(take[6] or "0"), tuple(segment[8:])))
    return Order(number, lines)


def acknowledgement(got: Got, accepted: bool) -> Rows:
    """A 997 for one document; refused for a quantity nobody can read."""
    outcome = "A" if accepted else "R"
    wrong: Rows = [] if accepted else [("AK3", "PO1", "4", "", "8"), ("AK4", "2", "330", "7", "?")]
    return [
        ("AK1", got.code, got.group),
        ("AK2", got.type, got.control),
        *wrong,
        ("AK5", outcome, *(() if accepted else ("5",))),
        ("AK9", outcome, "1", "1", "1" if accepted else "0"),
    ]


def answer(order: Order, how: str, number: str, at: datetime, factor: Decimal) -> Rows:
    """An 855."""
    day = at.strftime("%Y%m%d")
    head = {"accept": "AD", "refuse": "RD"}.get(how, "AC")
    rows: Rows = [("BAK", "00", head, order.number, day, "", "", "", number)]
    for line in order.lines:
        price = (line.price * factor).quantize(Decimal("0.01")) if how == "change_price" else line.price
        quantity = line.quantity // 2 if how == "short" else line.quantity
        status = {"accept": "IA", "change_price": "IP", "change_date": "DR", "short": "IQ", "refuse": "IR"}[how]
        promised = "20991231" if how == "change_date" else day
        rows.append(("PO1", line.number, plain(line.quantity), line.unit, plain(price), "", *line.items))
        rows.append(("ACK", status, plain(quantity), line.unit, "068", promised))
    return [*rows, ("CTT", str(len(order.lines)))]


def shipped(order: Order, how: str) -> list[tuple[Line, Decimal]]:
    """What leaves of each line."""
    share = {"full": Decimal(1), "short": Decimal("0.5"), "over": Decimal("1.5")}[how]
    return [(line, (line.quantity * share).to_integral_value()) for line in order.lines]


def notice(order: Order, sent: Sequence[tuple[Line, Decimal]], number: str, sscc: str, at: datetime) -> Rows:
    """An 856: one shipment, one pallet, a lot for every line."""
    day, hour = at.strftime("%Y%m%d"), at.strftime("%H%M")
    rows: Rows = [
        ("BSN", "00", number, day, hour, "0001"),
        ("HL", "1", "", "S"), ("TD5", "B", "2", "UPSN", "M", "GROUND"), ("REF", "BM", f"BOL-{number}"), ("DTM", "011", day), ("DTM", "017", day),
        ("HL", "2", "1", "O"), ("PRF", order.number),
        ("HL", "3", "2", "P"), ("MAN", "GM", sscc),
    ]  # fmt: skip
    for place, (line, quantity) in enumerate(sent, start=4):
        if quantity > 0:
            rows += [
                ("HL", str(place), "3", "I"),
                ("LIN", line.number, *line.items),
                ("SN1", line.number, plain(quantity), line.unit),
            ]
            rows.append(("REF", "LT", f"LOT-{line.number}"))
    return [*rows, ("CTT", str(sum(row[0] == "HL" for row in rows)))]


def invoice(order: Order, sent: Sequence[tuple[Line, Decimal]], number: str, at: datetime, factor: Decimal) -> Rows:
    """An 810 for what was sent."""
    day = at.strftime("%Y%m%d")
    rows: Rows = [("BIG", day, number, day, order.number)]
    total = Decimal(0)
    for line, quantity in sent:
        price = (line.price * factor).quantize(Decimal("0.01"))
        total += price * quantity
        rows.append(("IT1", line.number, plain(quantity), line.unit, plain(price), "", *line.items))
    return [*rows, ("TDS", str(int((total * 100).to_integral_value()))), ("CTT", str(len(sent)))]


def picked(got: Got, at: datetime) -> Rows:
    """A 945 for a 940: everything in one carton."""
    day = at.strftime("%Y%m%d")
    head = got.first("W05")
    rows: Rows = [("W06", "F", head[2], day, f"S-{head[2]}"[:30], "", head[3])]
    lines: list[list[str]] = []
    for segment in got.segments:
        if segment[0] == "W01":
            lines.append([*segment, *[""] * 15, ""])
        elif segment[0] == "N9" and segment[1] == "LI" and lines:
            lines[-1][-1] = segment[2]
    for place, line in enumerate(lines, start=1):
        rows += [("LX", str(place)), ("MAN", "CP", f"CARTON-{place}")]
        rows.append(("W12", "CL", line[1], line[1], "0", line[2], "", line[4] or "VN", line[5]))
        rows.append(("N9", "LI", line[-1]))
    return rows


def received(got: Got, how: str, at: datetime) -> Rows:
    """A 944 for a 943."""
    day = at.strftime("%Y%m%d")
    head = got.first("W06")
    rows: Rows = [("W17", "F", day, f"R-{head[2]}"[:30], head[2], head[4]), ("N9", "PO", head[6])]
    share = {"full": Decimal(1), "damaged": Decimal(1), "short": Decimal("0.5"), "over": Decimal("1.5")}[how]
    references: list[tuple[str, ...]] = []
    lines: list[tuple[list[str], list[tuple[str, ...]]]] = []
    for segment in got.segments:
        if segment[0] == "W04":
            references = []
            lines.append(([*segment, *[""] * 15], references))
        elif segment[0] == "N9" and lines:
            references.append(("N9", segment[1], segment[2]))
    for line, own in lines:
        quantity = (Decimal(line[1] or "0") * share).to_integral_value()
        rows.append(("W07", plain(quantity), line[2], "", line[4] or "VN", line[5]))
        rows += own
        if how == "damaged":
            rows.append(("W13", "1", line[2], "01"))
    return rows


def retail_order(number: str, lines: Sequence[tuple[str, str, str]], at: datetime) -> Rows:
    """An 850 of a retailer: (our item number, quantity, price) a line."""
    rows: Rows = [
        ("BEG", "00", "SA", number, "", at.strftime("%Y%m%d")), ("CUR", "BY", "USD"), ("N1", "ST", "Store 12", "92", "0012"),
        ("N3", "1 Main Street"), ("N4", "Springfield", "IL", "62701", "US"),
    ]  # fmt: skip
    rows += [
        ("PO1", str(place), quantity, "EA", price, "", "VN", sku) for place, (sku, quantity, price) in enumerate(lines, start=1)
    ]
    return [*rows, ("CTT", str(len(lines)))]


def plain(number: Decimal) -> str:
    """A decimal without idle zeros."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
