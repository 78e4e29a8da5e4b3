"""A command on its way: the delivery as the dispatcher holds it, and one finished attempt; knows no queue and no connector."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import orjson

from crossdock.connectors.http import Exchange
from crossdock.core.commands import Command
from crossdock.core.errors import ContentWithheld
from crossdock.core.outcomes import Effect, Outcome
from crossdock.ledger.payloads import pack, unpack
from crossdock.ledger.session import Row
from crossdock.ledger.states import DeliveryState
from crossdock.ledger.times import micros, moment

NEVER: Final = 2**62
"""A `next_at` that never comes: a person has to act first."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What of a command leaves: `sent` without the fields its receiver is not entitled to, or the error because of which none of it does."""

    of: Command
    sent: Command | ContentWithheld
    withheld: tuple[str, ...] = ()


@dataclass(slots=True)
class Delivery:
    """One delivery. `number` is its ledger number; times are microseconds since 1970."""

    number: int
    command: Command
    partition: int
    state: DeliveryState
    attempts: int
    next_at: int
    created_at: int
    cause: int = 0
    fresh: bool = False
    """Not in the ledger yet."""
    busy: bool = False
    """An attempt is planned or under way."""
    names: tuple[str, ...] | None = None
    """What it writes in the target (`Connector.serial`); asked once."""
    questions: int = 0
    """How often the target was asked whether an uncertain effect happened."""
    outgoing: Outgoing | None = None
    """What of the command may leave to its system; found once for each version of the command."""


@dataclass(slots=True)
class Done:
    """One finished attempt: `kind` is `deliver` or `reconcile`."""

    delivery: Delivery
    kind: str
    result: Outcome | Effect
    started_at: datetime
    seconds: float
    exchanges: list[Exchange] = field(default_factory=list)
    span: int = 0
    """The span id of the attempt (`correlation.attempt_span`); for the first of a call it is what the target saw."""


def from_row(row: Row) -> Delivery:
    """A delivery from the ledger (`ledger.work.DELIVERY_FIELDS`)."""
    (number, command_id, name, system, flow, key, partition, budget, data, state, attempts, next_at, deadline, correlation, created, cause) = row  # fmt: skip
    command = Command(
        id=command_id,
        name=name,
        system=system,
        key=key,
        data=orjson.loads(unpack(data)),
        flow=flow,
        budget=budget,
        deadline=None if deadline is None else moment(deadline),
        correlation=correlation,
    )
    return Delivery(number, command, partition, DeliveryState(state), attempts, next_at, created, cause or 0)


def to_row(delivery: Delivery, identity: bytes) -> Row:
    """The ledger row of a new delivery (`ledger.batch.DELIVERY_COLUMNS`)."""
    command = delivery.command
    return (
        delivery.number,
        identity,
        command.id,
        command.name,
        command.system,
        command.flow,
        command.key,
        delivery.partition,
        command.budget,
        pack(orjson.dumps(command.data)),
        int(delivery.state),
        delivery.attempts,
        delivery.next_at,
        None if command.deadline is None else micros(command.deadline),
        delivery.created_at,
        None,
        None,
        command.correlation,
        delivery.cause,
    )


def exchanges_blob(exchanges: list[Exchange]) -> bytes | None:
    """What crossed the wire in an attempt, packed: [method, url, status, milliseconds, sent, answered] each."""
    if not exchanges:
        return None
    rows: list[list[Any]] = [
        [
            e.method,
            e.url,
            e.status,
            round(e.seconds * 1000),
            e.sent.decode("utf-8", "replace"),
            e.answered.decode("utf-8", "replace"),
        ]
        for e in exchanges
    ]
    return pack(orjson.dumps(rows))
