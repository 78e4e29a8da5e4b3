"""A supplier's answer to an order: what its lines amount to, the event it becomes, and which dates and reasons it carries when written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from crossdock.canonical.order_response import OrderResponse
from crossdock.documents.drafts import Draft
from crossdock.documents.mapping import Mapped, Purpose
from crossdock.documents.order_references import order_references
from crossdock.documents.reading import Reading


def verdict_of(lines: Iterable[Draft]) -> str:
    """What an answer says as a whole, where its head does not say it."""
    answers = {line.get("answer") for line in lines}
    if answers == {"refused"}:
        return "refused"
    return "accepted" if answers <= {"accepted"} else "changed"


def answered(reading: Reading, draft: Draft, purpose: Purpose, at: datetime | None) -> list[Mapped]:
    """The event `purchase_order.answered`."""
    answer = reading.finish(OrderResponse, draft)
    return [
        Mapped(
            "purchase_order.answered",
            answer,
            order_references(answer.order_number),
            number=answer.number,
            purpose=purpose,
            version=answer.sequence or 0,
            occurred_at=at,
        )
    ]


def paragraphs(texts: Sequence[str]) -> str:
    """What is there of some texts, a paragraph each."""
    return "\n".join(text for text in texts if text)
