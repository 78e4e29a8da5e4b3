"""Health of an Odoo: server, database, key and the day the key ends; the plain pages say "well" with the database down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from crossdock.connectors.odoo.client import OdooClient
from crossdock.connectors.odoo.values import from_odoo, text
from crossdock.connectors.odoo.version import database_healthy
from crossdock.connectors.protocol import Probe
from crossdock.core.errors import CrossdockError

WARN_BEFORE: Final = timedelta(days=14)


async def probe(client: OdooClient, outbox: bool | None = None) -> Probe:
    """Ask step by step and name the first that fails. A key near its end is told in the message, while everything still works.

    `outbox`: whether polls found the add-on's outbox; None while none has looked for it.
    """
    context, options = client.context, client.options
    version = ""
    try:
        version = (await client.refresh()).text
        if not await database_healthy(context.http, context.endpoint, options.read_timeout):
            return Probe(False, "Odoo answers, but its database does not", version)
        user = await client.call("res.users", "context_get")
        expires = await _expiry(client)
    except CrossdockError as error:
        return Probe(False, error.message, version, detail={"code": error.code})
    detail: dict[str, Any] = {"user": user["uid"], "company": await client.company()}
    if outbox is not None:
        detail["outbox"] = outbox
    left = None if expires is None else expires - context.clock.now()
    if left is not None and left < WARN_BEFORE:
        return Probe(True, f"the API key ends in {max(0, left.days)} days, on {expires:%Y-%m-%d}", version, expires, detail)
    return Probe(True, "", version, expires, detail)


async def _expiry(client: OdooClient) -> datetime | None:
    """When the watched key ends (midnight UTC); of several keys without a chosen name the one that ends first. None: never."""
    rows = await client.search_read("res.users.apikeys", [], ["name", "expiration_date"])
    name = client.options.key_name
    ends = [_date(row["expiration_date"]) for row in rows if row["expiration_date"] and (not name or text(row["name"]) == name)]
    now = client.context.clock.now()
    return min((end for end in ends if end > now), default=None)


def _date(value: str) -> datetime:
    return from_odoo(value) if " " in value else datetime.fromisoformat(value).replace(tzinfo=UTC)
