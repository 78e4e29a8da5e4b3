"""The documents the hub maps, as their readers and writers say themselves, and the language of overlays."""

from __future__ import annotations

from collections.abc import Callable
from inspect import cleandoc
from typing import Any, get_args

from crossdock.core.errors import DocumentUnknown
from crossdock.documents.mapping import READERS, WRITERS, Standard, find_reader
from docs.generator.markdown import page, table

_TITLES = {"x12": "X12", "edifact": "EDIFACT", "ubl": "UBL", "tables": "Spreadsheets (CSV, XLSX)"}
_OVERLAY = """
## Where a partner deviates

Rules in the agreement's `overlay`, applied in their order: to what comes in before it is mapped, to what goes out after it was written. They
change X12 and EDIFACT documents; `target` and `from` are places as in the [field dictionary](fields.md).

```yaml
agreements:
  - document: "850"
    direction: in
    format: x12
    overlay:
      - {target: BEG03, from: "REF[PO]02"}                         # they put the order number there
      - {target: CUR02, const: USD, note: they never say it}
      - {target: "PO1/PO1{VP}", from: "PO1/REF[VR]02", as: upper}  # in every line, from the same line
      - {target: PO1/PO104, from: PO1/PO104, as: {shift: -2}}      # they send cents
      - {target: "REF[IA]02", const: VENDOR-9, after: CUR}         # a new segment, behind CUR
      - {target: "N1[BY]/PER", drop: true, when: {path: BEG02, equals: DS}}
```

| | |
|---|---|
| `target` | an element, component or pair that is set; with `drop: true` also a whole segment. A target in a loop is set in every occurrence of it |
| `from` | a place, or several: the first that has a value. In the target's loop it is taken from the same occurrence, else from the document, its head first |
| `const`, `template`, `concat` | always this; text with `{place}` in it; what is there of some places, joined by `with` |
| `as` | one step or several: `decimal`, `{shift: -2}`, `int`, `upper`, `lower`, `strip`, `{date: ...}`, `{split: ...}`, `{lookup: ...}`, `{value_map: ...}`, `{reverse_map: ...}`, `{prefix: ...}` |
| `default`, `required`, `when` | when there is nothing; must there be something; only under conditions (`equals`, `not_equals`, `one_of`, `none_of`, `present`) |
| `after` | the segment behind which a new one is put; without it behind those of its own kind, else behind the head of its loop |
| `note` | why the rule is there |

Steps are exact on decimals, and the set is closed. A wrong rule is named with its number and part by `crossdock check`; one that does not fit a
document refuses that document and says which rule and place.
"""


def _first(function: Callable[..., Any] | None) -> str:
    return cleandoc(function.__doc__ or "").partition("\n")[0] if function is not None else ""


def documents_page() -> str:
    """`docs/reference/documents.md`."""
    lines = [
        "What the hub makes of business documents, and what it writes. Where each field is: [field dictionary](fields.md). What an agreement may say",
        "about a document (currency, zone, value maps, address book): [`MappingOptions`](landscape.md#mappingoptions).",
        "",
    ]
    for standard in get_args(Standard):
        try:
            find_reader(standard, "")
        except DocumentUnknown:
            pass  # asked only so that the room of the standard is loaded
        readers = {type: function for (room, type, _), function in READERS.items() if room == standard}
        writers = {type: function for (room, type, _), function in WRITERS.items() if room == standard}
        rows = [(f"`{type}`", _first(readers.get(type)), _first(writers.get(type))) for type in sorted({*readers, *writers})]
        lines += [f"## {_TITLES[standard]}", "", *table(("document", "read", "written"), rows), ""]
    return page("Documents", *lines, *_OVERLAY.strip().splitlines())
