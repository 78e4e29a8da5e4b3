"""What the API tells of the advice: the same as `crossdock advise --json`, with every part named."""

from __future__ import annotations

from datetime import date
from typing import Any

from ninja import Schema

from crossdock.advisor.advice import Advice


class FactorOut(Schema):
    """One line of the arithmetic: a value from 0 to 4 (None: not answered or not observed), its weight, and weighted points by model."""

    factor: str
    dimension: str
    value: int | None
    weight: int
    words: str
    points: dict[str, int]


class TurnOut(Schema):
    """A single change of a value that would turn the answer to another model."""

    factor: str
    words: str
    now: int | None
    then: int
    recommended: str


class ReasonOut(Schema):
    """One line of a flow's arithmetic."""

    words: str
    points: dict[str, int]


class ChoiceOut(Schema):
    """What a flow declares, and what is recommended."""

    declared: str
    recommended: str


class TimingOut(ChoiceOut):
    """The same for its timing, with the reason."""

    because: str


class FlowOut(Schema):
    """The advice for one flow. `shortest_clock` is in seconds, `move_days` in days of work."""

    flow: str
    title: str
    pattern: ChoiceOut
    points: dict[str, int]
    reasons: list[ReasonOut]
    timing: TimingOut
    shortest_clock: float | None
    contradictions: list[str]
    move_days: int
    consequence: str
    owner: str
    review_by: date


class AdviceOut(Schema):
    """The recommended model with everything it rests on."""

    landscape: str
    company: str
    bundle: str
    day: date
    recommended: str
    name: str
    title: str
    percent: dict[str, int]
    points: dict[str, int]
    margin: int
    arithmetic: list[FactorOut]
    would_turn: list[TurnOut]
    unanswered: list[str]
    move_days: int
    move_assumptions: list[str]
    flows: list[FlowOut]


def advice_out(found: Advice) -> AdviceOut:
    """An advice as the API tells it."""
    told: dict[str, Any] = found.as_dict()
    told["would_turn"] = [{**each, "now": each["from"], "then": each["to"]} for each in told["would_turn"]]
    return AdviceOut.model_validate(told)
