"""`python -m crossdock.simulators.edi_partner [ROLE]`: run the simulated partner until it is interrupted."""

from __future__ import annotations

import asyncio
import sys

from crossdock.simulators.edi_partner import EdiPartner

if __name__ == "__main__":
    asyncio.run(EdiPartner(sys.argv[1] if len(sys.argv) > 1 else "supplier").serve())  # type: ignore[arg-type]
