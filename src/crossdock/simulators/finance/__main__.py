"""`python -m crossdock.simulators.finance [--port P] [--sftp]`: runs the finance system until it is interrupted."""

from __future__ import annotations

import argparse
import asyncio

from crossdock.simulators.finance import Finance, FinanceSftp


def main() -> None:
    """Parse the arguments and run."""
    parser = argparse.ArgumentParser(prog="crossdock.simulators.finance", description="A simulated finance system on loopback.")
    parser.add_argument("--port", type=int, default=0, help="HTTP port (control port with --sftp); 0 takes a free one")
    parser.add_argument("--sftp", action="store_true", help="exchange CSV over SFTP instead of REST")
    given = parser.parse_args()
    asyncio.run((FinanceSftp() if given.sftp else Finance()).serve(port=given.port))


if __name__ == "__main__":
    main()
