"""`python -m tests.chaos`: storms for some minutes, on SQLite and, where there is one, on PostgreSQL; ends with 1 when anything went wrong.

PostgreSQL is started here when it is installed, and crashed now and then; else `CROSSDOCK_TEST_POSTGRESQL` names a server to use.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import sys
import tempfile
from pathlib import Path

from tests.chaos.storm import Storm, database
from tests.postgresql import OwnServer, own_server, running_server


def _storm(
    ledger: str, folder: Path, workers: int, minutes: float, orders: int, seed: int, server: OwnServer | None = None
) -> bool:
    seconds = minutes * 60
    storm = Storm(
        folder,
        ledger,
        orders=orders,
        blows=6,
        workers=workers,
        seed=seed,
        seconds=seconds,
        rate=3.0 if seconds else 25.0,
        server=server,
    )
    outcome = asyncio.run(storm.run(seconds * 2 + 300 + orders))
    print("\n".join(outcome.lines()), flush=True)
    return outcome.good


def main() -> int:
    """Run the storms; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--minutes", type=float, default=0.0, help="how long orders are placed, shared by the ledgers")
    parser.add_argument(
        "--orders", type=int, default=0, help="at least so many orders for each ledger (default: 2000 without --minutes)"
    )
    parser.add_argument("--seed", type=int, help="default: a random one each time with --minutes, else 11; it is printed")
    parser.add_argument("--ledger", choices=["sqlite", "postgresql", "both"], default="both")
    given = parser.parse_args()
    orders = given.orders or (0 if given.minutes else 2000)
    seed = given.seed if given.seed is not None else random.randrange(10**6) if given.minutes else 11
    good = True
    with tempfile.TemporaryDirectory(prefix="chaos-") as base, contextlib.ExitStack() as stack:
        own = stack.enter_context(own_server(durable=True))
        server = own.url if own else stack.enter_context(running_server())
        chosen = [name for name in ("sqlite", "postgresql") if given.ledger in (name, "both") and (name == "sqlite" or server)]
        if given.ledger != "sqlite" and not server:
            print("no PostgreSQL: install it, or set CROSSDOCK_TEST_POSTGRESQL to the URL of a server")
        for name in chosen:
            folder = Path(base) / name
            folder.mkdir()
            minutes = given.minutes / len(chosen)
            if name == "sqlite":
                good &= _storm(f"sqlite:///{folder}/var/ledger.sqlite3", folder, 1, minutes, orders, seed)
            else:
                assert server is not None
                with database(server) as url:
                    good &= _storm(url, folder, 2, minutes, orders, seed, own)
    print("nothing lost, doubled, out of order or left uncertain" if good else "SOMETHING WENT WRONG")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
