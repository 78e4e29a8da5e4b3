"""The stages of an invoice of several orders for people, in order; knows no rule."""

from __future__ import annotations

STAGES = ("wanted", "drafted", "posted", "paid")
