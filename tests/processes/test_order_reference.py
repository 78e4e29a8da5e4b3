"""The reference page of the workflow names every slot, action and expectation there is."""

from __future__ import annotations

import re
from pathlib import Path

from crossdock.processes.order_to_fulfilment import OrderToFulfilment, people
from crossdock.processes.order_to_fulfilment.milestones import STAGES
from crossdock.processes.order_to_fulfilment.settings import Settings
from crossdock.processes.order_to_fulfilment.settled import ACTIONS

ROOT = Path(__file__).parents[2]
PAGE = ROOT.joinpath("docs", "reference", "order-to-fulfilment.md").read_text("utf-8")
SOURCE = "".join(path.read_text("utf-8") for path in (ROOT / "src/crossdock/processes/order_to_fulfilment").glob("*.py"))


def test_every_slot_and_action_is_described() -> None:
    for kind in (*people._HANDLERS, *people._ACKNOWLEDGED, *ACTIONS, *people._SKIPPED):
        assert f"`{kind}" in PAGE, kind
    actions = {action for found in ACTIONS.values() for action in found}
    for found in re.findall(r'w\.park\([^()]*(?:\([^()]*\)[^()]*)*?, \(("[a-z_", ]+),?\)', SOURCE):
        actions |= set(re.findall(r'"([a-z_]+)"', found))
    assert {"accept", "ship_ordered", "use_carrier", "supply"} <= actions
    for action in actions:
        assert f"`{action}`" in PAGE, action


def test_every_stage_event_and_expectation_is_described() -> None:
    for stage in STAGES:
        assert re.search(rf"\| {stage}( \(all\))? \|", PAGE), stage
    for event in OrderToFulfilment.accepts:
        assert f"`{event}" in PAGE, event
    for stage in Settings().expectations:
        assert f"`{stage}" in PAGE, stage
