"""The stages of a return for people, in order; knows no rule."""

from __future__ import annotations

STAGES = ("requested", "authorised", "labelled", "received", "booked", "credited", "refunded", "completed")
