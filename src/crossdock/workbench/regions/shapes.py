"""What is told of regions, on the pages and over the API."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal

from ninja import Schema


class RegionMoney(Schema):
    """A total at risk."""

    currency: str
    amount: Decimal


class RegionLane(Schema):
    """Open deliveries of one flow to one system; `oldest` in seconds."""

    flow: str
    system: str
    open: int
    uncertain: int
    parked: int
    oldest: int


class RegionCase(Schema):
    """Open exceptions of one kind; `keys` are pseudonyms of business keys, `oldest` is in seconds."""

    code: str
    flow: str
    system: str
    owner: str
    count: int
    late: int
    oldest: int
    keys: list[str]
    money: list[RegionMoney]


class RegionDrill(Schema):
    """The last drill of its kind."""

    drill: str
    flow: str
    partner: str
    held_at: datetime
    passed_at: datetime | None


class ReconciledOut(Schema):
    """What came of comparing both sides after a silence: reports told late, reports that differed; `equal`: both hold the same now."""

    at: datetime
    compared: int
    late: int
    differed: int
    equal: bool


class RegionOut(Schema):
    """A region as its last report says. `missing`: reports that never came, of which the region left out `left_out` for newer ones."""

    region: str
    title: str
    standing: Literal["heard", "silent", "never"]
    heard_at: datetime | None
    taken_at: datetime | None
    sequence: int
    missing: int
    left_out: int
    began_anew: int
    reconciled: ReconciledOut | None
    bundle: str
    promoted: str
    release: str
    environment: str
    engine: str
    drift: list[Literal["bundle", "release", "promotion"]]
    waiting: int
    open: int
    uncertain: int
    cases: int
    totals: dict[str, int]
    money: list[RegionMoney]
    lanes: list[RegionLane]
    stuck: list[RegionCase]
    drills: list[RegionDrill]


class ReportingOut(Schema):
    """How far this hub's own reports are: `waiting` were not told yet, `left_out` never will be. `trouble` is a stable code or empty."""

    sequence: int
    told_at: datetime | None
    waiting: int
    left_out: int
    trouble: str
    reconciled: ReconciledOut | None


class RegionsOut(Schema):
    """The region this hub serves (empty: all), its own reporting, and on a coordinator every region."""

    region: str
    coordinator: bool
    reporting: ReportingOut | None
    regions: list[RegionOut]
