"""The house's standards for interfaces, checked on a landscape: what breaks them, with the owner of each; waives nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import SchemaError

from crossdock.governance.review.errors import ReasonMissing, WaiverRefused
from crossdock.governance.review.judgement import GATES
from crossdock.landscape.files import Draft
from crossdock.landscape.findings import Finding
from crossdock.landscape.models import Flow, Policies
from crossdock.landscape.models.base import format_duration
from crossdock.landscape.models.policies import Board, Standard

NAMED = ("systems", "partners", "flows", "rules", "value-maps")


@dataclass(frozen=True, slots=True)
class Breach:
    """One thing that breaks a standard; `subject` is what a waiver names (`flows/orders`)."""

    standard: str
    owner: str
    subject: str
    message: str

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def breaches(standards: Sequence[Standard], draft: Draft, findings: Sequence[Finding]) -> list[Breach]:
    """What in a landscape breaks these standards, in their order."""
    checks = {"naming": _naming, "error_handling": _error_handling, "retention": _retention}
    found: list[Breach] = []
    for each in standards:
        told = _findings(each, findings) if each.check == "findings" else checks[each.check](each, draft)
        found += [Breach(each.name, each.owner, subject, message) for subject, message in told]
    return found


def may_waive(board: Board, standard: str, name: str, teams: Sequence[str], days: float, reason: str) -> str:
    """The team that waives: the owner of a standard, or the board's for a part of the evidence. Raises `WaiverRefused`, `ReasonMissing`."""
    known = {each.name: each for each in board.standards}
    if standard in known:
        owner, most = known[standard].owner, known[standard].waived_at_most
    elif standard in GATES:
        owner, most = board.owner or "", board.open_for
    else:
        raise WaiverRefused(f"there is no standard {standard!r}; there are {', '.join((*known, *GATES))}")
    if not owner or owner not in teams:
        raise WaiverRefused(
            f"{standard} is waived by {owner or 'nobody: policies.yaml names no board.owner'}; {name} is in {', '.join(teams) or 'no team'}"
        )
    if not 0 < days * 86_400 <= most.total_seconds():
        raise WaiverRefused(f"a waiver of {standard} lasts at most {format_duration(most)}")
    if not reason.strip():
        raise ReasonMissing("say why it is waived")
    return owner


def _naming(standard: Standard, draft: Draft) -> Iterator[tuple[str, str]]:
    try:
        pattern = TypeAdapter(Annotated[str, Field(pattern=standard.pattern)])
    except SchemaError:
        yield "policies.yaml", f"{standard.pattern!r} is no regular expression"
        return
    for kind in standard.kinds or NAMED:
        for name in draft.models.get(kind, {}):
            try:
                pattern.validate_python(name)
            except ValidationError:
                yield f"{kind}/{name}", f"the name {name!r} of {kind} does not fit {standard.pattern}"


def _error_handling(_standard: Standard, draft: Draft) -> Iterator[tuple[str, str]]:
    for name, flow in draft.models.get("flows", {}).items():
        if not isinstance(flow, Flow) or not flow.enabled:
            continue
        lacks = []
        if not flow.exception_owner:
            lacks.append("who gets its exceptions (`exception_owner`)")
        if flow.pattern != "direct" and not flow.budgets:
            lacks.append("a retry budget of its own (`budgets`)")
        if not flow.consequence:
            lacks.append("the business consequence (`consequence`)")
        if lacks:
            yield f"flows/{name}", f"flow {name!r} does not say {', '.join(lacks)}"


def _retention(standard: Standard, draft: Draft) -> Iterator[tuple[str, str]]:
    found = draft.models.get("policies.yaml", {}).get("policies.yaml")
    policies = found if isinstance(found, Policies) else Policies()
    for state in ("settled", "rejected", "exception_open", "audit"):
        entries = [each for each in policies.retention if each.state == state]
        if not any(each.data_class is None for each in entries):
            yield f"retention/{state}", f"nothing says how long messages are kept that are {state.replace('_', ' ')}"
        if state != "settled" or standard.at_most is None:
            continue
        for each in entries:
            if each.keep > standard.at_most:
                what = each.data_class or "everything else"
                yield (
                    f"retention/{state}",
                    f"{what} is kept {format_duration(each.keep)}, longer than {format_duration(standard.at_most)}",
                )


def _findings(standard: Standard, findings: Sequence[Finding]) -> Iterator[tuple[str, str]]:
    for each in findings:
        if each.code in standard.codes:
            yield each.file, f"{each.file}:{each.line}: {each.message}"
