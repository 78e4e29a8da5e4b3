"""The inbox's filter as its URL says it, and back: names people use (region, partner, hours) become what the ledger compares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlencode

from crossdock.landscape.landscape import Landscape
from crossdock.ledger.inbox import STANDINGS, Filter

HOUR: Final = 3_600_000_000
NAMES: Final = ("owner", "assignee", "flow", "system", "code", "step", "fingerprint", "key")
OWN: Final = ("standing", *NAMES, "region", "partner", "older", "newer", "due")
"""Everything a filter's URL may say; `older`, `newer` and `due` are hours."""
ME: Final = "me"
"""Stands for whoever looks, so that a shared filter is everybody's own."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen, as the URL says it."""

    said: Mapping[str, str]

    @property
    def query(self) -> str:
        """The query string, the same for the same choice."""
        return urlencode(sorted(self.said.items()))

    def without(self, *names: str, **more: str) -> str:
        """The query string with some names left out and others added."""
        return urlencode(sorted({**{name: value for name, value in self.said.items() if name not in names}, **more}.items()))


def read(given: Mapping[str, str]) -> Choice:
    """The choice of a URL; names that are no filter are left out, hours that are none too."""
    said = {name: str(given.get(name, "")).replace("\x00", "").strip()[:300] for name in OWN}
    for name in ("older", "newer", "due"):
        if not _hours(said[name]):
            said[name] = ""
    if said["due"] and said["due"] != "late" and not _hours(said["due"]):
        said["due"] = ""
    if said["standing"] not in STANDINGS or said["standing"] == "open":
        said["standing"] = ""
    return Choice({name: value for name, value in said.items() if value})


def chosen(choice: Choice, landscape: Landscape, person: str, now: int) -> Filter:
    """The ledger's filter of a choice."""
    said = choice.said
    found = Filter.from_dict({name: said[name] for name in ("standing", *NAMES) if name in said})
    if found.assignee == ME:
        found = replace(found, assignee=person)
    systems = _systems(said, landscape)
    if systems is not None:
        found = replace(found, systems=systems)
    if "older" in said:
        found = replace(found, before=now - int(float(said["older"]) * HOUR))
    if "newer" in said:
        found = replace(found, since=now - int(float(said["newer"]) * HOUR))
    if "due" in said:
        found = replace(found, due_before=now + int(float(said["due"]) * HOUR))
    return replace(found, within=within(landscape))


def within(landscape: Landscape) -> int | None:
    """Microseconds in which an exception without a deadline has to be answered."""
    agreed = landscape.policies.exceptions.respond_within
    return None if agreed is None else int(agreed.total_seconds() * 1_000_000)


def _systems(said: Mapping[str, str], landscape: Landscape) -> tuple[str, ...] | None:
    region, partner = said.get("region"), said.get("partner")
    if not region and not partner:
        return None
    kept = set(landscape.systems)
    if region:
        kept &= {name for name, system in landscape.systems.items() if system.region == region}
    if partner:
        known = landscape.partners.get(partner)
        kept &= set(known.systems) if known else set()
    return tuple(sorted(kept))


def _hours(text: str) -> bool:
    try:
        return 0 <= float(text) <= 100_000
    except ValueError:
        return False
