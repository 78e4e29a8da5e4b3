"""The demo landscape: whole, without a finding, and it says what the issue of a distributor asks for."""

from __future__ import annotations

import pytest

from crossdock.core.ownership import compile_ownership
from crossdock.landscape.catalogue import Installed, NotLoadable
from crossdock.landscape.demo import DEMO
from crossdock.landscape.lint import lint
from crossdock.landscape.load import load


def _unfinished() -> list[str]:
    """Connectors and workflows the demo uses that this installation cannot load."""
    installed, landscape, missing = Installed(), load(DEMO, variables={}), []
    for kind in sorted({system.kind for system in landscape.systems.values()}):
        try:
            installed.connector(kind)
        except (NotLoadable, KeyError):
            missing.append(kind)
    for name in sorted({flow.workflow for flow in landscape.flows.values() if flow.workflow in installed.processes()}):
        try:
            installed.process(name)
        except NotLoadable:
            missing.append(name)
    return missing


def test_the_demo_has_no_finding() -> None:
    found = [each for each in lint(DEMO, variables={}) if not each.code.endswith("-not-loadable")]
    assert [str(each) for each in found] == []


def test_everything_the_demo_uses_is_installed() -> None:
    missing = _unfinished()
    if missing:
        pytest.skip(f"not in this installation: {', '.join(missing)}")
    assert lint(DEMO, variables={}) == []


def test_who_owns_what() -> None:
    landscape = load(DEMO, variables={})
    from datetime import date

    ownership = compile_ownership(landscape.ownership, date(2026, 6, 1))
    assert ownership.may("product.changed", "odoo")
    assert not ownership.may("product.changed", "shopify-eu")
    assert ownership.may("picking.completed", "wms-north")
    assert not ownership.may("shipment.milestone", "wms-north")
    assert {each for each in landscape.systems if ownership.may("order.placed", each)} >= {"shopify-eu", "woo-outlet", "odoo"}


@pytest.mark.parametrize(
    ("source", "flow"), [("shopify-eu", "order-shopify-eu"), ("woo-outlet", "order-woo-outlet"), ("odoo", "order-odoo")]
)
def test_each_way_of_ordering_has_its_flow(source, flow) -> None:
    landscape = load(DEMO, variables={})
    [started] = [
        each
        for each in landscape.flows.values()
        if source in each.trigger.sources and "order.placed" in each.trigger.events and each.workflow == "order_to_fulfilment"
    ]
    assert started.name == flow
    assert {"erp", "wms", "carrier:dhl", "carrier:ups"} <= set(started.roles)


def test_the_process_environment_gives_the_addresses() -> None:
    landscape = load(DEMO, variables={"CROSSDOCK_DEMO_ODOO_URL": "http://127.0.0.1:4711"})
    assert landscape.systems["odoo"].endpoint == "http://127.0.0.1:4711"
    assert landscape.systems["wms-north"].endpoint == "http://127.0.0.1:8103"


def test_the_demo_rules_compile_and_judge() -> None:
    load(DEMO, variables={}).rulebook.compile()


async def test_the_channels_odoo_names_are_those_it_has() -> None:
    from crossdock.connectors.odoo.connector import OdooConnector
    from crossdock.testing.contexts import make_context

    context = make_context(OdooConnector, options={"database": "x"})
    connector = OdooConnector(context)
    assert set(connector._capture.channels) == OdooConnector.poll_channels(context.options)
    await context.http.close()


@pytest.mark.parametrize(("arrived", "broken"), [("2026-12-08", []), ("2026-12-01", ["invoice-dates"])])
def test_a_rule_compares_days_of_papers_with_times(arrived: str, broken: list[str]) -> None:
    from datetime import UTC, datetime

    from crossdock.canonical.events import Event
    from crossdock.canonical.invoice import Invoice

    money = {"amount": "10.00", "currency": "EUR"}
    line = {"number": "1", "sku": "HP-001", "quantity": {"value": "1"}, "unit_price": money, "net_amount": money}
    paper = {"number": "R-900", "issue_date": "2026-12-08", "currency": "EUR", "seller": {}, "lines": [line], "payable": money}
    at = datetime.fromisoformat(arrived).replace(tzinfo=UTC)
    event = Event("e1", "supplier_invoice.received", "acme-fasteners", "", Invoice.model_validate(paper), at)
    assert [found.rule for found in load(DEMO, variables={}).rulebook.judge(event)] == broken
