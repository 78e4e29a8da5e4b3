"""Amounts and reasons as commands of money carry them; knows no rule."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from crossdock.processes.frame.states import Json
from crossdock.processes.returns.pricing import plain
from crossdock.processes.returns.states import Return
from crossdock.processes.returns.work import Work


def money(w: Work, amount: Decimal) -> Json:
    """An amount in the order's currency."""
    return {"amount": plain(amount), "currency": w.currency}


def why(one: Return) -> Json:
    """Which event is the reason, and who allowed it."""
    return {"justified_by": one.event, "approved_by": one.approved_by}


def stated(value: Any, otherwise: Decimal) -> Decimal:
    """An amount an acknowledgement states, without its sign; `otherwise` when it states none that can be read."""
    if value in (None, ""):
        return otherwise
    try:
        found = Decimal(str(value))
    except ArithmeticError:
        return otherwise
    return abs(found) if found.is_finite() else otherwise
