"""The commands returns ask of each role, for the linter; knows no connector."""

from __future__ import annotations

from collections.abc import Mapping

from crossdock.processes.returns.settings import Settings


def requires(roles: Mapping[str, str], settings: Settings) -> dict[str, frozenset[str]]:
    """Role and the commands its system must be able to carry out, under these settings."""
    wanted: dict[str, frozenset[str]] = {}

    def need(role: str, *commands: str) -> None:
        wanted[role] = wanted.get(role, frozenset()) | set(commands)

    if settings.way.label == "hub":
        need(settings.way.carrier_role(), "return.label")
    if settings.expect:
        need("wms", "return.expect", "return.cancel")
    if settings.transfer:
        need("erp", "return.transfer")
    if settings.credit_note != "never":
        need("erp", "credit_note.create")
        if settings.register_refund:
            need("erp", "payment.register")
    for role in roles:
        kind = role.partition(":")[0]
        if kind == "gateway" and settings.refund_by == "gateway":
            need(role, "payment.refund")
        if role == "bank":
            need(role, "refund.transfer")
        if kind == "shop" and settings.refund_by == "shop":
            need(role, "shop.refund")
        if "portal" in role.split(":") and settings.answer:
            need(role, "return.answer")
    return wanted
