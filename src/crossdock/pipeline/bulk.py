"""Bulk jobs: one action on many exceptions, at a pace the partners stand; survives a restart, because the ledger knows how far it is."""

from __future__ import annotations

from typing import Any, Final

import orjson

from crossdock.ledger.session import Row
from crossdock.ledger.states import JobState

ACTIONS: Final = ("retry", "resolve", "assign", "own", "snooze", "wake", "decide", "correct")
"""What can be done to many exceptions at once."""


def job_row(number: int, data: dict[str, Any], author: str, at: int, state: JobState) -> Row:
    """The row of a new job (`ledger.batch.JOB_COLUMNS`)."""
    return (
        number, str(data["action"]), orjson.dumps(data.get("data", {})).decode(), orjson.dumps(data["filter"]).decode(), author,
        str(data["reason"]), int(state), int(data.get("pace", 0)), int(data["bound"]), 0, int(data.get("planned", 0)), 0, 0, 0, 0, at,
        None, "", "",
    )  # fmt: skip
