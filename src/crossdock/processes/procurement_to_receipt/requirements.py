"""The commands procurement to receipt asks of each role, for the linter; knows no connector."""

from __future__ import annotations

from collections.abc import Mapping

from crossdock.processes.procurement_to_receipt.settings import Settings


def requires(roles: Mapping[str, str], settings: Settings) -> dict[str, frozenset[str]]:
    """Role and the commands its system must be able to carry out, under these settings."""
    wanted: dict[str, frozenset[str]] = {}

    def need(role: str, *commands: str) -> None:
        wanted[role] = wanted.get(role, frozenset()) | set(commands)

    for supplier in settings.suppliers:
        need(supplier.role, "purchase_order.send", "purchase_order.change", "purchase_order.cancel")
        if supplier.answers and settings.write_confirmation:
            need("erp", "purchase_order.update")
        if supplier.invoices:
            need("erp", "bill.create")
        if supplier.notices and settings.received_by == "wms":
            need("wms", "receipt.expect", "receipt.cancel")
    if settings.received_by == "wms":
        need("erp", "receipt.validate")
    return wanted
