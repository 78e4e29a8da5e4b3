"""The commands a freight tender asks of each role, for the linter; knows no connector."""

from __future__ import annotations

from collections.abc import Mapping

from crossdock.processes.freight_tender.settings import Settings


def requires(_roles: Mapping[str, str], settings: Settings) -> dict[str, frozenset[str]]:
    """Role and the commands its system must be able to carry out, under these settings."""
    return {choice.role: frozenset({"tender.send", "tender.cancel"}) for choice in settings.carriers}
