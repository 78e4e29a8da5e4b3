"""Every route of the workbench with what it needs: for the reference page and the test that no route is forgotten."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from crossdock.landscape.models import Environment
from crossdock.ledger.database import LedgerLocation, configure
from crossdock.workbench.start import Start


@dataclass(frozen=True, slots=True)
class Route:
    """One route. `permission` is `public`, a permission, or empty when none was declared: a defect."""

    path: str
    name: str
    methods: tuple[str, ...]
    permission: str
    summary: str
    api: bool


def routes() -> list[Route]:
    """All routes of a configured process."""
    from crossdock.workbench.api import api
    from crossdock.workbench.urls import urlpatterns

    return sorted([*_pages(urlpatterns, "/"), *_operations(api)], key=lambda route: (route.api, route.path, route.methods))


def _pages(patterns: Sequence[Any], before: str, space: str = "") -> Iterator[Route]:
    for pattern in patterns:
        path = before + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            if pattern.namespace != "api":
                yield from _pages(pattern.url_patterns, path, f"{pattern.namespace}:" if pattern.namespace else space)
            continue
        view = pattern.callback
        summary = (view.__doc__ or "").strip().partition("\n")[0]
        methods = tuple(getattr(view, "methods", ()))
        yield Route(path, f"{space}{pattern.name}", methods, str(getattr(view, "permission", "")), summary, api=False)


def _operations(api: Any) -> Iterator[Route]:
    for prefix, router in api._routers:
        for path, view in router.path_operations.items():
            for operation in view.operations:
                permission = str(getattr(operation.view_func, "permission", ""))
                whole = re.sub(r"//+", "/", f"/api/{prefix}/{path}")
                yield Route(
                    whole, operation.view_func.__name__, tuple(operation.methods), permission, operation.summary or "", api=True
                )


def main() -> None:
    """Print all routes as JSON, without a ledger or a landscape."""
    from crossdock.workbench.settings import project

    location = LedgerLocation("sqlite", Path("/nowhere.sqlite3"))
    start = Start(Path(), "", location, Path())
    configure(location, project(start, Environment(name="reference"), "reference" * 8))
    sys.stdout.buffer.write(orjson.dumps([asdict(route) for route in routes()], option=orjson.OPT_INDENT_2) + b"\n")


if __name__ == "__main__":
    main()
