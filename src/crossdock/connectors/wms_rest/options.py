"""The `options:` block of a `wms_rest` system."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from crossdock.connectors.base import Options


class ApiKeyAuth(Options):
    """The credential `api_key` travels in a header."""

    kind: Literal["api_key"] = "api_key"
    header: str = "X-API-Key"


class OAuth2Auth(Options):
    """Client credentials; the credentials are `client_id` and `client_secret`. `token_url` may be relative to the endpoint."""

    kind: Literal["oauth2"] = "oauth2"
    token_url: str = "/oauth/token"  # noqa: S105 - a path, not a secret
    scope: str = ""


class WmsRestOptions(Options):
    """`signature_tolerance`: seconds a callback's timestamp may be off. `event_page`, `inventory_page`: lines a request.

    `event_overlap`: how many sequence numbers each poll reads again, for a warehouse that cannot promise to show its events in
    order. `event_path`, `fulfilment_path`, `inventory_path`, `health_path` are there for a warehouse with a prefix of its own.
    """

    auth: Annotated[ApiKeyAuth | OAuth2Auth, Field(discriminator="kind")] = ApiKeyAuth()
    signature_tolerance: Annotated[int, Field(ge=1, le=3600)] = 300
    event_page: Annotated[int, Field(ge=1, le=1000)] = 500
    event_overlap: Annotated[int, Field(ge=0, le=900)] = 0
    inventory_page: Annotated[int, Field(ge=1, le=20_000)] = 5_000
    fulfilment_path: str = "/fulfilments"
    event_path: str = "/events"
    inventory_path: str = "/inventory"
    health_path: str = "/health"

    @model_validator(mode="after")
    def _progress(self) -> WmsRestOptions:
        if self.event_overlap >= self.event_page:
            raise ValueError("event_overlap must be smaller than event_page, or a poll would never get ahead")
        return self
