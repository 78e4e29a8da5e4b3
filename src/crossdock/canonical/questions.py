"""Questions one system asks another through the hub and waits for (pattern direct), with the shape of each answer."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from crossdock.canonical.base import Canonical
from crossdock.canonical.product import Sku
from crossdock.canonical.values import ExactDecimal, UtcTime


class StockQuestionLine(Canonical):
    """One SKU and how much of it is wanted."""

    sku: Sku
    quantity: ExactDecimal

    @model_validator(mode="after")
    def _positive(self) -> StockQuestionLine:
        if self.quantity <= 0:
            raise ValueError(f"{self.sku}: quantity {self.quantity} is not above zero")
        return self


class StockQuestion(Canonical):
    """`stock.available`: can these quantities be promised, from one warehouse or any?"""

    schema_name = "stock_question"

    lines: Annotated[tuple[StockQuestionLine, ...], Field(min_length=1, max_length=200)]
    warehouse: str = ""


class StockAnswerLine(Canonical):
    """What is available of one SKU, and whether that is enough."""

    sku: Sku
    available: ExactDecimal
    enough: bool


class StockAnswer(Canonical):
    """The answer to `stock.available`, as known at `as_of`."""

    schema_name = "stock_answer"

    lines: tuple[StockAnswerLine, ...]
    as_of: UtcTime


QUESTIONS: dict[str, tuple[type[Canonical], type[Canonical]]] = {"stock.available": (StockQuestion, StockAnswer)}
"""Every question of the hub: its name, the question's shape and the answer's."""
