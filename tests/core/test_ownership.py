"""The system-of-record matrix holds per event and per field."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from crossdock.canonical.fulfilment import PickConfirmation
from crossdock.canonical.order import SalesOrder
from crossdock.canonical.product import Product
from crossdock.core.errors import FieldNotOwned, NotResponsible
from crossdock.core.ownership import Owner, Ownership, OwnershipMatrix, Refusal, Responsibility, compile_ownership, problems

TODAY = date(2026, 11, 23)


def order(**changes: Any) -> SalesOrder:
    money = {"amount": "10.00", "currency": "EUR"}
    data = {
        "number": "1001",
        "placed_at": datetime(2026, 11, 23, tzinfo=UTC),
        "customer": {"id": "7", "name": "ACME", **changes.pop("customer", {})},
        "ship_to": {"country": "DE"},
        "currency": "EUR",
        "lines": [{"number": str(n), "sku": f"S{n}", "quantity": {"value": "1"}, "unit_price": money} for n in (1, 2)],
        "total": money,
        **changes,
    }
    return SalesOrder.model_validate(data)


def compiled(*owners: Owner, on: date = TODAY) -> Ownership:
    acts = (
        Responsibility("order.placed", ("shop",)),
        Responsibility("order.changed", ("shop",), enriches=("odoo",)),
        Responsibility("product.changed", ("odoo",), enriches=("pim",)),
        Responsibility("picking.completed", ("*",)),
    )
    return compile_ownership(OwnershipMatrix(owners, acts, {"shop": ("shopify-eu", "woo")}), on)


def test_an_event_nobody_was_named_for_is_refused() -> None:
    matrix = compiled()
    assert matrix.may("order.placed", "woo") == {"originates"}
    assert matrix.may("order.changed", "odoo") == {"enriches"}
    assert matrix.may("picking.completed", "any-wms") == {"originates"}
    assert not matrix.may("shipment.booked", "woo")
    with pytest.raises(NotResponsible) as caught:
        matrix.authorize("order.placed", "odoo", order())
    assert caught.value.detail["responsible"] == ["shopify-eu", "woo"]


def test_fields_are_refused_left_out_or_accepted_when_equal() -> None:
    matrix = compiled(
        Owner("order", ("odoo",), ("incoterm",), policy="refuse"),
        Owner("order", ("odoo",), ("customer.vat", "lines.name"), policy="strip"),
        Owner("order", ("odoo",), ("lines[].unit_price",), policy="accept_equal"),
    )
    assert matrix.authorize("order.changed", "odoo", order(incoterm="DAP")).stripped == ()
    with pytest.raises(FieldNotOwned) as caught:
        matrix.authorize("order.changed", "woo", order(incoterm="DAP"), known=order())
    assert caught.value.detail["fields"] == [{"field": "incoterm", "owners": ["odoo"]}]

    written = order(customer={"vat": "DE1"})
    done = matrix.authorize("order.changed", "woo", written, known=order())
    assert done.payload == order() and done.stripped == (Refusal("customer.vat", ("odoo",), "strip"),)
    assert written.customer.vat == "DE1"

    cheaper = {"number": "2", "sku": "S2", "quantity": {"value": "1"}, "unit_price": {"amount": "1.00", "currency": "EUR"}}
    first = order().lines[0].model_dump()
    assert matrix.check("order.changed", "woo", order(lines=[cheaper, first]), known=order()) == (
        Refusal("lines[2].unit_price", ("odoo",), "accept_equal"),
    )
    assert len(matrix.check("order.changed", "woo", order())) == 2


def test_an_entry_without_fields_covers_what_no_other_names() -> None:
    matrix = compiled(Owner("product", ("odoo",)), Owner("product", ("pim",), ("hs_code",)))
    known = Product(sku="A", name="Lamp")
    assert matrix.check("product.changed", "pim", Product(sku="A", name="Lamp", hs_code="9405"), known) == ()
    assert [one.place for one in matrix.check("product.changed", "pim", Product(sku="A", name="Lux"), known)] == ["name"]
    assert [one.place for one in matrix.check("product.changed", "odoo", Product(sku="A", hs_code="1"), known)] == ["hs_code"]


def test_each_of_several_owners_owns_what_it_originated() -> None:
    matrix = compiled(Owner("order", ("shop",), ("note",)))
    noted = order(note="ring twice")
    assert matrix.check("order.changed", "woo", noted, originator="woo") == ()
    assert matrix.check("order.changed", "woo", noted, originator="shopify-eu")[0].place == "note"


def test_ownership_changes_hands_on_a_day() -> None:
    owners = (
        Owner("order", ("odoo",), ("note",), until=date(2027, 1, 1)),
        Owner("order", ("woo",), ("note",), since=date(2027, 1, 1)),
    )
    before, after = compiled(*owners), compiled(*owners, on=date(2027, 1, 1))
    assert before.valid_until == date(2027, 1, 1) and after.valid_until is None
    noted = order(note="x")
    assert before.check("order.changed", "woo", noted) and not before.check("order.changed", "odoo", noted)
    assert after.check("order.changed", "odoo", noted) and not after.check("order.changed", "woo", noted)


def test_the_linter_hears_of_everything_at_once() -> None:
    matrix = OwnershipMatrix(
        (
            Owner("order", ("odoo",), ("lines.colour", "note.x")),
            Owner("ordr", ("odoo",)),
            Owner("order", ("odoo",), ("total",), policy="strip"),
            Owner("order", ("woo",), ("note",)),
            Owner("order", ("odoo",), ("note",)),
        ),
        (Responsibility("order.plcaed", ("woo",)),),
    )
    found = problems(matrix)
    assert len(found) == 6
    for part in ("order.plcaed", "ordr", "colour", "plain value has no field 'x'", "'total' is required", "note is owned twice"):
        assert any(part in one for one in found), part
    with pytest.raises(ValueError, match="ordr"):
        compile_ownership(matrix, TODAY)


def test_entities_are_the_payloads_of_events() -> None:
    matrix = compiled(Owner("pick_confirmation", ("wms",), ("packages.sscc",), policy="strip"))
    pick = PickConfirmation.model_validate(
        {"fulfilment_number": "F", "picked_at": "2026-11-23T00:00Z", "packages": [{"reference": "P1", "sscc": "3"}]}
    )
    done = matrix.authorize("picking.completed", "other", pick)
    assert done.stripped[0].place == "packages[P1].sscc"
    assert isinstance(done.payload, PickConfirmation) and done.payload.packages[0].sscc == ""


def test_nobody_writes_into_a_system_what_it_is_the_record_of_itself() -> None:
    matrix = compiled(
        Owner("order", ("odoo",), ("incoterm",), policy="refuse"),
        Owner("order", ("shop",)),
        Owner("product", ("*",)),
    )
    paper = order(incoterm="DAP")
    assert [each.place for each in matrix.check_write("order", "odoo", paper)] == ["incoterm"]
    assert matrix.check_write("order", "odoo", order()) == ()
    # of what several own, each keeps what it originated
    assert "total" in {each.place.split(".")[0] for each in matrix.check_write("order", "woo", paper, "woo")}
    assert matrix.check_write("order", "woo", paper, "shopify-eu") == ()
    assert matrix.owns_any("odoo")
    assert matrix.owns_of("odoo", "order")
    assert not matrix.owns_any("wms")
    assert not matrix.owns_of("odoo", "product")
