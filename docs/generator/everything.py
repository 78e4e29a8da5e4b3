"""Imports every module of the product that may define an error, so that pages about all of them are complete."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import crossdock

ROOT = Path(crossdock.__file__).parent
APART = ("simulators/", "testing/", "ledger/models/", "ledger/migrations/", "edi/")
"""Not part of a running hub's tree of errors, or (models) not importable without a configured database."""


def modules() -> list[Path]:
    """Every module of the product."""
    return sorted(path for path in ROOT.rglob("*.py") if "/files/" not in path.as_posix())


DEFINES = re.compile(r'^    code(?:: [^=]+)? = "[a-z]', re.MULTILINE)
"""A class with a code of its own. Modules that only raise errors are left out: some need a configured Django."""


def import_all() -> None:
    """Import what defines errors."""
    for path in modules():
        place = path.relative_to(ROOT).as_posix()
        text = path.read_text(encoding="utf-8")
        if not place.startswith(APART) and "errors import" in text and DEFINES.search(text):
            import_module("crossdock." + place.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
