"""The field dictionary is complete and true: every place in it, changed in a document, changes the field it is said to be."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from crossdock.canonical.base import Canonical
from crossdock.canonical.despatch import DespatchAdvice
from crossdock.canonical.freight import FreightInvoice, Tender, TenderAnswer
from crossdock.canonical.gs1 import with_check_digit
from crossdock.canonical.identifiers import gs1_valid
from crossdock.canonical.invoice import Invoice
from crossdock.canonical.order import SalesOrder
from crossdock.canonical.order_response import OrderResponse
from crossdock.canonical.payout import Payout
from crossdock.canonical.purchase_order import PurchaseOrder
from crossdock.canonical.receipt import ExpectedReceipt, ReceiptAdvice
from crossdock.canonical.structure import nested
from crossdock.core.errors import SchemaInvalid, ValueMapMissing
from crossdock.documents.dictionary import entries, owner, place_of
from crossdock.documents.edifact.purchase_order import read_purchase_order as read_edifact_order
from crossdock.documents.mapping import ReadContext
from crossdock.documents.places import find_segments, parse_place
from crossdock.documents.x12.purchase_order import read_purchase_order as read_x12_order
from crossdock.edi.delimiters import Delimiters
from crossdock.edi.guides import find_guide, parse_document
from crossdock.edi.guides.conformance import Loop
from crossdock.edi.writer import Row
from tests.documents.examples import OPTIONS, RECEIVED, WRITTEN, with_extra
from tests.documents.freight_examples import PAPERS, tender
from tests.documents.wire import CODES, NOW, PARTIES, document_of, interchange, read, rows_of

ROOTS: tuple[type[Canonical], ...] = (
    PurchaseOrder,
    SalesOrder,
    OrderResponse,
    DespatchAdvice,
    ExpectedReceipt,
    ReceiptAdvice,
    Invoice,
    FreightInvoice,
    Payout,
    Tender,
    TenderAnswer,
)
VALUES = {"money", "quantity", "identifier", "customer"}

# What a place may become instead, where "something else" has to be a code that means something else.
OTHER: Mapping[str, str] = {
    "BSN01": "05",
    "BEG05": "20260106",
    "BAK02": "RD",
    "BCA02": "RD",
    "ACK01": "IR",
    "PO105": "TP",
    "POC07": "TP",
    "IT105": "TP",
    "SAC01": "C",
    "SAC02": "D500",
    "PO1/SAC05": "999",
    "FOB05": "FCA",
    "BIG07": "CR",
    "BIG08": "05",
    "TXI06": "1",
    "POC02": "DI",
    "CUR02": "USD",
    "TD101": "BOX25",
    "TD512": "SE",
    "N402": "BE",
    "N404": "FR",
    "W1701": "P",
    "W1303": "08",
    "W1703": "WE-13",
    "ALC01": "C",
    "BGM03": "5",
    "BGM01-1": "381",
    "LIN01": "7",
    "LIN02": "2",
    "PRI[AAA]01-5": "10",
    "CUX01-2": "USD",
    "TOD03-1": "FCA",
    "PAC03-1": "BX",
    "NAD09": "FR",
    "TAX06": "Z",
    "ALI01": "FR",
    "LIN{CH}": "FR",
    "HL02": "3",
    "CPS02": "1",
    "B104": "D",
    "B307": "-12418",
    "L108": "DSC",
    "RMR04": "-5",
    "ADX01": "-50",
    "DOC01-1": "381",
}
# The answer's function takes what the order's does not.
OTHER_IN: Mapping[tuple[str, str], str] = {
    ("ORDRSP", "BGM03"): "27",
    ("ORDRSP", "LIN02"): "7",
    ("ORDCHG", "LIN02"): "2",
    ("850", "SAC/SAC01"): "A",
    ("810", "SAC/SAC01"): "A",
    ("ORDERS", "ALC/ALC01"): "A",
    ("INVOIC", "ALC/ALC01"): "A",
    ("INVOIC", "BGM01-1"): "381",
    ("856", "HL(I)/HL02"): "3",
    ("856", "HL(P)/HL02"): "2",
    ("DESADV", "CPS#3/CPS02"): "1",
}
WRITTEN_ONLY = {"expected_receipt", "expected_line", "tender", "tender_stop"}


def fields() -> Iterator[tuple[str, str]]:
    """Every field of the procurement, freight and payout objects and of what they are made of."""
    seen: set[str] = set()
    waiting: list[type[Canonical]] = list(ROOTS)
    while waiting:
        kind = waiting.pop()
        if kind.schema_name in seen:
            continue
        seen.add(kind.schema_name)
        for name in kind.model_fields:
            yield kind.schema_name, name
        waiting += [inner for inner, _ in nested(kind).values() if inner.schema_name not in VALUES]


def test_every_field_of_procurement_freight_and_payouts_is_in_it() -> None:
    assert set(fields()) == set(entries())


@cache
def sample(type: str) -> tuple[str, str, tuple[Row, ...]]:
    """Standard, release and the segments of the full example of a document type."""
    example = next(each for each in (*WRITTEN, *RECEIVED, *PAPERS) if each.type == type)
    rows = rows_of(example.standard, type, example.release, example.made(), OPTIONS) if example.made else example.rows
    return example.standard, example.release, tuple(with_extra(example, rows))


def tree(standard: str, type: str, release: str, rows: tuple[Row, ...]) -> Loop:
    guide = find_guide(standard, type, release)
    assert guide is not None
    return parse_document(document_of(standard, interchange(standard, type, release, rows)), guide)[0]


def facts(schema: str, standard: str, type: str, release: str, parsed: Loop) -> dict[tuple[str | int, ...], Any]:
    """What is read of a document, by path."""
    made: list[Canonical]
    if type in ("850", "860", "ORDERS", "ORDCHG") and schema not in ("order", "order_line"):
        context = ReadContext(PARTIES, type, release, NOW, options=OPTIONS)
        made = [(read_x12_order if standard == "x12" else read_edifact_order)(parsed, context, CODES)]
    else:
        made = [mapped.data for mapped in read(standard, type, release, parsed, OPTIONS)]
    found: dict[tuple[str | int, ...], Any] = {}
    for number, each in enumerate(made):
        _flatten(each.model_dump(), (number,), found)
    return found


def _flatten(value: Any, path: tuple[str | int, ...], found: dict[tuple[str | int, ...], Any]) -> None:
    if isinstance(value, dict):
        for name, inner in value.items():
            _flatten(inner, (*path, name), found)
    elif isinstance(value, (list, tuple)) and not all(isinstance(each, str) for each in value):
        for place, inner in enumerate(value):
            _flatten(inner, (*path, place), found)
    elif value not in (None, "", ()):
        found[path] = value


def other(value: str) -> str:
    """Another value of the same kind."""
    if re.fullmatch(r"20\d{6}", value):
        return (date(int(value[:4]), int(value[4:6]), int(value[6:])) + timedelta(days=1)).strftime("%Y%m%d")
    if re.fullmatch(r"20\d{10}", value):
        return value[:6] + ("11" if value[6:8] != "11" else "12") + value[8:]
    if value.isdigit():
        for scheme, digits in (("gtin", value), ("gln", value), ("sscc", value[-18:])):
            if gs1_valid(scheme, digits):
                changed = with_check_digit(digits[:-2] + str((int(digits[-2]) + 1) % 10))
                return value[: -len(digits)] + changed if len(value) > len(digits) else changed
        return "0930" if re.fullmatch(r"[01]\d[0-5]\d", value) and len(value) == 4 else str(int(value) + 1)
    if re.fullmatch(r"\d+\.\d+", value):
        return str(int(value.split(".")[0]) + 1)
    return value[:-1] + ("X" if value[-1] != "X" else "Y") if len(value) > 2 else value + "X"


def changed_rows(rows: tuple[Row, ...], parsed: Loop, type: str, notation: str) -> tuple[Row, ...]:
    """The segments with the value at a place changed; a place without element loses its qualifier or its segment."""
    place = parse_place(notation)
    segments = find_segments(parsed, place)
    assert segments, f"the example of {type} has nothing at {notation}"
    segment = segments[0]
    index = segment.position - 2
    row = list(rows[index])
    element, component = place.in_segment(segment)
    if not element:
        if place.segment.qualifier:
            first = row[1]
            row[1] = "ZZ" if isinstance(first, str) else ("ZZ", *first[1:])
            return (*rows[:index], tuple(row), *rows[index + 1 :])
        return (*rows[:index], *rows[index + 1 :])
    last = notation.rpartition("/")[2].partition("#")[0]
    new = OTHER_IN.get((type, notation)) or OTHER.get(notation) or OTHER.get(last)
    if isinstance(row[element], str) or row[element] is None:
        row[element] = new or other(str(row[element]))
    else:
        parts = list(row[element])  # type: ignore[arg-type]
        parts[(component or 1) - 1] = new or other(str(parts[(component or 1) - 1]))
        row[element] = tuple(parts)
    return (*rows[:index], tuple(row), *rows[index + 1 :])


def named_places() -> Iterator[Any]:
    for (schema, field), entry in entries().items():
        if schema in WRITTEN_ONLY:
            continue
        for standard in ("x12", "edifact"):
            for type, places in entry.places(standard).items():
                for notation in places:
                    yield pytest.param(schema, field, type, notation, id=f"{schema}.{field}-{type}-{notation}")


@pytest.mark.parametrize(("schema", "field", "type", "notation"), list(named_places()))
def test_a_place_is_where_the_mapping_reads_the_field(schema: str, field: str, type: str, notation: str) -> None:
    standard, release, rows = sample(type)
    parsed = tree(standard, type, release, rows)
    before = facts(schema, standard, type, release, parsed)
    after: dict[tuple[str | int, ...], Any]
    root = _root(schema, type)
    try:
        after = facts(schema, standard, type, release, tree(standard, type, release, changed_rows(rows, parsed, type, notation)))
    except (SchemaInvalid, ValueMapMissing) as refused:
        after, problems = {}, refused.detail.get("problems", ())
        before = {
            (0, *(int(part) if part.isdigit() else part for part in problem["path"].split("."))): "" for problem in problems
        }
    paths = {path for path in (*before, *after) if before.get(path, 0) != after.get(path, 0)}
    touched = {key for path in paths for key in _owners(root, path[1:])}
    assert (schema, field) in touched, f"changing {notation} changes {touched or 'nothing'}"


def _root(schema: str, type: str) -> type[Canonical]:
    orders = SalesOrder if schema in ("order", "order_line") else PurchaseOrder
    kinds: dict[str, Any] = {
        "850": orders,
        "860": orders,
        "ORDERS": orders,
        "ORDCHG": orders,
        "855": OrderResponse,
        "865": OrderResponse,
        "ORDRSP": OrderResponse,
        "856": DespatchAdvice,
        "DESADV": DespatchAdvice,
        "944": ReceiptAdvice,
        "RECADV": ReceiptAdvice,
        "810": Invoice,
        "INVOIC": Invoice,
        "210": FreightInvoice,
        "820": Payout,
        "REMADV": Payout,
        "990": TenderAnswer,
    }
    kind: type[Canonical] = kinds[type]
    return kind


def _owners(kind: type[Canonical], path: tuple[str | int, ...]) -> Iterator[tuple[str, str]]:
    """Every field on the way to a path: what changes in a line changes the lines."""
    for length in range(1, len(path) + 1):
        found = owner(kind, path[:length])
        if found is not None:
            yield found


def written_places() -> Iterator[Any]:
    for (schema, field), entry in entries().items():
        if schema in WRITTEN_ONLY:
            for standard in ("x12", "edifact"):
                for type, places in entry.places(standard).items():
                    for notation in places:
                        yield pytest.param(schema, field, type, notation, id=f"{schema}.{field}-{type}-{notation}")


@pytest.mark.parametrize(("schema", "field", "type", "notation"), list(written_places()))
def test_a_place_is_where_the_mapping_writes_the_field(schema: str, field: str, type: str, notation: str) -> None:
    made = _made(schema, field)
    standard, release = ("x12", "004010") if type.isdigit() else ("edifact", "D.96A")

    def values(each: Canonical) -> list[str]:
        parsed = tree(standard, type, release, tuple(rows_of(standard, type, release, each, OPTIONS)))
        place = parse_place(notation)
        found = find_segments(parsed, place)
        return [place.read(segment) if place.element or place.pair else str(segment.elements) for segment in found]

    before = values(made)
    assert before, f"the example of {type} has nothing at {notation}"
    data = made.model_dump()
    holder = {"expected_line": lambda: data["lines"][0], "tender_stop": lambda: data["stops"][0]}.get(schema, lambda: data)()
    holder[field] = {"purpose": "change", "kind": "delivery"}.get(field) or _another(holder[field])
    if field in ("package", "units"):
        data["units"], data["lines"][0]["package"] = [], ""
    assert values(type_of(made).model_validate(data)) != before


def _made(schema: str, field: str) -> Canonical:
    """What is written; pallets are counted where there are no packages."""
    if schema.startswith("tender"):
        return tender(packages=0, pallets=4) if field == "pallets" else tender()
    example = next(each for each in WRITTEN if each.type == "943")
    assert example.made is not None
    return example.made()


def type_of(made: Canonical) -> type[Canonical]:
    return type(made)


def _another(value: Any) -> Any:
    if isinstance(value, dict):
        if "value" in value:
            return {**value, "value": "77"}
        if "amount" in value:
            return {**value, "amount": "77"}
        if "identifiers" not in value:
            return {**value, "name": "Another name"}
        return {**value, "name": "Another name", "identifiers": []}
    if isinstance(value, (list, tuple)):
        return list(value[1:])
    if isinstance(value, str):
        return other(value)
    return value + 1 if isinstance(value, (int, Decimal)) else value + timedelta(days=1)


def test_the_place_of_a_field_by_its_path() -> None:
    assert place_of(PurchaseOrder, ("lines", 3, "quantity", "value"), "x12", "850") == "PO1/PO102"
    assert place_of(PurchaseOrder, ("ship_to", "address", "country"), "edifact", "ORDERS") == "NAD/NAD09"
    assert place_of(PurchaseOrder, ("nothing",), "x12", "850") == ""


@pytest.mark.parametrize("wrong", ["", "po1", "PO1//PID", "PO1{", "BEG03/PO1", "N1[ST"])
def test_what_is_no_place(wrong: str) -> None:
    with pytest.raises(ValueError, match="is not a segment"):
        parse_place(wrong)


def test_a_pair_that_is_not_there() -> None:
    segment = find_segments(tree(*_order()), parse_place("PO1"))[0]
    assert parse_place("PO1{XX}").read(segment) == ""
    assert isinstance(segment.delimiters, Delimiters)


def _order() -> tuple[str, str, str, tuple[Row, ...]]:
    standard, release, rows = sample("850")
    return standard, "850", release, rows
