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
from crossdock.landscape.models import Calendars, Environment, Flow, Hub, Ownership, Partner, Policies, Subscriber, System
from crossdock.landscape.placement import NOTHING, Share, placement, share
from crossdock.landscape.subscriptions import published, systems_of

M = TypeVar("M", bound=BaseModel)
REGION = "CROSSDOCK_REGION"
"""The variable that says which region this hub serves; it goes before the environment's `region`."""


def load(
    path: str | os.PathLike[str], environment: str | None = None, *, variables: Mapping[str, str] | None = None
) -> Landscape:
    """The landscape at `path`, bound to `environment` (default: the landscape's `default_environment`, else no bindings), and of it the
    part of the region this hub serves (`CROSSDOCK_REGION`, else the environment's), when it serves one.

    Raises `LandscapeAbsent` when there is none, else `LandscapeInvalid`; its detail has `findings`, all of them, each with file, line, code, message and hint.
    Judged here is what running needs: that every file is valid and that every name leads somewhere. `crossdock check` judges the rest.
    """
    try:
        draft = read(path, variables=variables, environment=environment, or_default=True)
    except NotALandscape as error:
        raise LandscapeAbsent(str(error), path=str(path)) from None
    hub = draft.models.get(HEAD, {}).get(HEAD)
    chosen = environment or (cast("Hub", hub).default_environment if hub is not None else None)
    found = judge(draft, Installed(), structural_only=True)
    errors = [each for each in found if each.severity == "error"]
    if chosen is not None and chosen not in draft.named.get("environments", ()):
        known = draft.named.get("environments", set())
        errors.append(
            Finding(
                HEAD, 0, 0, "unknown-environment", "error", f"there is no environment {chosen!r}", did_you_mean(chosen, known)
            )
        )
    region = (os.environ if variables is None else variables).get(REGION, "")
    if region and hub is not None and region not in cast("Hub", hub).regions:
        known_regions = cast("Hub", hub).regions
        errors.append(
            Finding(HEAD, 0, 0, "dangling-region", "error", f"{REGION}: there is no region {region!r}", did_you_mean(region, known_regions))
        )  # fmt: skip
    if errors:
        raise invalid(draft.root, errors)
    return assemble(draft, chosen, region)


def invalid(root: Path, findings: list[Finding]) -> LandscapeInvalid:
    """The error that carries these findings; its message names the first and how many there are."""
    ordered = sorted(findings)
    more = f" and {len(ordered) - 1} more" if len(ordered) > 1 else ""
    return LandscapeInvalid(f"{ordered[0]}{more}", path=str(root), findings=[each.as_dict() for each in ordered])


def assemble(draft: Draft, environment: str | None = None, region: str = "") -> Landscape:
    """A draft without errors as a landscape: defaults filled in, the environment's endpoints and credentials in place. `region` is the one
    this hub serves, when it is not the environment's."""
    hub = cast("Hub", draft.models[HEAD][HEAD])
    bound = cast("Environment", draft.models["environments"][environment]) if environment else Environment(name="none")
    if region:
        bound = bound.model_copy(update={"region": region})
    calendars = cast("Calendars | None", _single(draft, "calendars.yaml"))
    policies = cast("Policies", _single(draft, "policies.yaml") or Policies())
    part, places = _part(draft, hub, policies, bound)
    systems = {
        name: _bind(each, hub, bound, places[name]) for name, each in {**systems_of(part.subscribers), **part.systems}.items()
    }
    flows = {
        name: published(
            each.model_copy(update={"budgets": {**hub.defaults.budgets, **each.budgets}}), part.subscribers, part.partners
        )
        for name, each in part.flows.items()
    }
    return Landscape(
        root=draft.root,
        bundle_id=bundle_id(draft),
        hub=hub,
        environment=bound,
        systems=MappingProxyType(systems),
        flows=MappingProxyType(flows),
        partners=MappingProxyType(dict(part.partners)),
        subscribers=MappingProxyType(dict(part.subscribers)),
        rules=_all(draft, "rules"),
        value_maps=_all(draft, "value-maps"),
        calendars=MappingProxyType({name: each.business() for name, each in calendars.root.items()} if calendars else {}),
        ownership_file=cast("Ownership", _single(draft, "ownership.yaml") or Ownership()),
        policies=_of_share(policies, part),
        files=MappingProxyType(draft.files),
        elsewhere=MappingProxyType(dict(part.elsewhere)),
        flows_elsewhere=MappingProxyType(dict(part.flows_elsewhere)),
    )


def _part(draft: Draft, hub: Hub, policies: Policies, bound: Environment) -> tuple[Share, Mapping[str, str]]:
    """What of a draft this hub works with, and the region of every system."""
    systems = cast("Mapping[str, System]", _all(draft, "systems"))
    partners = cast("Mapping[str, Partner]", _all(draft, "partners"))
    flows = cast("Mapping[str, Flow]", _all(draft, "flows"))
    subscribers = cast("Mapping[str, Subscriber]", _all(draft, "subscribers"))
    placed = placement(hub, policies, systems, partners, flows, subscribers)
    if bound.coordinator is not None:
        return NOTHING, {}
    if not bound.region:
        return Share(systems, partners, flows, subscribers, {}, {}), placed.systems
    return share(bound.region, placed, systems, partners, flows, subscribers), placed.systems


def _of_share(policies: Policies, part: Share) -> Policies:
    """The policies without what is asked of systems, partners and flows another hub has."""
    if not (part.elsewhere or part.flows_elsewhere or part is NOTHING):
        return policies
    known = {*part.systems, *part.subscribers}
    return policies.model_copy(
        update={
            "feeds": tuple(each for each in policies.feeds if each.system in known),
            "drills": tuple(
                each
                for each in policies.drills
                if each.partner in ("", "*", *part.partners) and each.flow in ("", "*", *part.flows)
            ),
        }
    )


def _single(draft: Draft, file: str) -> BaseModel | None:
    return draft.models.get(file, {}).get(file)


def _all(draft: Draft, folder: str) -> Mapping[str, Any]:
    return MappingProxyType(dict(draft.models.get(folder, {})))


def _overlay(default: M, own: M) -> M:
    """`own` where it says something, `default` elsewhere."""
    return default.model_copy(update={name: getattr(own, name) for name in own.model_fields_set})


def _bind(system: System, hub: Hub, environment: Environment, region: str) -> System:
    return system.model_copy(
        update={
            "endpoint": environment.endpoints.get(system.name, system.endpoint),
            "credentials": {**system.credentials, **environment.credentials.get(system.name, {})},
            "region": region or None,
            "calendar": system.calendar or hub.defaults.calendar,
            "limits": _overlay(hub.defaults.limits, system.limits),
            "breaker": _overlay(hub.defaults.breaker, system.breaker),
        }
    )
