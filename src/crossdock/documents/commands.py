"""Which commands a document carries out when its agreement names none; a table only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_CHANGES: Final = ("purchase_order.change", "purchase_order.cancel")
_NOTICES: Final = ("shop.fulfil", "ship_notice.send")
_ANSWERS: Final = ("order.answer", "order.cancel")

_TENDERS: Final = ("tender.send", "tender.cancel")

DOCUMENT_COMMANDS: Final[Mapping[str, tuple[str, ...]]] = {
    "850": ("purchase_order.send",),
    "ORDERS": ("purchase_order.send",),
    "Order": ("purchase_order.send",),
    "order": ("purchase_order.send",),
    "860": _CHANGES,
    "ORDCHG": _CHANGES,
    "OrderChange": _CHANGES,
    "855": _ANSWERS,
    "ORDRSP": _ANSWERS,
    "OrderResponse": _ANSWERS,
    "856": _NOTICES,
    "DESADV": _NOTICES,
    "DespatchAdvice": _NOTICES,
    "810": ("invoice.send",),
    "INVOIC": ("invoice.send",),
    "Invoice": ("invoice.send",),
    "CreditNote": ("invoice.send",),
    "940": ("fulfilment.release",),
    "943": ("receipt.expect",),
    "204": _TENDERS,
    "IFTMIN": _TENDERS,
}
"""Document type as agreements name it -> commands, of all standards."""
