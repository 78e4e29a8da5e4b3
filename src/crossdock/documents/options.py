"""What an agreement with a partner says about mapping its documents: defaults, maps, address book; checked when the landscape is read."""

from __future__ import annotations

from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator

from crossdock.canonical.values import CountryCode, CurrencyCode

MapPurpose = Literal[
    "units", "skus", "locations", "warehouses", "carriers", "services", "taxes", "charges", "reasons", "statuses"
]
"""What a value map of the landscape may translate in documents."""


Line = Annotated[str, Field(max_length=512)]


class Location(BaseModel):
    """An entry of the address book: what a code stands for where documents give the code only."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[Line, Field(description="Who receives: a person or a department.")] = ""
    company: Annotated[Line, Field(description="The company or the store.")] = ""
    street: Annotated[Line, Field(description="Street and number.")] = ""
    street2: Annotated[Line, Field(description="What does not fit into the first line.")] = ""
    city: Annotated[Line, Field(description="City.")] = ""
    postal_code: Annotated[Line, Field(description="Postal code.")] = ""
    region: Annotated[Line, Field(description="State or province.")] = ""
    country: Annotated[CountryCode, Field(description="Country, ISO 3166-1 alpha-2.")]
    phone: Annotated[Line, Field(description="Telephone.")] = ""
    email: Annotated[Line, Field(description="Mail address.")] = ""


class MappingOptions(BaseModel):
    """The `options:` of an agreement that the mappings read. Unknown settings are refused so that typing errors are found."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    currency: Annotated[CurrencyCode | None, Field(description="The currency of documents that name none.")] = None
    country: Annotated[CountryCode | None, Field(description="The country of addresses that name none.")] = None
    zone: Annotated[str, Field(description="The time zone of dates and times that name none, for example `America/Chicago`.")] = (
        "UTC"
    )
    maps: Annotated[
        dict[MapPurpose, str], Field(description="Value maps of the landscape by what they translate: `units: acme-units`.")
    ] = Field(default_factory=dict)
    sku: Annotated[
        tuple[Literal["seller", "buyer", "gtin", "manufacturer"], ...],
        Field(min_length=1, description="Which item number is our SKU: the first of these that a line has."),
    ] = ("seller", "gtin", "buyer")
    locations: Annotated[
        dict[str, Location], Field(description="Address book: a partner's location code or GLN and the address it stands for.")
    ] = Field(default_factory=dict)
    changes: Annotated[
        Literal["differences", "whole"],
        Field(
            description="What the partner's 860 or ORDCHG lists: only the `differences`, or the `whole` new version. One that says it replaces "
            "the order is whole in any case."
        ),
    ] = "differences"
    warehouse: Annotated[str, Field(description="Our warehouse's name where documents name none or only the partner's code.")] = (
        ""
    )

    invoices: Annotated[
        Literal["goods", "freight"],
        Field(description="What the partner's INVOIC bills: `freight` of a carrier. One of type 780 is freight in any case."),
    ] = "goods"

    decimal: Annotated[Literal[".", ","], Field(description="Spreadsheets: the decimal mark of numbers that are text.")] = "."
    dates: Annotated[
        Literal["iso", "d.m.y", "d/m/y", "m/d/y"],
        Field(description="Spreadsheets: how dates that are text are written; `iso` (2026-05-31) is always understood."),
    ] = "iso"

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"no time zone {value!r}; use a name such as Europe/Berlin") from None
        return value
