"""The model for the whole landscape: factors times weights, what carries the answer, and which single change would turn it; pure arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from crossdock.advisor.facts import Fact
from crossdock.advisor.models import Model, Points, leading, points_of
from crossdock.advisor.questions import QUESTIONS

FITS: Final[dict[str, tuple[int, tuple[Points, Points, Points, Points, Points]]]] = {
    # how much it weighs; and for the values 0 to 4 the points of direct, middleware, event-driven
    "standstill": (3, ((4, 2, 1), (3, 3, 1), (2, 4, 2), (1, 4, 3), (0, 4, 4))),
    "wrong": (3, ((4, 2, 2), (3, 3, 2), (2, 4, 2), (1, 4, 1), (0, 4, 1))),
    "clocks": (2, ((4, 2, 1), (3, 3, 2), (2, 4, 3), (1, 4, 3), (0, 4, 3))),
    "systems": (3, ((4, 1, 0), (3, 3, 1), (1, 4, 2), (0, 4, 3), (0, 3, 4))),
    "reach": (2, ((4, 1, 1), (3, 2, 1), (2, 4, 2), (0, 4, 2), (0, 4, 3))),
    "shared": (2, ((4, 2, 0), (3, 3, 1), (2, 3, 3), (1, 2, 4), (0, 1, 4))),
    "ownership": (2, ((4, 2, 2), (3, 3, 2), (2, 4, 2), (1, 4, 1), (0, 4, 1))),
    "foreign": (1, ((3, 2, 2), (3, 3, 2), (2, 4, 3), (1, 4, 3), (0, 4, 3))),
    "governed": (2, ((4, 2, 0), (3, 3, 1), (2, 4, 2), (1, 4, 3), (1, 3, 4))),
    "decides": (2, ((4, 2, 0), (3, 3, 0), (2, 4, 1), (1, 4, 3), (1, 3, 4))),
    "operates": (3, ((4, 2, 0), (4, 3, 0), (3, 4, 1), (2, 4, 3), (1, 3, 4))),
    "partners": (2, ((4, 2, 0), (3, 3, 1), (2, 4, 2), (1, 4, 3), (0, 3, 4))),
    "volume": (1, ((3, 3, 1), (3, 3, 1), (2, 4, 2), (1, 3, 3), (0, 2, 4))),
    "traffic": (2, ((4, 3, 0), (3, 4, 1), (2, 4, 2), (0, 3, 4), (0, 1, 4))),
}
"""Weights and points. They are opinions, written down so that they can be argued with: docs/explanation/operating-models.md says why."""

_ASKED: Final = frozenset(question.key for question in QUESTIONS)


@dataclass(frozen=True, slots=True)
class Factor:
    """One line of the arithmetic: a value, its weight, and the weighted points of each model. A question nobody answered has no value
    and gives no points."""

    key: str
    dimension: str
    value: int | None
    words: str
    weight: int
    points: Points


@dataclass(frozen=True, slots=True)
class Turn:
    """A single change that would turn the answer."""

    key: str
    words: str
    from_value: int | None
    to_value: int
    to: Model

    @property
    def distance(self) -> int:
        """How far the value is from where it would have to be; an answer that is missing is nearer than one that is another."""
        return 0 if self.from_value is None else abs(self.to_value - self.from_value)


@dataclass(frozen=True, slots=True)
class Overall:
    """The recommendation with everything it rests on. `percent` is each model's share of the points it could have got."""

    model: Model
    percent: dict[Model, int]
    totals: dict[Model, int]
    factors: tuple[Factor, ...]
    turns: tuple[Turn, ...]

    @property
    def margin(self) -> int:
        """Points between the first and the second."""
        first, second = sorted(self.totals.values(), reverse=True)[:2]
        return first - second

    @property
    def unanswered(self) -> tuple[str, ...]:
        """Questions nobody answered."""
        return tuple(factor.words for factor in self.factors if factor.value is None and factor.key in _ASKED)


def overall(facts: tuple[Fact, ...], answers: Mapping[str, int]) -> Overall:
    """Score the landscape's facts and the questionnaire's answers (0 to 4 each; what is not answered counts nothing and is named)."""
    factors = [_factor(fact.key, fact.dimension, fact.value, fact.words) for fact in facts]
    for question in QUESTIONS:
        value = answers.get(question.key)
        words = question.words if value is None else f"{question.words} {question.answers[value].capitalize()}."
        factors.append(_factor(question.key, question.dimension, value, words))
    totals = _totals(factors)
    model = leading(totals)
    most = sum(4 * factor.weight for factor in factors if factor.value is not None)
    percent = {each: round(100 * total / most) for each, total in totals.items()}
    return Overall(model, percent, totals, tuple(factors), _turns(factors, totals, model))


def _factor(key: str, dimension: str, value: int | None, words: str) -> Factor:
    return Factor(key, dimension, value, words, FITS[key][0], (0, 0, 0) if value is None else _weighted(key, value))


def _weighted(key: str, value: int) -> Points:
    weight, fits = FITS[key]
    direct, middleware, events = fits[value]
    return direct * weight, middleware * weight, events * weight


def _totals(factors: list[Factor]) -> dict[Model, int]:
    return {model: sum(points_of(factor.points)[model] for factor in factors) for model in Model}


def _turns(factors: list[Factor], totals: dict[Model, int], model: Model) -> tuple[Turn, ...]:
    """For each factor the nearest other value, if any, at which another model leads."""
    found: list[Turn] = []
    for factor in factors:
        here = points_of(factor.points)
        for value in sorted(range(5), key=lambda each: abs(each - (factor.value or 0))):
            there = points_of(_weighted(factor.key, value))
            other = leading({each: totals[each] - here[each] + there[each] for each in Model})
            if other is not model:
                found.append(Turn(factor.key, factor.words, factor.value, value, other))
                break
    return tuple(sorted(found, key=lambda turn: turn.distance))
