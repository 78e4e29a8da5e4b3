"""Odoo 16 to 18 (and 19): `execute_kw` over `/jsonrpc`, where errors come with HTTP 200 and a missing result means None."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from crossdock.connectors.http import HttpClient
from crossdock.connectors.odoo.errors import fault_of, raise_fault, value_of
from crossdock.connectors.odoo.exchanges import clean, mark
from crossdock.connectors.odoo.transport import Call, plain
from crossdock.core.clock import Clock
from crossdock.core.errors import AnswerLost, CredentialRefused, TargetUnavailable

_POSITIONAL: Final[Mapping[str, tuple[str, ...]]] = {
    "search": ("domain",),
    "search_read": ("domain", "fields"),
    "read": ("fields",),
    "read_group": ("domain", "fields", "groupby"),
    "write": ("vals",),
    "create": ("vals_list",),
    "load": ("fields", "data"),
    "check_object_reference": ("module", "xml_id"),
}
"""Arguments sent by place: their names changed between versions, their order did not."""


class JsonRpc:
    """The legacy RPC. The key travels in the body, so records of calls are cleaned of it."""

    def __init__(self, http: HttpClient, clock: Clock, endpoint: str, database: str, login: str) -> None:
        self._http = http
        self._clock = clock
        self._url = f"{endpoint.rstrip('/')}/jsonrpc"
        self._database = database
        self._login = login
        self._users: dict[str, int] = {}

    async def call(self, call: Call, key: str) -> Any:
        """See `Transport`."""
        uid = self._users.get(key) or await self._authenticate(key, call.timeout)
        named = dict(call.arguments)
        places: list[Any] = [] if call.ids is None else [list(call.ids)]
        for name in _POSITIONAL.get(call.method, ()):
            if name not in named:
                break
            places.append(named.pop(name))
        arguments = [self._database, uid, key, call.model, call.method, places, {**named, "context": call.context}]
        try:
            return await self._ask("object", "execute_kw", arguments, key, call)
        except CredentialRefused:
            self._users.pop(key, None)
            raise

    async def _authenticate(self, key: str, timeout: float) -> int:
        question = Call("res.users", "authenticate", safe=True, timeout=timeout)
        uid = await self._ask("common", "authenticate", [self._database, self._login, key, {}], key, question)
        if not isinstance(uid, int) or isinstance(uid, bool):
            raise CredentialRefused("Odoo refuses the login or its API key", call=question.name)
        self._users[key] = uid
        return uid

    async def _ask(self, service: str, method: str, arguments: list[Any], key: str, call: Call) -> Any:
        params = {"service": service, "method": method, "args": arguments}
        body = orjson.dumps({"jsonrpc": "2.0", "method": "call", "id": 1, "params": params}, default=plain)
        since = mark()
        try:
            answer = await self._http.request(
                "POST",
                self._url,
                headers={"Content-Type": "application/json", "Accept": "application/json"},
                body=body,
                timeout=call.timeout,
                safe=call.safe,
            )
        finally:
            clean(since, key)
        data = value_of(answer, call.name, safe=call.safe, now=self._clock.now())
        if not isinstance(data, dict) or "jsonrpc" not in data:
            if call.safe:
                raise TargetUnavailable(f"the answer to {call.name} is no JSON-RPC", call=call.name)
            raise AnswerLost(f"the answer to {call.name} is no JSON-RPC; it may have committed", call=call.name)
        error = data.get("error")
        if error is None:
            return data.get("result")
        fault = fault_of(error.get("data") if isinstance(error, dict) else None, 0)
        if fault is None:
            raise AnswerLost(f"Odoo failed at {call.name} without an explanation", call=call.name)
        if "cannot marshal None" not in fault.message:
            raise_fault(fault, call.name, safe=call.safe)
        return None  # the method returned nothing and its transaction was committed before the answer was written
