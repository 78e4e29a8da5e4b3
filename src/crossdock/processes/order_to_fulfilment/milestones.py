"""The stages of an order for people, in order; knows no rule."""

from __future__ import annotations

STAGES = ("placed", "created", "confirmed", "released", "picked", "booked", "shipped", "dispatched", "delivered")
