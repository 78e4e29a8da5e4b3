"""The content filter on the way out: what of a delivery may leave to its system, before anything is sent; knows no connector."""

from __future__ import annotations

from dataclasses import replace

from crossdock.core.errors import ContentWithheld
from crossdock.pipeline.delivery import Delivery, Outgoing
from crossdock.security.content_filter import ContentFilter


def outgoing(delivery: Delivery, content: ContentFilter) -> Outgoing:
    """What may leave of a delivery's command. Found again when a person corrected the command."""
    known, command = delivery.outgoing, delivery.command
    if known is not None and known.of is command:
        return known
    try:
        data, fields = content.command(command.name, command.data)
    except ContentWithheld as error:
        found = Outgoing(command, error, tuple(error.detail.get("fields", ())))
    else:
        found = Outgoing(command, replace(command, data=data) if fields else command, fields)
    delivery.outgoing = found
    return found
