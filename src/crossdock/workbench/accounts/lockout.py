"""Keeps failed sign-ins and says whether the door is closed; the rule itself is in `security.lockout`."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from crossdock.security.lockout import RULES, closed_until, subjects
from crossdock.workbench.accounts.models import Failure
from crossdock.workbench.recording import record


def closed(name: str, address: str) -> datetime | None:
    """Until when this name cannot sign in from this address; None when it can."""
    now = timezone.now()
    times: dict[str, list[datetime]] = {}
    for kind, subject in subjects(name, address).items():
        rule = RULES[kind]
        rows = Failure.objects.filter(subject=subject, at__gt=now - rule.window).order_by("-at")
        times[kind] = list(rows.values_list("at", flat=True)[: rule.failures])
    return closed_until(times, now)


def failed(name: str, address: str) -> None:
    """Count a failed sign-in; the one that closes the door is recorded as such."""
    now = timezone.now()
    Failure.objects.bulk_create(Failure(subject=subject, at=now) for subject in subjects(name, address).values())
    Failure.objects.filter(at__lt=now - max(rule.window for rule in RULES.values())).delete()
    until = closed(name, address)
    tag = "workbench:account:locked" if until else "workbench:account:refused"
    record(tag, name[:150] or "nobody", address=address, until=until)


def opened(name: str, address: str) -> None:
    """Somebody signed in: what they failed before from this address no longer counts."""
    Failure.objects.filter(subject=subjects(name, address)["pair"]).delete()


def forget(name: str) -> None:
    """An administrator lets somebody try again at once, from everywhere."""
    low = subjects(name, "")["name"].removeprefix("name:")
    Failure.objects.filter(subject=f"name:{low}").delete()
    Failure.objects.filter(subject__startswith=f"pair:{low}|").delete()
