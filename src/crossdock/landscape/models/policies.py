"""`policies.yaml`: naming, data classes, retention, segments, alert routes and who must review what."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from crossdock.landscape.models.base import Duration, Name, Strict, Text

RiskClass = Literal[
    "ownership", "schema", "partner", "data_class", "money", "retention", "connectivity", "flow", "rule", "wording"
]
"""What a change touches; reviewers are named per class."""


class Naming(Strict):
    """Regular expressions the names must match."""

    systems: Annotated[str, Field(description="Names of systems.")] = "^[a-z0-9]+(-[a-z0-9]+)*$"
    flows: Annotated[str, Field(description="Names of flows.")] = "^[a-z0-9]+(-[a-z0-9]+)*$"
    partners: Annotated[str, Field(description="Names of partners.")] = "^[a-z0-9]+(-[a-z0-9]+)*$"
    rules: Annotated[str, Field(description="Names of rules.")] = "^[a-z0-9]+(-[a-z0-9]+)*$"
    value_maps: Annotated[str, Field(description="Names of value maps.")] = "^[a-z0-9]+(-[a-z0-9]+)*$"


class DataClass(Strict):
    """A kind of data with its own protection."""

    title: Annotated[Text, Field(description="What it is, for people.")] = ""
    fields: Annotated[tuple[str, ...], Field(description="Paths of canonical fields, for example `order.customer.email`.")] = ()
    restricted: Annotated[bool, Field(description="Given only to systems and partners whose `may_see` names it.")] = False
    encrypted: Annotated[bool, Field(description="Encrypted in the ledger.")] = False


class Retention(Strict):
    """How long payloads of a data class are kept in a state."""

    data_class: Annotated[Name | None, Field(description="The data class; absent: all others.")] = None
    state: Annotated[
        Literal["settled", "rejected", "exception_open", "audit"], Field(description="What the message came to.")
    ] = "settled"
    keep: Annotated[Duration, Field(description="How long.")]


class Segment(Strict):
    """What a tier of partners gets."""

    title: Annotated[Text, Field(description="The tier, for people.")] = ""
    weight: Annotated[int, Field(ge=1, le=100, description="Share of the workers' time when all queues are full.")] = 10
    rate: Annotated[int | None, Field(ge=1, description="Messages per second accepted from one partner of this tier.")] = None
    alerts: Annotated[Name | None, Field(description="Alert route for failures of partners of this tier.")] = None


class AlertRoute(Strict):
    """Where alerts go."""

    targets: Annotated[
        tuple[str, ...],
        Field(min_length=1, description="`mailto:` addresses, or references (`env:NAME`) to addresses with secrets in them."),
    ]
    severities: Annotated[tuple[Literal["info", "warning", "critical"], ...], Field(description="Which alerts.")] = (
        "warning",
        "critical",
    )
    escalate_after: Annotated[Duration | None, Field(description="When nobody took it by then, the next route gets it.")] = None
    escalate_to: Annotated[Name | None, Field(description="The next route.")] = None


class ReviewRule(Strict):
    """Who must approve a change of these risk classes."""

    risks: Annotated[tuple[RiskClass, ...], Field(min_length=1, description="Risk classes (`crossdock diff` names them).")]
    reviewers: Annotated[tuple[Name, ...], Field(min_length=1, description="Teams.")]
    quorum: Annotated[int, Field(ge=1, description="Approvals needed.")] = 1


class Policies(Strict):
    """The rules of the house."""

    naming: Annotated[Naming, Field(description="How things are named.")] = Naming()
    data_classes: Annotated[dict[Name, DataClass], Field(description="Kinds of data with their own protection.")] = Field(
        default_factory=dict
    )
    retention: Annotated[
        tuple[Retention, ...], Field(description="How long payloads are kept; the first fitting entry counts.")
    ] = ()
    segments: Annotated[dict[Name, Segment], Field(description="Tiers of partners.")] = Field(default_factory=dict)
    alert_routes: Annotated[dict[Name, AlertRoute], Field(description="Where alerts go, by name.")] = Field(default_factory=dict)
    review: Annotated[tuple[ReviewRule, ...], Field(description="Who must approve which changes.")] = ()
