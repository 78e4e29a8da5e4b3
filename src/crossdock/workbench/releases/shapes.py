"""What is told of releases, on the page and over the API."""

from __future__ import annotations

from datetime import datetime

from ninja import Schema


class ApprovalOut(Schema):
    """Who approved exactly this content, for which team and when (ISO 8601)."""

    name: str
    team: str
    at: str


class ChangeOut(Schema):
    """One change in business words, with its risk class and what it is of."""

    risk: str
    words: str
    kind: str
    name: str


class ReleaseOut(Schema):
    """One promotion; going back is one, too. `runs` is whether this hub runs its bundle."""

    bundle: str
    name: str
    at: datetime
    author: str
    maker: str
    reason: str
    runs: bool
    approvals: list[ApprovalOut]
    changes: list[ChangeOut]


class FailureOut(Schema):
    """An open exception that says why the promoted bundle does not run somewhere."""

    exception: str
    message: str


class ReleasesOut(Schema):
    """What runs here and what was promoted, the newest first. `promotes` is whether this environment takes promotions at all,
    `not_running` whether the newest promotion is another bundle than the one this hub runs."""

    environment: str
    promotes: bool
    runs: str
    newest: str
    not_running: bool
    failures: list[FailureOut]
    releases: list[ReleaseOut]
