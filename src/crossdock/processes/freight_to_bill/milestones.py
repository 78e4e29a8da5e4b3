"""The stages of a carrier's invoice for people, in order; knows no rule."""

from __future__ import annotations

STAGES = ("received", "audited", "approved", "billed", "spread")
