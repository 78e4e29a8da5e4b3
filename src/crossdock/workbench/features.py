"""What the workbench is made of: each feature is a folder of one shape (urls, views, api, service, templates) and a line here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext_lazy

from crossdock.security.roles import Permission


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the navigation: title, name of its URL, and the permission that shows it. `daily` ones stand first; the others are how
    the hub itself is governed and kept."""

    title: object
    url: str
    permission: Permission
    daily: bool = True


@dataclass(frozen=True, slots=True)
class Feature:
    """A folder of `crossdock.workbench`. `pages` is where its `urls.py` hangs, `api` where the router of its `api.py` hangs (both
    None when it has none), `models` whether it is a Django application with tables, `entries` its part of the navigation."""

    folder: str
    pages: str | None = None
    api: str | None = None
    models: bool = False
    entries: tuple[Entry, ...] = ()


def _feature(folder: str, *entries: Entry, models: bool = False, pages: str = "") -> Feature:
    """A feature whose pages and API hang where its folder says (its pages elsewhere when `pages` says so)."""
    return Feature(folder, pages or f"{folder}/", f"/{folder}", models, entries)


FEATURES: Final[tuple[Feature, ...]] = (
    _feature("exceptions", Entry(gettext_lazy("Exceptions"), "exceptions:inbox", Permission.EXCEPTIONS_SEE), models=True),
    _feature("jobs", Entry(gettext_lazy("Bulk jobs"), "jobs:jobs", Permission.EXCEPTIONS_BULK)),
    _feature(
        "board",
        Entry(gettext_lazy("Board"), "board:board", Permission.BOARD_SEE),
        Entry(gettext_lazy("Standstill"), "board:cost", Permission.BOARD_SEE),
    ),
    _feature("transactions", Entry(gettext_lazy("Transactions"), "transactions:search", Permission.TRANSACTIONS_SEE)),
    _feature("dashboards", Entry(gettext_lazy("Dashboards"), "dashboards:overview", Permission.DASHBOARDS_SEE)),
    _feature("finance", Entry(gettext_lazy("Finance"), "finance:carriers", Permission.FINANCE_SEE)),
    _feature("portal", Entry(gettext_lazy("Purchase orders"), "portal:orders", Permission.PORTAL_SEE), models=True),
    Feature("customer", api="/customer"),
    _feature(
        "accounts",
        Entry(gettext_lazy("People and keys"), "accounts:people", Permission.ACCOUNTS_MANAGE, daily=False),
        models=True,
        pages="account/",
    ),
    _feature("onboarding", Entry(gettext_lazy("Partners"), "onboarding:partners", Permission.PARTNERS_MANAGE, daily=False)),
    _feature("ownership", Entry(gettext_lazy("Ownership"), "ownership:matrix", Permission.SETTINGS_SEE, daily=False)),
    _feature("audit", Entry(gettext_lazy("Audit"), "audit:search", Permission.AUDIT_SEE, daily=False)),
    _feature("setup", Entry(gettext_lazy("Set-up"), "setup:overview", Permission.SETTINGS_SEE, daily=False)),
    _feature("changes", Entry(gettext_lazy("Changes"), "changes:requests", Permission.CHANGES_SEE, daily=False)),
    _feature("credentials", Entry(gettext_lazy("Credentials"), "credentials:overview", Permission.SETTINGS_SEE, daily=False)),
    _feature("releases", Entry(gettext_lazy("Releases"), "releases:history", Permission.SETTINGS_SEE, daily=False)),
    _feature("regions", Entry(gettext_lazy("Regions"), "regions:overview", Permission.SETTINGS_SEE, daily=False)),
    _feature("drills", Entry(gettext_lazy("Drills"), "drills:checklist", Permission.SETTINGS_SEE, daily=False)),
    _feature("capacity", Entry(gettext_lazy("Capacity"), "capacity:review", Permission.SETTINGS_SEE, daily=False)),
    _feature("advice", Entry(gettext_lazy("Advice"), "advice:advice", Permission.SETTINGS_SEE, daily=False)),
)
"""In the order of the navigation. A new feature adds its line here and nothing else: settings, urls and api read this list."""

LANDING: Final = ("exceptions:inbox", "board:board", "portal:orders", "accounts:me")
"""Names of URLs `/` leads to: the first that exists."""
