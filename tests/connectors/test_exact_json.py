"""JSON from partners means one thing only, or is refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.connectors.exact_json import read_exact, read_fast, refuse_repeated_names
from crossdock.core.errors import PayloadMalformed

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=8) | st.sampled_from(['":', '\\":', '"a":1']),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@given(VALUES, st.sampled_from([None, 2]), st.booleans())
def test_every_document_with_names_of_its_own_is_taken(value: object, indent: int | None, ascii_only: bool) -> None:
    body = json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    try:
        read = read_fast(body)
    except PayloadMalformed:
        return
    refuse_repeated_names(body, read)


@given(VALUES, st.text(max_size=5), st.sampled_from([":", " :", "\n:", "\t :"]))
def test_a_name_that_stands_twice_is_refused_wherever_it_is(value: object, name: str, colon: str) -> None:
    inner = json.dumps(value)
    pair = f"{json.dumps(name)}{colon}{inner}"
    body = f'{{"outer": [1, {{{pair}, {pair}}}]}}'.encode()
    try:
        read = read_exact(body)
    except PayloadMalformed:
        return
    with pytest.raises(PayloadMalformed, match="twice"):
        refuse_repeated_names(body, read)
