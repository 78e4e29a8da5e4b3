"""The stages of a transaction's journals for people, in order; knows no rule."""

from __future__ import annotations

STAGES = ("booked", "sent", "posted")
