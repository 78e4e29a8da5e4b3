"""What counts as lost in a drill: not what is on its way, and not what a person has."""

from __future__ import annotations

from crossdock.drills.judging import lost, undone, with_people
from crossdock.ledger.figures import OpenBusiness
from crossdock.simulators.town import Verdict

VERDICT = Verdict(orders=4, undelivered=("shopify-eu/1001", "shopify-eu/1002", "woo-outlet/70001"), unbought=("P00001", "P00002"))


def test_what_nobody_works_on_any_more_is_lost() -> None:
    assert lost(VERDICT, OpenBusiness()) == [
        "shopify-eu/1001",
        "shopify-eu/1002",
        "woo-outlet/70001",
        "purchase P00001",
        "purchase P00002",
    ]


def test_what_the_hub_works_on_is_under_way_and_what_a_person_has_is_neither() -> None:
    business = OpenBusiness(
        excepted={"order/shopify-eu/1001", "system/odoo"}, running={"order/shopify-eu/1002", "purchase/odoo/P00001"}
    )
    assert undone(VERDICT, business) == ["shopify-eu/1002", "woo-outlet/70001", "purchase P00001", "purchase P00002"]
    assert lost(VERDICT, business) == ["woo-outlet/70001", "purchase P00002"]
    assert with_people(business) == 1
