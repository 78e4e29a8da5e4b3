"""Findings: what is wrong in a landscape, where, and what to do; knows no rule and no file format."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import Any, Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing to mend. `file` is relative to the landscape; `line` and `column` count from 1, 0 when the whole file is meant."""

    file: str
    line: int
    column: int
    code: str
    severity: Severity
    message: str
    hint: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The finding as JSON."""
        return asdict(self)

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.severity} {self.code}: {self.message}" + (f" ({self.hint})" if self.hint else "")


def did_you_mean(word: str, known: object) -> str:
    """`Did you mean 'x'?` when one of the known words is close, else a list of the known ones (at most ten)."""
    words = sorted(str(item) for item in known) if hasattr(known, "__iter__") else []
    near = get_close_matches(word, words, n=1, cutoff=0.6)
    if near:
        return f"Did you mean {near[0]!r}?"
    if not words:
        return "There is none yet."
    return "Known: " + ", ".join(words[:10]) + (", ..." if len(words) > 10 else "") + "."
