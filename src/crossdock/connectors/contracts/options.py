"""The options every system that offers one of our REST contracts has; knows no system."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from crossdock.connectors.base import Options
from crossdock.connectors.contracts.access import ApiKeyAuth, Auth


class ContractOptions(Options):
    """Access, callbacks and the feed of events. The paths are there for a system with a prefix of its own."""

    auth: Auth = ApiKeyAuth()
    signature_tolerance: Annotated[
        int, Field(ge=1, le=3600, description="Seconds a callback's timestamp may be off the hub's clock.")
    ] = 300
    event_page: Annotated[int, Field(ge=1, le=1000, description="Events a request of the feed asks for.")] = 500
    event_overlap: Annotated[
        int,
        Field(
            ge=0, le=900, description="Sequence numbers each poll reads again, for a system that cannot show its events in order."
        ),
    ] = 0
    event_path: str = "/events"
    health_path: str = "/health"

    @model_validator(mode="after")
    def _progress(self) -> Self:
        if self.event_overlap >= self.event_page:
            raise ValueError("event_overlap must be smaller than event_page, or a poll would never get ahead")
        return self
