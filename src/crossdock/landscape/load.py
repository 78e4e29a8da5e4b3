"""Loads a landscape for running: reads, refuses what is wrong, applies defaults and the environment's bindings, seals it under its bundle id."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar, cast

from pydantic import BaseModel

from crossdock.core.errors import LandscapeAbsent, LandscapeInvalid
from crossdock.landscape.bundle import bundle_id
from crossdock.landscape.catalogue import Installed
from crossdock.landscape.files import HEAD, Draft, NotALandscape, read
from crossdock.landscape.findings import Finding, did_you_mean
from crossdock.landscape.landscape import Landscape
from crossdock.landscape.lint import judge
from crossdock.landscape.models import Calendars, Environment, Flow, Hub, Ownership, Policies, System

M = TypeVar("M", bound=BaseModel)


def load(
    path: str | os.PathLike[str], environment: str | None = None, *, variables: Mapping[str, str] | None = None
) -> Landscape:
    """The landscape at `path`, bound to `environment` (default: the landscape's `default_environment`, else no bindings).

    Raises `LandscapeAbsent` when there is none, else `LandscapeInvalid`; its detail has `findings`, all of them, each with file, line, code, message and hint.
    Judged here is what running needs: that every file is valid and that every name leads somewhere. `crossdock check` judges the rest.
    """
    try:
        draft = read(path, variables=variables, environment=environment)
    except NotALandscape as error:
        raise LandscapeAbsent(str(error), path=str(path)) from None
    hub = draft.models.get(HEAD, {}).get(HEAD)
    chosen = environment or (cast("Hub", hub).default_environment if hub is not None else None)
    if environment is None and chosen is not None:
        draft = read(path, variables=variables, environment=chosen)
    found = judge(draft, Installed(), structural_only=True)
    errors = [each for each in found if each.severity == "error"]
    if chosen is not None and chosen not in draft.named.get("environments", ()):
        known = draft.named.get("environments", set())
        errors.append(
            Finding(
                HEAD, 0, 0, "unknown-environment", "error", f"there is no environment {chosen!r}", did_you_mean(chosen, known)
            )
        )
    if errors:
        raise invalid(draft.root, errors)
    return assemble(draft, chosen)


def invalid(root: Path, findings: list[Finding]) -> LandscapeInvalid:
    """The error that carries these findings; its message names the first and how many there are."""
    ordered = sorted(findings)
    more = f" and {len(ordered) - 1} more" if len(ordered) > 1 else ""
    return LandscapeInvalid(f"{ordered[0]}{more}", path=str(root), findings=[each.as_dict() for each in ordered])


def assemble(draft: Draft, environment: str | None = None) -> Landscape:
    """A draft without errors as a landscape: defaults filled in, the environment's endpoints and credentials in place."""
    hub = cast("Hub", draft.models[HEAD][HEAD])
    bound = cast("Environment", draft.models["environments"][environment]) if environment else Environment(name="none")
    calendars = cast("Calendars | None", _single(draft, "calendars.yaml"))
    systems = {name: _bind(cast("System", each), hub, bound) for name, each in draft.models.get("systems", {}).items()}
    flows = {
        name: cast("Flow", each).model_copy(update={"budgets": {**hub.defaults.budgets, **cast("Flow", each).budgets}})
        for name, each in draft.models.get("flows", {}).items()
    }
    return Landscape(
        root=draft.root,
        bundle_id=bundle_id(draft),
        hub=hub,
        environment=bound,
        systems=MappingProxyType(systems),
        flows=MappingProxyType(flows),
        partners=_all(draft, "partners"),
        rules=_all(draft, "rules"),
        value_maps=_all(draft, "value-maps"),
        calendars=MappingProxyType({name: each.business() for name, each in calendars.root.items()} if calendars else {}),
        ownership_file=cast("Ownership", _single(draft, "ownership.yaml") or Ownership()),
        policies=cast("Policies", _single(draft, "policies.yaml") or Policies()),
        files=MappingProxyType(draft.files),
    )


def _single(draft: Draft, file: str) -> BaseModel | None:
    return draft.models.get(file, {}).get(file)


def _all(draft: Draft, folder: str) -> Mapping[str, Any]:
    return MappingProxyType(dict(draft.models.get(folder, {})))


def _overlay(default: M, own: M) -> M:
    """`own` where it says something, `default` elsewhere."""
    return default.model_copy(update={name: getattr(own, name) for name in own.model_fields_set})


def _bind(system: System, hub: Hub, environment: Environment) -> System:
    return system.model_copy(
        update={
            "endpoint": environment.endpoints.get(system.name, system.endpoint),
            "credentials": {**system.credentials, **environment.credentials.get(system.name, {})},
            "region": system.region or hub.defaults.region,
            "calendar": system.calendar or hub.defaults.calendar,
            "limits": _overlay(hub.defaults.limits, system.limits),
            "breaker": _overlay(hub.defaults.breaker, system.breaker),
        }
    )
