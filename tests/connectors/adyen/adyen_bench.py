"""What the Adyen tests share: a running simulated merchant account and a connector on it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from crossdock.connectors.adyen.connector import AdyenConnector
from crossdock.connectors.protocol import ControlNumbers
from crossdock.simulators.adyen import Adyen
from crossdock.testing import ManualClock, make_context


def connector(account: Adyen, /, *, numbers: ControlNumbers | None = None, **options: Any) -> AdyenConnector:
    """A connector for a simulated account (its context's HTTP client must be closed)."""
    given = {"merchant_account": account.merchant, "webhook_user": account.user, "shop": "shop", "settle_seconds": 0}
    return AdyenConnector(
        make_context(
            AdyenConnector,
            system="gateway",
            endpoint=account.url or "http://127.0.0.1:9",
            options={**given, "reports_endpoint": account.url, **options},
            secrets={
                "api_key": account.api_key,
                "hmac_key": account.hmac_key,
                "webhook_password": account.password,
                "report_user": account.report_user,
                "report_password": account.report_password,
            },
            clock=ManualClock(),
            numbers=numbers,
            timeout=5.0,
        )
    )


@asynccontextmanager
async def running(account: Adyen, /, **options: Any) -> AsyncIterator[AdyenConnector]:
    """The account and a connector on it."""
    async with account.running():
        one = connector(account, **options)
        try:
            yield one
        finally:
            await one.context.http.close()
