"""The reference of roles and permissions: what each role grants, and what each page and each operation of the API needs."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from crossdock.security.roles import GRANTS, WHOLE_HUB, Permission, Role
from docs.generator.markdown import page, table


def routes() -> list[dict[str, Any]]:
    """Every route, listed by a process of its own: Django is configured once per process."""
    done = subprocess.run([sys.executable, "-m", "crossdock.workbench.routes"], capture_output=True, check=True)
    return list(json.loads(done.stdout))


def permissions_page() -> str:
    """`docs/reference/permissions.md`."""
    found = routes()
    roles = list(Role)
    granted = [
        (f"`{each}`", each.says, *("yes" if each in GRANTS[role] or each is Permission.OWN_ACCOUNT else "" for role in roles))
        for each in Permission
    ]
    pages = [route for route in found if not route["api"] and route["permission"] != "public"]
    operations = [route for route in found if route["api"]]
    lines = [
        "Who may do what is decided in one place (`security/access.py`). A role is given for the whole hub, or for flows, partners (systems), regions and",
        "data classes ([how](../how-to/give-people-roles.md)); several roles add up. What somebody may not see answers 404, and is recorded.",
        "",
        "## Roles",
        "",
        *table(("permission", "allows", *(role.shown.lower() for role in roles)), granted),
        "",
        f"Only for the whole hub, never for a part of it: {', '.join(f'`{each}`' for each in Permission if each in WHOLE_HUB)}.",
        "",
        "## Pages",
        "",
        *table(("path", "methods", "needs"), ((f"`{r['path']}`", _methods(r), f"`{r['permission']}`") for r in pages)),
        "",
        "## Operations of the API",
        "",
        "With schemas and answers in `/api/openapi.json` of a running hub. A key's scopes are permissions ([how](../how-to/make-an-api-key.md)).",
        "",
        *table(
            ("operation", "does", "needs"),
            ((f"`{_methods(r)} {r['path']}`", r["summary"], f"`{r['permission']}`") for r in operations),
        ),
    ]
    return page("Roles and permissions", *lines)


def _methods(route: dict[str, Any]) -> str:
    return ", ".join(method for method in route["methods"] if method != "HEAD")
