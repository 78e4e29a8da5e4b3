"""What a receiver is not entitled to is not in what it gets, whatever the document and the classes; everything else is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.canonical.base import Canonical
from crossdock.canonical.events import EVENT_PAYLOADS
from crossdock.core.command_documents import CARRIED
from crossdock.core.errors import ContentWithheld
from crossdock.core.json_fields import leaves
from crossdock.landscape.landscape import Landscape
from crossdock.security.content_filter import ContentFilter, _parts
from crossdock.security.entitlement import filter_for, withheld

ORDER: dict[str, Any] = {
    "number": "N1",
    "placed_at": "2026-11-23T08:00:00Z",
    "customer": {"id": "C1", "name": "Ada Lovelace", "email": "ada@example.com", "phone": "+44 1", "address": {"city": "Ockham", "country": "GB"}},
    "ship_to": {"name": "Ada L", "street": "Main St 1", "city": "London", "postal_code": "W1", "country": "GB"},
    "currency": "EUR",
    "lines": [
        {"number": "1", "sku": "A", "quantity": {"value": "2"}, "unit_price": {"amount": "9.50", "currency": "EUR"}},
        {"number": "2", "sku": "B", "quantity": {"value": "1"}, "unit_price": {"amount": "7.25", "currency": "EUR"}},
    ],
    "total": {"amount": "26.25", "currency": "EUR"},
}  # fmt: skip
PATHS = (
    "customer.email",
    "customer.name",
    "customer.phone",
    "customer.address",
    "ship_to",
    "ship_to.street",
    "lines.unit_price",
    "lines.sku",
    "total",
)


def at(paths: set[str]) -> ContentFilter:
    return ContentFilter(("order", *path.split(".")) for path in paths)


@given(st.sets(st.sampled_from(PATHS)))
def test_only_what_is_withheld_goes(paths: set[str]) -> None:
    cut, fields = at(paths).document(CARRIED["order"], ORDER)

    def covered(leaf: str) -> bool:
        plain = ".".join(part for part in leaf.split(".") if not part.isdecimal())
        return any(plain == path or plain.startswith(path + ".") for path in paths)

    expected = {path: value for path, value in leaves(ORDER) if not covered(path)}
    assert dict(leaves(cut)) == expected
    assert {field.removeprefix("order.") for field in fields} <= paths
    if not paths:
        assert cut is ORDER


def test_the_original_is_not_touched_and_commands_name_what_was_stripped() -> None:
    before = json.dumps(ORDER)
    data, fields = at({"customer.email", "customer.phone"}).command("order.create", {"order": ORDER, "note": "x"})
    assert fields == ("order.customer.email", "order.customer.phone")
    assert "ada@example.com" not in json.dumps(data)
    assert data["note"] == "x"
    assert json.dumps(ORDER) == before


def test_a_needed_text_is_left_empty_and_without_a_needed_value_nothing_leaves() -> None:
    data, fields = at({"customer.name"}).command("order.create", {"order": ORDER})
    assert fields == ("order.customer.name",)
    assert data["order"]["customer"]["name"] == ""
    with pytest.raises(ContentWithheld) as refused:
        at({"lines.quantity"}).command("order.create", {"order": ORDER})
    assert refused.value.detail["fields"] == ["order.lines.quantity"]
    assert "Ada" not in str(refused.value.detail) + refused.value.message
    with pytest.raises(ContentWithheld):
        ContentFilter([("order",)]).command("order.create", {"order": ORDER})


def test_a_document_within_another_and_one_sent_by_its_event_are_cut_too() -> None:
    data, _ = at({"customer.email"}).command("document.send", {"event": "order.placed", "document": ORDER})
    assert "ada@example.com" not in json.dumps(data)
    data, fields = ContentFilter([("customer", "email"), ("money",)]).command("order.create", {"order": {**ORDER, "total": None}})
    assert "ada@example.com" not in json.dumps(data)
    assert "order.customer.email" in fields
    data, _ = at({"customer.email"}).command("order.change", {"order": ORDER, "previous": ORDER})
    assert "ada@example.com" not in json.dumps(data)


def test_no_document_contains_its_own_kind() -> None:
    """What is cut is worked out once for each kind; a kind within itself would not be."""

    def below(kind: type[Canonical], above: tuple[type[Canonical], ...]) -> None:
        assert kind not in above, (kind, above)
        for field in kind.model_fields.values():
            for part in _parts(field.annotation):
                below(part, (*above, kind))

    for kind in {*CARRIED.values(), *EVENT_PAYLOADS.values()}:
        below(kind, ())


def landscape(
    tmp_path: Any, system: dict[str, Any], partner: dict[str, Any] | None, segment: dict[str, Any] | None = None
) -> Landscape:
    from crossdock.landscape.load import load

    text = {
        "crossdock.yaml": {"name": "t", "company": "T", "teams": {"ops": {}}},
        "systems/wms.yaml": {"kind": "wms_rest", "owner": "ops", **system},
        "policies.yaml": {
            "data_classes": {
                "personal": {"fields": ["order.customer.email"]},
                "commercial": {"fields": ["order.total"], "restricted": True},
            },
            **({"segments": {"key": segment}} if segment is not None else {}),
        },
    }
    if partner is not None:
        text["partners/north.yaml"] = {
            "systems": ["wms"],
            "state": "live",
            **partner,
            **({"tier": "key"} if segment is not None else {}),
        }
    for name, content in text.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(json.dumps(content))
    return load(tmp_path)


@pytest.mark.parametrize(
    ("system", "partner", "segment", "expected"),
    [
        ({}, None, None, {"commercial"}),
        ({"may_see": []}, None, None, {"personal", "commercial"}),
        ({"may_see": ["commercial"]}, None, None, {"personal"}),
        ({"may_see": ["personal", "commercial"]}, None, None, set()),
        ({}, {}, None, {"commercial"}),
        ({}, {"may_see": ["commercial"]}, None, {"personal"}),
        ({"may_see": ["personal", "commercial"]}, {"may_see": ["personal"]}, None, {"commercial"}),
        (
            {"may_see": ["personal", "commercial"]},
            {"may_see": ["personal", "commercial"]},
            {"may_see": ["personal"]},
            {"commercial"},
        ),
        ({}, {}, {"may_see": ["commercial"]}, {"personal", "commercial"}),
    ],
)
def test_every_entry_narrows(tmp_path: Any, system: Any, partner: Any, segment: Any, expected: set[str]) -> None:
    found = landscape(tmp_path, system, partner, segment)
    assert withheld(found, "wms") == expected
    assert bool(filter_for(found, "wms")) == bool(expected)
    assert withheld(found, "nobody-described-it") == {"personal", "commercial"}
