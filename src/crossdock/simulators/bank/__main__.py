"""`python -m crossdock.simulators.bank [--port P]`: runs the bank until it is interrupted; the SFTP address is in `/_sim/state`."""

from __future__ import annotations

import argparse
import asyncio

from crossdock.simulators.bank import BankSftp


def main() -> None:
    """Parse the arguments and run."""
    parser = argparse.ArgumentParser(prog="crossdock.simulators.bank", description="A simulated bank on loopback.")
    parser.add_argument("--port", type=int, default=0, help="control port; 0 takes a free one")
    asyncio.run(BankSftp().serve(port=parser.parse_args().port))


if __name__ == "__main__":
    main()
