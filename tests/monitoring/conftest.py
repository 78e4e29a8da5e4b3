"""A landscape with routes of both kinds, and alerts made by hand."""

from __future__ import annotations

from itertools import count

import pytest

from crossdock.landscape.models.hub import Team
from crossdock.ledger.alerts import KeptAlert
from crossdock.monitoring.condition import Condition
from crossdock.monitoring.routing import Route, Routing
from tests.pipeline.conftest import start  # noqa: F401  (a fixture)

MINUTE = 60_000_000


def routing(**changes: object) -> Routing:
    both, all_ = frozenset({"warning", "critical"}), frozenset({"info", "warning", "critical"})
    teams = {
        "ops": Team(zone="Europe/Berlin", quiet={"mon-fri": "20:00-06:00"}, digest=("07:00",)),  # type: ignore[arg-type]
        "it": Team(),
    }
    given: dict[str, object] = {
        "routes": {
            "chat": Route("chat", ("env:CHAT",), both, 300.0, 1800.0, "pager"),
            "pager": Route("pager", ("env:PAGER",), all_, 60.0),
            "fallback": Route("fallback", ("env:LAST",), all_, 60.0),
        },
        "owners": {"ops": "chat", "it": "pager"},
        "segments": {},
        "teams": teams,
        "default": "fallback",
        "again_after": 3600.0,
        "settle": 300.0,
        "tell_when_over": True,
        "resting": {name: calendar for name, team in teams.items() if (calendar := team.resting())},
    }
    return Routing(**{**given, **changes})  # type: ignore[arg-type]


def condition(identity: str = "a", owner: str = "ops", severity: str = "warning", since: int = 0, **changes: object) -> Condition:
    return Condition(
        **{"identity": identity, "kind": "exceptions", "severity": severity, "owner": owner, "title": f"title of {identity}", "text": "do",
           "since": since, "newest": since, **changes}  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.fixture
def numbers():  # type: ignore[no-untyped-def]
    source = count(1)
    return lambda: next(source)


Alerts = dict[str, KeptAlert]
