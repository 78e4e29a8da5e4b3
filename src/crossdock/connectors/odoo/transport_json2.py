"""Odoo 19 and later: `POST /json/2/<model>/<method>` with a bearer key and named arguments; knows no business."""

from __future__ import annotations

from typing import Any

import orjson

from crossdock.connectors.http import HttpClient
from crossdock.connectors.odoo.errors import value_of
from crossdock.connectors.odoo.exchanges import clean, mark
from crossdock.connectors.odoo.transport import Call, plain
from crossdock.core.clock import Clock


class Json2:
    """The JSON-2 API. One call is one database transaction."""

    def __init__(self, http: HttpClient, clock: Clock, endpoint: str, database: str) -> None:
        self._http = http
        self._clock = clock
        self._url = f"{endpoint.rstrip('/')}/json/2"
        self._database = database

    async def call(self, call: Call, key: str) -> Any:
        """See `Transport`."""
        body: dict[str, Any] = {**call.arguments, "context": call.context}
        if call.ids is not None:
            body["ids"] = call.ids
        since = mark()
        try:
            answer = await self._http.request(
                "POST",
                f"{self._url}/{call.model}/{call.method}",
                headers={
                    "Authorization": f"bearer {key}",
                    "X-Odoo-Database": self._database,
                    "Content-Type": "application/json",
                    "Accept": "application/json",
                },
                body=orjson.dumps(body, default=plain),
                timeout=call.timeout,
                safe=call.safe,
            )
        finally:
            clean(since, key)
        return value_of(answer, call.name, safe=call.safe, now=self._clock.now())
