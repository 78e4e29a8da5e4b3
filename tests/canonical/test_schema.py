"""Published schemas are complete, current, and versioned by what changed."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from crossdock.canonical.events import EVENT_PAYLOADS
from crossdock.canonical.order import SalesOrder
from crossdock.canonical.schema import Break, breaks, export, objects, schema_of, version_fault

PUBLISHED = Path(__file__).parents[2] / "docs" / "reference" / "schemas"


def changed(**edits: Any) -> dict[str, Any]:
    """The order's schema with edits: path of names joined by __ -> value, None removes."""
    schema = copy.deepcopy(schema_of(SalesOrder))
    for path, value in edits.items():
        *names, last = path.split("__")
        node = schema
        for name in names:
            node = node[{"defs": "$defs"}.get(name, name)]
        if value is None:
            del node[last]
        else:
            node[{"id": "$id"}.get(last, last)] = value
    return schema


def test_every_event_and_object_is_exported(tmp_path: Path) -> None:
    names = {path.name for path in export(tmp_path)}
    assert {f"event-{event}-{kind.schema_version}.json" for event, kind in EVENT_PAYLOADS.items()} <= names
    assert {"order-1.0.json", "fulfilment_order-1.0.json", "shipment-1.0.json", "milestone-1.0.json", "money-1.0.json"} <= names
    for kind in EVENT_PAYLOADS.values():
        assert objects()[kind.schema_name] is kind
    assert json.loads(tmp_path.joinpath("order-1.0.json").read_text())["$id"] == "urn:crossdock:schema:order:1.0"


def test_the_published_schemas_are_current_or_rightly_versioned(tmp_path: Path) -> None:
    now = {path.name: json.loads(path.read_text()) for path in export(tmp_path)}
    then = {path.name: json.loads(path.read_text()) for path in PUBLISHED.glob("*.json")}
    assert set(now) == set(then), "run `python -m crossdock.canonical.schema docs/reference/schemas`"
    for name, schema in now.items():
        if not name.startswith("event-"):
            assert version_fault(then[name], schema) == ""
        assert then[name] == schema, f"{name} changed; give the class its new schema_version and export again"


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({"properties__colour": {"type": "string"}}, []),
        ({"properties__note__description": "other words"}, []),
        ({"properties__note": None}, [Break("note", "reader", "is gone")]),
        ({"properties__number__maxLength": 80}, [Break("number", "reader", "has another maxLength: 80 instead of 64")]),
        ({"properties__number__maxLength": 20}, [Break("number", "stored", "has another maxLength: 20 instead of 64")]),
        ({"properties__number__minLength": 3}, [Break("number", "stored", "has another minLength: 3 instead of 1")]),
        ({"properties__note__type": "integer"}, [Break("note", "reader", "has another type: 'integer' instead of 'string'")]),
        (
            {"properties__payment_status__enum": ["paid", "bartered"]},
            [
                Break("payment_status", "reader", "has codes the previous reader does not know: bartered"),
                Break("payment_status", "stored", "does not know codes any more: authorized, pending, refunded, unknown"),
            ],
        ),
        (
            {"defs__Quantity__properties__unit__pattern": "^.*$"},
            [Break("lines[].quantity.unit", "reader", "has another pattern: '^.*$' instead of '^[A-Z0-9]{2,3}$'")],
        ),
    ],
)
def test_what_breaks_a_reader(edits: dict[str, Any], expected: list[Break]) -> None:
    assert breaks(schema_of(SalesOrder), changed(**edits)) == expected


def test_required_and_optional_may_not_change_places() -> None:
    old = schema_of(SalesOrder)
    required = list(old["required"])
    new = changed(required=[name for name in required if name != "total"])
    assert breaks(old, new) == [Break("total", "reader", "is not always there any more")]
    new = changed(properties__colour={"type": "string"}, required=[*required, "colour", "note"])
    assert {(one.path, one.who) for one in breaks(old, new)} == {("note", "stored"), ("colour", "stored")}


def test_the_version_follows_the_change() -> None:
    old = schema_of(SalesOrder)
    assert version_fault(old, old) == ""
    assert "needs version 1.1" in version_fault(old, changed(properties__colour={"type": "string"}))
    assert version_fault(old, changed(properties__colour={"type": "string"}, id="urn:crossdock:schema:order:1.1")) == ""
    assert "needs version 2.0" in version_fault(old, changed(properties__note=None, id="urn:crossdock:schema:order:1.1"))
    assert version_fault(old, changed(properties__note=None, id="urn:crossdock:schema:order:2.0")) == ""
