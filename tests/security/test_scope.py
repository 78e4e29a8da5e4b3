"""Who is limited to flows looks after every transaction one of these flows carries out, and after no other."""

from __future__ import annotations

import pytest

from crossdock.security.scope import Scope, Subject


@pytest.mark.parametrize(
    ("flows", "seen"),
    [({"returns"}, True), ({"orders"}, True), ({"invoices", "returns"}, True), ({"purchases"}, False), (set(), True)],
)
def test_an_order_with_a_return_belongs_to_both_flows(flows: set[str], seen: bool) -> None:
    order = Subject("orders", frozenset({"odoo"}), beside=frozenset({"returns"}))
    assert Scope(flows=frozenset(flows)).covers(order, {}) is seen


def test_what_belongs_to_no_flow_lies_outside_of_a_limit() -> None:
    assert not Scope(flows=frozenset({"orders"})).covers(Subject(), {})
