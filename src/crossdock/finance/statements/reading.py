"""The one way to read a statement, whatever its format: recognise, read, judge; a file with an error in it is refused as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from crossdock.canonical.bank import BankStatement
from crossdock.edi.findings import Finding, FindingLog, Severity
from crossdock.edi.recognise import HEAD, Standard, recognise
from crossdock.finance.statements.camt import read_camt
from crossdock.finance.statements.making import fingerprint, statement_of
from crossdock.finance.statements.mt940 import read_mt940

_READERS: Final = {Standard.CAMT: read_camt, Standard.MT940: read_mt940}

Known = Literal["new", "same", "different"]
"""Whether a statement came before: never, with the same content, or under the same identity with another content."""


@dataclass(frozen=True, slots=True)
class StatementFile:
    """What was in a file. A refused one has no statements: half a file booked would be worse than none."""

    standard: str
    statements: tuple[BankStatement, ...]
    findings: tuple[Finding, ...]

    @property
    def refused(self) -> bool:
        """Whether a person has to look at it."""
        return any(each.severity is Severity.ERROR for each in self.findings)


def read_statements(data: bytes) -> StatementFile:
    """The statements of a file of any standard. Never raises on bad data; every fault is a finding."""
    standard = recognise(data[:HEAD])
    found = FindingLog()
    reader = _READERS.get(standard)
    if reader is None:
        found.add(Finding("unrecognised", "the file is neither camt.052, camt.053, camt.054 nor MT940"))
        return StatementFile(standard.value, (), tuple(found.findings))
    drafts = reader(data, found)
    made = [statement_of(each, found) for each in drafts]
    if not drafts and not found.findings:
        found.add(Finding("element-missing", "the file holds no statement"))
    read = StatementFile(standard.value, tuple(each for each in made if each is not None), tuple(found.findings))
    return StatementFile(standard.value, (), read.findings) if read.refused else read


def known(statement: BankStatement, before: Mapping[str, str]) -> Known:
    """Whether a statement was imported before; `before` is the fingerprint of each identity, as `name` gives it."""
    told = before.get(name(statement))
    mark = fingerprint(statement)
    if told is not None:
        return "same" if told == mark else "different"
    return "same" if statement.entries and mark in before.values() else "new"


def name(statement: BankStatement) -> str:
    """A statement's identity over all accounts."""
    return f"{statement.iban or statement.account}/{statement.identity}"
