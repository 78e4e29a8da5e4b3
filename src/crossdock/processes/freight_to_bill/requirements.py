"""The commands freight to bill asks of each role, for the linter; knows no connector."""

from __future__ import annotations

from collections.abc import Mapping

from crossdock.processes.freight_to_bill.settings import Settings


def requires(roles: Mapping[str, str], settings: Settings) -> dict[str, frozenset[str]]:
    """Role and the commands its system must be able to carry out, under these settings."""
    wanted = {"bill.create"}
    if settings.landed_cost:
        wanted.add("landed_cost.create")
    if settings.charge_customers:
        wanted.add("invoice.charge")
    return {"erp": frozenset(wanted)}
