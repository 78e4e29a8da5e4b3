"""How far each partner is: its reviewed file and what was said on this hub, the lesser of both; what is refused because of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from crossdock.core.errors import CrossdockError, PartnerNotAdmitted, PartnerSuspended
from crossdock.landscape.landscape import Landscape
from crossdock.ledger.onboarding import Step

RANK: Final = {"suspended": 0, "draft": 1, "testing": 2, "live": 3}
"""What a partner may do, from nothing to everything."""
TECHNICAL: Final = frozenset({"interchange.received", "document.sent", "document.acknowledged"})
"""Events of a partnership under test that are worked on: its interchanges are acknowledged, and nothing else comes of them."""
MARKS_TESTS: Final = frozenset({"edi"})
"""Kinds of systems that mark what they send to a partner under test as a test."""


class Standing:
    """The standing of every system's partner. A system of no partner is always live."""

    def __init__(self, landscape: Landscape) -> None:
        self._declared = {name: str(partner.state) for name, partner in landscape.partners.items()}
        self._titles = {name: partner.title or name for name, partner in landscape.partners.items()}
        self._partner = {system: name for name, partner in landscape.partners.items() for system in partner.systems}
        self._marks = {name for name, system in landscape.systems.items() if system.kind in MARKS_TESTS}
        self._said: Mapping[str, Step] = {}

    def take(self, said: Mapping[str, Step]) -> None:
        """Take over what was said on this hub, by partner."""
        self._said = said

    def of_partner(self, partner: str) -> str:
        """A partner's state: `suspended`, `draft`, `testing` or `live`."""
        declared = self._declared.get(partner, "live")
        said = self._said.get(partner)
        return declared if said is None else min(declared, said.outcome, key=lambda state: RANK.get(state, 0))

    def of(self, system: str) -> str:
        """The state of a system's partner."""
        partner = self._partner.get(system)
        return "live" if partner is None else self.of_partner(partner)

    def refusal(self, system: str) -> CrossdockError | None:
        """Why nothing is taken from a system now; None when it is (of a partner under test for the test only)."""
        state = self.of(system)
        if state in ("live", "testing"):
            return None
        return self._error(system, state)

    def outward(self, system: str) -> CrossdockError | None:
        """Why nothing may be told to a system now. A partner under test is told only what is marked as a test."""
        state = self.of(system)
        if state == "live" or (state == "testing" and system in self._marks):
            return None
        if system in self._marks and self._declared[self._partner[system]] in ("draft", "suspended"):
            return None  # its connector says so and parks the channel: what waits goes on by itself
        return self._error(system, state)

    def asking(self, system: str) -> CrossdockError | None:
        """Why a system's questions are not answered; only who is live asks systems that are."""
        state = self.of(system)
        return None if state == "live" else self._error(system, state)

    def only_tested(self, system: str, event: str) -> str:
        """Why an event must have no effect; empty when it may."""
        if event in TECHNICAL or self.of(system) == "live":
            return ""
        return f"{self._titles.get(self._partner.get(system, ''), system)} is under test: nothing takes effect"

    def _error(self, system: str, state: str) -> CrossdockError:
        partner = self._partner[system]
        title = self._titles[partner]
        if state == "suspended":
            said = self._said.get(partner)
            suspended = said is not None and said.outcome == "suspended"
            reason = str(said.detail.get("reason", "")) if suspended and said is not None else ""
            by = said.author if suspended and said is not None else "its reviewed file"
            why = f": {reason}" if reason else ""
            return PartnerSuspended(f"{title} is suspended{why}", partner=partner, by=by, reason=reason)
        return PartnerNotAdmitted(f"{title} is not live yet ({state})", partner=partner, state=state)
