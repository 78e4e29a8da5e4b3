"""Checks of names inside `options` and `settings`: by convention a key says what its value refers to, whoever wrote the workflow.

`calendar`, `cutoff`, `budget` and `budgets`, `owner` and `owners`, and keys that end in `_map` refer to the landscape.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crossdock.landscape.document import Path
from crossdock.landscape.files import HEAD
from crossdock.landscape.findings import Finding
from crossdock.landscape.lint.registry import check
from crossdock.landscape.lint.view import View

Named = tuple[Path, str]


def _under(value: Any, key: str, path: Path) -> Iterator[Named]:
    """Every text under `key`, and under its plural when that is a table of texts."""
    if isinstance(value, dict):
        for name, inner in value.items():
            here = (*path, name)
            if name == key and isinstance(inner, str) and inner:
                yield here, inner
            elif name == f"{key}s" and isinstance(inner, dict):
                yield from (((*here, each), text) for each, text in inner.items() if isinstance(text, str))
            else:
                yield from _under(inner, key, here)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _under(inner, key, (*path, index))


def _maps(value: Any, path: Path) -> Iterator[Named]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name.endswith("_map") and isinstance(inner, str) and inner:
                yield (*path, name), inner
            else:
                yield from _maps(inner, (*path, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _maps(inner, (*path, index))


@check("dangling-value-map", structural=True)
def dangling_value_map(view: View) -> Iterator[Finding]:
    """A connector, a workflow or a partner's agreement is told to translate by a value map that does not exist."""
    known = view.names("value-maps")
    for name, partner in view.partners.items():
        for index, each in enumerate(partner.agreements):
            here = ("agreements", index)
            named = [((*here, "options", "maps", purpose), wanted) for purpose, wanted in each.options.maps.items()]
            for path, wanted in [*named, *_maps(list(each.overlay), (*here, "overlay"))]:
                if wanted not in known:
                    yield view.missing("partners", name, path, "value map", wanted, known)
    for kind, block, models in (("systems", "options", view.systems), ("flows", "settings", view.flows)):
        for name, model in models.items():
            for path, wanted in _maps(getattr(model, block), (block,)):
                if wanted not in known:
                    yield view.missing(kind, name, path, "value map", wanted, known)


def _settings(view: View, key: str, what: str, known: set[str]) -> Iterator[Finding]:
    for name, flow in view.flows.items():
        for path, wanted in _under(flow.settings, key, ("settings",)):
            if wanted not in known:
                yield view.missing("flows", name, path, what, wanted, known)


@check("dangling-setting-calendar", structural=True)
def dangling_setting_calendar(view: View) -> Iterator[Finding]:
    """A workflow's setting `calendar` names a calendar that does not exist."""
    if not view.unjudgeable("calendars.yaml"):
        yield from _settings(view, "calendar", "calendar", set(view.calendars))


@check("dangling-setting-cutoff", structural=True)
def dangling_setting_cutoff(view: View) -> Iterator[Finding]:
    """A workflow's setting `cutoff` names a `calendar/cut-off` that does not exist."""
    if not view.unjudgeable("calendars.yaml"):
        known = {f"{name}/{cutoff}" for name, calendar in view.calendars.items() for cutoff in calendar.cutoffs}
        yield from _settings(view, "cutoff", "cut-off", known)


@check("dangling-setting-owner", structural=True)
def dangling_setting_owner(view: View) -> Iterator[Finding]:
    """A workflow's setting `owner` or `owners` names a team that does not exist."""
    if not view.unjudgeable(HEAD):
        yield from _settings(view, "owner", "team", set(view.hub.teams))


@check("dangling-setting-budget", structural=True)
def dangling_setting_budget(view: View) -> Iterator[Finding]:
    """A workflow's setting `budget` or `budgets` names a retry budget the flow does not have."""
    for name, flow in view.flows.items():
        known = {*flow.budgets, *view.hub.defaults.budgets}
        for path, wanted in _under(flow.settings, "budget", ("settings",)):
            if wanted not in known:
                yield view.missing("flows", name, path, "retry budget of this flow", wanted, known)
