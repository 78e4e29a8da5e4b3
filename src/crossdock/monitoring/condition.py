"""Something a team has to know now, as it is seen in one look; knows no route and no ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

EXCEPTIONS, NEARING, SILENT, SLOW, DEGRADED, CREDENTIAL, HUB, DIGEST = (
    "exceptions", "expectation", "feed_silent", "feed_slow", "system_degraded", "credential", "hub", "digest",
)  # fmt: skip
"""Kinds of alerts; the last is the hub's own note of when a team got its digest."""

RANK: Final = {"info": 0, "warning": 1, "critical": 2}


@dataclass(frozen=True, slots=True)
class Condition:
    """What is wrong. `identity` stays the same while it lasts; times are microseconds since 1970.

    `newest` is when the last thing joined it, `taken` says that people already work on all of it. `subject` is what the page about it
    shows: a fingerprint, an expectation's name, a channel.
    """

    identity: str
    kind: str
    severity: str
    owner: str
    title: str
    text: str
    since: int
    newest: int
    count: int = 1
    flow: str = ""
    system: str = ""
    subject: str = ""
    taken: bool = False
    code: str = ""
