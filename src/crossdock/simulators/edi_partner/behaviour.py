"""How a simulated trading partner behaves; every field may be changed while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal


@dataclass(slots=True)
class Behaviour:
    """The partner's manners. Delays are in seconds.

    `acknowledge`: what its machine says of what it gets (997). `answer`: what its people say of an order (855). `ship` and `receive`: how
    much of what was ordered or announced. `invoice`: whether one follows. `duplicate`: everything it sends, it sends twice. `garbage`:
    the next so many interchanges are rubbish. `skip`: the next so many control numbers are left out. `silent`: takes everything and says nothing.
    """

    acknowledge: Literal["accept", "reject", "never"] = "accept"
    acknowledge_after: float = 0.0
    answer: Literal["accept", "change_price", "change_date", "short", "refuse", "never"] = "accept"
    answer_after: float = 0.0
    ship: Literal["full", "short", "over", "never"] = "full"
    ship_after: float = 0.0
    receive: Literal["full", "short", "over", "damaged", "never"] = "full"
    invoice: bool = True
    price_factor: Decimal = Decimal("1.10")
    duplicate: bool = False
    garbage: int = 0
    skip: int = 0
    silent: bool = False
