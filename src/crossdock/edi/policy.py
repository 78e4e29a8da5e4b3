"""Strictness as a policy over findings: what a partner's faults weigh. Knows codes, not how they are found."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from .findings import Finding, Severity


class Verdict(enum.StrEnum):
    """The outcome of a check: nothing to say, something to say, or not readable at all."""

    OK = "ok"
    FINDINGS = "findings"
    REFUSED = "refused"


REFUSING = frozenset(
    {
        "unrecognised",
        "unreadable",
        "empty-file",
        "not-well-formed",
        "doctype-forbidden",
        "too-deep",
        "ISA-unreadable",
        "UNB-unreadable",
    }
)


@dataclass(frozen=True, slots=True)
class Policy:
    """Overrides the severity of findings by code; a partner that always miscounts SE01 gets `SE01-count: note`.

    `severities` maps a finding code to the severity it has for this partner. Codes not named keep their own.
    """

    name: str = "default"
    severities: Mapping[str, Severity] = field(default_factory=dict)

    def apply(self, findings: Iterable[Finding]) -> list[Finding]:
        """The same findings with this partner's severities."""
        table = self.severities
        return [
            replace(f, severity=table[f.code]) if f.code in table and table[f.code] is not f.severity else f for f in findings
        ]

    def accepts(self, findings: Iterable[Finding]) -> bool:
        """Whether a message with these findings may be processed: it has no error left."""
        return all(f.severity is not Severity.ERROR for f in self.apply(findings))

    def verdict(self, findings: Iterable[Finding]) -> Verdict:
        """`refused` when the message could not be read, `findings` when anything weighs, otherwise `ok`."""
        weighed = [f for f in self.apply(findings) if f.severity is not Severity.NOTE]
        if any(f.code in REFUSING for f in weighed):
            return Verdict.REFUSED
        return Verdict.FINDINGS if weighed else Verdict.OK


DEFAULT = Policy()

TOLERANT = Policy(
    "tolerant",
    {
        "ISA-width": Severity.NOTE,
        "SE01-count": Severity.WARNING,
        "GE01-count": Severity.WARNING,
        "IEA01-count": Severity.WARNING,
        "UNT-count": Severity.WARNING,
        "UNE-count": Severity.WARNING,
        "UNZ-count": Severity.WARNING,
        "line-wrapped": Severity.NOTE,
        "no-final-terminator": Severity.WARNING,
        "wide-terminator": Severity.WARNING,
    },
)

STRICT = Policy(
    "strict",
    {
        "BOM": Severity.ERROR,
        "empty-segment": Severity.ERROR,
        "text-after-end": Severity.ERROR,
        "trailing-separator": Severity.ERROR,
        "outside-character-set": Severity.ERROR,
    },
)
