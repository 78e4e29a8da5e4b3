"""One of the two landscapes of a trial, brought to life without being started: no connection is opened, nothing is called."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from crossdock.core.clock import SystemClock
from crossdock.landscape.landscape import Landscape
from crossdock.landscape.secrets import SecretReferences, vault_of
from crossdock.landscape.valuemaps import CodeTables
from crossdock.ledger.database import LedgerLocation
from crossdock.ledger.work import TakenMessage
from crossdock.pipeline.prepare import Prepared, Preparer
from crossdock.pipeline.runtime import Runtime, build
from crossdock.pipeline.validate import validator_of


@dataclass(frozen=True, slots=True)
class Told:
    """What one event of a message is under a landscape: its document, and the flows that would take it."""

    type: str
    key: str
    document: dict[str, Any]
    flows: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of a message under a landscape: its events, or the code of the error by which a person would be asked."""

    events: tuple[Told, ...] = ()
    parts: tuple[str, ...] = ()
    error: str = ""
    says: str = ""


class Side:
    """A landscape that maps, validates, authorizes, routes and decides, and does nothing else. `home` is where bindings and secrets are."""

    def __init__(
        self, landscape: Landscape, home: Path, entries: list[tuple[str, str, str]], location: LedgerLocation | None = None
    ) -> None:
        self.landscape = landscape
        vault = landscape.environment.vault
        secrets = SecretReferences(home / vault.secrets, vault=vault_of(vault, home, location))
        tables = CodeTables(landscape.value_maps)
        tables.add([each for each in entries if each[0] in landscape.value_maps])
        self.runtime: Runtime = build(landscape, secrets, tables, SystemClock())
        connectors = {name: each.connector for name, each in self.runtime.participants.items()}
        self._prepare = Preparer(
            connectors, validator_of(landscape, lambda: datetime.now(UTC).date()), landscape.partitions, lambda: 0
        )

    def prepared(self, message: TakenMessage) -> Prepared:
        """Steps two to four."""
        return self._prepare(message)

    def outcome(self, message: TakenMessage) -> tuple[Outcome, Prepared | None]:
        """What becomes of a message; a defect of the hub counts as one of the landscape, which is what met it."""
        try:
            found = self._prepare(message)
        except Exception as error:
            return Outcome(error="hub.defect", says=type(error).__name__), None
        if found.error is not None:
            return Outcome(error=found.error.code, says=found.error.message), found
        events = tuple(
            Told(
                work.event.type, work.event.key, orjson.loads(work.body),
                tuple(sorted(flow.name for flow in self.landscape.flows_for(work.event.type, work.event.source))),
            )
            for work in found.works
        )  # fmt: skip
        return Outcome(events, tuple(f"{part.system or message.system} {part.topic}" for part in found.parts)), found
