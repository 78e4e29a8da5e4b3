"""Implementation guides as data: what a partner's documents must look like, and the check against it."""

from __future__ import annotations

from .conformance import ConformanceCheck, Loop, check_document, parse_document
from .loader import GuideError, find_guide, list_guides, load_guide
from .model import Guide

__all__ = [
    "ConformanceCheck",
    "Guide",
    "GuideError",
    "Loop",
    "check_document",
    "find_guide",
    "list_guides",
    "load_guide",
    "parse_document",
]
