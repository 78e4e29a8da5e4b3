"""The linter: every check on one landscape in one run, findings with file, line and what to do; changes nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping

from crossdock.landscape.catalogue import Catalogue, Installed
from crossdock.landscape.files import Draft, read
from crossdock.landscape.findings import Finding
from crossdock.landscape.lint import (
    alerts,
    codes,
    doors,
    flows,
    house,
    installed,
    ownership,
    partners,
    references,
    regions,
    rules,
    secrecy,
    segments,
    settings,
    stock,
    subscribers,
)
from crossdock.landscape.lint.registry import CHECKS, Check
from crossdock.landscape.lint.view import View

MODULES = (
    references,
    settings,
    ownership,
    flows,
    installed,
    rules,
    codes,
    secrecy,
    doors,
    house,
    alerts,
    stock,
    partners,
    segments,
    regions,
    subscribers,
)
"""The modules whose import registers their checks."""


def judge(draft: Draft, catalogue: Catalogue, *, structural_only: bool = False) -> list[Finding]:
    """All findings of a draft, those of reading it included, in order of file and line."""
    view = View(draft, catalogue)
    found = list(draft.findings)
    for each in CHECKS.values():
        if each.structural or not structural_only:
            found += each.run(view)
    return sorted(set(found))


def lint(
    path: str | os.PathLike[str],
    *,
    environment: str | None = None,
    catalogue: Catalogue | None = None,
    variables: Mapping[str, str] | None = None,
) -> list[Finding]:
    """All findings of the landscape at `path`. Raises `files.NotALandscape` when there is none."""
    draft = read(path, variables=variables, environment=environment)
    return judge(draft, catalogue or Installed())


__all__ = ["CHECKS", "MODULES", "Check", "judge", "lint"]
