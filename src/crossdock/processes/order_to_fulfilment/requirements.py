"""The commands order to fulfilment asks of each role, for the linter; knows no connector."""

from __future__ import annotations

from collections.abc import Mapping

from crossdock.processes.order_to_fulfilment.settings import Settings


def requires(roles: Mapping[str, str], settings: Settings) -> dict[str, frozenset[str]]:
    """Role and the commands its system must be able to carry out, under these settings."""
    wanted: dict[str, frozenset[str]] = {}

    def need(role: str, *commands: str) -> None:
        wanted[role] = wanted.get(role, frozenset()) | set(commands)

    for erp in settings.erps:
        need(erp.role, "order.create", "order.change", "order.cancel", "transfer.validate", "transfer.track")
        if settings.confirm == "auto":
            need(erp.role, "order.confirm")
    for warehouse in settings.warehouses:
        need(warehouse.role, "fulfilment.release", "fulfilment.cancel")
    if settings.booked_by == "hub":
        named = [carrier.role or f"carrier:{carrier.name}" for carrier in settings.carriers]
        filled = [role for role in roles if role == "carrier" or role.startswith("carrier:")]
        for role in named or filled or ["carrier"]:
            need(role, "shipment.book", "shipment.cancel", "shipment.track")
    for role in roles:
        if role == "shop" or role.startswith("shop:"):
            need(role, "shop.fulfil", "order.cancel")
            if settings.shop_milestones:
                need(role, "shop.milestone")
    return wanted
