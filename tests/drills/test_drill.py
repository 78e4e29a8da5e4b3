"""`crossdock drill` as a person calls it: a real hub killed amid real work, and figures that would show a loss."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from crossdock.core.drill_plan import DRILL_NAMES
from crossdock.drills.rehearsal import Rehearsal
from crossdock.drills.scenarios import DRILLS, Drill
from crossdock.drills.stage import Stage


def call(*arguments: str) -> tuple[int, dict[str, Any]]:
    ended = subprocess.run(
        [sys.executable, "-m", "crossdock", "drill", *arguments, "--json"], capture_output=True, timeout=240, check=False
    )
    return ended.returncode, json.loads(ended.stdout)


@pytest.mark.slow
def test_failover_needs_nothing_and_loses_nothing(tmp_path: Path) -> None:
    register = tmp_path / "drills.jsonl"
    code, figures = call("failover", "--register", str(register), "--limit", "150")
    assert code == 0, json.dumps(figures)
    assert figures["orders"] >= 4
    assert figures["delivered"] == figures["orders"]
    assert (figures["lost"], figures["doubled"], figures["order_violations"], figures["rpo_seconds"]) == (0, 0, 0, 0.0)
    assert 0 < figures["rto_seconds"] <= figures["drain_seconds"]
    assert json.loads(register.read_text())["drill"] == "failover"


@pytest.mark.slow
async def test_a_hub_that_does_not_come_back_fails_the_drill(monkeypatch: pytest.MonkeyPatch) -> None:
    async def dies(stage: Stage) -> tuple[float, float]:
        died = time.time()
        await stage.hubs[0].kill()
        rehearsal.deadline = died + 5  # nobody brings it back: what is there by then is all there will ever be
        return died, time.time()

    monkeypatch.setattr(Stage, "kill_and_restart", dies)
    async with Stage(seed=3) as stage:
        began = time.time()
        rehearsal = Rehearsal(DRILLS["failover"], stage, rate=2.0, deadline=began + 45, tell=lambda _words: None)
        figures = await rehearsal.run()
    assert not figures.passed
    assert figures.rto_seconds is None
    assert figures.drain_seconds is None
    assert figures.under_way + figures.lost > 0


@pytest.mark.slow
def test_a_destroyed_ledger_is_restored_from_an_older_backup_and_nothing_is_lost_or_doubled() -> None:
    code, figures = call("restore", "--limit", "200")
    assert code == 0, json.dumps(figures)
    assert figures["delivered"] == figures["orders"] >= 6
    assert (figures["lost"], figures["doubled"], figures["order_violations"], figures["difference"]) == (0, 0, 0, "0"), figures
    assert figures["forgotten_seconds"] >= 5, "the backup was older than the world"


def test_every_drill_that_can_be_required_exists() -> None:
    assert set(DRILL_NAMES) == set(DRILLS)


@pytest.mark.parametrize("drill", DRILLS.values(), ids=lambda drill: drill.name)
def test_every_drill_makes_trouble_the_simulators_know(drill: Drill) -> None:
    from crossdock.simulators.faults import FaultPlan
    from crossdock.simulators.town import Town

    assert (drill.how == "trouble") == bool(drill.rates) == bool(drill.systems)
    assert bool(drill.seconds) == (drill.how in ("trouble", "outage", "restore"))
    FaultPlan.of({"rates": dict(drill.rates)})
    assert set(drill.systems) <= set(Town().systems)


def test_an_unknown_drill_names_the_known_ones() -> None:
    code, said = call("earthquake")
    assert code == 1
    assert "failover" in json.dumps(said)
