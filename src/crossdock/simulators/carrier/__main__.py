"""`python -m crossdock.simulators.carrier [ups|dhl] [--port N] [--step-seconds S]`: one simulated carrier on loopback."""

from __future__ import annotations

import argparse
import asyncio

from crossdock.simulators.carrier import DhlExpress, Ups


def main() -> None:
    """Run until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("carrier", choices=("ups", "dhl"), nargs="?", default="ups")
    parser.add_argument("--port", type=int, default=8104)
    parser.add_argument(
        "--step-seconds", type=float, default=None, help="advance tracking by itself, one step in so many seconds"
    )
    given = parser.parse_args()
    step = given.step_seconds
    simulator = Ups(step_seconds=step) if given.carrier == "ups" else DhlExpress(step_seconds=step)
    asyncio.run(simulator.serve(port=given.port))


if __name__ == "__main__":
    main()
