"""Which schemas and official rules are at hand, which of them a document answers to, and what they say of it; runs them in another process."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from lxml import etree

from ..findings import Finding, Severity
from .safe_xml import NAMESPACES, XmlRefused, locate, parse
from .worker import Judged, RulesUnavailable, Worker

FOLDER: Final = "CROSSDOCK_UBL_RULES"
MAX_BYTES: Final = 16 << 20
MAX_FINDINGS: Final = 500
_CUSTOMIZATION: Final = f"{{{NAMESPACES['cbc']}}}CustomizationID"
_ORDERING: Final = "urn:fdc:peppol.eu:poacc:trns:"


@dataclass(frozen=True, slots=True)
class RuleSet:
    """One published set of rules: its name, its file's name without ending, and the documents that answer to it."""

    name: str
    stems: tuple[str, ...]
    documents: frozenset[str]
    customization: str


RULE_SETS: Final = (
    RuleSet(
        "EN 16931",
        ("CEN-EN16931-UBL", "EN16931-UBL-validation-preprocessed", "EN16931-UBL-validation"),
        frozenset({"Invoice", "CreditNote"}),
        "urn:cen.eu:en16931:2017",
    ),
    RuleSet(
        "Peppol BIS Billing 3",
        ("PEPPOL-EN16931-UBL",),
        frozenset({"Invoice", "CreditNote"}),
        "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0",
    ),
    RuleSet("Peppol Order 3", ("PEPPOLBIS-T01",), frozenset({"Order"}), f"{_ORDERING}order:3"),
    RuleSet("Peppol Order Response 3", ("PEPPOLBIS-T76",), frozenset({"OrderResponse"}), f"{_ORDERING}order_response:3"),
    RuleSet("Peppol Order Agreement 3", ("PEPPOLBIS-T110",), frozenset({"OrderResponse"}), f"{_ORDERING}order_agreement:3"),
    RuleSet("Peppol Order Change 3", ("PEPPOLBIS-T114",), frozenset({"OrderChange"}), f"{_ORDERING}order_change:3"),
    RuleSet(
        "Peppol Order Cancellation 3", ("PEPPOLBIS-T115",), frozenset({"OrderCancellation"}), f"{_ORDERING}order_cancellation:3"
    ),
    RuleSet(
        "Peppol Order Response Advanced 3",
        ("PEPPOLBIS-T116",),
        frozenset({"OrderResponse"}),
        f"{_ORDERING}order_response_advanced:3",
    ),
    RuleSet("Peppol Despatch Advice 3", ("PEPPOLBIS-T16",), frozenset({"DespatchAdvice"}), f"{_ORDERING}despatch_advice:3"),
)


def folder_of(environment: str | None = None) -> Path:
    """Where schemas and rules are kept: `CROSSDOCK_UBL_RULES`, else `crossdock/ubl-rules` in the user's data folder."""
    named = environment if environment is not None else os.environ.get(FOLDER, "")
    if named:
        return Path(named)
    data = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local/share")
    return Path(data) / "crossdock" / "ubl-rules"


class RuleBook:
    """The schemas and rules of one folder. One process of its own carries them out, one document at a time, within `seconds` each."""

    def __init__(self, folder: Path, seconds: float = 8.0) -> None:
        self.folder = folder.resolve()
        self.worker = Worker(self.folder, seconds)
        files = sorted(each for each in self.folder.rglob("*") if each.suffix in (".sch", ".xslt", ".xsd") and each.is_file())
        self._rules = {stem: self._best(files, stem) for rules in RULE_SETS for stem in rules.stems}
        self._schemas = {
            match[1]: each
            for each in files
            if (match := re.fullmatch(r"UBL-(\w+)-2\.\d\.xsd", each.name)) and each.parent.name == "maindoc"
        }

    @staticmethod
    def _best(files: Iterable[Path], stem: str) -> Path | None:
        """The file of a rule set; a stylesheet its publisher made goes before the sources, which may lack generated parts."""
        found = {each.suffix: each for each in files if each.stem == stem and each.suffix != ".xsd"}
        return found.get(".xslt") or found.get(".sch")

    def __bool__(self) -> bool:
        return bool(self._schemas) or any(self._rules.values())

    def listed(self) -> Iterator[tuple[str, Path]]:
        """What is at hand: the name of a rule set or document type, and its file."""
        for rules in RULE_SETS:
            if (path := self._of(rules)) is not None:
                yield rules.name, path
        for name, path in sorted(self._schemas.items()):
            yield f"UBL schema {name}", path

    def judge(self, data: bytes) -> list[Finding]:
        """What the schema and the rules say of a document; `code` is the rule's id, `loop` its path, `reference` the rule set's name.

        Never raises: what cannot be read or judged is a finding too.
        """
        if len(data) > MAX_BYTES:
            message = f"a document of {len(data)} bytes is not judged by rules; at most {MAX_BYTES} are"
            return [Finding("rules-too-large", message, severity=Severity.WARNING)]
        try:
            root = parse(data)
        except XmlRefused as error:
            return list(error.findings)
        name = etree.QName(root).localname
        customization = (root.findtext(_CUSTOMIZATION) or "").strip()
        sheets = [(rules.name, path) for rules in applying(name, customization) if (path := self._of(rules)) is not None]
        schema = self._schemas.get(name)
        if not sheets and schema is None:
            return []
        try:
            judged = self.worker.judge(data, sheets, schema)
        except RulesUnavailable as error:
            return [Finding("rules-not-run", str(error), name, severity=Severity.WARNING)]
        return _findings(data, judged[:MAX_FINDINGS])

    def _of(self, rules: RuleSet) -> Path | None:
        return next((path for stem in rules.stems if (path := self._rules[stem]) is not None), None)

    def close(self) -> None:
        """End the process that carries out the rules."""
        self.worker.close()


def applying(document: str, customization: str) -> list[RuleSet]:
    """The rule sets a document says it follows (BT-24, cbc:CustomizationID)."""
    return [
        rules
        for rules in RULE_SETS
        if document in rules.documents
        and (
            customization == rules.customization
            or customization.startswith((rules.customization + "#", rules.customization + ":"))
        )
    ]


def _findings(data: bytes, judged: list[Judged]) -> list[Finding]:
    places = locate(data, {each.path for each in judged if each.path})
    return [
        Finding(
            each.id or "rule",
            each.message,
            segment=each.path.rpartition("/")[2].partition("[")[0].rpartition(":")[2],
            byte_position=places.get(each.path, 0),
            severity=Severity.WARNING if each.warning else Severity.ERROR,
            reference=each.rules,
            loop=each.path,
        )
        for each in judged
    ]


@lru_cache(maxsize=4)
def _book(folder: Path, _changed: int) -> RuleBook | None:
    book = RuleBook(folder)
    return book if book else None


def installed() -> RuleBook | None:
    """The rules of this machine's folder; None when there are none, or when nothing here can carry them out."""
    folder = folder_of()
    try:
        changed = folder.stat().st_mtime_ns
    except OSError:
        return None
    return _book(folder, changed) if can_run() else None


@cache
def can_run() -> bool:
    """Whether the extra `peppol` (saxonche) is installed."""
    return find_spec("saxonche") is not None
