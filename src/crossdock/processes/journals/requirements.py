"""The commands a journals flow asks of each role, for the linter; knows no connector."""

from __future__ import annotations

from collections.abc import Mapping

from crossdock.processes.journals.settings import Settings


def requires(_roles: Mapping[str, str], _settings: Settings) -> dict[str, frozenset[str]]:
    """Role and the commands its system must be able to carry out."""
    return {"finance": frozenset({"journal.post"})}
