"""The router sends every event once to whom its routes name, and keeps what failed until a person settles it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.canonical.events import Event, Reference
from crossdock.canonical.inventory import InventoryLevel, StockChange
from crossdock.core.errors import TargetRefused
from crossdock.core.outcomes import Accepted
from crossdock.core.process import Decided, Decision, Due, Fact, FlowContext, Happened, Settled
from crossdock.processes.command_ids import command_id
from crossdock.processes.routing import Routing, State

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
ROUTER = Routing()
FLOW = FlowContext(
    "stock-out",
    {"shop": "shopify-eu", "target": "archive"},
    {
        "routes": [
            {"events": ["stock.counted"], "to": ["shop"], "when": {"location": ["WH1", "WH2"]}, "budget": "stock"},
            {"to": ["target", "shop"], "sources": ["odoo"]},
        ]
    },
    owner="logistics",
)


def counted(number: int = 1, location: str = "WH1", source: str = "wms") -> Happened:
    level = InventoryLevel.model_validate({"sku": "A", "location": location, "on_hand": {"value": "5"}, "counted_at": NOW})
    event = Event(f"e{number}", "stock.counted", source, "stock/wms/A", level, NOW, (Reference("wms:line", str(number)),))
    return Happened(event, NOW + timedelta(minutes=number))


def after(*facts: Fact) -> tuple[State, Decision[State]]:
    state = ROUTER.initial("stock/wms/A")
    decision = Decision(state)
    for fact in facts:
        decision = ROUTER.decide(state, fact, FLOW)
        assert decision == ROUTER.decide(state, fact, FLOW)
        state = ROUTER.load(ROUTER.dump(decision.state))
        assert state == decision.state
    return state, decision


def test_content_decides_where_an_event_goes() -> None:
    _, decision = after(counted())
    (command,) = decision.commands
    assert (command.name, command.system, command.budget) == ("document.send", "shopify-eu", "stock")
    assert command.data["event"] == "stock.counted" and command.data["document"]["on_hand"]["value"] == "5"
    assert command.data["refs"] == {"wms:line": "1"}
    assert not after(counted(location="WH9"))[1].commands
    assert "no route" in after(counted(location="WH9"))[1].notes[0]
    assert [one.system for one in after(counted(location="WH9", source="odoo"))[1].commands] == ["archive", "shopify-eu"]


def test_a_command_of_its_own_gets_the_documents_fields() -> None:
    flow = FlowContext("stock", {"shop": "shopify-eu"}, {"routes": [{"to": ["shop"], "command": "shop.stock"}]})
    level = InventoryLevel.model_validate({"sku": "A", "location": "WH1", "on_hand": {"value": "5"}, "counted_at": NOW})
    event = Event("e1", "stock.changed", "odoo", "stock/odoo/A", StockChange(levels=(level,), reason="count"), NOW)
    (command,) = ROUTER.decide(ROUTER.initial(event.key), Happened(event, NOW), flow).commands
    assert command.name == "shop.stock"
    assert [one["sku"] for one in command.data["levels"]] == ["A"]
    assert "document" not in command.data and command.data["refs"] == {}


def test_nothing_goes_back_to_where_it_came_from() -> None:
    assert not after(counted(source="shopify-eu"))[1].commands


def test_a_failure_waits_for_a_person() -> None:
    first = after(counted())[1].commands[0]
    failed = Settled(first.name, first.id, first.system, TargetRefused("no"), first.data, NOW)
    state, decision = after(counted(), failed)
    assert decision.parked[0].slot == first.id and decision.parked[0].owner == "logistics"
    assert not ROUTER.finished(state)
    accepted = Settled(first.name, first.id, first.system, Accepted(), first.data, NOW)
    assert after(counted(), failed, accepted)[1].unparked == (first.id,)
    state, decision = after(counted(), failed, Decided(first.id, "skip", NOW))
    assert decision.revoked == decision.unparked == (first.id,) and ROUTER.finished(state)


def test_strange_facts_change_nothing() -> None:
    settled = Settled("document.send", "other", "shopify-eu", Accepted(), {}, NOW)
    for fact in (Due("x", NOW), Decided("other", "skip", NOW), settled):
        state, decision = after(fact)
        assert state == ROUTER.initial("stock/wms/A") and not decision.commands
    assert ROUTER.milestones(state) == (("routed", None),)
    assert ROUTER.milestones(after(counted(3))[0])[0][1] == NOW + timedelta(minutes=3)


@given(st.text(max_size=200), st.text(max_size=300), st.text(max_size=300))
def test_command_ids_are_short_ascii_and_different(key: str, suffix: str, other: str) -> None:
    made = command_id(key, "document.send", suffix)
    assert made == command_id(key, "document.send", suffix)
    assert made.isascii() and made.isprintable() and len(made) < 120 and " " not in made
    assert (made == command_id(key, "document.send", other)) == (suffix == other)


def test_unreadable_settings_are_the_landscapes_fault() -> None:
    from crossdock.core.errors import LandscapeInvalid

    with pytest.raises(LandscapeInvalid):
        ROUTER.decide(ROUTER.initial("k"), counted(), FlowContext("f", {}, {"roots": []}))
