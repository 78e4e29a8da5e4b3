"""What is told of drills, on the page and over the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Schema


class RequiredOut(Schema):
    """A drill the landscape requires. `standing`: good, near, old, failed or missing; `open`: going live waits for it."""

    drill: str
    partner: str
    flow: str
    owner: str
    every_days: int
    standing: str
    open: bool
    due: datetime | None
    last: datetime | None


class DrillOut(Schema):
    """One drill that was held, with all it measured."""

    number: str
    drill: str
    partner: str
    flow: str
    began: datetime
    passed: bool
    author: str
    figures: dict[str, Any]


class DrillsOut(Schema):
    """The go-live checklist (`ready`: nothing is open) and the newest drills."""

    ready: bool
    required: list[RequiredOut]
    drills: list[DrillOut]
