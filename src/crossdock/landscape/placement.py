"""Where everything of a landscape belongs: the region of each system and flow, which named exception lets payloads out, and what one hub is left with; reads no file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from crossdock.landscape.models import Crossing, Flow, Hub, Partner, Policies, Subscriber, System


class Leak(NamedTuple):
    """A system in another region than the flow that names it, and the named exception that lets it, None when there is none."""

    flow: str
    place: tuple[str | int, ...]
    system: str
    leaves: str
    reaches: str
    crossing: Crossing | None


@dataclass(frozen=True)
class Placement:
    """The region of each system (subscribers are systems too), partner and flow; empty: it belongs to no region alone.

    A system without a region of its own has its partner's, else the default; a flow without one has that of its systems, when it is one.
    """

    systems: Mapping[str, str]
    partners: Mapping[str, str]
    flows: Mapping[str, str]
    crossings: tuple[Crossing, ...]
    listeners: Mapping[str, tuple[str, ...]]
    """The subscribers of each published flow."""

    @property
    def several(self) -> bool:
        """Whether there is more than one region in use: only then anything can leave one."""
        return len({region for found in (self.systems, self.partners, self.flows) for region in found.values() if region}) > 1

    def crossing(self, flow: str, leaves: str, reaches: str) -> Crossing | None:
        """The named exception by which payloads of a flow may leave one region to another."""
        return next((c for c in self.crossings if (c.leaves, c.reaches) == (leaves, reaches) and flow in c.flows), None)

    def leaks(self, flow: Flow) -> Iterator[Leak]:
        """The systems of a flow that are in another region than the flow: those it is carried to, and those it starts by."""
        home = self.flows.get(flow.name, "")
        if not home or not flow.enabled:
            return
        told = ((("subscribers", name), name) for name in self.listeners.get(flow.name, ()))
        for place, system in (*parties(flow), *told):
            region = self.systems.get(system, "")
            if region and region != home:
                leaves, reaches = (region, home) if place[0] == "trigger" else (home, region)
                yield Leak(flow.name, place, system, leaves, reaches, self.crossing(flow.name, leaves, reaches))

    def served(self, region: str, flows: Iterable[Flow]) -> frozenset[str]:
        """The systems a hub of a region may speak with: its own, those of no region, and those a named exception lets its flows reach."""
        own = {name for name, place in self.systems.items() if place in ("", region)}
        mine = [flow for flow in flows if self.flows.get(flow.name) == region]
        return frozenset(own | {leak.system for flow in mine for leak in self.leaks(flow) if leak.crossing is not None})


def parties(flow: Flow) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """The systems a flow names, with the place."""
    for role, system in flow.roles.items():
        yield ("roles", role), system
    for index, system in enumerate(flow.trigger.sources):
        if system not in flow.roles.values():
            yield ("trigger", "sources", index), system


def placement(
    hub: Hub,
    policies: Policies,
    systems: Mapping[str, System],
    partners: Mapping[str, Partner],
    flows: Mapping[str, Flow],
    subscribers: Mapping[str, Subscriber],
) -> Placement:
    """Where everything of these belongs."""
    default = hub.defaults.region or ""
    of_partner = {name: partner.region or "" for name, partner in partners.items()}
    by_partner = {system: of_partner[name] for name, partner in partners.items() for system in partner.systems}
    placed = {name: system.region or by_partner.get(name) or default for name, system in systems.items()}
    for name, subscriber in subscribers.items():
        placed[name] = of_partner.get(subscriber.partner or "", "") or default
    listeners = {flow: tuple(name for name, each in subscribers.items() if flow in each.flows) for flow in flows}
    homes = {name: _home(each, placed) for name, each in flows.items()}
    return Placement(placed, of_partner, homes, policies.residency.crossings, listeners)


def _home(flow: Flow, placed: Mapping[str, str]) -> str:
    if flow.region:
        return flow.region
    if flow.pattern == "published" and not flow.trigger.sources:
        return ""
    found = regions_of(flow, placed)
    return next(iter(found)) if len(found) == 1 else ""


def regions_of(flow: Flow, placed: Mapping[str, str]) -> set[str]:
    """The regions of the systems a flow names."""
    return {region for _place, system in parties(flow) if (region := placed.get(system, ""))}


@dataclass(frozen=True)
class Share:
    """What the hub of one region is left with. `elsewhere` names the region of each system whose messages are not taken here."""

    systems: Mapping[str, System]
    partners: Mapping[str, Partner]
    flows: Mapping[str, Flow]
    subscribers: Mapping[str, Subscriber]
    elsewhere: Mapping[str, str]
    flows_elsewhere: Mapping[str, str]


def share(
    region: str,
    placed: Placement,
    systems: Mapping[str, System],
    partners: Mapping[str, Partner],
    flows: Mapping[str, Flow],
    subscribers: Mapping[str, Subscriber],
) -> Share:
    """The part of a landscape that is a region's. A system of another region that a named exception lets in keeps its place, without
    its polls unless the exception lets its payloads come here."""
    kept = placed.served(region, flows.values())
    heard = {
        system
        for name, flow in flows.items()
        if placed.flows[name] == region
        for _place, system in parties(flow)
        if placed.crossing(name, placed.systems.get(system, ""), region) is not None
    }
    foreign = {name: place for name, place in placed.systems.items() if place not in ("", region) and name not in heard}
    away = {name: place for name, place in placed.flows.items() if place not in ("", region)}
    mine = {
        name: each.model_copy(update={"systems": tuple(one for one in each.systems if one in kept)})
        for name, each in partners.items()
        if placed.partners[name] in ("", region) or kept & set(each.systems)
    }
    return Share(
        systems={
            name: each.model_copy(update={"polls": ()}) if name in foreign else each
            for name, each in systems.items()
            if name in kept
        },
        partners=mine,
        flows={name: each for name, each in flows.items() if name not in away},
        subscribers={name: each for name, each in subscribers.items() if name in kept},
        elsewhere=foreign,
        flows_elsewhere=away,
    )


NOTHING = Share({}, {}, {}, {}, {}, {})
"""A coordinator's share: it speaks with no system and runs no flow."""
