"""Erases what the ledger holds about a person, through the audit chain: contents go, that something happened stays; knows no page."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from crossdock.core.clock import Clock
from crossdock.core.errors import Fenced
from crossdock.engine.embedded import EmbeddedEngine
from crossdock.engine.postgresql import PostgresqlEngine
from crossdock.engine.protocol import Engine
from crossdock.landscape.landscape import Landscape
from crossdock.ledger import retention
from crossdock.ledger.batch import Batch
from crossdock.ledger.payloads import ClaimStore
from crossdock.ledger.retention import STEP, Due
from crossdock.ledger.session import Session
from crossdock.ledger.store import Store
from crossdock.ledger.subjects import Held
from crossdock.ledger.times import micros


async def erase(
    landscape: Landscape, store: Store, claims: ClaimStore, clock: Clock, held: Held, name: str, author: str, reason: str
) -> dict[str, Any]:
    """Remove the contents of everything in `held.ids`; what is needed stays. The chain names the records, not the person.

    Raises `LedgerInUse` or `Fenced` while hubs own the ledger: nothing was removed then.
    """
    engine: Engine = (EmbeddedEngine if store.vendor == "sqlite" else PostgresqlEngine)(store, landscape.partitions)
    await engine.start()
    try:
        if isinstance(engine, PostgresqlEngine) and not await engine.alone():
            raise Fenced("hubs are running; stop them for the moment of an erasure")
        owned = {each.id: each for each in (await engine.look()).gained}
        if not owned:
            raise Fenced("running hubs own every partition; stop them for the moment of an erasure")
        partition = min(owned)

        async def commit(note: Callable[[Batch], None], work: Callable[[Session], None]) -> None:
            batch = Batch(micros(clock.now()))
            note(batch)

            def write(session: Session) -> dict[int, tuple[int, bytes]]:
                heads = batch.commit(session, owned.values())
                work(session)
                return heads

            for number, (seq, digest) in (await store.work.do(write)).items():
                owned[number].seq, owned[number].hash = seq, digest

        def said(action: str, detail: Any) -> Callable[[Batch], None]:
            return lambda batch: batch.record(partition, action, 0, "", "", detail)

        subject = hashlib.sha256(name.strip().lower().encode()).hexdigest()
        for kind, ids in held.ids.items():
            for start in range(0, len(ids), STEP):
                part = ids[start : start + STEP]
                await commit(
                    said(f"retention:{kind}:pruned", {"ids": part, "plan": "erasure"}),
                    lambda session, kind=kind, part=part: retention.remove(session, Due(kind, part)),  # type: ignore[misc]
                )
        kept = await store.read.do(lambda session: retention.still_claimed(session, held.claims)) if held.claims else set()
        for claim in held.claims:
            if claim not in kept:
                claims.drop(claim)
        counts = {"erased": held.counts, "needed": {kind: len(ids) for kind, ids in held.needed.items()}}
        detail = {"subject": f"sha256:{subject}", "author": author, "reason": reason, **counts}
        await commit(said("privacy:subject:erased", detail), lambda _session: None)
        return counts
    finally:
        await engine.close()
