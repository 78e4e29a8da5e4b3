"""What the Stripe tests share: a running simulated account and a connector on it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from crossdock.connectors.stripe.connector import StripeConnector
from crossdock.simulators.stripe import Stripe
from crossdock.testing import ManualClock, make_context


def connector(account: Stripe, /, **options: Any) -> StripeConnector:
    """A connector for a simulated account (its context's HTTP client must be closed)."""
    return StripeConnector(
        make_context(
            StripeConnector,
            system="gateway",
            endpoint=account.url or "http://127.0.0.1:9",
            options={"settle_seconds": 0, "shop": "shop", **options},
            secrets={"secret_key": account.secret_key, "webhook_secret": account.webhook_secrets[0]},
            clock=ManualClock(),
            timeout=5.0,
        )
    )


@asynccontextmanager
async def running(account: Stripe, /, **options: Any) -> AsyncIterator[StripeConnector]:
    """The account and a connector on it."""
    async with account.running():
        one = connector(account, **options)
        try:
            yield one
        finally:
            await one.context.http.close()
