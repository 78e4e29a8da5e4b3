"""Recorded histories of invoices give the same decisions today, and states stored then are read today and by a later version."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from invoice_bench import PROCESS
from invoice_histories import FOLDER, HISTORIES, a_month_of_deliveries, context_of
from process_histories import replay

FILES = sorted(FOLDER.glob("*.json"))


def test_every_history_is_recorded() -> None:
    assert [path.stem for path in FILES] == sorted(make.__name__ for make in HISTORIES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_history(path: Path) -> None:
    replay(path, PROCESS, context_of)


def test_a_state_of_the_next_version_is_readable() -> None:
    state = a_month_of_deliveries().state
    raw: dict[str, Any] = json.loads(PROCESS.dump(state))
    raw["v"], raw["colour"] = 2, "red"
    for group in ("consignments", "papers"):
        for one in raw[group]:
            one["colour"] = "red"
    assert PROCESS.load(json.dumps(raw).encode()) == state


def test_an_empty_state_is_small() -> None:
    assert PROCESS.dump(PROCESS.initial("k")) == b'{"v":1,"key":"k"}'
