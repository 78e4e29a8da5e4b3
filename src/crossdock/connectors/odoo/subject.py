"""Which order, transfer or SKUs a command speaks of; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from crossdock.core.commands import Command
from crossdock.core.errors import TargetRefused


def order_key(command: Command) -> str:
    """The business key of the order."""
    return str(command.data.get("key") or command.key)


def order_id(command: Command) -> int:
    """The database id of the order. Raises `TargetRefused` when the command names none."""
    return _id(command, "erp_id", "order_id", "order")


def purchase_id(command: Command) -> int:
    """The database id of the purchase order. Raises `TargetRefused` when the command names none."""
    return _id(command, "erp_id", "purchase_order_id", "purchase order")


def transfer_id(command: Command) -> int:
    """The database id of the transfer. Raises `TargetRefused` when the command names none."""
    return _id(command, "transfer_id", "transfer_id", "transfer")


def paper_id(command: Command) -> int:
    """The database id of the customer's invoice or credit note. Raises `TargetRefused` when the command names none."""
    return _id(command, "invoice_id", "invoice_id", "invoice")


def _id(command: Command, name: str, scheme: str, what: str) -> int:
    refs = command.data.get("refs") or {}
    found = str(command.data.get(name) or refs.get(f"{command.system}:{scheme}") or "")
    if not (found.isascii() and found.isdigit()):
        raise TargetRefused(f"the command does not say which {what} of Odoo it means", command=command.name, given=found[:64])
    return int(found)


def skus(command: Command) -> tuple[str, ...]:
    """The SKUs whose stock a command touches, as far as its data says; sorted, each once."""
    data = command.data
    found: set[str] = set()
    for holder, rows in (
        ("order", "lines"),
        ("confirmation", "lines"),
        ("purchase_order", "lines"),
        ("receipt", "lines"),
        ("return_transfer", "lines"),
    ):
        held = data.get(holder)
        found.update(_skus(held.get(rows) if isinstance(held, Mapping) else None))
    found.update(_skus(data.get("levels")))
    found.update(_skus(data.get("changes")))
    return tuple(sorted(found))


def _skus(rows: Any) -> Iterable[str]:
    for row in rows if isinstance(rows, list | tuple) else ():
        if isinstance(row, Mapping):
            for name in ("sku", "substituted_for"):
                if isinstance(row.get(name), str) and row[name]:
                    yield row[name]
