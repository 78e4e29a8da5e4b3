"""What goes wrong with the hub itself, an alert route or a promoted bundle, is a failure with an exception like any other; sends nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable

from crossdock.core.errors import CrossdockError, Fenced, LedgerUnavailable
from crossdock.ledger.batch import Batch
from crossdock.ledger.ids import Numbers
from crossdock.monitoring.watch import PARTITION, Contribute, Fail
from crossdock.pipeline.failures import Failure, exception_identity, record_failure, settle_failure
from crossdock.pipeline.worker import Worker


def route_fails(contribute: Contribute, numbers: Numbers) -> Fail:
    """What the watch calls with a route that cannot be told anything, or with None when it works again."""

    async def fail(route: str, error: CrossdockError | None) -> None:
        def note(batch: Batch) -> None:
            if error is None:
                settle_failure(batch, exception_identity("alert", 0, route), "mended")
            else:
                record_failure(batch, numbers.next(), Failure(error, "alert", "alert", 0, PARTITION, slot=route))

        await contribute(PARTITION, note, lambda _session: None)

    return fail


def release_fails(worker: Worker, number: Callable[[], int]) -> Callable[[CrossdockError | None], Awaitable[None]]:
    """What is called with why the promoted bundle does not run, or with None when what is promoted runs."""

    async def fail(error: CrossdockError | None) -> None:
        partition = min(worker.owned, default=None)
        if partition is None:
            return

        def note(batch: Batch) -> None:
            if error is None:
                settle_failure(batch, exception_identity("release", 0, "release"), "it runs")
            else:
                record_failure(batch, number(), Failure(error, "release", "release", 0, partition, slot="release"))

        with contextlib.suppress(Fenced, LedgerUnavailable):
            await worker.contribute(partition, note, lambda _session: None)

    return fail
