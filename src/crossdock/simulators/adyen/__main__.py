"""Runs one simulated Adyen merchant account: `python -m crossdock.simulators.adyen --port 8106 --hub http://127.0.0.1:8080/in/adyen/webhook`."""

from __future__ import annotations

import argparse
import asyncio

from crossdock.simulators.adyen.simulator import Adyen

if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="crossdock.simulators.adyen", description="A simulated Adyen merchant account on loopback."
    )
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 takes a free one")
    parser.add_argument("--hub", default="", help="where webhooks go")
    parser.add_argument("--slow", action="store_true", help="modifications wait for POST /_sim/process")
    chosen = parser.parse_args()
    asyncio.run(Adyen(hub_url=chosen.hub, slow=chosen.slow).serve(port=chosen.port))
