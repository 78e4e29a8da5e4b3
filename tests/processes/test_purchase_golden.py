"""Recorded histories of purchase orders give the same decisions today, and states stored then are read today and by a later version."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from process_histories import replay
from purchase_bench import PROCESS, received
from purchase_histories import FOLDER, HISTORIES, context_of

FILES = sorted(FOLDER.glob("*.json"))


def test_every_history_is_recorded() -> None:
    assert [path.stem for path in FILES] == sorted(make.__name__ for make in HISTORIES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_history(path: Path) -> None:
    replay(path, PROCESS, context_of)


def test_a_state_of_the_next_version_is_readable() -> None:
    bench = received()
    bench.invoice()
    raw: dict[str, Any] = json.loads(PROCESS.dump(bench.state))
    raw["v"], raw["colour"] = 2, "red"
    for group in ("answers", "notices", "receipts", "invoices"):
        for one in raw[group]:
            one["colour"] = "red"
    for asked in raw["asked"].values():
        asked.append("red")
    assert PROCESS.load(json.dumps(raw).encode()) == bench.state


def test_an_empty_state_is_small() -> None:
    assert PROCESS.dump(PROCESS.initial("k")) == b'{"v":1,"key":"k"}'
    assert PROCESS.load(b'{"v":1,"key":"k"}') == PROCESS.initial("k")


def test_an_order_that_is_the_same_everywhere_is_written_once() -> None:
    state = received().state
    assert state.agreed is not None
    assert len(PROCESS.dump(state)) < 2.2 * len(orjson.dumps(state.agreed))
