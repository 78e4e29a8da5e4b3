"""`ownership.yaml`: which system is the record of each entity and field group, and who may do what with each event."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from crossdock.landscape.models.base import EventType, Name, Strict


class Tenure(Strict):
    """Who owns, and from when to when. Several systems: each owns what it originated (every shop its own orders)."""

    systems: Annotated[tuple[Name, ...], Field(min_length=1, description="The owners.")]
    since: Annotated[date | None, Field(description="First day of ownership; absent: always was.")] = None
    until: Annotated[date | None, Field(description="First day after the hand-over; absent: until further notice.")] = None

    @model_validator(mode="after")
    def _ordered(self) -> Tenure:
        if self.since and self.until and self.since >= self.until:
            raise ValueError("`until` is not after `since`")
        return self


def _tenures(value: Any) -> Any:
    if isinstance(value, str):
        return ({"systems": (value,)},)
    if isinstance(value, (list, tuple)) and value and all(isinstance(item, str) for item in value):
        return ({"systems": tuple(value)},)
    return value


Owners = Annotated[
    tuple[Tenure, ...],
    BeforeValidator(_tenures),
    Field(min_length=1),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string"},
                {"type": "array", "items": {"type": "string"}, "minItems": 1},
                {"type": "array", "items": {"$ref": "#/$defs/Tenure"}, "minItems": 1},
            ]
        }
    ),
]


class FieldGroup(Strict):
    """Fields of an entity that another system owns."""

    fields: Annotated[tuple[str, ...], Field(min_length=1, description="Field paths, for example `price`, `lines.quantity`.")]
    owner: Annotated[Owners, Field(description="The system, a list of systems, or a list of tenures with dates.")]


class Entity(Strict):
    """Ownership of one kind of object."""

    owner: Annotated[Owners, Field(description="The system, a list of systems, or a list of tenures with dates.")]
    groups: Annotated[dict[Name, FieldGroup], Field(description="Field groups with another owner, by name.")] = Field(
        default_factory=dict
    )


class EventResponsibility(Strict):
    """Who may do what with one event."""

    originates: Annotated[tuple[Name, ...], Field(min_length=1, description="Systems that may say that it happened.")]
    enriches: Annotated[tuple[Name, ...], Field(description="Systems that may add to it.")] = ()
    validates: Annotated[tuple[Name, ...], Field(description="Systems that must agree.")] = ()
    finalizes: Annotated[tuple[Name, ...], Field(description="Systems that close it.")] = ()


class Ownership(Strict):
    """The system-of-record matrix."""

    entities: Annotated[
        dict[Name, Entity], Field(description="Entity (`product`, `customer`, `order`, `shipment`, ...) and its owner.")
    ] = Field(default_factory=dict)
    events: Annotated[dict[EventType, EventResponsibility], Field(description="Event type and who may do what.")] = Field(
        default_factory=dict
    )
