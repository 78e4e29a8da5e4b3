"""transfer.track: tracking numbers on the transfer, milestones as notes in its history, each once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crossdock.canonical.shipment import Milestone
from crossdock.connectors.odoo.chatter import Chatter
from crossdock.connectors.odoo.client import OdooClient
from crossdock.connectors.odoo.subject import transfer_id
from crossdock.connectors.odoo.values import canonical, text
from crossdock.core.commands import Command
from crossdock.core.outcomes import Accepted


def milestone_identity(id_: int, milestone: Milestone) -> tuple[str, ...]:
    """What makes a milestone the same one: transfer, shipment, what happened and when."""
    return (str(id_), milestone.tracking_number, milestone.code, milestone.at.isoformat())


def milestone_words(milestone: Milestone) -> str:
    """A milestone as people read it in the transfer's history."""
    place = f" ({milestone.location})" if milestone.location else ""
    told = f": {milestone.description}" if milestone.description else ""
    return f"{milestone.carrier or 'Carrier'} {milestone.tracking_number}: {milestone.code.replace('_', ' ')}{told}{place}, {milestone.at:%Y-%m-%d %H:%M} UTC"


def with_number(there: str, tracking: str) -> str:
    """The tracking reference with one number more; a transfer may leave in several parcels, so earlier numbers stay."""
    numbers = [part.strip() for part in there.split(",") if part.strip()]
    return there if not tracking or tracking in numbers else ",".join([*numbers, tracking])


class Tracking:
    """Writes tracking on transfers."""

    def __init__(self, client: OdooClient, chatter: Chatter) -> None:
        self._client = client
        self._chatter = chatter

    async def track(self, command: Command) -> Accepted:
        """Carry out `transfer.track`. Raises outcome errors."""
        id_ = transfer_id(command)
        row = await self._client.read_one("stock.picking", id_, ["carrier_tracking_ref"])
        there = text(row["carrier_tracking_ref"])
        wanted = with_number(there, str(command.data.get("tracking_number") or ""))
        if wanted != there:
            await self._client.call("stock.picking", "write", ids=[id_], vals={"carrier_tracking_ref": wanted})
        milestone = self._milestone(command)
        if milestone is not None:
            await self._chatter.note("stock.picking", id_, milestone_words(milestone), *milestone_identity(id_, milestone))
        return Accepted({})

    async def find(self, command: Command) -> Mapping[str, Any] | None:
        """An empty acknowledgement when number and milestone are on the transfer, None when they are not."""
        id_ = transfer_id(command)
        row = (await self._client.read("stock.picking", [id_], ["carrier_tracking_ref"])).get(id_)
        if row is None:
            return None
        there = text(row["carrier_tracking_ref"])
        if with_number(there, str(command.data.get("tracking_number") or "")) != there:
            return None
        milestone = self._milestone(command)
        if milestone is not None and not await self._chatter.written("stock.picking", id_, *milestone_identity(id_, milestone)):
            return None
        return {}

    def _milestone(self, command: Command) -> Milestone | None:
        data = command.data.get("milestone")
        return canonical(Milestone, data) if data else None
