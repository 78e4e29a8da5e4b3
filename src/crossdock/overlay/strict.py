"""The base of what is declared in an overlay: immutable, and unknown settings are refused so that typing errors are found."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Options(BaseModel):
    """A declaration that takes nothing it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)
