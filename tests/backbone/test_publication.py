"""Who is told what: wanted, entitled, in order, once; and nothing a subscriber may not see is in what it is told."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from crossdock.canonical.events import Event, Position
from crossdock.canonical.order import SalesOrder
from crossdock.core.errors import TargetRefused
from crossdock.core.outcomes import Accepted
from crossdock.core.process import Decided, FlowContext, Happened, Settled
from crossdock.landscape.models import Partner, Policies, Subscriber
from crossdock.landscape.subscriptions import subscription
from crossdock.processes.publication import Publication
from crossdock.security.entitlement import filter_for
from tests.pipeline.conftest import order_body

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
PUBLICATION = Publication()
ORDER = SalesOrder.model_validate(json.loads(order_body("1001"))["order"])
PATHS = ("order.customer.name", "order.ship_to.street", "order.lines.unit_price", "order.total")
POLICIES = Policies.model_validate(
    {"data_classes": {name: {"restricted": True, "fields": [path]} for name, path in zip("abcd", PATHS, strict=True)}}
)


def placed(source: str = "shop", key: str = "order/shop/1001", number: int = 1) -> Happened:
    return Happened(
        Event(f"e{number}", "order.placed", source, key, ORDER, NOW, position=Position("s", number), correlation="c" * 32), NOW
    )


def context(*told: dict[str, Any]) -> FlowContext:
    return FlowContext("told", {}, {"subscribers": list(told)}, owner="ops")


def values_at(node: Any, path: list[str]) -> list[Any]:
    if isinstance(node, list):
        return [value for each in node for value in values_at(each, path)]
    if not path:
        return [node]
    return values_at(node[path[0]], path[1:]) if isinstance(node, dict) and path[0] in node else []


@given(st.none() | st.sets(st.sampled_from("abcd")), st.sets(st.sampled_from("abcd")), st.booleans())
def test_what_may_not_be_seen_is_nowhere_in_what_is_told(own: set[str] | None, agreed: set[str], partnered: bool) -> None:
    each = Subscriber.model_validate(
        {"name": "x", "flows": ["f"], "may_see": own, "systems": ["shop"], "partner": "acme" if partnered else None}
    )
    partner = Partner.model_validate({"name": "acme", "systems": ["shop"], "may_see": sorted(agreed)})
    (command,) = PUBLICATION.decide(PUBLICATION.initial("k"), placed(), context(subscription(each, {"acme": partner}))).commands
    here: Any = SimpleNamespace(
        systems={"x": each.system()},
        partners={"acme": partner},
        policies=POLICIES,
        subscribers={"x": each},
        allowed_out=lambda _: None,
    )
    data, _ = filter_for(here, "x").command(command.name, command.data)
    speaking = [entry for entry in (own, agreed if partnered and agreed else None) if entry is not None]
    seen = set.intersection(*speaking) if speaking else set()
    whole = ORDER.model_dump(mode="json")
    for name, path in zip("abcd", PATHS, strict=True):
        names = path.split(".")[1:]
        assert values_at(data["document"], names) == (values_at(whole, names) if name in seen else []), (name, seen)
    gone = data["attributes"].get("withheld", "")
    assert set(filter(None, gone.split(","))) == {path for name, path in zip("abcd", PATHS, strict=True) if name not in seen}


@given(
    st.sampled_from(["shop", "wms", "x"]), st.sampled_from(["order/shop/1", "order/wms/1", "stock"]),
    st.sets(st.sampled_from(["order.placed", "stock.moved"])), st.sets(st.sampled_from(["shop", "wms"])), st.none() | st.sets(st.sampled_from(["shop", "wms"])),
)  # fmt: skip
def test_an_event_goes_to_whom_it_concerns(
    source: str, key: str, events: set[str], sources: set[str], systems: set[str] | None
) -> None:
    told = {"to": "x", "events": sorted(events), "sources": sorted(sources)} | (
        {} if systems is None else {"systems": sorted(systems)}
    )
    decision = PUBLICATION.decide(PUBLICATION.initial(key), placed(source, key), context(told))
    owner = key.split("/")[1] if key.count("/") == 2 else None
    wanted = source != "x" and (not events or "order.placed" in events) and (not sources or source in sources)
    assert bool(decision.commands) == (wanted and (systems is None or source in systems or owner in systems))


def test_a_partner_without_systems_is_told_nothing() -> None:
    each = Subscriber.model_validate({"name": "x", "flows": ["f"], "partner": "acme"})
    told = subscription(each, {"acme": Partner(name="acme")})
    assert not PUBLICATION.decide(PUBLICATION.initial("order/shop/1001"), placed(), context(told)).commands
    elsewhere = each.model_copy(update={"systems": ("wms",)})
    assert subscription(elsewhere, {"acme": Partner(name="acme", systems=("shop",))})["systems"] == []


def test_the_same_event_is_the_same_command_and_every_subscriber_has_its_own() -> None:
    flow = context({"to": "x"}, {"to": "y", "budget": "to-y"})
    one, other = PUBLICATION.decide(PUBLICATION.initial("k"), placed(), flow).commands
    again = PUBLICATION.decide(PUBLICATION.initial("k"), placed(), flow).commands
    assert (one, other) == again
    assert (one.system, other.system, other.budget) == ("x", "y", "to-y")
    attributes = one.data["attributes"]
    assert attributes["subject"] == attributes["partitionkey"] == "order/shop/1001"
    assert attributes["dataschema"] == f"urn:crossdock:schema:order:{SalesOrder.schema_version}"
    assert attributes["sequence"] == f"{1:020d}" and attributes["time"] == "2026-11-23T09:00:00Z"
    orjson.dumps(dict(one.data))  # JSON values only


def test_a_refusal_waits_for_a_person() -> None:
    flow = context({"to": "x"})
    first = PUBLICATION.decide(PUBLICATION.initial("k"), placed(), flow)
    (command,) = first.commands
    refused = PUBLICATION.decide(first.state, Settled(command.name, command.id, "x", TargetRefused("no"), {}, NOW), flow)
    assert refused.parked[0].slot == command.id and not PUBLICATION.finished(refused.state)
    kept = PUBLICATION.load(PUBLICATION.dump(refused.state))
    taken = PUBLICATION.decide(kept, Settled(command.name, command.id, "x", Accepted(), {}, NOW), flow)
    assert taken.unparked == (command.id,) and PUBLICATION.finished(taken.state)
    skipped = PUBLICATION.decide(kept, Decided(command.id, "skip", NOW), flow)
    assert skipped.revoked == (command.id,) and PUBLICATION.finished(skipped.state)
