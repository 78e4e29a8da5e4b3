"""Runs one simulated Stripe account: `python -m crossdock.simulators.stripe --port 8105 --hub http://127.0.0.1:8080/in/stripe/webhook`."""

from __future__ import annotations

import argparse
import asyncio

from crossdock.simulators.stripe.simulator import Stripe

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="crossdock.simulators.stripe", description="A simulated Stripe account on loopback.")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 takes a free one")
    parser.add_argument("--hub", default="", help="where webhooks go")
    parser.add_argument("--slow-refunds", action="store_true", help="refunds stay pending until POST /_sim/refunds/ID/settle")
    chosen = parser.parse_args()
    asyncio.run(Stripe(hub_url=chosen.hub, slow_refunds=chosen.slow_refunds).serve(port=chosen.port))
