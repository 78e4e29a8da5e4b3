"""`python -m crossdock` is the command line."""

from __future__ import annotations

from crossdock.cli.main import run

if __name__ == "__main__":
    run()
