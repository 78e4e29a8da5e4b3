"""Calls Adyen's Checkout API and downloads reports; knows no command and no event."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from crossdock.connectors.adyen.errors import judged
from crossdock.connectors.adyen.options import AdyenOptions
from crossdock.connectors.http import raise_for_transport_status
from crossdock.connectors.protocol import ConnectorContext
from crossdock.core.errors import EndpointGone, TargetUnavailable


class Api:
    """The API of the merchant account a context speaks of."""

    def __init__(self, context: ConnectorContext) -> None:
        self._context = context
        self._options: AdyenOptions = context.options
        self._base = f"{context.endpoint.rstrip('/')}/{self._options.api_version}"

    async def post(self, path: str, body: Mapping[str, Any], key: str = "") -> Mapping[str, Any]:
        """The answer to a request for this merchant account; with an idempotency key it writes. Raises the outcomes of `errors.judged`."""
        headers = {"X-API-Key": self._context.secret("api_key"), "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        content = json.dumps({"merchantAccount": self._options.merchant_account, **body}).encode()
        url = f"{self._base}{path}"
        answer = await self._context.http.request("POST", url, headers=headers, body=content, safe=not key)
        return judged(answer, bool(key), self._context.clock.now())

    async def settlement_report(self, batch: int) -> bytes | None:
        """The settlement detail report of a batch, None while there is none. Raises the outcomes of `raise_for_transport_status`."""
        pair = f"{self._context.secret('report_user')}:{self._context.secret('report_password')}"
        headers = {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        account, name = quote(self._options.merchant_account, safe=""), f"settlement_detail_report_batch_{batch}.csv"
        url = f"{self._options.reports_endpoint.rstrip('/')}/reports/download/MerchantAccount/{account}/{name}"
        answer = await self._context.http.request("GET", url, headers=headers)
        if answer.status == 404:
            return None
        if answer.status >= 500 and answer.status != 503:
            raise TargetUnavailable(f"HTTP {answer.status}", status=answer.status)
        raise_for_transport_status(answer, self._context.clock.now())
        if answer.status != 200:
            raise EndpointGone(f"HTTP {answer.status} instead of a report", status=answer.status)
        return answer.body
