"""The three operating models between which is chosen; knows no landscape."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Model(StrEnum):
    """How business data is integrated; the values are the patterns a flow declares, the simplest first."""

    DIRECT = "direct"
    MIDDLEWARE = "orchestrated"
    EVENTS = "published"


TITLES: Final = {
    Model.DIRECT: "Direct: one system asks or tells another, the hub checks and records it",
    Model.MIDDLEWARE: "Middleware: the hub carries each transaction through all systems and answers for its end",
    Model.EVENTS: "Event-driven: facts are published, and whom they concern takes them in its own time",
}
SHORT: Final = {Model.DIRECT: "direct", Model.MIDDLEWARE: "middleware", Model.EVENTS: "event-driven"}

Points = tuple[int, int, int]
"""Points for direct, middleware and event-driven, in this order."""


def points_of(points: Points) -> dict[Model, int]:
    """The points by model."""
    return dict(zip(Model, points, strict=True))


def leading(totals: dict[Model, int]) -> Model:
    """The model with the most points; between equals the simpler one, because what is simpler is cheaper to leave."""
    return max(Model, key=lambda model: (totals[model], -list(Model).index(model)))
