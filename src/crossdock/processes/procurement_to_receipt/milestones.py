"""The stages of a purchase order for people, in order; knows no rule."""

from __future__ import annotations

STAGES = ("ordered", "sent", "acknowledged", "answered", "announced", "received", "invoiced", "billed")
