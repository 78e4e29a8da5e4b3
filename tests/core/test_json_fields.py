"""Editing a document field by field changes that field and nothing else, down to the last digit of the others."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.core.json_fields import Number, get, leaves, put, read, shown, write

NAMES = st.text(st.characters(codec="utf-8", exclude_characters=".\x00"), min_size=1, max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_a_document_is_written_as_it_was_read(value: object) -> None:
    text = json.dumps(value)
    assert json.loads(write(read(text))) == json.loads(text)


@pytest.mark.parametrize("number", ["1.10", "0.30000000000000000001", "1E400", "-0", "123456789012345678901234567890"])
def test_numbers_keep_their_digits_and_their_writing(number: str) -> None:
    assert write(read(f'{{"a":{number}}}')) == f'{{"a":{number}}}'


@given(st.dictionaries(NAMES, VALUES, min_size=1, max_size=5), st.data())
def test_setting_what_is_there_to_what_it_says_changes_nothing(document: dict[str, object], data: st.DataObject) -> None:
    text = json.dumps(document)
    content = read(text)
    found = [(path, value) for path, value in leaves(content)]
    path, value = data.draw(st.sampled_from(found))
    if value is None:
        return
    put(content, path, shown(value))
    assert json.loads(write(content)) == json.loads(text)


def test_a_value_stays_of_its_kind() -> None:
    content = read('{"n": 1, "flag": true, "lines": [{"sku": "A"}], "none": null, "empty": []}')
    put(content, "n", "2.50")
    put(content, "flag", "False")
    put(content, "lines.0.sku", "007")
    put(content, "none", "now")
    assert write(content) == '{"n":2.50,"flag":false,"lines":[{"sku":"007"}],"none":"now","empty":[]}'
    for path, text in (
        ("n", "two"),
        ("n", "{}"),
        ("flag", "yes"),
        ("lines.5.sku", "B"),
        ("n.deep", "x"),
        ("empty", "{}"),
        ("lines.x", "1"),
    ):
        with pytest.raises(ValueError):
            put(content, path, text)


def test_what_is_missing_may_be_added() -> None:
    content = read('{"order": {"lines": [{"sku": "A"}]}}')
    put(content, "order.customer.name", "Acme")
    put(content, "order.lines.1", "B")
    assert get(content, "order.customer.name") == "Acme"
    assert write(content) == '{"order":{"lines":[{"sku":"A"},"B"],"customer":{"name":"Acme"}}}'
    with pytest.raises(KeyError):
        get(content, "order.customer.phone")


def test_no_json_is_refused() -> None:
    for text in ("", "{", "NaN", '{"a": Infinity}'):
        with pytest.raises(ValueError):
            read(text)
    assert isinstance(read("1"), Number)
