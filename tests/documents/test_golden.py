"""Golden examples of every document type: what we write, byte for byte, and what is read of it."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from tests.documents.examples import GOLDEN, OPTIONS, RECEIVED, WRITTEN, Example
from tests.documents.wire import document_of, interchange, read, rows_of, tree_of

REWRITE = bool(os.environ.get("CROSSDOCK_GOLDEN"))
READABLE = [each for each in (*WRITTEN, *RECEIVED) if each.type not in ("940", "943")]
names = {"ids": lambda example: example.name}


def _data(example: Example) -> bytes:
    rows = rows_of(example.standard, example.type, example.release, example.made(), OPTIONS) if example.made else example.rows
    return interchange(example.standard, example.type, example.release, rows, example.group or "PO")


def _golden(name: str, found: bytes) -> bytes:
    path = GOLDEN / name
    if REWRITE:
        path.write_bytes(found)
    return path.read_bytes()


@pytest.mark.parametrize("example", [*WRITTEN, *RECEIVED], **names)
def test_a_document_as_it_goes_over_the_wire(example: Example) -> None:
    data = _data(example)
    assert data == _golden(f"{example.name}.edi", data)
    tree_of(example.standard, example.release, document_of(example.standard, data))


@pytest.mark.parametrize("example", READABLE, **names)
def test_what_is_read_of_it(example: Example) -> None:
    data = (GOLDEN / f"{example.name}.edi").read_bytes()
    tree = tree_of(example.standard, example.release, document_of(example.standard, data))
    found: list[dict[str, Any]] = [
        {
            "type": mapped.type,
            "number": mapped.number,
            "purpose": mapped.purpose,
            "references": [[each.scheme, each.value] for each in mapped.references],
            "data": mapped.data.model_dump(mode="json", exclude_defaults=True),
        }
        for mapped in read(example.standard, example.type, example.release, tree, OPTIONS)
    ]
    text = json.dumps(found, indent=1, ensure_ascii=False, sort_keys=True).encode() + b"\n"
    assert text.decode() == _golden(f"{example.name}.json", text).decode()
