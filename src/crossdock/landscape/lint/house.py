"""Checks of the house rules: names, owners, data classes, partners."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import SchemaError

from crossdock.canonical.events import EVENT_PAYLOADS
from crossdock.canonical.field_paths import resolve
from crossdock.core.command_documents import CARRIED
from crossdock.landscape.files import FOLDERS
from crossdock.landscape.findings import Finding, did_you_mean
from crossdock.landscape.lint.registry import check
from crossdock.landscape.lint.view import View

POLICIES = "policies.yaml"
NAMED = {"systems": "systems", "flows": "flows", "partners": "partners", "rules": "rules", "value_maps": "value-maps"}


def _pattern(text: str) -> TypeAdapter[str] | None:
    """A name pattern, in the linear-time dialect of Rust's regex; None when it is no pattern."""
    try:
        return TypeAdapter(Annotated[str, Field(pattern=text)])
    except SchemaError:
        return None


@check("bad-pattern")
def bad_pattern(view: View) -> Iterator[Finding]:
    """A naming rule that is no regular expression."""
    for part in NAMED:
        text = getattr(view.policies.naming, part)
        if _pattern(text) is None:
            yield view.at(
                POLICIES,
                POLICIES,
                ("naming", part),
                f"{text!r} is no regular expression",
                "Look-around and back-references are not supported.",
            )


@check("bad-name")
def bad_name(view: View) -> Iterator[Finding]:
    """A name that does not follow the naming rules of the house."""
    for part, folder in NAMED.items():
        text = getattr(view.policies.naming, part)
        pattern = _pattern(text)
        if pattern is None:
            continue
        for name in view.draft.models.get(folder, {}):
            try:
                pattern.validate_python(name)
            except ValidationError:
                yield view.at(
                    folder,
                    name,
                    ("name",),
                    f"the name {name!r} does not fit {text}",
                    "Rename it, or change `naming` in policies.yaml.",
                )


@check("name-differs-from-file", "warning")
def name_differs_from_file(view: View) -> Iterator[Finding]:
    """A file that is called otherwise than what it defines is not found by those who look for it."""
    for kind, name, _ in view.everything():
        if kind in FOLDERS:
            stem = PurePosixPath(view.draft.files[kind, name]).stem
            if stem != name:
                yield view.at(kind, name, ("name",), f"the file is called {stem!r}, the name is {name!r}", "Rename one of them.")


@check("no-owner")
def no_owner(view: View) -> Iterator[Finding]:
    """A system, rule or live partner that no team answers for."""
    for kind in ("systems", "rules", "partners"):
        for name, model in view.draft.models.get(kind, {}).items():
            if view.whole(kind, name) and not getattr(model, "owner", None) and getattr(model, "state", "live") == "live":
                teams = ", ".join(sorted(view.hub.teams)) or "none yet, add one in crossdock.yaml"
                yield view.at(kind, name, ("owner",), f"{name!r} has no owner", f"Add `owner:`; teams: {teams}.")


@check("unknown-field")
def unknown_field(view: View) -> Iterator[Finding]:
    """A data class names a field that no canonical object has, so nothing would be protected."""
    models = {model.schema_name: model for model in (*CARRIED.values(), *EVENT_PAYLOADS.values())}
    for name, described in view.policies.data_classes.items():
        for index, text in enumerate(described.fields):
            entity, _, path = text.partition(".")
            where = ("data_classes", name, "fields", index)
            if entity not in models:
                yield view.at(POLICIES, POLICIES, where, f"there is no entity {entity!r}", did_you_mean(entity, models))
            elif path:
                try:
                    resolve(models[entity], path)
                except ValueError as error:
                    yield view.at(POLICIES, POLICIES, where, str(error), "Field paths are those of docs/reference/canonical.md.")


@check("retention-unreachable", "warning")
def retention_unreachable(view: View) -> Iterator[Finding]:
    """A retention entry that an earlier one has already decided."""
    seen = set()
    for index, entry in enumerate(view.policies.retention):
        if (entry.data_class, entry.state) in seen or (None, entry.state) in seen:
            yield view.at(
                POLICIES,
                POLICIES,
                ("retention", index),
                "an earlier entry decides this already",
                "Put the special case before the general one.",
            )
        seen.add((entry.data_class, entry.state))


@check("bad-identifier")
def bad_identifier(view: View) -> Iterator[Finding]:
    """A partner's GLN, GTIN or SSCC with a wrong length or check digit."""
    for name, partner in view.partners.items():
        for index, identifier in enumerate(partner.identifiers):
            try:
                identifier.canonical()
            except ValidationError as error:
                message = str(error.errors(include_url=False)[0]["msg"]).removeprefix("Value error, ")
                yield view.at(
                    "partners", name, ("identifiers", index), message, "Ask the partner; a digit is usually transposed."
                )


@check("partner-incomplete")
def partner_incomplete(view: View) -> Iterator[Finding]:
    """A live partner lacks what people need when something goes wrong."""
    for name, partner in view.partners.items():
        if partner.state != "live" or not view.whole("partners", name):
            continue
        for part, why in (("contacts", "nobody to call"), ("identifiers", "no identifier"), ("tier", "no segment")):
            if not getattr(partner, part):
                yield view.at("partners", name, (part,), f"a live partner with {why}", f"Add `{part}:`, or set `state: testing`.")
