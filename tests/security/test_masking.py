"""Protected fields stay hidden in every shape in which they cross: canonical, foreign, flat, by column, and where nothing was said."""

from __future__ import annotations

from crossdock.security.masking import MASKED, mask_for

PERSONAL = mask_for(
    {"personal": ("order.customer.name", "order.customer.email", "order.customer.address", "order.ship_to")}, frozenset()
)


def test_a_document_by_column_hides_whole_columns() -> None:
    load = {
        "fields": ["id", "name", "street", "zip", "city", "ref", "email"],
        "data": [["x", "Anna", "Main 1", "20457", "Hamburg", "R1", "a@b.c"]],
    }
    assert PERSONAL.foreign(load)["data"] == [["x", MASKED, MASKED, MASKED, MASKED, "R1", MASKED]]
    lines = {"fields": ["order_line/name", "order_line/product_id"], "data": [["tape", 4]]}
    assert PERSONAL.foreign(lines)["data"] == [[MASKED, 4]]
    ragged = {"fields": ["name"], "data": [["a", "b"]]}
    assert PERSONAL.foreign(ragged) == ragged


def test_an_address_that_stands_flat_is_hidden() -> None:
    assert PERSONAL.foreign({"AddressLine1": "Main 1", "cityName": "Hamburg", "weight": 3}) == {
        "AddressLine1": MASKED, "cityName": MASKED, "weight": 3,
    }  # fmt: skip


def test_a_schema_nothing_was_said_about_hides_what_is_called_alike_but_no_article() -> None:
    document = {
        "number": "FO-1",
        "ship_to": {"name": "Anna", "city": "Hamburg", "region": ""},
        "lines": [{"name": "tape", "sku": "A"}],
    }
    shown = PERSONAL.canonical(document, "fulfilment")
    assert shown["ship_to"] == {"name": MASKED, "city": MASKED, "region": ""}
    assert shown["lines"] == [{"name": "tape", "sku": "A"}]
    assert PERSONAL.hides("ship_to.city", "fulfilment")
    assert not PERSONAL.hides("lines.0.name", "fulfilment")


def test_a_schema_that_is_named_follows_its_paths_only() -> None:
    order = {"customer": {"name": "Anna", "id": "7", "address": {"city": "Hamburg"}}, "lines": [{"address": "kept"}]}
    assert PERSONAL.canonical(order, "order") == {
        "customer": {"name": MASKED, "id": "7", "address": {"city": MASKED}}, "lines": [{"address": "kept"}],
    }  # fmt: skip


def test_who_may_see_everything_sees_it() -> None:
    everything = mask_for({"personal": ("order.ship_to",)}, None)
    document = {"ship_to": {"city": "Hamburg"}}
    assert everything.canonical(document, "order") == document
    assert everything.canonical(document, "fulfilment") == document
    assert everything.foreign(document) == document
