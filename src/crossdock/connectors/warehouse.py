"""What every connector to a warehouse reads from its commands, `fulfilment.release` and `fulfilment.cancel`; knows no transport."""

from __future__ import annotations

from collections.abc import Mapping

from crossdock.canonical.fulfilment import FulfilmentOrder
from crossdock.connectors.document import parse
from crossdock.connectors.wrong_fields import refusal
from crossdock.core.commands import Command


def released(command: Command) -> FulfilmentOrder:
    """The fulfilment order that a `fulfilment.release` carries. Raises `SchemaInvalid` naming every wrong field."""
    return parse(FulfilmentOrder, command.data.get("fulfilment"), "fulfilment")


def fulfilment_number(command: Command) -> str:
    """The number of the fulfilment a command is about. Raises `SchemaInvalid`."""
    fulfilment = command.data.get("fulfilment")
    number = command.data.get("fulfilment_number") or (fulfilment.get("number") if isinstance(fulfilment, Mapping) else None)
    if not isinstance(number, str) or not number:
        raise refusal("the command names no fulfilment", "fulfilment_number", "is missing", "missing")
    return number
