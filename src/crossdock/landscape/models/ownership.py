"""`ownership.yaml`: which system is the record of each entity and field group, and who may do what with each event."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from crossdock.core import ownership as core_ownership
from crossdock.landscape.models.base import Duration, EventType, Name, Party, Strict


class Tenure(Strict):
    """Who owns, and from when to when. Several systems: each owns what it originated (every shop its own orders)."""

    systems: Annotated[tuple[Party, ...], Field(min_length=1, description="The owners.")]
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
                {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "additionalProperties": False,
                        "required": ["systems"],
                        "properties": {
                            "systems": {"type": "array", "items": {"type": "string"}, "minItems": 1},
                            "since": {"type": "string", "format": "date"},
                            "until": {"type": "string", "format": "date"},
                        },
                    },
                },
            ]
        }
    ),
]


Others = Annotated[
    Literal["refuse", "strip", "accept_equal"],
    Field(
        description="When another system writes it: `refuse` the event; `strip` the field and record it; `accept_equal`: take it when it "
        "is what the hub knows already, refuse otherwise."
    ),
]


class FieldGroup(Strict):
    """Fields of an entity that another system owns."""

    fields: Annotated[tuple[str, ...], Field(min_length=1, description="Field paths, for example `price`, `lines.quantity`.")]
    owner: Annotated[Owners, Field(description="The system, a list of systems, or a list of tenures with dates.")]
    others: Others = "accept_equal"


class Entity(Strict):
    """Ownership of one kind of object."""

    owner: Annotated[Owners, Field(description="The system, a list of systems, or a list of tenures with dates.")]
    others: Others = "accept_equal"
    groups: Annotated[dict[Name, FieldGroup], Field(description="Field groups with another owner, by name.")] = Field(
        default_factory=dict
    )


class EventResponsibility(Strict):
    """Who may do what with one event."""

    originates: Annotated[tuple[Party, ...], Field(min_length=1, description="Who may say that it happened.")]
    enriches: Annotated[tuple[Party, ...], Field(description="Who may add to it.")] = ()
    validates: Annotated[tuple[Party, ...], Field(description="Who must agree.")] = ()
    finalizes: Annotated[tuple[Party, ...], Field(description="Who close it.")] = ()
    closed_within: Annotated[
        Duration | None,
        Field(
            description="Within this time the finalizer must have accepted what the event led to, or its owner is told; `null`: nobody is told."
        ),
    ] = timedelta(days=1)


class Ownership(Strict):
    """The system-of-record matrix."""

    entities: Annotated[
        dict[Name, Entity], Field(description="Entity (`product`, `customer`, `order`, `shipment`, ...) and its owner.")
    ] = Field(default_factory=dict)
    events: Annotated[dict[EventType, EventResponsibility], Field(description="Event type and who may do what.")] = Field(
        default_factory=dict
    )

    def matrix(self, roles: Mapping[str, Sequence[str]]) -> core_ownership.OwnershipMatrix:
        """The matrix as the core enforces it; `roles` maps each role to the systems that play it in any flow."""
        return core_ownership.OwnershipMatrix(tuple(owner for _, owner in self.owners()), tuple(self.responsibilities()), roles)

    def owners(self) -> Iterator[tuple[tuple[str, ...], core_ownership.Owner]]:
        """Every entry of the matrix with the path in the file where it is stated."""
        for name, entity in self.entities.items():
            for tenure in entity.owner:
                yield ("entities", name, "owner"), _owner(name, tenure, (), entity.others)
            for group, part in entity.groups.items():
                for tenure in part.owner:
                    yield ("entities", name, "groups", group), _owner(name, tenure, part.fields, part.others)

    def responsibilities(self) -> Iterator[core_ownership.Responsibility]:
        """Who may do what with each event."""
        for event, who in self.events.items():
            yield core_ownership.Responsibility(event, who.originates, who.enriches, who.validates, who.finalizes)


def _owner(entity: str, tenure: Tenure, fields: tuple[str, ...], others: core_ownership.Policy) -> core_ownership.Owner:
    return core_ownership.Owner(entity, tenure.systems, fields, others, tenure.since, tenure.until)
