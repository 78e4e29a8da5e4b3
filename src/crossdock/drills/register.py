"""The register of drills: a file with one line of JSON a drill, compared with the last of its kind; knows nothing of how one is carried out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import orjson

from crossdock.core.errors import Misconfigured

COMPARED: Final = ("rto_seconds", "drain_seconds", "noticed_seconds")


class RegisterUnreadable(Misconfigured):
    """The register of drills cannot be read or written."""

    code = "drill.register_unreadable"
    hint = "Name a file of JSON lines that this command wrote, or a new one in a folder you may write to."


def entries(file: Path) -> list[dict[str, Any]]:
    """Every drill of the register, oldest first; none when there is no file. Raises `RegisterUnreadable`."""
    try:
        if not file.exists():
            return []
        found = [orjson.loads(line) for line in file.read_bytes().splitlines() if line.strip()]
    except (OSError, orjson.JSONDecodeError) as problem:
        raise RegisterUnreadable(f"{file}: {problem}") from None
    if not all(isinstance(each, dict) and isinstance(each.get("drill"), str) for each in found):
        raise RegisterUnreadable(f"{file}: a line is not a drill")
    return found


def enter(file: Path, figures: Mapping[str, Any]) -> None:
    """Add a drill. Raises `RegisterUnreadable`."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("ab") as register:
            register.write(orjson.dumps(dict(figures)) + b"\n")
    except OSError as problem:
        raise RegisterUnreadable(f"{file}: {problem}") from None


def compared(figures: Mapping[str, Any], earlier: list[dict[str, Any]]) -> dict[str, Any]:
    """The last drill of the same name, and by how many seconds this one was slower in what both measured; empty without one."""
    same = [each for each in earlier if each["drill"] == figures["drill"]]
    if not same:
        return {}
    last = same[-1]
    both = [name for name in COMPARED if isinstance(last.get(name), int | float) and isinstance(figures.get(name), int | float)]
    return {
        "began": last.get("began", ""),
        "passed": bool(last.get("passed")),
        "slower_by": {name: round(figures[name] - last[name], 2) for name in both},
    }
