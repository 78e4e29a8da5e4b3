"""The settings of a routing flow, and the same compiled for the hot path; knows no system."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from crossdock.canonical.events import EVENT_PAYLOADS, Event
from crossdock.core.errors import LandscapeInvalid
from crossdock.core.process import FlowContext
from crossdock.processes.memo import Memo


class Route(BaseModel):
    """Where events of some types go, when their content fits."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    events: Annotated[tuple[str, ...], Field(description="Event types; empty: all.")] = ()
    to: Annotated[tuple[str, ...], Field(min_length=1, description="Roles of the flow or names of systems.")]
    command: Annotated[
        str, Field(description="The command that carries the document; `shop.stock` and `stock.adjust` take a `stock.changed`.")
    ] = "document.send"
    sources: Annotated[tuple[str, ...], Field(description="Only events from these systems or roles; empty: all.")] = ()
    when: Annotated[
        dict[str, tuple[str, ...]],
        Field(description="Field of the document (`ship_to.country`) and the values it may have; all must fit."),
    ] = Field(default_factory=dict)
    budget: Annotated[str, Field(description="Name of a retry budget of the flow.")] = ""


class Settings(BaseModel):
    """`settings:` of a flow with `workflow: routing`. Without routes every event goes to the role `target`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    routes: tuple[Route, ...] = (Route(to=("target",)),)


def requires(roles: Mapping[str, str], settings: Settings) -> dict[str, frozenset[str]]:
    """The commands each role or system is sent, for the linter."""
    wanted: dict[str, frozenset[str]] = {}
    for route in settings.routes:
        for name in route.to:
            wanted[name] = wanted.get(name, frozenset()) | {route.command}
    return wanted


@dataclass(frozen=True, slots=True)
class CompiledRoute:
    """A route with its roles resolved to systems."""

    systems: tuple[str, ...]
    command: str
    budget: str
    sources: frozenset[str]
    when: tuple[tuple[tuple[str, ...], frozenset[str]], ...]

    def takes(self, event: Event) -> bool:
        """Whether source and content of the event fit."""
        if self.sources and event.source not in self.sources:
            return False
        for path, values in self.when:
            value: Any = event.data
            for name in path:
                value = getattr(value, name, None)
            if str(value) not in values:
                return False
        return True


def _compile(context: FlowContext) -> Mapping[str, tuple[CompiledRoute, ...]]:
    try:
        settings = Settings.model_validate(dict(context.settings))
    except ValidationError as error:
        raise LandscapeInvalid(f"the settings of flow {context.flow!r} do not fit: {error}", flow=context.flow) from None
    table: dict[str, list[CompiledRoute]] = {}
    for route in settings.routes:
        made = CompiledRoute(
            tuple(context.roles.get(name, name) for name in route.to),
            route.command,
            route.budget,
            frozenset(context.roles.get(name, name) for name in route.sources),
            tuple((tuple(path.split(".")), frozenset(values)) for path, values in route.when.items()),
        )
        for event in route.events or EVENT_PAYLOADS:
            table.setdefault(event, []).append(made)
    return {event: tuple(routes) for event, routes in table.items()}


compiled = Memo(_compile)
"""The routes by event type, compiled once per flow context."""
