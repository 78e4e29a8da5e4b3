"""Calls the REST API of one shop (WooCommerce REST API v3, HTTP Basic with a consumer key); knows no command."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from crossdock.connectors.doubt import in_doubt
from crossdock.connectors.http import HttpAnswer
from crossdock.connectors.protocol import ConnectorContext
from crossdock.connectors.woocommerce.errors import judged
from crossdock.connectors.woocommerce.options import WooCommerceOptions
from crossdock.core.errors import ContractBroken


class RestApi:
    """The REST API of the shop a context speaks of."""

    def __init__(self, context: ConnectorContext) -> None:
        self._context = context
        options: WooCommerceOptions = context.options
        self._base = f"{context.endpoint.rstrip('/')}/{options.api_path.strip('/')}"

    def _headers(self) -> dict[str, str]:
        pair = f"{self._context.secret('consumer_key')}:{self._context.secret('consumer_secret')}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}", "Accept": "application/json"}

    async def get(self, path: str, **params: str) -> Any:
        """The JSON at a path. Raises the outcomes of `errors.judged`."""
        return judged(await self._read(path, params), False, self._context.clock.now())

    async def get_text(self, path: str, **params: str) -> str:
        """The same as text, checked to be JSON."""
        answer = await self._read(path, params)
        judged(answer, False, self._context.clock.now())
        return answer.body.decode()

    async def _read(self, path: str, params: Mapping[str, str]) -> HttpAnswer:
        return await self._context.http.request("GET", f"{self._base}/{path}", headers=self._headers(), params=params)

    async def write(self, method: str, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """The object a write answers with. Raises `AnswerLost` when it is none."""
        headers = {**self._headers(), "Content-Type": "application/json"}
        content = json.dumps(body).encode()
        answer = await self._context.http.request(method, f"{self._base}/{path}", headers=headers, body=content)
        found = judged(answer, True, self._context.clock.now())
        if not isinstance(found, dict):
            raise in_doubt(True, "the answer is no object")
        return found

    async def listed(self, path: str, **params: str) -> Sequence[Mapping[str, Any]]:
        """A list of objects. Raises `ContractBroken` when the shop answers anything else."""
        found = await self.get(path, **params)
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            raise ContractBroken(f"{path}: not a list of objects")
        return found

    async def one(self, path: str) -> Mapping[str, Any]:
        """One object. Raises `ContractBroken` when the shop answers anything else."""
        found = await self.get(path)
        if not isinstance(found, dict):
            raise ContractBroken(f"{path}: not an object")
        return found
