"""Whatever stands in a document, a reader maps it or refuses it with findings; nothing else comes out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crossdock.core.errors import SchemaInvalid, ValueMapMissing
from crossdock.edi.guides import find_guide, parse_document
from crossdock.edi.writer import Row
from tests.documents.examples import OPTIONS, RECEIVED, WRITTEN, Example
from tests.documents.wire import document_of, interchange, read, rows_of

READABLE = [each for each in (*WRITTEN, *RECEIVED) if each.type not in ("940", "943")]
ODD = st.one_of(
    st.sampled_from(
        [
            "",
            " ",
            "0",
            "-1",
            "00000000",
            "99999999",
            "20260230",
            "1E5",
            "NaN",
            "Infinity",
            "9" * 40,
            "1" * 29,
            ".",
            "-",
            "EA",
            "ZZ",
            "05",
        ]
    ),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="*~>^'+:?"), max_size=20),
    st.text("0123456789.-", max_size=12),
)


@st.composite
def spoiled(draw: Any, rows: Sequence[Row]) -> list[Row]:
    """A document with values changed, segments taken out, doubled and moved."""
    out = [list(row) for row in rows]
    for _ in range(draw(st.integers(1, 6))):
        if not out:
            break
        place = draw(st.integers(0, len(out) - 1))
        what = draw(st.sampled_from(["value", "value", "value", "drop", "double", "move", "cut"]))
        row = out[place]
        if what == "value" and len(row) > 1:
            element = draw(st.integers(1, len(row) - 1))
            if isinstance(row[element], str) or row[element] is None:
                row[element] = draw(ODD)
            else:
                parts = list(row[element])  # type: ignore[arg-type]
                if parts:
                    parts[draw(st.integers(0, len(parts) - 1))] = draw(ODD)
                row[element] = tuple(parts)
        elif what == "drop":
            del out[place]
        elif what == "double":
            out.insert(place, list(row))
        elif what == "move":
            out.insert(draw(st.integers(0, len(out) - 1)), out.pop(place))
        else:
            del row[draw(st.integers(1, len(row))) :]
    return [tuple(row) for row in out]


@pytest.mark.parametrize("example", READABLE, ids=lambda example: example.name)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_a_spoiled_document_is_mapped_or_refused(example: Example, data: Any) -> None:
    good = rows_of(example.standard, example.type, example.release, example.made(), OPTIONS) if example.made else example.rows
    rows = data.draw(spoiled(good))
    document = document_of(example.standard, interchange(example.standard, example.type, example.release, rows))
    guide = find_guide(example.standard, example.type, example.release)
    assert guide is not None
    tree, _ = parse_document(document, guide)
    try:
        found: Sequence[Any] = read(example.standard, example.type, example.release, tree, OPTIONS)
    except SchemaInvalid as refused:
        found = refused.detail["problems"]
    except ValueMapMissing as missing:
        found = missing.detail["missing"]
    assert found
