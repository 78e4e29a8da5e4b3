"""The stages of an order's payments for people, in order; knows no rule."""

from __future__ import annotations

STAGES = ("authorized", "due", "captured")
