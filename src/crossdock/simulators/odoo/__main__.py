"""`python -m crossdock.simulators.odoo --port 8169`: run the simulator and print its address and keys."""

from __future__ import annotations

import argparse
import asyncio
import sys

from crossdock.simulators.odoo.server import Odoo


def main() -> None:
    """Parse the command line and serve until interrupted."""
    parser = argparse.ArgumentParser(description="A simulated Odoo on loopback")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: a free one)")
    parser.add_argument("--version", default="19.0", help="19.0, or 16.0 to 18.0 for JSON-RPC only")
    parser.add_argument("--key", help="API key of the user hub (default: a random one)")
    options = parser.parse_args()
    odoo = Odoo(version=options.version, keys={"hub": options.key} if options.key else None)
    for login, key in odoo.keys.items():
        sys.stdout.write(f"key of {login}: {key}\n")
    asyncio.run(odoo.serve(port=options.port))


if __name__ == "__main__":
    main()
