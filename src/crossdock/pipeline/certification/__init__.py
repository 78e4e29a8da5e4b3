"""Certification of a trading partner: documents run through the partner's own agreements, and what must come out. Sends nothing, stores nothing."""

from __future__ import annotations

from crossdock.pipeline.certification.cases import Case, CaseInvalid, load_cases
from crossdock.pipeline.certification.report import Report, as_html, as_markdown
from crossdock.pipeline.certification.running import certify

__all__ = ["Case", "CaseInvalid", "Report", "as_html", "as_markdown", "certify", "load_cases"]
