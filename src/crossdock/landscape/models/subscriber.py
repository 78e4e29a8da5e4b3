"""`subscribers/*.yaml`: who is told events by the flows of pattern `published`, by which way, and what it may see of them."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import Field

from crossdock.landscape.models.base import EventType, Name, Strict, Text
from crossdock.landscape.models.flow import RetryBudget
from crossdock.landscape.models.system import Breaker, CredentialReference, Limits, System

WAYS: Final = {"webhook": "event_webhook", "kafka": "event_topic"}
"""The way events go and the connector that carries them."""


class Subscriber(Strict):
    """One subscriber. To the rest of the hub it is a system of the same name: it is parked, limited, probed and watched like one."""

    name: Annotated[Name, Field(description="The subscriber's name; the file's name when absent. No system has the same.")]
    title: Annotated[Text, Field(description="The subscriber's name for people.")] = ""
    owner: Annotated[Name | None, Field(description="The team that answers for this subscription.")] = None
    partner: Annotated[
        Name | None,
        Field(
            description="The partner this subscriber is; it is told of its own systems only and sees what the partner may see."
        ),
    ] = None
    enabled: Annotated[
        bool, Field(description="`false`: nothing is told until it is `true`; a replay brings what was missed.")
    ] = True
    flows: Annotated[tuple[Name, ...], Field(min_length=1, description="The flows of pattern `published` it listens to.")]
    events: Annotated[tuple[EventType, ...], Field(description="The event types it wants; empty: all its flows take.")] = ()
    sources: Annotated[tuple[Name, ...], Field(description="Only events from these systems; empty: all.")] = ()
    systems: Annotated[
        tuple[Name, ...],
        Field(
            description="Only transactions of these systems: the event or its business key is theirs. Empty: those of `partner`, else all."
        ),
    ] = ()
    may_see: Annotated[
        tuple[Name, ...] | None,
        Field(
            description="Data classes (`policies.yaml`) it is given, as far as its partner may see them; absent: all that are not restricted. "
            "Fields of others are left out."
        ),
    ] = None
    by: Annotated[
        Literal["webhook", "kafka"], Field(description="`webhook`: signed HTTP calls (Standard Webhooks); `kafka`: a topic.")
    ] = "webhook"
    endpoint: Annotated[
        str,
        Field(
            pattern=r"^([a-z][a-z0-9+.-]*://\S+)?$",
            description="The address called, or `kafka://broker:9092,broker:9092`. An environment may override it.",
        ),
    ] = ""
    credentials: Annotated[
        dict[Name, CredentialReference],
        Field(description="`webhook_secret`, or for Kafka `username` and `password`, by vault reference."),
    ] = Field(default_factory=dict)
    options: Annotated[dict[str, Any], Field(description="Settings of the connector `event_webhook` or `event_topic`.")] = Field(
        default_factory=dict
    )
    budget: Annotated[
        RetryBudget | None, Field(description="How long one event is tried before a person gets it; absent: the flow's own.")
    ] = None
    limits: Annotated[Limits, Field(description="Rate, concurrency and timeout; what is absent comes from the defaults.")] = (
        Limits()
    )
    breaker: Annotated[Breaker, Field(description="Circuit breaker; what is absent comes from the defaults.")] = Breaker()

    def system(self) -> System:
        """The subscriber as the system deliveries go to."""
        return System(
            name=self.name, title=self.title, kind=WAYS[self.by], endpoint=self.endpoint, owner=self.owner,
            trust="partner" if self.partner else "internal", credentials=self.credentials, options=self.options,
            limits=self.limits, breaker=self.breaker, may_see=self.may_see,
        )  # fmt: skip
