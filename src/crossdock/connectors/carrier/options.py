"""The `options:` block of a carrier system; knows no wire."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from crossdock.canonical.party import Address
from crossdock.canonical.shipment import MilestoneCode
from crossdock.connectors.base import Options as BaseOptions


class Options(BaseOptions):
    """One account with one carrier.

    Every credential of the system goes to karrio under the name of its purpose: `client_id` and `client_secret` for UPS, `username`
    and `password` for DHL Express, and what other carriers need.
    """

    carrier: Annotated[
        str,
        Field(
            min_length=1, description="`ups`, `dhl` (DHL Express), or karrio's name of any carrier whose package is installed."
        ),
    ]
    account_number: Annotated[str, Field(description="The shipper's account with the carrier.")] = ""
    settings: Annotated[
        dict[str, str | int | bool],
        Field(description="More of karrio's connection settings that are no secret, `client_id` for example."),
    ] = Field(default_factory=dict)
    services: Annotated[
        dict[str, str], Field(description="Service level of the company -> karrio's service; goes before the carrier's defaults.")
    ] = Field(default_factory=dict)
    service_map: Annotated[
        str, Field(description="Value map that translates service levels, asked when `services` has no entry.")
    ] = ""
    default_service: Annotated[str, Field(description="For shipments without a service level.")] = ""
    label_format: Annotated[
        Literal["PDF", "ZPL"],
        Field(description="`ZPL` for label printers, ready at once; UPS gives a picture, which `PDF` converts (30 ms)."),
    ] = "PDF"
    ship_from: Annotated[Address | None, Field(description="Sender of shipments that name none.")] = None
    default_weight_kg: Annotated[
        Decimal | None, Field(gt=0, description="For packages the warehouse did not weigh; absent: refused.")
    ] = None
    milestones: Annotated[
        dict[str, MilestoneCode], Field(description="Scan code of the carrier -> milestone, before the connector's own table.")
    ] = Field(default_factory=dict)
    timeout: Annotated[float, Field(gt=0, le=300, description="Seconds until a request to the carrier counts as unanswered.")] = (
        30.0
    )
    settle: Annotated[
        float,
        Field(
            ge=0, description="Seconds a booking may take to be found by its reference; before that, not found proves nothing."
        ),
    ] = 300.0
    track_at_once: Annotated[int, Field(ge=1, le=500, description="Consignments asked about in one step of the poll.")] = 50
    tracks_open: Annotated[int, Field(ge=1, le=16, description="Tracking requests in flight.")] = 4
