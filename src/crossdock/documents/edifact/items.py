"""Lines as EDIFACT names and describes them: LIN, PIA, IMD, PRI; knows no message."""

from __future__ import annotations

from decimal import Decimal

from crossdock.canonical.identifiers import gs1_valid
from crossdock.canonical.product import TradedItem
from crossdock.documents.drafts import Draft, money
from crossdock.documents.edifact.qualifiers import ITEM_NUMBERS
from crossdock.documents.edifact.terms import write_unit
from crossdock.documents.nodes import Node
from crossdock.documents.reading import Reading, gtin_or_none
from crossdock.documents.writing import Writing
from crossdock.edi.writer import Row


def read_item(node: Node, draft: Draft) -> None:
    """Item numbers of LIN (C212) and PIA. Lots (`NB`) and serial numbers (`SN`) are read where the message has them."""
    opener = node.opener
    _number(opener.value(3, 2), opener.value(3, 1), draft)
    for segment in node.all("PIA"):
        for element in range(2, len(segment.elements)):
            _number(segment.value(element, 2), segment.value(element, 1), draft)


def _number(kind: str, number: str, draft: Draft) -> None:
    if not number:
        return
    field = ITEM_NUMBERS.get(kind, "gtin" if not kind else None)
    if field == "gtin":
        valid = gtin_or_none(number)
        if valid is not None and "gtin" not in draft:
            draft["gtin"] = valid
            return
    elif field is not None and field not in draft:
        draft[field] = number
        return
    elif kind == "NB":
        draft.setdefault("lot", number)
        return
    elif kind == "SN":
        draft.setdefault("serials", []).append(number)
        return
    draft.setdefault("identifiers", []).append({"scheme": f"edifact:{kind.lower() or 'zz'}", "value": number})


def read_texts(node: Node, draft: Draft) -> None:
    """IMD segments: the first text is the name, all others are the description."""
    texts = []
    for segment in node.all("IMD"):
        text = joined_components(segment.value(3, 4), segment.value(3, 5))
        if text:
            texts.append(text)
    if texts:
        draft["name"] = texts[0]
    if len(texts) > 1:
        draft["description"] = " ".join(texts[1:])


def joined_components(first: str, second: str) -> str:
    """A text in two components."""
    return f"{first} {second}" if first and second else first or second


def write_item(writing: Writing, item: TradedItem, place: int, action: str = "", *, lot: str = "") -> list[Row]:
    """LIN with the GTIN, PIA with the buyer's and supplier's numbers and others, IMD with name and description."""
    valid = bool(item.gtin) and gs1_valid("gtin", item.gtin)
    rows: list[Row] = [("LIN", str(place), action, (item.gtin, "SRV" if valid else "ZZZ") if item.gtin else "")]
    numbers = [(number, kind) for number, kind in ((item.sku, "IN"), (item.supplier_sku, "SA")) if number]
    if numbers:
        rows.append(("PIA", "5" if not item.gtin else "1", *numbers))
    others = [(lot, "NB")] if lot else []
    for each in item.identifiers:
        prefix, _, kind = each.scheme.rpartition(":")
        if prefix == "edifact" and len(kind) <= 3:
            others.append((each.value, kind.upper()))
    rows += [("PIA", "1", *others[n : n + 5]) for n in range(0, len(others), 5)]
    most = 35 if writing.context.release.startswith("D.9") else 256
    names = writing.chunks(item.name, most)
    if names:
        rows.append(("IMD", "F", "", ("", "", "", *names[:2])))
    elif item.description:
        rows.append(("IMD", "F", "", ("", "", "", "-")))
    texts = writing.chunks(item.description, most)
    rows += [("IMD", "F", "", ("", "", "", *texts[n : n + 2])) for n in range(0, min(len(texts), 16), 2)]
    return rows


def read_price(reading: Reading, node: Node, currency: str | None, draft: Draft) -> Decimal | None:
    """PRI groups: net price `AAA` (else `NTP`, `CAL`, `INV`), gross price `AAB`. The price for one unit is given back."""
    each: Decimal | None = None
    group = node.loop_of("PRI", "AAA", "NTP", "INV", "CAL", "AAE")
    if group is not None:
        segment = group.opener
        amount = reading.decimal(segment.value(1, 2), segment, 1, 2)
        base = reading.decimal(segment.value(1, 5), segment, 1, 5)
        if amount is not None:
            draft["unit_price"] = money(amount, currency)
            each = amount
            if base is not None and base not in (0, 1):
                draft["price_base"] = base
                each = amount / base
    gross = node.loop_of("PRI", "AAB", "GRP")
    if gross is not None and (amount := reading.decimal(gross.opener.value(1, 2), gross.opener, 1, 2)) is not None:
        if each is None:
            draft["unit_price"] = money(amount, currency)
            each = amount
        else:
            draft["gross_price"] = money(amount, currency)
    return each


def write_price(writing: Writing, amount: Decimal, base: Decimal | None, unit: str, kind: str = "AAA") -> Row:
    """A PRI with its basis where it is not one unit."""
    basis = ("", "", writing.number(base), write_unit(writing, unit)) if base is not None and base != 1 else ()
    return ("PRI", (kind, writing.number(amount), *basis))
