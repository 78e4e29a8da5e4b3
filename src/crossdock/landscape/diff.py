"""Explains the difference between two landscapes in business words, each change with its risk class; decides nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import BaseModel

from crossdock.landscape.files import FOLDERS, SINGLE, Draft
from crossdock.landscape.models.policies import RiskClass

WORDING = frozenset({"title", "description", "reason", "message", "consequence", "contacts", "review_by"})
ABSENT = object()
KINDS = {
    "systems": "System",
    "partners": "Partner",
    "subscribers": "Subscriber",
    "flows": "Flow",
    "rules": "Rule",
    "value-maps": "Value map",
    "tests": "Test",
    "environments": "Environment",
    "crossdock.yaml": "The landscape",
    "ownership.yaml": "Ownership",
    "calendars.yaml": "Calendars",
    "policies.yaml": "Policies",
}
MONEY = ("payment", "invoice", "refund", "capture", "payout")


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: what it touches, in what words, from what to what."""

    risk: RiskClass
    kind: str
    name: str
    path: str
    words: str
    before: Any = None
    after: Any = None

    def as_dict(self) -> dict[str, Any]:
        """The change as JSON."""
        return asdict(self)


def _flat(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every leaf of a model's JSON dump; lists of plain values are leaves."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _flat(inner, (*path, str(key)))
    elif isinstance(value, list) and any(isinstance(each, (dict, list)) for each in value):
        for index, inner in enumerate(value):
            yield from _flat(inner, (*path, str(index + 1)))
    else:
        yield path, value


def _dump(model: BaseModel) -> Any:
    return model.model_dump(mode="json")


def _shown(value: Any) -> str:
    if value is ABSENT or value is None or value in ("", [], {}):
        return "nothing"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _risk(kind: str, path: tuple[str, ...], dump: Mapping[str, Any]) -> RiskClass:
    """The risk class of a change at `path`; what is not wording and not recognised counts as the riskier class of its kind."""
    top = path[0] if path else ""
    if path and path[-1] in WORDING and kind != "rules":
        return "wording"
    if top == "may_see" or (kind == "policies.yaml" and top in ("data_classes", "residency")):
        return "data_class"
    match kind:
        case "ownership.yaml":
            return "ownership"
        case "partners":
            return "partner"
        case "subscribers":
            return "data_class" if top in ("", "partner", "systems", "sources", "events") else "connectivity"
        case "policies.yaml":
            if top in ("review", "board"):  # whoever lowers the bar changes who answers for what
                return "ownership"
            return "retention" if top == "retention" else "rule"
        case "rules" | "tests":
            return "rule"
        case "value-maps":
            return "schema"
        case "flows":
            about = " ".join([str(dump.get("workflow")), str(dump.get("name")), *dump.get("trigger", {}).get("events", ())])
            return "money" if top == "budgets" and any(word in about for word in MONEY) else "flow"
        case "calendars.yaml":
            return "flow"
        case _:
            return "connectivity"


def _whole_risk(kind: str) -> RiskClass:
    return _risk(kind, (), {})


def _system(dump: Mapping[str, Any], *, added: bool) -> str:
    described = f"{dump['title'] or dump['name']} ({dump['kind']}, {dump['trust']})"
    if added:
        return f"A new system: the hub exchanges messages with {described}; team {dump['owner'] or 'nobody'} answers for it."
    return f"The hub no longer exchanges messages with {described}."


def _flow(dump: Mapping[str, Any], *, added: bool) -> str:
    events = ", ".join(dump["trigger"]["events"]) or (dump["direct"] or {}).get("question") or "its schedule"
    who = ", ".join(dump["trigger"]["sources"]) or ", ".join(dump["roles"].values()) or "no system"
    if added:
        return f"A new flow: {dump['title'] or dump['name']}. It acts on {events} between {who}."
    return f"Nothing acts on {events} of {who} any more through {dump['title'] or dump['name']}."


def _rule(dump: Mapping[str, Any], *, added: bool) -> str:
    effect = "refused" if dump["severity"] == "reject" else "noted"
    if added:
        return f"{', '.join(dump['events'])} are from now on {effect} unless {dump['require']}"
    return f"{', '.join(dump['events'])} are no longer {effect} when they break: {dump['require']}"


def _partner(dump: Mapping[str, Any], *, added: bool) -> str:
    named = f"{dump['title'] or dump['name']} ({dump['state']})"
    seen = ", ".join(dump["may_see"]) or "no restricted data"
    return f"A new partner: {named}. It may see {seen}." if added else f"{named} is no partner any more."


def _subscriber(dump: Mapping[str, Any], *, added: bool) -> str:
    events = ", ".join(dump["events"]) or "everything"
    who = f"{dump['title'] or dump['name']} ({dump['by']}{', partner ' + dump['partner'] if dump['partner'] else ''})"
    seen = ", ".join(dump["may_see"]) or "no restricted data"
    told = f"{events} of {', '.join(dump['flows'])}"
    return (
        f"A new subscriber: {who} is told {told} and may see {seen}." if added else f"{who} is told nothing any more of {told}."
    )


WHOLE: dict[str, Callable[..., str]] = {
    "systems": _system,
    "flows": _flow,
    "rules": _rule,
    "partners": _partner,
    "subscribers": _subscriber,
}


def _whole(kind: str, name: str, dump: Mapping[str, Any], *, added: bool) -> Change:
    teller = WHOLE.get(kind)
    words = (
        teller(dump, added=added)
        if teller
        else f"{KINDS[kind]}{'' if kind in SINGLE else f' {name!r}'} is {'added' if added else 'removed'}."
    )
    return Change(_whole_risk(kind), kind, name, "", words, None if added else dict(dump), dict(dump) if added else None)


def _changed(kind: str, name: str, path: tuple[str, ...], before: Any, after: Any, dump: Mapping[str, Any]) -> Change:
    subject = KINDS[kind] if kind in SINGLE else f"{KINDS[kind]} {name!r}"
    what = " › ".join(path).replace("_", " ")
    if isinstance(before, list) and isinstance(after, list):
        gone, new = [each for each in before if each not in after], [each for each in after if each not in before]
        parts = [f"without {_shown(gone)}"] if gone else []
        parts += [f"with {_shown(new)} in addition"] if new else []
        told = f"{what} is now {' and '.join(parts) or 'in another order'}"
    elif before is ABSENT:
        told = f"{what} is now set to {_shown(after)}"
    elif after is ABSENT:
        told = f"{what} ({_shown(before)}) is removed"
    else:
        told = f"{what} changes from {_shown(before)} to {_shown(after)}"
    clean = [None if each is ABSENT else each for each in (before, after)]
    return Change(_risk(kind, path, dump), kind, name, ".".join(path), f"{subject}: {told}.", *clean)


def compare(old: Draft, new: Draft) -> list[Change]:
    """Every difference between two drafts, riskier kinds first within the order of the files. Comments and layout do not count."""
    changes: list[Change] = []
    for kind in (*SINGLE, *FOLDERS):
        before, after = old.models.get(kind, {}), new.models.get(kind, {})
        for name in sorted({*before, *after}):
            if name not in before:
                changes.append(_whole(kind, name, _dump(after[name]), added=True))
            elif name not in after:
                changes.append(_whole(kind, name, _dump(before[name]), added=False))
            else:
                changes += _differences(kind, name, _dump(before[name]), _dump(after[name]))
    for file in sorted({*old.code, *new.code}):
        if old.code.get(file) != new.code.get(file):
            what = "is added" if file not in old.code else "is removed" if file not in new.code else "changes"
            prints = [hashlib.sha256(each.code[file]).hexdigest() if file in each.code else None for each in (old, new)]
            changes.append(
                Change(
                    "schema", "mappings", file, "", f"The mapping {file} {what}; replay real messages before approving.", *prints
                )
            )
    return changes


def _differences(kind: str, name: str, before: Any, after: Any) -> Iterator[Change]:
    flat_before, flat_after = dict(_flat(before)), dict(_flat(after))
    for path in dict.fromkeys((*flat_before, *flat_after)):
        one, other = flat_before.get(path, ABSENT), flat_after.get(path, ABSENT)
        if one != other and {_shown(one), _shown(other)} != {"nothing"}:
            yield _changed(kind, name, path, one, other, after)


def reviewers(changes: list[Change], draft: Draft) -> dict[str, tuple[int, tuple[str, ...]]]:
    """Per risk class that occurs: how many approvals of which teams the policies of `draft` (the approved one) ask for."""
    from crossdock.landscape.models import Policies

    policies = draft.models.get("policies.yaml", {}).get("policies.yaml") or Policies()
    needed: dict[str, tuple[int, tuple[str, ...]]] = {}
    for risk in dict.fromkeys(change.risk for change in changes):
        for rule in getattr(policies, "review", ()):
            if risk in rule.risks:
                if rule.each:
                    needed |= {f"{risk}/{team}": (rule.quorum, (team,)) for team in rule.reviewers}
                else:
                    needed[str(risk)] = (rule.quorum, rule.reviewers)
                break
    return needed
