"""Recorded histories give the same decisions today, and states stored then are read today and by a later version."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from golden_histories import FOLDER, HISTORIES, context_of, read_fact, written_decision
from order_bench import PROCESS, booked

FILES = sorted(FOLDER.glob("*.json"))


def test_every_history_is_recorded() -> None:
    assert [path.stem for path in FILES] == sorted(make.__name__ for make in HISTORIES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_history(path: Path) -> None:
    recorded = json.loads(path.read_text("utf-8"))
    context = context_of(recorded["flow"])
    state = PROCESS.initial(recorded["key"])
    for number, step in enumerate(recorded["history"]):
        decision = PROCESS.decide(state, read_fact(step["fact"]), context)
        assert written_decision(decision) == step["decided"], f"fact {number} of {path.stem}: {step['fact']}"
        state = decision.state
    assert PROCESS.load(orjson.dumps(recorded["state"])) == state, "the state stored then reads differently"


def test_a_state_of_the_next_version_is_readable() -> None:
    state = booked().state
    raw: dict[str, Any] = json.loads(PROCESS.dump(state))
    raw["v"], raw["colour"] = 2, "red"
    for group in ("lines", "shipments"):
        for one in raw[group]:
            one["colour"] = "red"
    for fulfilment in raw["fulfilments"]:
        fulfilment["colour"] = "red"
        for line in fulfilment["lines"]:
            line.append("red")
    for asked in raw["asked"].values():
        asked.append("red")
    assert PROCESS.load(json.dumps(raw).encode()) == state


def test_an_empty_state_is_small() -> None:
    assert (
        PROCESS.dump(PROCESS.initial("k"))
        == b'{"v":1,"key":"k","lines":[],"fulfilments":[],"shipments":[],"asked":{},"cancel":null}'
    )
    assert PROCESS.load(b'{"v":1,"key":"k"}') == PROCESS.initial("k")
