"""The settings of the interchange workflow; what differs by partner is in the partner's file."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """Settings. Unknown ones are refused, so that typing errors are found."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    remember: Annotated[
        int, Field(ge=100, le=100_000, description="Unacknowledged documents of ours that are remembered per partner.")
    ] = 5_000
    list_refused: Annotated[
        int, Field(ge=1, le=500, description="Refused documents named in the exception of an interchange.")
    ] = 25
    followed: Annotated[
        frozenset[str],
        Field(description="Commands whose own transaction tells a person when the partner refuses their document."),
    ] = frozenset({"purchase_order.send", "purchase_order.change", "purchase_order.cancel"})
