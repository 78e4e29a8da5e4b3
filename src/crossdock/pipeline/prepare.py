"""Steps two to four for one message after another: normalized, validated and authorized, whichever micro-batch it will belong to; writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from crossdock.connectors.protocol import Connector, Inbound
from crossdock.core.errors import CrossdockError
from crossdock.ledger.work import TakenMessage
from crossdock.pipeline.normalize import normalize, refusals, split
from crossdock.pipeline.validate import Validator
from crossdock.pipeline.work import EventWork


@dataclass(slots=True)
class Prepared:
    """What became of a message before anything is sequenced: its events, or the error for a person."""

    mapping: str
    """The connector and the version of its mapping."""
    works: list[EventWork] = field(default_factory=list)
    error: CrossdockError | None = None
    parts: Sequence[Inbound] = ()
    """Messages it carries: an interchange's documents."""
    told: list[EventWork] = field(default_factory=list)
    """What the sender of a message that failed has to hear, as events of its system."""
    refused: EventWork | None = None
    """The event the error is about, when the mapping got that far: it names the transaction."""


class Preparer:
    """Prepares messages. What it says depends on the message alone, so it may be asked before the micro-batch begins."""

    def __init__(
        self, connectors: Mapping[str, Connector], validator: Validator, partitions: int, number: Callable[[], int]
    ) -> None:
        self._connectors = connectors
        self._validator = validator
        self._partitions = partitions
        self._number = number

    def __call__(self, message: TakenMessage) -> Prepared:
        """The message's events, or its error. Raises only what is a defect of the hub."""
        connector = self._connectors.get(message.system)
        prepared = Prepared(f"{connector.kind}/{connector.mapping_version}" if connector else "")
        try:
            works = normalize(message, self._connectors, self._partitions, self._number)
            for work in works:
                prepared.refused = work
                self._validator.check(work)
            prepared.parts = split(message, self._connectors)
        except CrossdockError as error:
            prepared.error = error
            prepared.told = refusals(message, error, self._connectors, self._partitions, self._number)
        else:
            prepared.works, prepared.refused = works, None
        return prepared
