"""Control numbers as connectors are given them: by the ledger, durable before the connector hears them; knows no standard."""

from __future__ import annotations

from crossdock.connectors.protocol import Given
from crossdock.core.clock import Clock
from crossdock.ledger.control_numbers import give, referred
from crossdock.ledger.ids import Numbers
from crossdock.ledger.store import Store
from crossdock.ledger.times import micros, moment

ACKNOWLEDGED = "edi:acknowledged"
"""Scheme of the references under which processes register what partners acknowledged."""


class LedgerNumbers:
    """Gives control numbers. Not on the worker's lane: its transactions may be long, and a number must not wait for them."""

    def __init__(self, store: Store, numbers: Numbers, clock: Clock) -> None:
        self._store = store
        self._numbers = numbers
        self._clock = clock

    async def give(self, scope: str, command: str, first: int = 1) -> Given:
        """The number of a command in a scope. Raises `LedgerUnavailable`."""
        record, at = self._numbers.next(), micros(self._clock.now())
        number, given_at = await self._store.intake.do(lambda session: give(session, record, scope, command, at, first))
        return Given(number, moment(given_at))

    async def acknowledged(self, identity: str) -> bool:
        """Whether a process has registered an acknowledgement of this name. Raises `LedgerUnavailable`."""
        return bool(await self._store.read.do(lambda session: referred(session, ACKNOWLEDGED, identity)))
