"""The field dictionary as a page: where every canonical field of business documents is in UBL, X12, EDIFACT and EN 16931."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

from crossdock.documents.dictionary import entries
from docs.generator.markdown import codes, page, table

_INTRODUCTION = (
    "Where the hub reads and writes the fields of orders, answers, ship notices, receipts, invoices, tenders, freight invoices and remittances. A test changes each of these places in a",
    "document and sees that field change, so the page is what the mapping does, not what it should do. An empty cell: the standard has a place",
    "for it perhaps, the mapping has none; what a partner puts elsewhere is declared in the `overlay` of its agreement.",
    "",
    "X12 and EDIFACT places: `BEG03` is an element, `BGM02-1` a component; `PO1/PID05` is in the loop that PO1 opens; `DTM[002]02` is the DTM whose",
    "first element is 002; `HL(I)` is the HL of level I; `IMD03-4#2` is the second of several; `PO1{VP}` is the number beside the qualifier VP.",
    "The same places are what `target` and `from` name in an overlay. UBL paths beginning with `cac:` or `cbc:` are inside the object above them.",
    "",
)


def _cell(places: Mapping[str, Sequence[str]]) -> str:
    grouped: dict[Sequence[str], list[str]] = {}
    for document, found in places.items():
        grouped.setdefault(found, []).append(document)
    return "; ".join(f"{' '.join(documents)} {codes(found)}" for found, documents in grouped.items())


def fields_page() -> str:
    """`docs/reference/fields.md`."""
    lines = list(_INTRODUCTION)
    for schema, group in groupby(entries().values(), key=lambda entry: entry.schema):
        lines += [f"## {schema}", ""]
        rows = [
            (f"`{each.field}`", f"`{each.ubl}`" if each.ubl else "", _cell(each.x12), _cell(each.edifact), " ".join(each.en16931))
            for each in group
        ]
        lines += [*table(("field", "UBL", "X12", "EDIFACT", "EN 16931"), rows), ""]
    return page("Field dictionary", *lines)
