"""Lets the library run on its own: `python -m crossdock.edi check FILE`."""

from __future__ import annotations

from .cli import main

main()
