"""The commands payment capture asks of each role, for the linter; knows no connector."""

from __future__ import annotations

from collections.abc import Mapping

from crossdock.processes.payment_capture.settings import Settings


def requires(roles: Mapping[str, str], settings: Settings) -> dict[str, frozenset[str]]:
    """Role and the commands its system must be able to carry out, under these settings."""
    wanted = ({"payment.capture"} if settings.capture != "never" else set()) | ({"payment.cancel"} if settings.void else set())
    return {role: frozenset(wanted) for role in roles if role.partition(":")[0] == "gateway"}
