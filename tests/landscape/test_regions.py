"""A hub of a region is left with its own part of the landscape, and with what a named exception lets it reach, without what that does not list."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from crossdock.core.errors import LandscapeInvalid
from crossdock.landscape.landscape import Landscape
from crossdock.landscape.load import load
from crossdock.security.entitlement import withheld
from tests.landscape.conftest import write

FILES = {
    "crossdock.yaml": "name: two\ncompany: Two Ltd\nregions: {eu: Europe, us: States}\nteams: {ops: {}}\n",
    "policies.yaml": """\
data_classes:
  personal: {fields: [order.customer.email], restricted: true}
  contact: {fields: [order.ship_to.phone]}
feeds: [{system: shop-us, silent_after: 1h}, {system: shop-eu, silent_after: 1h}]
residency:
  crossings:
    - {name: us-helps, leaves: eu, reaches: us, flows: [orders-eu], data_classes: [contact], owner: ops, reason: The only depot is there.}
""",
    "systems/shop-eu.yaml": "kind: http_generic\nowner: ops\nregion: eu\n",
    "systems/shop-us.yaml": "kind: http_generic\nowner: ops\nregion: us\n",
    "systems/depot.yaml": "kind: http_generic\nowner: ops\nmay_see: [personal, contact]\npolls: [{channel: stock, every: 1m}]\n",
    "partners/depot.yaml": "state: live\nowner: ops\nregion: us\nsystems: [depot]\nidentifiers: [{scheme: duns, value: '123456789'}]\n",
    "flows/orders-eu.yaml": "workflow: order_to_fulfilment\nregion: eu\ntrigger: {events: [order.placed], sources: [shop-eu]}\nroles: {wms: depot}\n",
    "flows/orders-us.yaml": "workflow: order_to_fulfilment\ntrigger: {events: [order.placed], sources: [shop-us]}\nroles: {wms: depot}\n",
    "environments/eu.yaml": "region: eu\nhubs: {us: 'https://us.example'}\n",
    "environments/all.yaml": "title: everything\n",
    "environments/over.yaml": (
        "coordinator: {key: 'env:KEY', regions: {eu: 'ed25519:" + "0" * 64 + "'}}\n"
    ),
}  # fmt: skip


@pytest.fixture
def loaded(tmp_path: Path) -> Callable[..., Landscape]:
    root = write(tmp_path / "two", FILES)
    return lambda environment, region="": load(root, environment, variables={"CROSSDOCK_REGION": region} if region else {})


def test_a_hub_has_its_region_only_and_what_an_exception_lets_it_reach(loaded) -> None:
    eu, us = loaded("eu"), loaded("all", "us")
    assert set(eu.flows) == {"orders-eu"} and eu.flows_elsewhere == {"orders-us": "us"}
    assert set(eu.systems) == {"shop-eu", "depot"} and eu.elsewhere == {"shop-us": "us", "depot": "us"}
    assert eu.systems["depot"].polls == (), "the exception lets payloads out, not in"
    assert [each.system for each in eu.policies.feeds] == ["shop-eu"]
    assert set(us.flows) == {"orders-us"} and set(us.systems) == {"shop-us", "depot"} and set(us.partners) == {"depot"}
    assert us.systems["depot"].region == "us" and us.systems["depot"].polls, "the partner's region is its systems'"
    assert us.region == "us" and eu.bundle_id == us.bundle_id == loaded("all").bundle_id, "one bundle, whoever runs it"


def test_of_what_crosses_only_the_data_classes_the_exception_lists_go_along(loaded) -> None:
    assert withheld(loaded("eu"), "depot") == {"personal"}
    assert withheld(loaded("all", "us"), "depot") == frozenset()


def test_a_hub_of_no_region_has_everything_and_a_coordinator_nothing(loaded) -> None:
    everything, over = loaded("all"), loaded("over")
    assert set(everything.flows) == {"orders-eu", "orders-us"} and not everything.elsewhere
    assert not over.flows and not over.systems and not over.partners and set(over.hub.regions) == {"eu", "us"}


def test_a_region_there_is_not_is_refused_and_so_is_a_leak_at_every_start(loaded, tmp_path: Path) -> None:
    with pytest.raises(LandscapeInvalid, match="no region 'mars'"):
        loaded("eu", "mars")
    bare = FILES["policies.yaml"].partition("residency:")[0]
    root = write(tmp_path / "leaking", {**FILES, "policies.yaml": bare})
    for environment in ("eu", "all"):
        with pytest.raises(LandscapeInvalid) as refused:
            load(root, environment, variables={})
        assert "payload-leaves-region" in {each["code"] for each in refused.value.detail["findings"]}
