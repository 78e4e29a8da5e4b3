"""What we write of a canonical object keeps to our guides, and read again it is the same object."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crossdock.canonical.base import Canonical
from crossdock.documents.edifact.purchase_order import read_purchase_order as read_edifact_order
from crossdock.documents.mapping import ReadContext
from crossdock.documents.x12.purchase_order import read_purchase_order as read_x12_order
from tests.documents.objects import despatch_advices, invoices, order_responses, purchase_orders
from tests.documents.wire import CODES, NOW, PARTIES, over_the_wire, read

quick = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
NUMBERS = {"amount", "value", "percent", "tax_percent", "price_base", "weight_kg", "gross_weight_kg"}
X12, EDIFACT = ("004010", "005010"), ("D.96A", "D.01B")


def facts(made: Canonical, *without: str) -> dict[str, Any]:
    """The object's facts: amounts and quantities by their value, empty fields left out."""
    found = _plain(made.model_dump())
    for name in without:
        found.pop(name, None)
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: Decimal(inner).normalize() if name in NUMBERS and isinstance(inner, str) and "scheme" not in value else inner
            for name, each in value.items()
            if (inner := _plain(each)) not in ("", None, [], {})
        }
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value


@pytest.mark.parametrize("release", X12)
@quick
@given(data=st.data())
def test_an_order_in_x12(release: str, data: Any) -> None:
    order = data.draw(purchase_orders(True))
    tree = over_the_wire("x12", "850", release, order)
    back = read_x12_order(tree, ReadContext(PARTIES, "850", release, NOW), CODES)
    assert facts(back) == facts(order)


@quick
@given(order=purchase_orders(True, revision=3))
def test_a_changed_order_in_x12(order: Any) -> None:
    tree = over_the_wire("x12", "860", "004010", order)
    back = read_x12_order(tree, ReadContext(PARTIES, "860", "004010", NOW), CODES)
    assert facts(back) == facts(order)


@pytest.mark.parametrize("release", EDIFACT)
@quick
@given(data=st.data())
def test_an_order_in_edifact(release: str, data: Any) -> None:
    order = data.draw(purchase_orders(False))
    tree = over_the_wire("edifact", "ORDERS", release, order)
    back = read_edifact_order(tree, ReadContext(PARTIES, "ORDERS", release, NOW), CODES)
    assert facts(back) == facts(order)


@pytest.mark.parametrize("release", EDIFACT)
@quick
@given(data=st.data())
def test_a_changed_order_in_edifact(release: str, data: Any) -> None:
    order = data.draw(purchase_orders(False, revision=3))
    tree = over_the_wire("edifact", "ORDCHG", release, order)
    back = read_edifact_order(tree, ReadContext(PARTIES, "ORDCHG", release, NOW), CODES)
    assert facts(back) == facts(order)


@pytest.mark.parametrize(
    ("standard", "type", "release"), [("x12", "855", "004010"), ("edifact", "ORDRSP", "D.96A"), ("edifact", "ORDRSP", "D.01B")]
)
@quick
@given(data=st.data())
def test_an_answer(standard: str, type: str, release: str, data: Any) -> None:
    answer = data.draw(order_responses(standard == "x12"))
    (mapped,) = read(standard, type, release, over_the_wire(standard, type, release, answer))
    assert mapped.type == "purchase_order.answered"
    assert [(r.scheme, r.value) for r in mapped.references] == [("purchase:order", answer.order_number)]
    back = facts(mapped.data)
    for line in back.get("lines", ()):
        line.pop("reason_code")  # the wire's own code; we have none before
    assert back == facts(answer)


@pytest.mark.parametrize(
    ("standard", "type", "release"),
    [("x12", "856", "004010"), ("x12", "856", "005010"), ("edifact", "DESADV", "D.96A"), ("edifact", "DESADV", "D.01B")],
)
@quick
@given(data=st.data())
def test_a_ship_notice(standard: str, type: str, release: str, data: Any) -> None:
    advice = data.draw(despatch_advices(standard == "x12"))
    (mapped,) = read(standard, type, release, over_the_wire(standard, type, release, advice))
    assert mapped.type == "ship_notice.received"
    back, sent = facts(mapped.data), facts(advice)
    for each in (back, sent):  # packages stand in the order of the tree, lines in the order of the packages
        each["units"] = sorted(each.get("units", ()), key=lambda unit: unit["reference"])
        for line in each["lines"]:
            line.pop("number")
        each["lines"] = sorted(each["lines"], key=repr)
    assert back == sent


@pytest.mark.parametrize(
    ("standard", "type", "release"),
    [("x12", "810", "004010"), ("x12", "810", "005010"), ("edifact", "INVOIC", "D.96A"), ("edifact", "INVOIC", "D.01B")],
)
@quick
@given(data=st.data())
def test_an_invoice(standard: str, type: str, release: str, data: Any) -> None:
    invoice = data.draw(invoices(standard == "x12"))
    (mapped,) = read(standard, type, release, over_the_wire(standard, type, release, invoice))
    assert mapped.type == "supplier_invoice.received"
    assert facts(mapped.data) == facts(invoice)
