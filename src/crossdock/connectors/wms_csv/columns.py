"""The columns of every kind of file, by their names here; a partner's own names are set in the options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

FileKind = Literal[
    "release",
    "cancel",
    "answer",
    "expect",
    "recall",
    "recall_answer",
    "return_expect",
    "return_recall",
    "return_answer",
    "picks",
    "status",
    "dispatch",
    "receipts",
    "returns",
    "stock",
    "snapshot",
]

ADDRESS: Final = ("name", "company", "street", "street2", "city", "postal_code", "region", "country", "phone", "email")


@dataclass(frozen=True, slots=True)
class Columns:
    """`needed` must be in a received file's header; `more` may be. Sent files have all."""

    needed: tuple[str, ...]
    more: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """Every column in its order."""
        return self.needed + self.more


PACKAGE: Final = ("package", "sscc", "weight_kg", "tracking_number")

COLUMNS: Final[dict[FileKind, Columns]] = {
    "release": Columns(
        ("command", "fulfilment", "order", "warehouse", "line", "order_line", "sku", "quantity", "unit", "lot"),
        ("carrier", "service_level", "ship_by", "note", *ADDRESS),
    ),
    "cancel": Columns(("command", "fulfilment", "reason")),
    "answer": Columns(("fulfilment", "status"), ("reason",)),
    "expect": Columns(
        (
            "command",
            "receipt",
            "version",
            "order",
            "despatch",
            "warehouse",
            "line",
            "order_line",
            "sku",
            "quantity",
            "unit",
            "lot",
            "expiry",
            "best_before",
            "serials",
            "package",
        ),
        ("sscc", "supplier_sku", "gtin", "name", "supplier", "expected_at", "carrier", "waybill", "tracking_number", "note"),
    ),
    "recall": Columns(("command", "receipt", "reason")),
    "recall_answer": Columns(("receipt", "status"), ("reason",)),
    "receipts": Columns(
        ("number", "line", "quantity", "received_at", "final"),
        (
            "receipt",
            "sequence",
            "confirmation",
            "order",
            "despatch",
            "warehouse",
            "order_line",
            "sku",
            "unit",
            "condition",
            "lot",
            "expiry",
            "best_before",
            "serials",
            "package",
            "reason",
        ),
    ),
    "return_expect": Columns(
        ("command", "return", "version", "order", "warehouse", "line", "order_line", "sku", "quantity", "unit", "reason", "lots"),
        ("expected_by", "carrier", "tracking_number", "note", *ADDRESS),
    ),
    "return_recall": Columns(("command", "return", "reason")),
    "return_answer": Columns(("return", "status"), ("reason",)),
    "returns": Columns(
        ("number", "line", "sku", "quantity", "grade", "received_at", "final"),
        (
            "return",
            "sequence",
            "confirmation",
            "order",
            "tracking_number",
            "warehouse",
            "order_line",
            "unit",
            "instead_of",
            "lot",
            "serials",
            "note",
        ),
    ),
    "picks": Columns(
        ("fulfilment", "confirmation", "line", "sku", "quantity", "picked_at", "final"),
        ("sequence", "order_line", "unit", "lot", "serials", *PACKAGE, "substituted_for", "warehouse_reference"),
    ),
    "status": Columns(("fulfilment", "status", "at"), ("sequence", "reason", "warehouse_reference")),
    "dispatch": Columns(
        ("fulfilment", "shipment", "order", "at", "country"),
        (
            "sequence",
            "carrier",
            "service_level",
            *PACKAGE,
            *(name for name in ADDRESS if name != "country"),
            "line",
            "sku",
            "quantity",
            "unit",
        ),
    ),
    "stock": Columns(
        ("sku", "quantity", "counted_at"), ("location", "lot", "available", "unit", "change", "reason", "reference")
    ),
    "snapshot": Columns(("sku", "quantity"), ("location", "lot")),
}
