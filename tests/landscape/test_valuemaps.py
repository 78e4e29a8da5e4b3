"""Codes translated both ways, and exactly what is missing when one is not known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.core.errors import ValueMapMissing
from crossdock.landscape.models import ValueMap
from crossdock.landscape.valuemaps import CodeTables


def tables(**more: object) -> CodeTables:
    entries = {"STD": "standard", "Free": "standard", "EXP": "express"}
    return CodeTables({"services": ValueMap.model_validate({"name": "services", "entries": entries, **more})})


def test_both_ways() -> None:
    maps = tables(preferred={"standard": "Free"})
    assert maps.translate("services", "STD") == "standard"
    assert maps.reverse("services", "standard") == "Free"
    assert tables().reverse("services", "standard") == "STD"


def test_case_counts_unless_it_is_to_be_ignored() -> None:
    with pytest.raises(ValueMapMissing):
        tables().translate("services", "std")
    assert tables(ignore_case=True).translate("services", "std") == "standard"


@pytest.mark.parametrize(
    ("unknown", "found"), [({"unknown": "keep"}, "NIGHT"), ({"unknown": "default", "default": "standard"}, "standard")]
)
def test_unknown_codes_follow_the_policy(unknown, found) -> None:
    assert tables(**unknown).translate("services", "NIGHT") == found


def test_what_is_missing_is_named_exactly() -> None:
    with pytest.raises(ValueMapMissing) as forward:
        tables().translate("services", "NIGHT")
    assert forward.value.detail == {"map": "services", "value": "NIGHT", "direction": "to_canonical"}
    with pytest.raises(ValueMapMissing) as back:
        tables(unknown="default", default="standard").reverse("services", "overnight")
    assert back.value.detail == {"map": "services", "value": "overnight", "direction": "to_partner"}
    with pytest.raises(ValueMapMissing, match="Did you mean 'services'"):
        tables().translate("servces", "STD")


def test_a_default_is_stated_or_absent() -> None:
    for wrong in ({"unknown": "default"}, {"default": "x"}):
        with pytest.raises(ValueError, match="`default`"):
            tables(**wrong)


@given(st.dictionaries(st.text(min_size=1, max_size=8), st.text(min_size=1, max_size=8), min_size=1))
def test_what_was_reversed_translates_back(entries: dict[str, str]) -> None:
    maps = CodeTables(
        {
            "m": ValueMap.model_construct(
                name="m", entries=entries, preferred={}, ignore_case=False, unknown="refuse", default=None
            )
        }
    )
    for value in entries.values():
        assert maps.translate("m", maps.reverse("m", value)) == value


FILE = """\
# Service levels of the shops.
title: Service levels
entries:  # reviewed
  STD: standard
  "007": express
unknown: refuse
"""


def test_added_entries_go_into_the_file_and_nothing_else_changes() -> None:
    from crossdock.landscape.value_map_files import Added, with_entries

    added = [Added("EXPR: 1", "express", "ada", "agreed\nwith # them"), Added("STD", "economy", "ada", "no")]
    made = with_entries(FILE, added)
    assert made is not None
    assert made == with_entries(FILE, added[:1]), "what the reviewed file says of STD stays"
    assert made.splitlines()[3] == '  "EXPR: 1": "express"  # ada: agreed with # them'
    assert [line for line in made.splitlines() if "EXPR" not in line] == FILE.splitlines()
    assert with_entries(made, added[:1]) == made
    assert with_entries("entries: {A: b}\n", added[:1]) is None


def test_added_entries_fill_holes_and_never_change_what_the_file_says() -> None:
    maps = {
        "levels": ValueMap(name="levels", entries={"STD": "standard"}, ignore_case=True),
        "kept": ValueMap(name="kept", entries={}, unknown="keep"),
    }
    tables = CodeTables(maps)
    tables.add([("levels", "Expr", "express"), ("levels", "std", "economy"), ("kept", "A", "b"), ("gone", "A", "b")])
    assert tables.translate("levels", "EXPR") == "express"
    assert tables.translate("levels", "STD") == "standard"
    assert tables.reverse("levels", "express") == "Expr"
    assert tables.translate("kept", "A") == "b"
    assert tables.translate("kept", "C") == "C"
    tables.add([])
    with pytest.raises(ValueMapMissing):
        tables.translate("levels", "EXPR")
