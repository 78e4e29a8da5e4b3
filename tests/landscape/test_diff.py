"""Differences told in business words, each with the risk a reviewer looks for."""

from __future__ import annotations

import pytest

from crossdock.landscape.diff import compare, reviewers
from crossdock.landscape.files import read


def differences(folder, changes):
    old, new = read(folder(name="old"), variables={}), read(folder(changes, name="new"), variables={})
    return compare(old, new), old


CASES = [
    ({}, None, None),
    ({"ownership.yaml": ("owner: [shop, outlet]", "owner: [shop]")}, "ownership", "without outlet"),
    ({"systems/wms.yaml": "kind: erpkit\ntitle: North\nowner: ops\n"}, "connectivity", "A new system: the hub exchanges messages with North"),
    ({"systems/erp.yaml": ("https://erp.example", "https://new.example")}, "connectivity", "from https://erp.example to https://new.example"),
    ({"systems/shop.yaml": ("may_see: [personal]\n", "")}, "data_class", "may see changes from personal to nothing"),
    ({"systems/shop.yaml": ("title: The shop", "title: Our shop")}, "wording", "from The shop to Our shop"),
    ({"partners/shopper.yaml": ("state: live", "state: suspended")}, "partner", "state changes from live to suspended"),
    ({"partners/shopper.yaml": None}, "partner", "is no partner any more"),
    ({"policies.yaml": ("keep: 90d", "keep: 30d")}, "retention", "from 90d to 30d"),
    ({"policies.yaml": ("restricted: true", "restricted: false")}, "data_class", "from yes to no"),
    ({"flows/orders.yaml": ("attempts: 5", "attempts: 50")}, "flow", "budgets › default › attempts changes from 5 to 50"),
    ({"flows/outlet.yaml": None}, "flow", "Nothing acts on order.placed of outlet any more"),
    ({"rules/value.yaml": ("5.00", "9.00")}, "rule", "9.00"),
    ({"rules/size.yaml": None}, "rule", "no longer refused"),
    ({"value-maps/services.yaml": ("EXP: express", "EXP: overnight")}, "schema", "from express to overnight"),
    ({"mappings/acme.py": "x = 1\n"}, "schema", "mapping mappings/acme.py is added"),
    ({"crossdock.yaml": ("company: Sound Ltd", "company: Sound Ltd\npartitions: 32")}, "connectivity", "partitions changes from 16 to 32"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "risk", "words"), CASES)
def test_a_change_is_told_with_its_risk(folder, changes, risk, words) -> None:
    found, _ = differences(folder, changes)
    if risk is None:
        assert found == []
        return
    assert any(each.risk == risk and words in each.words for each in found), [(each.risk, each.words) for each in found]


def test_comments_and_layout_are_no_change(folder) -> None:
    found, _ = differences(folder, {"systems/shop.yaml": ("kind: shopkit\n", "# why\nkind:   'shopkit'\n")})
    assert found == []


def test_a_retry_policy_on_money_is_a_risk_of_its_own(folder) -> None:
    payment = "workflow: toy\nroles: {erp: erp}\nbudgets: {default: {attempts: %d}}\n"
    old = read(folder({"flows/payment-capture.yaml": payment % 1}, name="old"), variables={})
    new = read(folder({"flows/payment-capture.yaml": payment % 5}, name="new"), variables={})
    assert [each.risk for each in compare(old, new)] == ["money"]


def test_the_approved_policies_say_who_reviews(folder) -> None:
    found, old = differences(
        folder,
        {"ownership.yaml": ("owner: [shop, outlet]", "owner: [shop]"), "policies.yaml": ("reviewers: [it]", "reviewers: [ops]")},
    )
    assert reviewers(found, old)["ownership"] == (1, ("it",))
