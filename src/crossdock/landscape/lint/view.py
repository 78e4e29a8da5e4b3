"""What a check sees of a landscape: the valid models by kind and a way to point at a place; reads no file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from pydantic import BaseModel, ValidationError

from crossdock.landscape.catalogue import Catalogue, NotLoadable
from crossdock.landscape.document import Path
from crossdock.landscape.files import HEAD, Draft
from crossdock.landscape.findings import Finding, did_you_mean
from crossdock.landscape.models import (
    Calendar,
    Calendars,
    Environment,
    Flow,
    Hub,
    Ownership,
    Partner,
    Policies,
    Rule,
    Subscriber,
    System,
    ValueMap,
)
from crossdock.landscape.placement import Placement, placement

NO_HUB = Hub(name="unnamed", company="unnamed")


@dataclass
class View:
    """A draft for checks. Names of things whose file is invalid are known (`names`), their content is not."""

    draft: Draft
    catalogue: Catalogue

    @cached_property
    def hub(self) -> Hub:
        return cast("Hub", self._single(HEAD) or NO_HUB)

    @cached_property
    def ownership(self) -> Ownership:
        return cast("Ownership", self._single("ownership.yaml") or Ownership())

    @cached_property
    def policies(self) -> Policies:
        return cast("Policies", self._single("policies.yaml") or Policies())

    @cached_property
    def calendars(self) -> Mapping[str, Calendar]:
        found = self._single("calendars.yaml")
        return cast("Calendars", found).root if found else {}

    @property
    def systems(self) -> Mapping[str, System]:
        return cast("Mapping[str, System]", self._folder("systems"))

    @property
    def partners(self) -> Mapping[str, Partner]:
        return cast("Mapping[str, Partner]", self._folder("partners"))

    @property
    def subscribers(self) -> Mapping[str, Subscriber]:
        return cast("Mapping[str, Subscriber]", self._folder("subscribers"))

    @property
    def flows(self) -> Mapping[str, Flow]:
        return cast("Mapping[str, Flow]", self._folder("flows"))

    @property
    def rules(self) -> Mapping[str, Rule]:
        return cast("Mapping[str, Rule]", self._folder("rules"))

    @property
    def value_maps(self) -> Mapping[str, ValueMap]:
        return cast("Mapping[str, ValueMap]", self._folder("value-maps"))

    @property
    def environments(self) -> Mapping[str, Environment]:
        return cast("Mapping[str, Environment]", self._folder("environments"))

    @cached_property
    def placed(self) -> Placement:
        """The region of everything."""
        return placement(self.hub, self.policies, self.systems, self.partners, self.flows, self.subscribers)

    def serving(self, system: str) -> Mapping[str, Environment]:
        """The environments whose hub speaks with a system: those of its region, and those of a region a named exception lets reach it."""
        return {
            name: bound
            for name, bound in self.environments.items()
            if bound.coordinator is None and (not bound.region or system in self.placed.served(bound.region, self.flows.values()))
        }

    def names(self, kind: str) -> set[str]:
        """All names of a kind of file, valid or not."""
        return self.draft.named.get(kind, set())

    def unjudgeable(self, file: str) -> bool:
        """Whether a single file exists but is invalid, so that nothing can be said about references into it."""
        return file in self.names(file) and self._single(file) is None

    def whole(self, kind: str, name: str) -> bool:
        """Whether the file of this thing is sound; of others nothing can be said to be missing."""
        return self.draft.document(kind, name).sound

    def at(self, kind: str, name: str, path: Path, message: str, hint: str = "") -> Finding:
        """A finding in the file that defines `name`; the registry fills in code and severity."""
        return self.draft.document(kind, name).finding("", message, hint, path=path)

    def missing(self, kind: str, name: str, path: Path, what: str, wanted: str, known: object) -> Finding:
        """A finding that a reference leads nowhere."""
        return self.at(kind, name, path, f"there is no {what} {wanted!r}", did_you_mean(wanted, known))

    def connector(self, kind: str) -> Any:
        """The connector class of this kind; None when it is not installed or not loadable (which other checks report)."""
        if kind not in self.catalogue.connectors():
            return None
        try:
            return self.catalogue.connector(kind)
        except NotLoadable:
            return None

    def process(self, name: str | None) -> Any:
        """The workflow of this name; None when it is not installed or not loadable."""
        if name is None or name not in self.catalogue.processes():
            return None
        try:
            return self.catalogue.process(name)
        except NotLoadable:
            return None

    def starters(self, workflow: str) -> frozenset[str] | None:
        """The events that may start a workflow; None when nothing is known of it."""
        process = self.process(workflow)
        return None if process is None else frozenset(process.triggers)

    def required(self, flow: Flow, process: Any) -> Mapping[str, frozenset[str]]:
        """The commands a workflow will ask of each role (`requires`, which a workflow may offer), as far as its settings are valid."""
        requires, model = getattr(process, "requires", None), getattr(process, "Settings", None)
        if requires is None:
            return {}
        try:
            settings = model.model_validate(dict(flow.settings)) if model is not None else dict(flow.settings)
        except ValidationError:
            return {}
        return cast("Mapping[str, frozenset[str]]", requires(flow.roles, settings))

    def called(self, system: str) -> bool:
        """Whether any flow gives this system a role, so that the hub calls it."""
        return any(system in flow.roles.values() for flow in self.flows.values())

    def everything(self) -> Iterator[tuple[str, str, BaseModel]]:
        """Every valid model with its kind and name."""
        for kind, models in self.draft.models.items():
            for name, model in models.items():
                yield kind, name, model

    def _single(self, file: str) -> BaseModel | None:
        return self.draft.models.get(file, {}).get(file)

    def _folder(self, folder: str) -> Mapping[str, Any]:
        return self.draft.models.get(folder, {})
