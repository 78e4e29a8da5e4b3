"""Any faults in any order on any refunds, replays included: at the gateway each command moved its money once at most, and never above the capture."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from crossdock.connectors.gateway import GatewayConnector
from crossdock.core.outcomes import Accepted
from crossdock.simulators.adyen import Adyen
from crossdock.simulators.faults import Fault
from crossdock.simulators.stripe import Stripe
from crossdock.testing import InMemoryHub, ended_well
from tests.connectors.adyen import adyen_bench
from tests.connectors.gateway_scenes import order_to
from tests.connectors.stripe import stripe_bench

FAULTS = [
    Fault.TIMEOUT_BEFORE, Fault.TIMEOUT_AFTER, Fault.RESET_BEFORE, Fault.RESET_AFTER, Fault.THROTTLE, Fault.ERROR_500, Fault.ERROR_500_AFTER,
    Fault.OUTAGE_503, Fault.MALFORMED, Fault.LATE, Fault.RESET_LATER,
]  # fmt: skip
CAPTURED = 4200
Running = Callable[[Any], AbstractAsyncContextManager[GatewayConnector]]
GATEWAYS: dict[str, tuple[Callable[[], Any], Running]] = {
    "stripe": (Stripe, lambda account: stripe_bench.running(account, settle_seconds=2)),
    "adyen": (Adyen, lambda account: adyen_bench.running(account, settle_seconds=2)),
}


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("gateway", GATEWAYS)
async def test_refunds_under_any_faults(gateway: str, seed: int) -> None:
    make, running = GATEWAYS[gateway]
    rng, account = random.Random(seed), make()
    account.faults.timeout_delay = account.faults.late_delay = account.faults.linger_delay = 0.01
    async with running(account) as one:
        hub = InMemoryHub(one, "gateway", one.context.clock)  # type: ignore[arg-type]
        taken = account.take_payment("1001", CAPTURED, "eur" if gateway == "stripe" else "EUR")
        payment = taken["id"] if gateway == "stripe" else taken.psp
        commands = [
            order_to("payment.refund", payment, f"{rng.randrange(500, 2400) / 100:.2f}", id_=f"r-{place}") for place in range(4)
        ]
        well: set[str] = set()
        for command in [*commands, *rng.sample(commands, 3)]:  # some are replayed at the end
            for _ in range(rng.randrange(4)):
                account.faults.script(rng.choice(FAULTS), path="*refunds*", method="POST", skip=rng.randrange(2))
            trail = await hub.settle(command, rounds=10)
            if ended_well(trail):
                well.add(command.id)
        account.faults.scripts.clear()
        made = Counter(effect.idempotency_key.partition("~")[0] for effect in account.effects_of("refund"))
        assert all(count == 1 for count in made.values()), made
        [entry] = account.oracle().values()
        assert entry["doubled"] == []
        assert 0 < entry["refunded"] <= CAPTURED
        if gateway == "stripe":
            assert set(made) == well  # Adyen's yes is only that it was received
        else:
            assert set(made) <= well
        for command in commands:  # calm again: what was made is found, and stays one
            outcome = await hub.attempt(command)
            assert isinstance(outcome, Accepted) or command.id not in made
        assert Counter(effect.idempotency_key.partition("~")[0] for effect in account.effects_of("refund")) >= made
        assert account.oracle()[payment]["refunded"] <= CAPTURED
        assert account.oracle()[payment]["doubled"] == []
