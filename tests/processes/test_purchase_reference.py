"""The reference page of procurement to receipt names every slot, action, event, stage and expectation there is, and the defaults there are."""

from __future__ import annotations

import re
from pathlib import Path

from crossdock.processes.procurement_to_receipt import ProcurementToReceipt, people
from crossdock.processes.procurement_to_receipt.milestones import STAGES
from crossdock.processes.procurement_to_receipt.settings import Settings
from crossdock.processes.procurement_to_receipt.settled import ACTIONS

ROOT = Path(__file__).parents[2]
PAGE = ROOT.joinpath("docs", "reference", "procurement-to-receipt.md").read_text("utf-8")
SOURCE = "".join(path.read_text("utf-8") for path in (ROOT / "src/crossdock/processes/procurement_to_receipt").glob("*.py"))


def test_every_slot_and_action_is_described() -> None:
    slots = set(re.findall(r'w\.park\(\s*f?"([a-z_]+)', SOURCE))
    assert {"answer", "notice", "late_invoice", "short"} <= slots and slots <= {*people._HANDLERS, *people._ACKNOWLEDGED}
    for kind in (*people._HANDLERS, *people._ACKNOWLEDGED, *ACTIONS):
        assert f"`{kind}" in PAGE, kind
    actions = {action for found in ACTIONS.values() for action in found}
    actions |= set(re.findall(r'fact\.action [!=]= "([a-z_]+)"', SOURCE))
    for group in re.findall(r"fact\.action not in \{([^}]+)\}", SOURCE):
        actions |= set(re.findall(r'"([a-z_]+)"', group))
    assert {"insist", "expect_ordered", "receive_ordered", "too_late"} <= actions
    for action in actions:
        assert f"`{action}`" in PAGE, action


def test_every_stage_event_and_expectation_is_described() -> None:
    for stage in STAGES:
        assert re.search(rf"\| {stage}( \([a-z ]+\))? \|", PAGE), stage
    for event in ProcurementToReceipt.accepts:
        assert f"`{event}`" in PAGE, event
    for stage in Settings().expectations:
        assert re.search(rf"`{stage}(:<n>)?`", PAGE), stage


def test_the_defaults_are_right() -> None:
    settings = Settings()
    rows = re.findall(r"^\| ((?:`[a-z]+\.[a-z_]+`(?:, )?)+)[^|]*\| ([^|]+) \|$", PAGE, re.MULTILINE)
    assert len(rows) >= 10
    for names, values in rows:
        found = re.findall(r"`([a-z]+)\.([a-z_]+)`", names)
        told = [value.strip(" `") for value in values.split(",")]
        assert [str(getattr(getattr(settings, group), name)) for group, name in found] == told, names
