"""Hypothesis strategies that spoil a good JSON document: values replaced, removed, doubled and nested, anywhere in the tree."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=10**30, max_value=10**40),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=30),
    st.sampled_from(
        [
            "",
            "0",
            "-1",
            "1e400",
            "NaN",
            "Infinity",
            "9" * 60,
            "2026-13-45T99:00:00Z",
            "0001-01-01T00:00:00+23:59",
            "\x00",
            "\ud800",
        ]
    ),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document."""
    found = [path] if path else []
    if isinstance(value, dict):
        for key, inner in value.items():
            found += places(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            found += places(inner, (*path, index))
    return found


def spoil(document: Any, path: tuple[Any, ...], how: str, value: Any) -> Any:
    """The document with one place replaced, removed or doubled."""
    changed = copy.deepcopy(document)
    owner = changed
    try:
        for step in path[:-1]:
            owner = owner[step]
        if how == "remove":
            del owner[path[-1]]
        elif how == "double" and isinstance(owner, list):
            owner.append(copy.deepcopy(owner[path[-1]]))
        else:
            owner[path[-1]] = value
    except (KeyError, IndexError, TypeError):
        return changed  # an earlier change took the place away
    return changed


@st.composite
def spoiled(draw: st.DrawFn, document: Any) -> Any:
    """The document with up to four changes."""
    spots = places(document)
    for _ in range(draw(st.integers(1, 4))):
        how = draw(st.sampled_from(["replace", "replace", "replace", "remove", "double"]))
        document = spoil(document, draw(st.sampled_from(spots)), how, draw(VALUES))
    return document
