"""The page of the workflows beside an order's names every slot, action, event, stage and expectation each of them has, in its own chapter."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import pytest

from crossdock.processes.freight_tender import FreightTender
from crossdock.processes.freight_tender import people as tender_people
from crossdock.processes.freight_tender import settings as tender_settings
from crossdock.processes.freight_tender.settled import ACTIONS as TENDER_ACTIONS
from crossdock.processes.journals import Journals
from crossdock.processes.journals import people as journal_people
from crossdock.processes.journals import settings as journal_settings
from crossdock.processes.journals.settled import ACTIONS as JOURNAL_ACTIONS
from crossdock.processes.payment_capture import PaymentCapture
from crossdock.processes.payment_capture import people as capture_people
from crossdock.processes.payment_capture import settings as capture_settings
from crossdock.processes.payment_capture.settled import ACTIONS as CAPTURE_ACTIONS

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "journals.md").read_text("utf-8")
ALL = [
    (Journals, journal_people, JOURNAL_ACTIONS, journal_settings),
    (PaymentCapture, capture_people, CAPTURE_ACTIONS, capture_settings),
    (FreightTender, tender_people, TENDER_ACTIONS, tender_settings),
]


@pytest.mark.parametrize(("process", "people", "ends", "settings"), ALL, ids=[one.name for one, *_ in ALL])
def test_everything_is_described(
    process: Any, people: ModuleType, ends: dict[str, tuple[str, ...]], settings: ModuleType
) -> None:
    chapter = PAGE.partition(f"## `{process.name}`")[2].partition("\n## ")[0]
    assert chapter, process.name
    source = "".join(path.read_text("utf-8") for path in Path(str(people.__file__)).parent.glob("*.py"))
    slots = set(re.findall(r'w\.park\(\s*f?"([a-z_]+)', source))
    assert slots and slots == {*people._HANDLERS, *people._ACKNOWLEDGED}
    for kind in (*slots, *ends):
        assert re.search(rf"`{re.escape(kind)}[`:]", chapter), kind
    offered = {action for found in ends.values() for action in found}
    offered |= {
        action
        for group in re.findall(r'w\.park\([^()]*(?:\([^()]*\)[^()]*)*\(("[^)]*)\)', source)
        for action in re.findall(r'"([a-z_]+)"', group)
    }
    for name in (*offered, *process.accepts, *process.stages):
        assert f"`{name}`" in chapter, name
    for stage in get_args(settings.Stage):
        assert re.search(rf"`{stage}(:<n>)?`", chapter), stage
