"""Whether the finalizer of an event really closed it: a timer for each such event, and what is said of those that are not; knows no workflow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from crossdock.core.errors import NotFinalized
from crossdock.landscape.landscape import Landscape, players
from crossdock.ledger.closing import Asked
from crossdock.ledger.session import Row

PREFIX: Final = "finalized/"
"""How the names of these timers begin; the event's type and number follow."""


@dataclass(frozen=True, slots=True)
class Closing:
    """Who closes an event, within which time, and the team that hears of it when nobody did."""

    systems: frozenset[str]
    within: timedelta
    owner: str


class Finalizers:
    """Who finalizes what, resolved from the landscape."""

    def __init__(self, landscape: Landscape) -> None:
        roles = players(landscape.flows.values())
        self._closing: dict[str, Closing] = {}
        for event, who in landscape.ownership_file.events.items():
            systems = [system for name in who.finalizes for system in roles.get(name, (name,))]
            owned = [landscape.systems[system].owner for system in systems if system in landscape.systems]
            if systems and who.closed_within:
                self._closing[event] = Closing(frozenset(systems), who.closed_within, next((o for o in owned if o), "") or "")

    def of(self, event: str, source: str = "") -> Closing | None:
        """Who has to close an event; None when nobody does, or when the one who told it closed it by telling."""
        found = self._closing.get(event)
        return None if found is None or source in found.systems else found

    def asked(self, rows: Iterable[Row]) -> list[Asked]:
        """What the ledger is asked about timers that have come (`ledger.work.take_due`)."""
        found = []
        for number, key, _flow, name, *_ in rows:
            if str(name).startswith(PREFIX):
                event, _, since = str(name).removeprefix(PREFIX).rpartition("/")
                closing = self._closing.get(event)
                if closing is not None and since.isdecimal():
                    found.append(Asked(int(number), str(key), event, int(since), closing.systems))
        return found

    def missed(self, name: str, known: Mapping[str, str]) -> NotFinalized | None:
        """The error of a timer nobody closed the event of; None when the landscape says nothing of it any more. `known` are titles."""
        event = name.removeprefix(PREFIX).rpartition("/")[0]
        closing = self._closing.get(event)
        if closing is None:
            return None
        systems = sorted(closing.systems)
        who = " or ".join(known.get(each) or each for each in systems)
        return NotFinalized(f"{who} has not closed {event} in time", event=event, finalizers=systems, owner=closing.owner)


def timer(event: str, number: int) -> str:
    """The name of an event's timer."""
    return f"{PREFIX}{event}/{number}"
