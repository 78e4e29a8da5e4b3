"""Whether an instruction can be understood at all: what it must hold, of which kind; one that cannot is refused and never stops a worker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import orjson

from crossdock.ledger.inbox import Filter
from crossdock.pipeline.bulk import ACTIONS

WHY: Final = "the instruction cannot be understood"
_LARGEST: Final = 2**63


def read(text: str) -> dict[str, Any]:
    """The data of an instruction without characters no database holds; empty when it is none."""
    try:
        found = _clean(orjson.loads(text))
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, list):
        return [_clean(each) for each in value]
    if isinstance(value, dict):
        return {str(_clean(name)): _clean(each) for name, each in value.items()}
    return value


def understood(kind: str, data: dict[str, Any]) -> bool:
    """Whether the data is what this kind of instruction needs."""
    seen = data.get("seen")
    if seen is not None and not _number(seen):
        return False
    check = _NEEDS.get(kind)
    try:
        return check is None or check(data)
    except (KeyError, TypeError, ValueError):
        return False


def _number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _LARGEST


def _job(data: dict[str, Any]) -> bool:
    chosen = data["filter"]
    Filter.from_dict({**chosen["filter"], "bound": data["bound"]})
    windows = chosen.get("windows")
    shaped = windows is None or all(len(each) == 2 for each in windows)
    return (
        shaped
        and data["action"] in ACTIONS
        and isinstance(data["reason"], str)
        and isinstance(data.get("data", {}), dict)
        and all(_number(data.get(name, 0)) for name in ("bound", "planned", "pace"))
    )


_NEEDS: Final[dict[str, Callable[[dict[str, Any]], bool]]] = {
    "republish": lambda data: (
        all(isinstance(data[name], str) for name in ("subscriber", "name", "reason"))
        and isinstance(data["events"], list)
        and all(_number(each) for each in data["events"])
    ),
    "unpark": lambda data: isinstance(data["system"], str),
    "map": lambda data: all(isinstance(data[name], str) for name in ("map", "code", "value")),
    "unmap": lambda data: _number(data["entry"]),
    "job": _job,
    "job_stop": lambda data: _number(data["job"]),
    "job_approve": lambda data: _number(data["job"]),
    "correct": lambda data: isinstance(data.get("set", {}), dict),
    "decide": lambda data: isinstance(data.get("data", {}), dict),
    "resolve": lambda data: data.get("happened") in (None, True, False) and isinstance(data.get("ack", {}), dict),
}
