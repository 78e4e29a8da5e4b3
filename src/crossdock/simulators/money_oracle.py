"""What really happened to the money at a simulated payment gateway, counted from its effects; knows no gateway's words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from crossdock.simulators.server import Effect

Read = Callable[[Mapping[str, Any]], str]


@dataclass(frozen=True, slots=True)
class GatewayWords:
    """Where a gateway's effects keep what the hub gave it: the order a payment is for, and the command a refund was made by."""

    order: Read
    command: Read
    refund: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    """What is shown of a refund beside its id and amount."""


def counted(effects: Iterable[Effect], words: GatewayWords) -> dict[str, dict[str, Any]]:
    """Each payment's order, currency, captured and refunded in minor units, and its refunds one by one.

    `doubled` lists the commands by which money went back more than once.
    """
    found: dict[str, dict[str, Any]] = {}
    seen: defaultdict[str, set[str]] = defaultdict(set)
    for effect in effects:
        data = effect.data
        if effect.kind == "payment_captured":
            empty = {"order_number": words.order(data), "currency": data["currency"], "captured": 0, "refunded": 0}
            found.setdefault(effect.key, {**empty, "refunds": [], "doubled": []})["captured"] += data["amount"]
        elif effect.kind == "refund":
            entry, command = found[effect.key], words.command(data)
            entry["refunded"] += data["amount"]
            entry["refunds"].append({"id": data["refund"], "amount": data["amount"], **words.refund(data)})
            if command and command in seen[effect.key]:
                entry["doubled"].append(command)
            seen[effect.key].add(command)
        elif effect.kind == "refund_failed":
            found[effect.key]["refunded"] -= data["amount"]
    return found


def figures(payments: int, money: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Sums over all payments, in minor units."""
    each = list(money)
    return {
        "payments": payments,
        "captured": sum(one["captured"] for one in each),
        "refunded": sum(one["refunded"] for one in each),
        "refunds_doubled": sum(len(one["doubled"]) for one in each),
    }
