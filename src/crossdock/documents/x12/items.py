"""Lines as X12 names and describes them: pairs of product qualifier and number, PID texts, prices with their basis; knows no document."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from crossdock.canonical.identifiers import gs1_valid
from crossdock.canonical.product import TradedItem
from crossdock.documents.drafts import Draft
from crossdock.documents.nodes import Node, at
from crossdock.documents.reading import Reading, gtin_or_none
from crossdock.documents.writing import Writing
from crossdock.documents.x12.qualifiers import BASIS_CODES, GTIN_QUALIFIERS, ITEM_NUMBERS, PRICE_BASES
from crossdock.edi.segments import Segment
from crossdock.edi.writer import Row


def read_item(segment: Segment, start: int, draft: Draft) -> None:
    """The item numbers from element `start` on, in pairs of qualifier and number (data elements 235 and 234), into a line.

    The first number of a kind counts; further ones, numbers of other kinds and GTINs with a wrong check digit become identifiers `x12:mg`.
    """
    elements = segment.elements
    for place in range(start, len(elements) - 1, 2):
        number = elements[place + 1].strip()
        if not number:
            continue
        qualifier = elements[place].strip()
        kind = ITEM_NUMBERS.get(qualifier)
        if kind == "gtin":
            valid = gtin_or_none(number)
            if valid is not None and "gtin" not in draft:
                draft["gtin"] = valid
                continue
        elif kind is not None and kind not in draft:
            draft[kind] = number
            continue
        draft.setdefault("identifiers", []).append({"scheme": f"x12:{qualifier.lower() or 'zz'}", "value": number})


def read_upc(code: str, draft: Draft) -> None:
    """A U.P.C. in an element of its own (W01-03, W07-03, W12-06, W19-04: data element 438)."""
    if code:
        valid = gtin_or_none(code)
        if valid is not None:
            draft.setdefault("gtin", valid)
        else:
            draft.setdefault("identifiers", []).append({"scheme": "x12:up", "value": code})


def item_pairs(item: TradedItem, *, most: int = 10, without: Sequence[str] = ()) -> list[str]:
    """The item's numbers as pairs of qualifier and number, ours and theirs first, at most `most` pairs."""
    pairs: list[str] = []
    if item.sku:
        pairs += ["BP", item.sku]
    if item.supplier_sku:
        pairs += ["VP", item.supplier_sku]
    if item.gtin and "gtin" not in without:
        pairs += [GTIN_QUALIFIERS.get(len(item.gtin), "UK") if gs1_valid("gtin", item.gtin) else "ZZ", item.gtin]
    for each in item.identifiers:
        if each.scheme.startswith("x12:") and len(each.scheme) == 6:
            pairs += [each.scheme[4:].upper(), each.value]
    return pairs[: most * 2]


def read_texts(node: Node, draft: Draft) -> None:
    """PID segments: the one with characteristic `08` (product) is the name, else the first; all others are the description."""
    named, others = "", []
    for each in (*node.all("PID"), *(loop.opener for loop in node.loops("PID"))):
        text = at(each, 5)
        if text and at(each, 2) == "08" and not named:
            named = text
        elif text:
            others.append(text)
    if not named and others:
        named = others.pop(0)
    if named:
        draft["name"] = named
    if others:
        draft["description"] = " ".join(others)


def write_texts(writing: Writing, item: TradedItem, *, most: int = 80) -> list[Row]:
    """PID segments of name and description."""
    rows: list[Row] = []
    if item.name:
        rows.append(("PID", "F", "08", "", "", writing.text(item.name, most)))
    rows += [("PID", "F", "", "", "", chunk) for chunk in writing.chunks(item.description, most)[:20]]
    return rows


def read_quantity(reading: Reading, segment: Segment, value: int, unit: int) -> Draft | None:
    """A quantity and its unit (data elements 380 and 355). Nothing when there is no number; a unit is never guessed."""
    amount = reading.decimal(at(segment, value), segment, value)
    if amount is None:
        return None
    code = at(segment, unit).split(">", 1)[0].split(":", 1)[0]
    if not code:
        reading.wrong("the quantity has no unit of measure", segment, unit)
        return None
    known = reading.unit(code, segment, unit, x12=True)
    return {"value": amount, "unit": known} if known is not None else None


def read_price(reading: Reading, segment: Segment, price: int, basis: int, currency: str | None, draft: Draft) -> Decimal | None:
    """A unit price and for how many units it is (data elements 212 and 639) into a line; the price for one unit is given back."""
    amount = reading.decimal(at(segment, price), segment, price)
    if amount is None:
        return None
    base = PRICE_BASES.get(at(segment, basis))
    draft["unit_price"] = {"amount": amount, "currency": currency}
    if base is not None:
        draft["price_base"] = Decimal(base)
        return amount / Decimal(base)
    return amount


def price_elements(writing: Writing, amount: Decimal, base: Decimal | None, place: str) -> tuple[str, str]:
    """Unit price and its basis; a basis X12 has no code for is divided out where that is exact."""
    if base is None or base == 1:
        return writing.number(amount), ""
    code = BASIS_CODES.get(writing.number(base))
    if code is not None:
        return writing.number(amount), code
    each = amount / base
    if each * base != amount or len(writing.number(each)) > 17:
        writing.wrong(f"a price of {amount} for {base} units cannot be said for one unit, a hundred or a thousand", place)
    return writing.number(each), ""
