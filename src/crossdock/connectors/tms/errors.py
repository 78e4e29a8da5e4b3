"""What the TMS's error codes mean (openapi.yaml, Problem); knows no command."""

from __future__ import annotations

from crossdock.connectors.contracts.answers import Answers

MEANINGS = {
    "conflict": "the TMS has this tender with other content",
    "answered": "the carrier has answered this tender",
    "cancelled": "it was taken back before",
    "unknown_tender": "the TMS never received this tender",
    "unknown_carrier": "the TMS does not know this carrier",
    "invalid": "the TMS calls it invalid",
}

ANSWERS = Answers("the TMS", MEANINGS)
