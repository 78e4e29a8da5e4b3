"""Calls the GraphQL Admin API of one shop and pages through its connections; knows no command."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from crossdock.connectors.protocol import ConnectorContext
from crossdock.connectors.shopify.errors import check_user_errors, data_of
from crossdock.connectors.shopify.node import dig
from crossdock.connectors.shopify.options import ShopifyOptions
from crossdock.connectors.shopify.queries import Document
from crossdock.core.errors import ContractBroken


class AdminApi:
    """The Admin API of the shop a context speaks of."""

    def __init__(self, context: ConnectorContext) -> None:
        self._context = context
        options: ShopifyOptions = context.options
        self._url = f"{context.endpoint.rstrip('/')}/admin/api/{options.api_version}/graphql.json"
        self.version = options.api_version

    async def call(self, document: Document, **variables: Any) -> Any:
        """The value of the document's root field. Raises the outcomes of `errors.data_of`."""
        body = json.dumps({"query": document.text, "variables": variables}).encode()
        headers = {"Content-Type": "application/json", "X-Shopify-Access-Token": self._context.secret("access_token")}
        answer = await self._context.http.request("POST", self._url, headers=headers, body=body, safe=not document.writes)
        self.version = answer.headers.get("x-shopify-api-version", self.version)
        return data_of(answer, document.field, document.writes, self._context.clock.now())[document.field]

    async def mutate(self, document: Document, *, errors: str = "userErrors", **variables: Any) -> Mapping[str, Any]:
        """The payload of a mutation that had no user errors. Raises `TargetRefused` besides the outcomes of `call`."""
        return check_user_errors(await self.call(document, **variables), document.field, errors)

    async def rest(self, connection: Any, document: Document, path: tuple[str, ...], **variables: Any) -> list[dict[str, Any]]:
        """All nodes of `connection`: those it holds and, page by page with `document`, those under `path` that follow."""
        found = nodes_of(connection)
        while dig(connection, "pageInfo", "hasNextPage") is True:
            after = dig(connection, "pageInfo", "endCursor")
            connection = dig(await self.call(document, **variables, after=after), *path)
            if not isinstance(connection, dict):
                raise ContractBroken(f"{document.field}: the next page is missing")
            found.extend(nodes_of(connection))
        return found


def nodes_of(connection: Any) -> list[dict[str, Any]]:
    """The nodes of one page. Raises `ContractBroken` when it is none."""
    nodes = dig(connection, "nodes")
    if not isinstance(nodes, list) or not all(isinstance(node, dict) for node in nodes):
        raise ContractBroken("a connection without nodes")
    return nodes
