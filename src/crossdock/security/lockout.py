"""When too many failed sign-ins close the door for a while; counts only, knows no account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final


@dataclass(frozen=True, slots=True)
class Rule:
    """More than `failures` within `window` close the door until the oldest of them is that long ago."""

    failures: int
    window: timedelta


RULES: Final[Mapping[str, Rule]] = {
    "pair": Rule(5, timedelta(minutes=15)),
    "name": Rule(50, timedelta(hours=1)),
    "address": Rule(100, timedelta(minutes=15)),
}
"""One name from one address is closed soon; one name from everywhere later, so that a stranger cannot easily lock somebody out;
one address for all names, so that nobody tries one password on everybody, though an office behind one address may mistype."""


def subjects(name: str, address: str) -> dict[str, str]:
    """What a failed sign-in counts against, by kind of rule."""
    low = name.strip().lower()[:80]
    return {"pair": f"pair:{low}|{address}", "name": f"name:{low}", "address": f"address:{address}"}


def closed_until(failures: Mapping[str, Sequence[datetime]], now: datetime) -> datetime | None:
    """Until when nobody gets in, given the times of failures by kind of rule; None when the door is open."""
    found: list[datetime] = []
    for kind, times in failures.items():
        rule = RULES[kind]
        recent = sorted(at for at in times if at > now - rule.window)
        if len(recent) >= rule.failures:
            found.append(recent[-rule.failures] + rule.window)
    return max(found, default=None)
