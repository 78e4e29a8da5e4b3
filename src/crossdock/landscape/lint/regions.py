"""Checks of regions: what would carry payloads out of one, what belongs to none, and bindings that do not say where senders are to go."""

from __future__ import annotations

from collections.abc import Iterator

from crossdock.landscape.findings import Finding, did_you_mean
from crossdock.landscape.lint.registry import check
from crossdock.landscape.lint.view import View
from crossdock.landscape.placement import parties, regions_of

POLICIES = "policies.yaml"


@check("payload-leaves-region", structural=True)
def payload_leaves_region(view: View) -> Iterator[Finding]:
    """A flow would carry payloads of its region to a system in another, or take them from there, and no named exception allows it."""
    if view.unjudgeable(POLICIES):
        return
    placed = view.placed
    for name, flow in view.flows.items():
        for leak in placed.leaks(flow):
            if leak.crossing is None:
                listens = leak.place[0] == "subscribers"
                yield view.at(
                    *(("subscribers", leak.system, ("flows",)) if listens else ("flows", name, leak.place)),
                    f"payloads of the region {leak.leaves!r} would leave it to {leak.reaches!r}: {leak.system!r} is in "
                    f"{placed.systems[leak.system]!r}, the flow in {placed.flows[name]!r}",
                    "Give the role to a system of the flow's region, or say why it must be: policies.yaml, `residency.crossings`, with "
                    f"leaves: {leak.leaves}, reaches: {leak.reaches}, flows: [{name}], data_classes, owner and reason.",
                )  # fmt: skip


@check("flow-without-region", structural=True)
def flow_without_region(view: View) -> Iterator[Finding]:
    """The systems of a flow are in several regions, and it does not say in which one it runs."""
    placed = view.placed
    for name, flow in view.flows.items():
        found = sorted(regions_of(flow, placed.systems))
        if flow.enabled and not flow.region and len(found) > 1:
            yield view.at(
                "flows", name, (), f"its systems are in {', '.join(found)}, and it names no region of its own",
                f"Say whose payloads it carries: `region: {found[0]}`, or make a flow for each region.",
            )  # fmt: skip


@check("region-missing", structural=True)
def region_missing(view: View) -> Iterator[Finding]:
    """There are several regions, and a system some flow uses is in none of them, so that every region's hub would speak with it."""
    placed = view.placed
    if not placed.several:
        return
    used = {system for flow in view.flows.values() if flow.enabled for _place, system in parties(flow)}
    for name in sorted(used & set(view.systems)):
        if not placed.systems[name]:
            yield view.at(
                "systems", name, (), "it is in no region", "Name its `region`, its partner's, or a default (crossdock.yaml, `defaults.region`)."
            )  # fmt: skip


@check("partner-out-of-region", structural=True)
def partner_out_of_region(view: View) -> Iterator[Finding]:
    """A partner is pinned to a region, and a system of it, or the mailbox that brings its interchanges, is in another."""
    placed = view.placed
    for name, partner in view.partners.items():
        if not partner.region:
            continue
        places: list[tuple[tuple[str | int, ...], str]] = [
            (("systems", index), system) for index, system in enumerate(partner.systems)
        ]
        if partner.exchange.mailbox:
            places.append((("exchange", "mailbox"), partner.exchange.mailbox))
        for place, system in places:
            region = placed.systems.get(system, "")
            if region and region != partner.region:
                yield view.at(
                    "partners", name, place, f"it is pinned to {partner.region!r}, and {system!r} is in {region!r}",
                    "Move the system to the partner's region, or pin the partner to no region.",
                )  # fmt: skip


@check("crossing-of-nothing", structural=True)
def crossing_of_nothing(view: View) -> Iterator[Finding]:
    """A named exception lets out payloads of a flow or of a data class that does not exist, or leads back into its own region."""
    for index, crossing in enumerate(view.policies.residency.crossings):
        where = ("residency", "crossings", index)
        for place, flow in enumerate(crossing.flows):
            if flow not in view.names("flows"):
                yield view.missing(POLICIES, POLICIES, (*where, "flows", place), "flow", flow, view.names("flows"))
        for place, data_class in enumerate(crossing.data_classes):
            if data_class not in view.policies.data_classes:
                yield view.missing(
                    POLICIES, POLICIES, (*where, "data_classes", place), "data class", data_class, view.policies.data_classes
                )
        if crossing.leaves == crossing.reaches:
            yield view.at(POLICIES, POLICIES, (*where, "reaches"), "it leaves and reaches the same region", "Take it out.")


@check("unused-crossing", "warning")
def unused_crossing(view: View) -> Iterator[Finding]:
    """A named exception lets out what does not leave: whoever adds such a system later would not be asked."""
    placed = view.placed
    used = {
        (leak.leaves, leak.reaches, leak.flow) for flow in view.flows.values() for leak in placed.leaks(flow)
    }  # fmt: skip
    inward = {
        (placed.systems.get(system, ""), placed.flows[name], name) for name, flow in view.flows.items() for _p, system in parties(flow)
    }  # fmt: skip
    for index, crossing in enumerate(view.policies.residency.crossings):
        for place, flow in enumerate(crossing.flows):
            if flow in view.flows and (crossing.leaves, crossing.reaches, flow) not in used | inward:
                yield view.at(
                    POLICIES, POLICIES, ("residency", "crossings", index, "flows", place),
                    f"nothing of the flow {flow!r} goes from {crossing.leaves!r} to {crossing.reaches!r}", "Take it out.",
                )  # fmt: skip


@check("region-without-address", "warning")
def region_without_address(view: View) -> Iterator[Finding]:
    """An environment serves one of several regions and does not say where the hubs of the others are, so senders that come here by mistake are told nothing."""
    placed = view.placed
    if not placed.several:
        return
    others = {region for region in placed.systems.values() if region}
    for name, bound in view.environments.items():
        for region in sorted(others - {bound.region} - set(bound.hubs)) if bound.region else ():
            yield view.at(
                "environments", name, (), f"it does not say where the hub of {region!r} is",
                f"Add it: `hubs: {{{region}: https://...}}`. {did_you_mean(region, bound.hubs) if bound.hubs else ''}".strip(),
            )  # fmt: skip
