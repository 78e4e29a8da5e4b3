"""What the warehouse's error codes mean (openapi.yaml, Problem); knows no command."""

from __future__ import annotations

from crossdock.connectors.contracts.answers import Answers

MEANINGS = {
    "conflict": "the warehouse has this number with other content",
    "cancelled": "it was cancelled before",
    "outdated": "the warehouse knows a newer version of this announcement",
    "too_late": "the goods are being received or were",
    "unknown_fulfilment": "the warehouse never received this fulfilment",
    "unknown_receipt": "the warehouse was never told of this receipt",
    "unknown_return": "the warehouse was never told of this return",
    "unknown_sku": "the warehouse does not know a SKU in it",
    "unknown_carrier": "the warehouse does not know this carrier",
    "invalid": "the warehouse calls it invalid",
}

ANSWERS = Answers("the warehouse", MEANINGS)
