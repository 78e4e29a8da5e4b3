"""The contract's calls: a journal is put once under its number, acknowledgements are read in order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import orjson

from crossdock.connectors.contracts.access import ContractApi
from crossdock.connectors.contracts.bodies import read_object
from crossdock.connectors.finance.errors import ANSWERS, refusal
from crossdock.connectors.finance.options import ByRest
from crossdock.connectors.protocol import ConnectorContext
from crossdock.core.errors import PayloadMalformed, TargetRefused, TargetUnavailable


class RestDesk:
    """The finance system over REST."""

    def __init__(self, context: ConnectorContext, options: ByRest) -> None:
        self._api = ContractApi(context, options.auth, ANSWERS)
        self._page = options.page

    async def post(self, body: Mapping[str, Any], key: str) -> tuple[Mapping[str, Any], bool]:
        """Hand a journal over; its state, and whether it was there before."""
        try:
            answer = await self._api.put(_path(str(body["number"])), orjson.dumps(body), key)
        except TargetRefused as error:
            raise refusal(error) from None
        return ANSWERS.done(answer, "status"), answer.status == 200

    async def held(self, number: str) -> Mapping[str, Any] | None:
        """The journal as the finance system has it; None when it never got it."""
        try:
            return await self._get(_path(number))
        except TargetRefused as error:
            if error.detail.get("answer") == "unknown_journal":
                return None
            raise

    async def acknowledgements(self, after: int) -> list[Any]:
        """The acknowledgements behind a sequence number, in order."""
        return await self._list("/acknowledgements", "acknowledgements", {"after": str(after), "limit": str(self._page)})

    async def posted(self, begin: str, end: str) -> list[Any]:
        """The journals posted on the days from `begin` to `end`."""
        return await self._list("/journals", "journals", {"from": begin, "to": end})

    async def health(self) -> Mapping[str, Any]:
        """What `/health` says."""
        return await self._get("/health")

    async def _list(self, path: str, name: str, params: Mapping[str, str]) -> list[Any]:
        found = (await self._get(path, params)).get(name)
        if not isinstance(found, list):
            raise TargetUnavailable(f"the answer has no list of {name}")
        return found

    async def _get(self, path: str, params: Mapping[str, str] | None = None) -> Mapping[str, Any]:
        """The answer to a question; one that was cut off is asked for again."""
        answer = await self._api.get(path, params)
        try:
            return read_object(answer.body)
        except PayloadMalformed as error:
            raise TargetUnavailable(f"the answer cannot be read: {error.message}") from None


def _path(number: str) -> str:
    return f"/journals/{quote(number, safe='')}"
