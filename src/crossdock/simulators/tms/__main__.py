"""`python -m crossdock.simulators.tms [--port P]`: runs the TMS until it is interrupted."""

from __future__ import annotations

import argparse
import asyncio

from crossdock.simulators.tms import Tms
from crossdock.simulators.webhooks import Subscription


async def serve(port: int, hook: str) -> None:
    """Serve with an optional receiver of the callbacks."""
    simulator = Tms()
    if hook:
        simulator.webhooks.subscriptions = [Subscription(hook)]
    await simulator.serve(port=port)


def main() -> None:
    """Parse the arguments and run."""
    parser = argparse.ArgumentParser(prog="crossdock.simulators.tms", description="A simulated TMS on loopback.")
    parser.add_argument("--port", type=int, default=0, help="HTTP port; 0 takes a free one")
    parser.add_argument("--hook", default="", help="URL that gets the callbacks")
    given = parser.parse_args()
    asyncio.run(serve(given.port, given.hook))


if __name__ == "__main__":
    main()
