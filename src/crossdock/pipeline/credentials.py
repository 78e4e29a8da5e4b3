"""Keeps an eye on credentials for one hub: what was revoked reaches it within a second, uses are counted, owners are told in time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from crossdock.core.errors import LedgerUnavailable
from crossdock.landscape.landscape import Landscape
from crossdock.ledger import vault as ledger
from crossdock.ledger.ids import Numbers
from crossdock.ledger.session import Session
from crossdock.ledger.store import Store
from crossdock.ledger.times import micros
from crossdock.ledger.vault import Standing
from crossdock.monitoring import phrases
from crossdock.monitoring.condition import CREDENTIAL, Condition
from crossdock.security.vault.catalogue import Named, credentials, kept_since, stand
from crossdock.security.vault.governed import LOOK_EVERY, GovernedSecrets

log = logging.getLogger("crossdock.credentials")
LANE: Final = 901
"""Name of the eye's own connection: it must not wait behind somebody's long question."""
TIDY_EVERY: Final = 3600.0


class Eye:
    """One task of every hub. `run` until cancelled, then `close`."""

    def __init__(self, secrets: GovernedSecrets, store: Store, numbers: Numbers) -> None:
        self._secrets = secrets
        self._store = store
        self._numbers = numbers
        self._lane = store.another_reader(LANE)

    async def look(self) -> None:
        """Look once at what was revoked or changed. Raises `LedgerUnavailable`."""
        await self._lane.do(self._secrets.see)

    async def run(self) -> None:
        """Look every second; while the ledger is away, credentials are soon not given out any more."""
        while True:
            try:
                await self.look()
                uses = self._secrets.counted()
                if uses:
                    await self._store.work.do(lambda session, uses=uses: ledger.used(session, self._numbers, uses))  # type: ignore[misc]
            except LedgerUnavailable as error:
                log.info("what was revoked cannot be seen: %s", error.code)
            await asyncio.sleep(LOOK_EVERY)

    async def keep(self) -> None:
        """Keep the last uses, when the hub stops."""
        uses = self._secrets.uses()
        if uses:
            try:
                await self._store.work.do(lambda session: ledger.used(session, self._numbers, uses))
            except LedgerUnavailable as error:
                log.info("the last uses of credentials are not kept: %s", error.code)

    def close(self) -> None:
        self._lane.close()


class Warnings:
    """What owners of credentials have to be told, as conditions for the watch."""

    def __init__(self, landscape: Landscape) -> None:
        self._named = credentials(landscape)
        self._folder: Path = landscape.home / landscape.environment.vault.secrets

    def __call__(self, session: Session, now: datetime) -> list[Condition]:
        known = ledger.standings(session)
        return [found for each in self._named if (found := self._condition(each, known, now)) is not None]

    def _condition(self, each: Named, known: Mapping[str, Standing], now: datetime) -> Condition | None:
        standing = known.get(each.reference, Standing(each.reference))
        at = micros(now)
        facts = {"whose": each.whose, "purpose": each.purpose}
        if standing.note and not standing.stage:
            return _told(each, "critical", phrases.CREDENTIAL_FAILED % facts, standing.note, standing.stage_at or at)
        due = stand(each, standing, kept_since(each.reference, self._folder), now)
        if not due.warn or (each.rule.automatic and each.rotation.by in ("system", "hub") and not due.over):
            return None
        day = min(filter(None, (due.next, due.expires)))
        if due.expires is not None and due.expires - now <= each.rule.warn:
            title = phrases.CREDENTIAL_EXPIRES % {**facts, "day": f"{due.expires:%Y-%m-%d}"}
            return _told(each, "critical" if due.over else "warning", title, each.rotation.says, micros(day) if due.over else at)
        return _told(each, "warning", phrases.CREDENTIAL_DUE % {**facts, "day": f"{day:%Y-%m-%d}"}, each.rotation.says, at)


def _told(each: Named, severity: str, title: str, text: str, since: int) -> Condition:
    return Condition(
        f"{CREDENTIAL}:{each.system}:{each.transport}:{each.purpose}", CREDENTIAL, severity, each.owner, title, text, since, since,
        system=each.system, subject=each.reference,
    )  # fmt: skip
