"""What is told of partners and their way to live, on the pages and over the API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from ninja import Field, Schema


class ChecklistItemOut(Schema):
    """One line of the checklist."""

    name: str
    done: bool
    found: str
    do: str


class OnboardingStepOut(Schema):
    """One thing that was done."""

    step: str
    outcome: str
    author: str
    at: datetime
    reason: str


class PartnerOut(Schema):
    """A partner: `state` is what counts, the lesser of `file` (its reviewed file) and `here` (said on this hub; empty: nothing)."""

    name: str
    title: str
    state: str
    file: str
    here: str
    owner: str
    systems: list[str]


class OnboardingOut(Schema):
    """A partner on its way: what has to be true before it is live, what was done, and where it may go now."""

    partner: PartnerOut
    ready: bool
    items: list[ChecklistItemOut]
    may: list[str]
    steps: list[OnboardingStepOut]


class MoveIn(Schema):
    """Where a partner goes, and why."""

    to: Annotated[str, Field(max_length=20)]
    reason: Annotated[str, Field(max_length=1000)] = ""


class ConfirmIn(Schema):
    """What was held."""

    reason: Annotated[str, Field(min_length=1, max_length=1000)]


class StepProofOut(Schema):
    """What a test came to."""

    step: str
    passed: bool
    lines: list[str]
