"""The outbox an optional add-on keeps in Odoo: whether it is there, and what changed after a number; knows no document.

The add-on (`odoo-addon/` of the sources) is not needed. Where it is missing, where the integration user is not in its group or where the
allow-list of the system leaves it out, the windows over `write_date` are read instead, and it is looked for again later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from crossdock.connectors.odoo.client import OdooClient
from crossdock.core.errors import CallNotAllowed, ContractBroken, PermissionRefused

MODEL: Final = "crossdock.outbox"
AGAIN: Final = timedelta(minutes=10)
"""After so long an outbox that was not there is looked for again."""
CAPTURED: Final = frozenset(
    {
        "sale.order", "sale.order.line", "stock.picking", "stock.move", "stock.quant", "purchase.order", "purchase.order.line", "account.move",
    }
)  # fmt: skip
"""The models the add-on tells of."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed: ids of records that were made or written, ids of those deleted. `last` is where to go on, `gap` that something is missing."""

    written: Sequence[int]
    deleted: Sequence[int]
    last: int
    more: bool
    gap: bool


class Outbox:
    """Reads the outbox of one Odoo; each channel reads on its own."""

    def __init__(self, client: OdooClient) -> None:
        self._client = client
        self._missing_until: datetime | None = None
        self.there: bool | None = None

    async def begin(self, channel: str, model: str) -> int | None:
        """Where the outbox ends now; None when there is none, or not of this model. Raises outcome errors when Odoo does not answer."""
        found = await self._fetch(channel, model)
        return None if found is None else int(found["last"])

    async def after(self, channel: str, model: str, number: int, limit: int) -> Changes | None:
        """What changed after `number`, which acknowledges everything up to it; None when there is no outbox any more."""
        found = await self._fetch(channel, model, after=number, limit=limit)
        if found is None:
            return None
        deleted = {int(row[2]) for row in found["rows"] if row[3] == "unlink"}
        written = {int(row[2]) for row in found["rows"]} - deleted
        return Changes(sorted(written), sorted(deleted), int(found["last"]), bool(found["more"]), bool(found["gap"]))

    async def _fetch(self, channel: str, model: str, **more: Any) -> dict[str, Any] | None:
        client = self._client
        now = client.context.clock.now()
        if client.options.outbox == "never" or model not in CAPTURED:
            return None
        if self._missing_until is not None and now < self._missing_until:
            return None
        await client.transport()
        if client.version is None or client.version.major < 19:
            return None
        reader = f"{client.options.xid_prefix}/{client.context.system}/{await client.company()}/{channel}"
        try:
            found: dict[str, Any] = await client.call(MODEL, "changes_after", reader=reader, models=[model], **more)
        except (CallNotAllowed, ContractBroken, PermissionRefused):
            self.there, self._missing_until = False, now + AGAIN
            return None
        self.there, self._missing_until = True, None
        return found
