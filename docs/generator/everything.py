"""Imports every module of the product that may define an error, so that pages about all of them are complete."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import crossdock

ROOT = Path(crossdock.__file__).parent
APART = ("simulators/", "testing/", "ledger/models/", "ledger/migrations/", "edi/")
"""Not part of a running hub's tree of errors, or (models) not importable without a configured database."""


def modules() -> list[Path]:
    """Every module of the product."""
    return sorted(path for path in ROOT.rglob("*.py") if "/files/" not in path.as_posix())


def import_all() -> None:
    """Import what speaks of errors."""
    for path in modules():
        place = path.relative_to(ROOT).as_posix()
        if not place.startswith(APART) and "crossdock.core.errors" in path.read_text(encoding="utf-8"):
            import_module("crossdock." + place.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
