"""The `options:` block of a `carrier_webhooks` system."""

from __future__ import annotations

from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator

from crossdock.canonical.shipment import MilestoneCode
from crossdock.connectors.base import Options

CarrierName = Literal["ups", "fedex", "dhl", "easypost", "shippo"]


class CarrierWebhooksOptions(Options):
    """One subscription with one carrier or tracking service; the credential is `webhook_secret` (and `webhook_secret_previous`)."""

    carrier: Annotated[CarrierName, Field(description="Who pushes, and so how it proves itself and what it says.")]
    tolerance: Annotated[
        int, Field(ge=1, le=86_400, description="Seconds a signature's timestamp may be off, where the scheme has one.")
    ] = 300
    timestamped: Annotated[
        bool,
        Field(description="Refuse signatures without a timestamp (EasyPost's first scheme), which could be replayed for ever."),
    ] = False
    header: Annotated[
        str,
        Field(pattern=r"^[A-Za-z0-9-]+$", description="DHL: the header agreed in the subscription (`authentication.header`)."),
    ] = "x-dhl-push-token"
    token: Annotated[
        bool, Field(description="Shippo: the secret is the `?token=` of the webhook's URL, for accounts without HMAC.")
    ] = False
    zone: Annotated[str, Field(description="Zone of times the carrier sends without an offset.")] = "UTC"
    milestones: Annotated[
        dict[str, MilestoneCode],
        Field(description="`kind/code` or `kind` of the carrier -> milestone, before the connector's own table."),
    ] = Field(default_factory=dict)
    milestone_map: Annotated[
        str,
        Field(
            description="Value map: `kind/code` of the carrier -> milestone. With it a code that is not in it goes to a person."
        ),
    ] = ""

    @field_validator("zone")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"no time zone {value!r}; use a name such as Europe/Berlin") from None
        return value
