"""What belongs to a hub beside its ledger: where payload claims are, which files hold secrets; copies nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crossdock.landscape.landscape import Landscape
from crossdock.ledger.database import LedgerLocation

WORKBENCH_KEY = "workbench.key"


def secret_files(landscape: Landscape, location: LedgerLocation) -> dict[str, Path]:
    """Every file that holds a secret of this environment, by the name it has in a backup (`vault/...`, `beside/...`).

    With a folder of secrets of its own (`vault.secrets`) all files in it, else those that `file:` references name; and the workbench's
    key beside a SQLite ledger. Absolute references lead to what the machine itself provides, and are left out.
    """
    home, folder = landscape.home, landscape.environment.vault.secrets
    found: dict[str, Path] = {}
    root = home / folder
    if root.resolve() != home.resolve() and root.is_dir():
        found |= {f"vault/{path.relative_to(root)}": path for path in sorted(root.rglob("*")) if path.is_file() and not path.is_symlink()}  # fmt: skip
    else:
        for reference in sorted(set(_references(landscape))):
            path = root / reference
            if path.is_file() and not Path(reference).is_absolute():
                found[f"vault/{reference}"] = path
    if location.path is not None and (key := location.path.with_name(WORKBENCH_KEY)).is_file():
        found[f"beside/{WORKBENCH_KEY}"] = key
    return found


def absolute_references(landscape: Landscape) -> list[str]:
    """Secrets the machine itself provides; a backup says that they are not in it."""
    return sorted({each for each in _references(landscape) if Path(each).is_absolute()})


def place_of(name: str, landscape: Landscape, location: LedgerLocation) -> Path | None:
    """Where a secret file of a backup belongs here; None for one that belongs nowhere here."""
    kind, _, rest = name.partition("/")
    if kind == "vault":
        root = (landscape.home / landscape.environment.vault.secrets).resolve()
        path = (root / rest).resolve()
        return path if path.is_relative_to(root) else None
    if kind == "beside" and location.path is not None and rest == WORKBENCH_KEY:
        return location.path.with_name(WORKBENCH_KEY)
    return None


def _references(landscape: Landscape) -> Iterator[str]:
    for each in (*landscape.systems.values(), *landscape.partners.values(), landscape.environment, landscape.policies):
        yield from _files(each.model_dump(mode="json"))


def _files(value: Any) -> Iterator[str]:
    if isinstance(value, str) and value.startswith("file:"):
        yield value.removeprefix("file:")
    elif isinstance(value, dict):
        for each in value.values():
            yield from _files(each)
    elif isinstance(value, list):
        for each in value:
            yield from _files(each)
