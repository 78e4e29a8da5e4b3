"""Checks on stock that a warehouse tells: that it is counted once in the ERP, and at a place the ERP has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from crossdock.landscape.findings import Finding
from crossdock.landscape.lint.registry import check
from crossdock.landscape.lint.view import View
from crossdock.landscape.models import Flow

ADJUST: Final = "stock.adjust"
ALONE: Final = "count, adjustment, damage, loss, found"
"""The causes of movements that no document tells the ERP of."""
DOCUMENTED: Final = frozenset({"pick", "receipt", "transfer", "return"})


def _adjusting(flow: Flow, event: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The routes of a flow that send this event on as an adjustment of stock."""
    routes = flow.settings.get("routes")
    for index, route in enumerate(routes if isinstance(routes, list) else ()):
        if isinstance(route, dict) and route.get("command") == ADJUST and event in (route.get("events") or flow.trigger.events):
            yield index, route


@check("level-as-adjustment", "warning")
def level_as_adjustment(view: View) -> Iterator[Finding]:
    """A level of a warehouse, sent as an adjustment, undoes what is on its way: the ERP books picks later, by its own documents."""
    for name, flow in view.flows.items():
        for index, _ in _adjusting(flow, "stock.changed"):
            yield view.at(
                "flows",
                name,
                ("settings", "routes", index),
                "levels of `stock.changed` are written over the ERP's stock, also while it does not know yet what was picked",
                f"Take `stock.moved` with `when: {{cause: [{ALONE}]}}`; leave levels to a comparison (`workflow: inventory_snapshot`).",
            )


@check("counted-twice", "warning")
def counted_twice(view: View) -> Iterator[Finding]:
    """What an order or another document moves changes the ERP's stock by itself; as an adjustment it would count twice."""
    for name, flow in view.flows.items():
        for index, route in _adjusting(flow, "stock.moved"):
            when = route.get("when")
            causes = when.get("cause") if isinstance(when, dict) else None
            twice = DOCUMENTED if not isinstance(causes, list) else DOCUMENTED.intersection(map(str, causes))
            if twice:
                yield view.at(
                    "flows",
                    name,
                    ("settings", "routes", index),
                    f"movements by {', '.join(sorted(twice))} adjust the ERP's stock, which its own documents change as well",
                    f"Add `when: {{cause: [{ALONE}]}}`, and others only if no document of them reaches the ERP.",
                )


@check("location-without-map", "warning")
def location_without_map(view: View) -> Iterator[Finding]:
    """A bin that no value map translates is taken for a location of the ERP, which does not have it."""
    told = {
        source
        for flow in view.flows.values()
        if any(True for _ in _adjusting(flow, "stock.moved"))
        for source in flow.trigger.sources or tuple(flow.roles.values())
    }
    for name in sorted(told & set(view.systems)):
        system = view.systems[name]
        connector = view.connector(system.kind)
        fields = getattr(getattr(connector, "Options", None), "model_fields", {})
        if "location_map" not in fields:
            continue
        wanted = system.options.get("location_map")
        table = view.value_maps.get(str(wanted))
        hint = "Add `location_map: <value map>` under `options`, with the ERP's location for each bin, or `unknown: default`."
        if not wanted:
            yield view.at("systems", name, ("options",), f"bins of {name!r} have no location in the ERP", hint)
        elif table is not None and table.unknown == "keep":
            message = f"bins of {name!r} that the map does not name keep their names, which the ERP does not know"
            yield view.at("value-maps", str(wanted), ("unknown",), message, "Write `unknown: refuse`, or `default`.")
