"""The rule of money: what moves or books it says which event is the reason and who allowed it; knows no workflow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crossdock.core.commands import MONEY_COMMANDS
from crossdock.core.errors import MoneyUnjustified


def demand(command: str, data: Mapping[str, Any]) -> None:
    """Raises MoneyUnjustified for a command of money whose data lacks `justified_by` (an event's id) or `approved_by` (a person, a policy)."""
    if command not in MONEY_COMMANDS:
        return
    lacking = [name for name in ("justified_by", "approved_by") if not (isinstance(data.get(name), str) and data[name].strip())]
    if lacking:
        raise MoneyUnjustified(f"{command} lacks {' and '.join(lacking)}", command=command, lacking=lacking)


def policy(flow: str, rule: str) -> str:
    """Who allowed it where no person has to: the flow and its rule (`policy:invoices/readiness`)."""
    return f"policy:{flow}/{rule}"
