"""Settings of flows: unknown ones are refused; knows no workflow."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """Unknown settings are refused, so that typing errors are found."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FlowSettings(Protocol):
    """What the frame reads of a flow's settings: teams by role, retry budgets by command, how soon each stage is expected."""

    @property
    def owners(self) -> dict[str, str]: ...
    @property
    def budgets(self) -> dict[str, str]: ...
    @property
    def expectations(self) -> Mapping[Any, timedelta]: ...
