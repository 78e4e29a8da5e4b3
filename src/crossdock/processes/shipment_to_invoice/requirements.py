"""The commands shipment to invoice asks of each role, for the linter; knows no connector."""

from __future__ import annotations

from collections.abc import Mapping

from crossdock.processes.shipment_to_invoice.settings import Settings


def requires(roles: Mapping[str, str], settings: Settings) -> dict[str, frozenset[str]]:
    """Role and the commands its system must be able to carry out, under these settings."""
    return {"erp": frozenset({"invoice.create", "invoice.post"} | ({"freight.accrue"} if settings.accrue_freight else set()))}
