"""`python -m crossdock.simulators.wms [--port P] [--sftp]`: runs the warehouse until it is interrupted."""

from __future__ import annotations

import argparse
import asyncio

from crossdock.simulators.server import Simulator
from crossdock.simulators.webhooks import Subscription
from crossdock.simulators.wms import Wms, WmsSftp


async def serve(simulator: Simulator, port: int, hook: str) -> None:
    """Serve with an optional receiver of the callbacks."""
    if hook:
        simulator.webhooks.subscriptions = [Subscription(hook)]
    await simulator.serve(port=port)


def main() -> None:
    """Parse the arguments and run."""
    parser = argparse.ArgumentParser(prog="crossdock.simulators.wms", description="A simulated warehouse on loopback.")
    parser.add_argument("--port", type=int, default=0, help="HTTP port (control port with --sftp); 0 takes a free one")
    parser.add_argument("--sftp", action="store_true", help="speak CSV over SFTP instead of REST")
    parser.add_argument("--hook", default="", help="URL that gets the callbacks")
    given = parser.parse_args()
    asyncio.run(serve(WmsSftp() if given.sftp else Wms(), given.port, given.hook))


if __name__ == "__main__":
    main()
