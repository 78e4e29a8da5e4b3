"""The reference page of returns names every slot, action, event, stage and expectation there is, and the defaults there are."""

from __future__ import annotations

import re
from pathlib import Path

from crossdock.processes.returns import Returns, people
from crossdock.processes.returns.milestones import STAGES
from crossdock.processes.returns.settings import Settings
from crossdock.processes.returns.settled import ACTIONS

ROOT = Path(__file__).parents[2]
PAGE = ROOT.joinpath("docs", "reference", "returns.md").read_text("utf-8")
SOURCE = "".join(path.read_text("utf-8") for path in (ROOT / "src/crossdock/processes/returns").glob("*.py"))


def test_every_slot_and_action_is_described() -> None:
    slots = set(re.findall(r'w\.park\(\s*f?"([a-z_]+)', SOURCE))
    assert {"approval", "bounced", "graded"} <= slots and slots <= {*people._HANDLERS, *people._ACKNOWLEDGED}
    for kind in (*people._HANDLERS, *people._ACKNOWLEDGED, *ACTIONS):
        assert f"`{kind}" in PAGE, kind
    actions = {action for found in ACTIONS.values() for action in found}
    for group in re.findall(r"fact\.action not in \{([^}]+)\}", SOURCE):
        actions |= set(re.findall(r'"([a-z_]+)"', group))
    assert {"refund_rest", "only_fitting", "too_late"} <= actions
    for action in actions:
        assert f"`{action}`" in PAGE, action


def test_every_stage_event_and_expectation_is_described() -> None:
    for stage in STAGES:
        assert re.search(rf"\| {stage} \|", PAGE), stage
    for event in Returns.accepts:
        assert f"`{event}`" in PAGE, event
    for stage in Settings().expectations:
        assert re.search(rf"`{stage}(:<n>)?`", PAGE), stage


def test_the_defaults_are_right() -> None:
    settings = Settings()
    rows = re.findall(r"^\| ((?:`(?:eligibility|approval)\.[a-z_]+`(?:, )?)+) \| ([^|]+) \|$", PAGE, re.MULTILINE)
    assert len(rows) == 3
    for names, values in rows:
        found = re.findall(r"`([a-z]+)\.([a-z_]+)`", names)
        told = [value.strip(" `") for value in values.split(",")]
        assert [str(getattr(getattr(settings, group), name)) for group, name in found] == told, names
