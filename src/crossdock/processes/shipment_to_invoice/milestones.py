"""The stages of an order's invoices for people, in order; knows no rule."""

from __future__ import annotations

STAGES = ("ordered", "shipped", "drafted", "dispatched", "delivered", "ready", "posted", "paid")
