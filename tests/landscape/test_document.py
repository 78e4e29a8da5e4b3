"""YAML as landscapes are written in: JSON's scalars, exact numbers, places of everything, no surprises, never an exception."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.landscape.document import parse


def value(text: str):
    return parse(f"a: {text}\n".encode(), "f.yaml").value["a"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("NO", "NO"),
        ("on", "on"),
        ("yes", "yes"),
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("15:30", "15:30"),
        ("0042", "0042"),
        ("42", 42),
        ("-7", -7),
        ("1.10", Decimal("1.10")),
        ("1e3", "1e3"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        (".5", ".5"),
        (".inf", ".inf"),
        ("2026-01-31", "2026-01-31"),
        ("'42'", "42"),
        ('"true"', "true"),
        ("4012345000009", 4012345000009),
        ("1" * 30, "1" * 30),
    ],
)
def test_a_scalar_is_what_it_looks_like(text: str, expected: object) -> None:
    found = value(text)
    assert found == expected
    assert type(found) is type(expected)


def test_keys_are_text_as_written() -> None:
    assert parse(b"01: a\ntrue: b\n1.10: c\nNO: d\n", "f").value == {"01": "a", "true": "b", "1.10": "c", "NO": "d"}


def test_every_place_is_known() -> None:
    document = parse(b"a: 1\nb:\n  - x: 1\n    y: 2\n  -   z: 3\nc: {d: [1, 22]}\n", "f")
    assert document.place(("a",)) == (1, 1)
    assert document.place(("b", 0, "y")) == (4, 5)
    assert document.place(("b", 1)) == (5, 7)
    assert document.place(("c", "d", 1)) == (6, 12)
    assert document.place(("b", 1, "absent", "deeper")) == (5, 7)


def test_a_mark_at_the_beginning_of_the_file_is_no_content() -> None:
    assert parse("a: 1".encode("utf-8-sig"), "f").value == {"a": 1}


@pytest.mark.parametrize(
    "text", ["[" * 5000, "{a: " * 5000, "- " * 5000, "a: &x [*x]", "&a [*a, *a]", "? {a: b}\n: c", "%TAG ! x", "a: *b", "\t- a"]
)
def test_hostile_files_are_findings(text: str) -> None:
    document = parse(text.encode(), "f")
    assert document.findings
    assert not document.complete


@given(st.binary(max_size=300))
def test_any_bytes_give_a_document(data: bytes) -> None:
    document = parse(data, "f")
    assert document.complete or document.findings


@given(st.text(alphabet="ab:-[]{}#&*!|>'\"%@`\n \t,?~0.9\\u0", max_size=200))
def test_any_text_of_yaml_signs_gives_a_document(text: str) -> None:
    document = parse(text.encode(), "f")
    assert document.complete or document.findings


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcdef", min_size=1, max_size=6), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text("abcdef", min_size=1, max_size=6), json_values, max_size=5))
def test_json_is_read_as_json(content: dict) -> None:
    text = json.dumps(content, ensure_ascii=False)
    assert parse(text.encode(), "f").value == content
