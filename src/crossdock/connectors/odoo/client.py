"""Calls to one Odoo database: wire chosen by version, allow-list, credential, context and reading helpers; knows no order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from crossdock.connectors.odoo import allow
from crossdock.connectors.odoo.names import NEWEST, Names
from crossdock.connectors.odoo.options import OdooOptions
from crossdock.connectors.odoo.transport import Call, Transport
from crossdock.connectors.odoo.transport_json2 import Json2
from crossdock.connectors.odoo.transport_jsonrpc import JsonRpc
from crossdock.connectors.odoo.version import Version, probe_version, server_time
from crossdock.connectors.protocol import ConnectorContext
from crossdock.core.errors import CrossdockError, EffectUnknown, LandscapeInvalid, TargetRefused

_SAFE: Final = frozenset(
    {
        "search_read",
        "read",
        "search",
        "get_external_id",
        "check_object_reference",
        "context_get",
        "formatted_read_group",
        "read_group",
        "fields_get",
        "changes_after",
    }
)

Row = dict[str, Any]


class OdooClient:
    """What the rest of the connector speaks to; models and fields are named as in Odoo 19."""

    def __init__(self, context: ConnectorContext) -> None:
        self.context = context
        self.options: OdooOptions = context.options
        self._opening = asyncio.Lock()
        self._transport: Transport | None = None
        self._names = Names(NEWEST)
        self._company: int | None = self.options.company_id
        self._users: frozenset[int] = frozenset()
        self.version: Version | None = None

    # One call ------------------------------------------------------------------------------------------------

    async def call(
        self,
        model: str,
        method: str,
        *,
        ids: Sequence[int] | None = None,
        context: Mapping[str, Any] | None = None,
        **arguments: Any,
    ) -> Any:
        """Call a method with named arguments in the hub's context (UTC, English, one company).

        Raises `CallNotAllowed` before anything is sent, and outcome errors for what Odoo answers.
        """
        allow.check(model, method, arguments, self.context.allow)
        transport = await self.transport()
        purpose = allow.purpose_of(model, method, self.context.credentials)
        safe = method in _SAFE
        call = Call(
            self._names.model(model),
            method,
            ids,
            arguments if self._names.current else self._names.arguments(model, arguments),
            {**await self._base_context(model, method), **(context or {})},
            safe,
            self.options.read_timeout if safe else self.options.write_timeout,
        )
        return await transport.call(call, self.context.secret(purpose))

    async def call_with(self, key: str, model: str, method: str, /, **arguments: Any) -> Any:
        """A call without records made with this very key, as when keys themselves are changed. Raises what `call` raises."""
        allow.check(model, method, arguments, self.context.allow)
        transport = await self.transport()
        base = {"lang": self.options.lang, "tz": "UTC"}
        call = Call(model, method, None, arguments, base, method in _SAFE, self.options.write_timeout)
        return await transport.call(call, key)

    async def transport(self) -> Transport:
        """The wire to this Odoo, chosen once by asking for its version."""
        if self._transport is None:
            async with self._opening:
                if self._transport is None:
                    self._transport = await self._choose()
        return self._transport

    async def refresh(self) -> Version:
        """Ask for the version anew; after an upgrade of Odoo the wire is chosen anew too."""
        context = self.context
        found = await probe_version(context.http, context.endpoint, self.options.read_timeout, context.clock.now())
        if found != self.version:
            async with self._opening:
                self._transport = self._wire(found)
        return found

    async def _choose(self) -> Transport:
        context = self.context
        return self._wire(await probe_version(context.http, context.endpoint, self.options.read_timeout, context.clock.now()))

    def _wire(self, version: Version) -> Transport:
        context, options = self.context, self.options
        self.version = version
        self._names = Names(version.major)
        wire = options.transport
        if wire == "auto":
            wire = "json2" if version.major >= NEWEST else "jsonrpc"
        if wire == "json2":
            return Json2(context.http, context.clock, context.endpoint, options.database)
        if not options.login:
            raise LandscapeInvalid(f"Odoo {version.text} needs the option `login` of the integration user", system=context.system)
        return JsonRpc(context.http, context.clock, context.endpoint, options.database, options.login)

    async def _base_context(self, model: str, method: str) -> dict[str, Any]:
        base: dict[str, Any] = {"lang": self.options.lang, "tz": "UTC"}
        if (model, method) in (("res.users", "context_get"), ("res.users", "read")):
            return base
        return {**base, "allowed_company_ids": [await self.company()]}

    async def company(self) -> int:
        """The company the hub works in: the option, else the integration user's own. Without it Odoo spans all companies of the user."""
        if self._company is None:
            me = await self.call("res.users", "context_get")
            rows = await self.call("res.users", "read", ids=[me["uid"]], fields=["company_id"])
            self._company = rows[0]["company_id"][0]
        return self._company

    async def users(self) -> frozenset[int]:
        """The ids of the users whose keys this connector has."""
        if not self._users:
            found = set()
            for purpose in {"api_key", *allow.PURPOSES} & set(self.context.credentials):
                call = Call("res.users", "context_get", safe=True, timeout=self.options.read_timeout)
                found.add(int((await (await self.transport()).call(call, self.context.secret(purpose)))["uid"]))
            self._users = frozenset(found)
        return self._users

    # Reading -------------------------------------------------------------------------------------------------

    async def search_read(
        self,
        model: str,
        domain: Sequence[Any],
        fields: Sequence[str],
        *,
        order: str = "id",
        limit: int | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> list[Row]:
        """Records that match, with `id` and the fields asked for; unset values are False, relations `[id, name]`."""
        more: dict[str, Any] = {} if limit is None else {"limit": limit}
        rows = await self.call(model, "search_read", domain=domain, fields=fields, order=order, context=context, **more)
        return self._rows(model, fields, rows)

    async def read(self, model: str, ids: Sequence[int], fields: Sequence[str]) -> dict[int, Row]:
        """Records by id. Odoo leaves out what no longer exists; compare the length."""
        if not ids:
            return {}
        rows = await self.call(model, "read", ids=list(ids), fields=fields)
        return {row["id"]: row for row in self._rows(model, fields, rows)}

    async def read_one(self, model: str, id_: int, fields: Sequence[str]) -> Row:
        """One record. Raises `TargetRefused` when it does not exist (any more)."""
        found = await self.read(model, [id_], fields)
        if id_ not in found:
            raise TargetRefused(f"{model} {id_} does not exist in Odoo (any more)", model=model, id=id_, missing=True)
        return found[id_]

    def _rows(self, model: str, fields: Sequence[str], rows: Sequence[Row]) -> list[Row]:
        return list(rows) if self._names.current else self._names.rows(model, fields, rows)

    async def pages(
        self, model: str, domain: Sequence[Any], fields: Sequence[str], size: int, context: Mapping[str, Any] | None = None
    ) -> AsyncIterator[list[Row]]:
        """All matching records in pages by id (offsets would skip rows that others insert or remove meanwhile)."""
        last = 0
        while True:
            page = await self.search_read(model, [*domain, ["id", ">", last]], fields, limit=size, context=context)
            if page:
                yield page
                last = page[-1]["id"]
            if len(page) < size:
                return

    async def external_ids(self, model: str, ids: Sequence[int]) -> dict[int, str]:
        """The external id of each record; empty for those without. The hub's own is the first a record ever got."""
        if not ids:
            return {}
        found = await self.call(model, "get_external_id", ids=list(ids))
        return {int(id_): xid for id_, xid in found.items()}

    async def find(self, xid: str, model: str, where: Sequence[Any] = ()) -> int | None:
        """The database id behind an external id (archived records too), None when nothing committed carries it.

        Odoo remembers external ids in a cache that it fills before the commit and does not empty on a rollback, so "exists, but not
        for you" is no answer: then the records that match `where` are asked for their external ids, which comes from the database.
        """
        module, _, name = xid.partition(".")
        everything = {"active_test": False}
        try:
            found = await self.call("ir.model.data", "check_object_reference", module=module, xml_id=name, context=everything)
        except CrossdockError as error:
            if error.detail.get("odoo") == "builtins.ValueError" and xid in str(error.detail.get("answer")):
                return None
            raise
        if found[1]:
            return int(found[1])
        if not where:
            raise EffectUnknown(f"{xid} is known to Odoo but cannot be read", xid=xid)
        ids = await self.call(model, "search", domain=list(where), context=everything)
        return next((id_ for id_, known in (await self.external_ids(model, ids)).items() if known == xid), None)

    async def sum_quants(self, domain: Sequence[Any], groupby: Sequence[str]) -> list[Row]:
        """Sums of `quantity` and `reserved_quantity` per group: single quant rows are never right, several may stand for one place."""
        sums = ["quantity:sum", "reserved_quantity:sum"]
        await self.transport()
        if self._names.current:
            rows = await self.call("stock.quant", "formatted_read_group", domain=domain, groupby=groupby, aggregates=sums)
            return [
                {**{g: row[g] for g in groupby}, "quantity": exact(row[sums[0]]), "reserved": exact(row[sums[1]])} for row in rows
            ]
        allow.check("stock.quant", "formatted_read_group", {}, self.context.allow)
        transport = await self.transport()
        arguments = {"domain": domain, "fields": sums, "groupby": groupby, "lazy": False}
        call = Call(
            "stock.quant",
            "read_group",
            None,
            arguments,
            await self._base_context("stock.quant", "read_group"),
            True,
            self.options.read_timeout,
        )
        key = self.context.secret(allow.purpose_of("stock.quant", "formatted_read_group", self.context.credentials))
        rows = await transport.call(call, key)
        return [
            {**{g: row[g] for g in groupby}, "quantity": exact(row["quantity"]), "reserved": exact(row["reserved_quantity"])}
            for row in rows
        ]

    async def now(self) -> datetime:
        """Odoo's own time (whole seconds, UTC): the hub's clock says nothing about `write_date`."""
        return await server_time(self.context.http, self.context.endpoint, self.options.read_timeout, self.context.clock.now())


def exact(value: Any) -> Decimal:
    """A quantity out of Odoo's floats: rounded to nine places, which removes what binary fractions add (0.30000000000000004)."""
    return Decimal(str(value or 0)).quantize(Decimal("1.000000000")).normalize()
