"""Who is told which events; knows no subscriber's address and no field: the content filter leaves those out on the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from crossdock.canonical.events import Event
from crossdock.core.process import FlowContext
from crossdock.processes.memo import Memo


class Subscription(BaseModel):
    """What the landscape says of one subscriber."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    to: Annotated[str, Field(description="The subscriber's name.")]
    events: Annotated[tuple[str, ...], Field(description="Event types; empty: all.")] = ()
    sources: Annotated[tuple[str, ...], Field(description="Only from these systems; empty: all.")] = ()
    systems: Annotated[tuple[str, ...] | None, Field(description="Only transactions of these systems; absent: all.")] = None
    budget: Annotated[str, Field(description="Name of a retry budget of the flow.")] = ""


class Settings(BaseModel):
    """`settings:` of a flow with `workflow: publication`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    subscribers: Annotated[
        tuple[Subscription, ...], Field(description="Filled from `subscribers/*.yaml`; write subscribers there, not here.")
    ] = ()


@dataclass(frozen=True, slots=True)
class Entitled:
    """A subscription, ready to be asked."""

    name: str
    events: frozenset[str]
    sources: frozenset[str]
    systems: frozenset[str] | None
    budget: str

    def takes(self, event: Event) -> bool:
        """Whether this subscriber wants the event and the transaction is one it may know of. What it sent itself it is not told."""
        if event.source == self.name or (self.events and event.type not in self.events):
            return False
        if self.sources and event.source not in self.sources:
            return False
        return self.systems is None or event.source in self.systems or owner_of(event.key) in self.systems


def owner_of(key: str) -> str:
    """The system a business key belongs to: the second part of `order/shopify-eu/1001`; empty when there is none."""
    parts = key.split("/", 2)
    return parts[1] if len(parts) == 3 else ""


def compiled(subscription: Subscription) -> Entitled:
    """A subscription as it is asked."""
    return Entitled(
        subscription.to,
        frozenset(subscription.events),
        frozenset(subscription.sources),
        None if subscription.systems is None else frozenset(subscription.systems),
        subscription.budget,
    )


def _entitled(context: FlowContext) -> tuple[Entitled, ...]:
    settings = Settings.model_validate(dict(context.settings))
    return tuple(compiled(each) for each in settings.subscribers)


entitled = Memo(_entitled)
"""The subscriptions of a flow, compiled once per flow context."""
