"""Runs one simulated seller account on Amazon: `python -m crossdock.simulators.amazon --port 8106`."""

from __future__ import annotations

import argparse
import asyncio

from crossdock.simulators.amazon.simulator import Amazon

if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="crossdock.simulators.amazon", description="A simulated seller account on Amazon, on loopback."
    )
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 takes a free one")
    parser.add_argument("--throttle", action="store_true", help="count requests and answer 429 at Amazon's rates")
    chosen = parser.parse_args()
    asyncio.run(Amazon(throttles=chosen.throttle).serve(port=chosen.port))
