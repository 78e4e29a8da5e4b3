"""Whether a bundle fits an environment, and what promoting it would change; reads folders, changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossdock.governance.bundle import BundleFile, proven
from crossdock.governance.errors import BundleUnfit, BundleUnreadable
from crossdock.landscape.catalogue import Installed
from crossdock.landscape.diff import Change, compare, reviewers
from crossdock.landscape.files import HEAD, Draft, NotALandscape, read
from crossdock.landscape.findings import Finding
from crossdock.landscape.lint import judge


@dataclass(frozen=True, slots=True)
class Fitting:
    """What promoting would do: the changes in business words, and by risk class how many of which teams must approve."""

    draft: Draft
    changes: tuple[Change, ...]
    reviewers: Mapping[str, tuple[int, tuple[str, ...]]]

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "changes": [each.as_dict() for each in self.changes],
            "reviewers": {risk: {"quorum": quorum, "teams": list(teams)} for risk, (quorum, teams) in self.reviewers.items()},
        }


def fit(
    bundle: BundleFile, home: Path, running: Path, environment: str, variables: Mapping[str, str] | None, folder: Path
) -> Fitting:
    """Lay a bundle and the bindings of `home` together in `folder`, judge the whole as for a start, and compare it with what is `running`.

    Raises `BundleUnfit` with all findings, `BundleAltered`, and `BundleUnreadable` when it is a bundle of another landscape.
    """
    try:
        current = read(running)
    except NotALandscape:
        current = None
    draft = bound(bundle, home, environment, variables, folder)
    found = [each for each in judge(draft, Installed()) if each.severity == "error"]
    if found:
        raise unfit(found)
    head = current.models.get(HEAD, {}).get(HEAD) if current is not None else None
    if head is not None and getattr(head, "name", bundle.name) != bundle.name:
        raise BundleUnfit(f"it is a bundle of landscape {bundle.name!r}, and here runs {getattr(head, 'name', '')!r}")
    changes = [each for each in compare(current, draft) if each.kind != "environments"] if current is not None else []
    return Fitting(draft, tuple(changes), reviewers(changes, current) if current is not None else {})


def bound(bundle: BundleFile, home: Path, environment: str, variables: Mapping[str, str] | None, folder: Path) -> Draft:
    """Lay a bundle and the bindings of `home` together in `folder`. Raises `BundleUnfit`, `BundleAltered`, `BundleUnreadable`."""
    bindings = home / "environments" / f"{environment}.yaml"
    if not bindings.is_file():
        raise BundleUnfit(f"there is no environment {environment!r} here: {bindings.name} is missing", environment=environment)
    proven(bundle, folder)
    (folder / "environments").mkdir(exist_ok=True)
    (folder / "environments" / bindings.name).write_bytes(bindings.read_bytes())
    try:
        return read(folder, variables=variables, environment=environment)
    except NotALandscape as error:
        raise BundleUnreadable(str(error)) from None


def unfit(findings: list[Finding]) -> BundleUnfit:
    """The error that carries all findings and says the first."""
    more = f" and {len(findings) - 1} more" if len(findings) > 1 else ""
    return BundleUnfit(f"{findings[0]}{more}", findings=[each.as_dict() for each in findings])
