"""What the finance system's refusals mean (openapi.yaml, responses); knows no journal."""

from __future__ import annotations

from typing import Final

from crossdock.connectors.contracts.answers import Answers
from crossdock.core.errors import JournalPeriodClosed, JournalRefused, TargetRefused

ANSWERS: Final = Answers(
    "the finance system",
    {
        "conflict": "a journal of this number exists with other content",
        "unbalanced": "the finance system finds it unbalanced",
        "unknown_account": "it does not know an account",
        "unknown_tax_code": "it does not know a tax code",
        "unknown_party": "it does not know a party",
        "unknown_journal": "it never got this journal",
        "period_closed": "the period is closed",
        "invalid": "it calls the journal invalid",
    },
)


def refusal(error: TargetRefused) -> TargetRefused:
    """The same refusal as what it means for a journal."""
    kind = JournalPeriodClosed if error.detail.get("answer") == "period_closed" else JournalRefused
    return kind(error.message, **error.detail)
