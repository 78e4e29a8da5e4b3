"""The stages of a tender for people, in order; knows no rule."""

from __future__ import annotations

STAGES = ("wanted", "offered", "accepted")
