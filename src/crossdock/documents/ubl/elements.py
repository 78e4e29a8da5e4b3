"""Facts out of a UBL document's elements, everything wrong or unknown collected and told at once with its path; knows no document type."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, Final, TypeVar

from lxml import etree
from pydantic import ValidationError

from crossdock.canonical import units
from crossdock.canonical.base import Canonical
from crossdock.canonical.codes import NO_CURRENCY
from crossdock.canonical.identifiers import Identifier, gs1_valid
from crossdock.core.errors import PayloadMalformed
from crossdock.documents.collecting import Collecting, said
from crossdock.documents.drafts import Draft, Path
from crossdock.documents.mapping import Codes, ReadContext
from crossdock.documents.moments import zone_of
from crossdock.documents.options import MapPurpose
from crossdock.edi.ubl.safe_xml import NAMESPACES, XmlRefused, parse, short_path

C = TypeVar("C", bound=Canonical)
ICD: Final[Mapping[str, str]] = {"0088": "gln", "0060": "duns", "0160": "gtin", "0009": "siret", "0002": "siren"}
"""ISO 6523 codes of identifiers that have a name of their own here; all others keep their code as their scheme."""
SCHEMES: Final[Mapping[str, str]] = {name: code for code, name in ICD.items()}
_NUMBER: Final = re.compile(r"^[+-]?(\d{1,28}\.?\d{0,28}|\.\d{1,28})$", re.ASCII)
_DAY: Final = re.compile(r"^(\d{4}-\d\d-\d\d)(Z|[+-]\d\d:\d\d)?$", re.ASCII)
_SCHEME: Final = re.compile(r"[^a-z0-9:._-]+")


def root_of(data: bytes) -> etree._Element:
    """The document's root. Raises `PayloadMalformed` for what may not or cannot be read as XML."""
    try:
        return parse(data)
    except XmlRefused as error:
        listed = [{"code": each.code, "message": each.message, "byte": each.byte_position} for each in error.findings]
        raise PayloadMalformed(str(error), problems=listed) from None


class Reading(Collecting):
    """One document being read; `anchors` tells for a part of the draft (`("lines", 3)`) the element it came from."""

    def __init__(self, context: ReadContext, codes: Codes) -> None:
        super().__init__(context, codes)
        self.context = context
        self.anchors: dict[Path, Node] = {}

    def wrong(self, message: str, at: Node | None, path: str = "") -> None:
        """Note something wrong or missing, at an element."""
        self.note(path, message, _place(at))

    def code(self, purpose: MapPurpose, code: str, at: Node) -> str:
        """The canonical value of a partner's code by the agreement's map for a purpose; the code itself when no map is named."""
        name = self.options.maps.get(purpose)
        if name is None or not code:
            return code
        if (agreed := self.agreed(purpose, code, self.codes.translate)) is None:
            self.note_unknown(name, code, _place(at))
        return code if agreed is None else agreed

    def unit(self, code: str, at: Node) -> str:
        """The Rec 20 unit of a unitCode: by the agreement's map, else Rec 20 itself (and `EA`, which many write for pieces)."""
        if (agreed := self.agreed("units", code, self.codes.translate)) is not None:
            return agreed
        if not code:
            return "C62"
        if code in units.units():
            return code
        if (known := units.from_x12(code)) is not None:
            return known.code
        self.note_unknown(self.map_for("units"), code, _place(at))
        return "C62"

    def finish(self, kind: type[C], draft: Draft) -> C:
        """The canonical object. Raises `SchemaInvalid` or `ValueMapMissing` with all that is wrong, each with its path."""
        made: C | None = None
        try:
            made = kind.model_validate(draft)
        except ValidationError as error:
            if not self.unknown:
                self._invalid(error)
        self.tell(self.context.type)
        assert made is not None
        return made

    def _invalid(self, error: ValidationError) -> None:
        for item in error.errors(include_url=False, include_input=False):
            at = item["loc"]
            path = ".".join(str(part) for part in at)
            node = next((self.anchors[at[:n]] for n in range(len(at), -1, -1) if at[:n] in self.anchors), None)
            self.note(path, f"{path} {said(item)}".strip(), _place(node), item["type"])


class Node:
    """An element of a document with what is read from under it; paths are UBL's: `cac:Party/cbc:EndpointID`."""

    __slots__ = ("element", "reading")

    def __init__(self, element: etree._Element, reading: Reading) -> None:
        self.element = element
        self.reading = reading

    def first(self, path: str) -> Node | None:
        """The first element at a path, or None."""
        found = self.element.find(path, NAMESPACES)
        return None if found is None else Node(found, self.reading)

    def all(self, path: str) -> list[Node]:
        """All elements at a path, in document order."""
        return [Node(found, self.reading) for found in self.element.findall(path, NAMESPACES)]

    @property
    def outer(self) -> Node:
        """The element this one stands in; itself when it is the root."""
        parent = self.element.getparent()
        return self if parent is None else Node(parent, self.reading)

    @property
    def content(self) -> str:
        """The element's own text, blanks around it removed."""
        return (self.element.text or "").strip()

    def attribute(self, name: str) -> str:
        """An attribute, empty when it is not there."""
        return (self.element.get(name) or "").strip()

    def text(self, path: str) -> str:
        """The text at a path; empty when there is none."""
        found = self.first(path)
        return found.content if found is not None else ""

    def texts(self, path: str, glue: str = "\n") -> str:
        """All texts at a path, joined."""
        return glue.join(each.content for each in self.all(path) if each.content)

    def decimal(self, path: str) -> Decimal | None:
        """An exact number; None when there is none, a problem for anything else."""
        found = self.first(path)
        if found is None or not found.content:
            return None
        if _NUMBER.match(found.content):
            return Decimal(found.content)
        self.reading.wrong(f"{found.content!r} is not a number", found)
        return None

    def money(self, path: str, currency: str) -> Draft | None:
        """An amount in the currency it states, else in the document's."""
        amount = self.decimal(path)
        found = self.first(path)
        if amount is None or found is None:
            return None
        return {"amount": amount, "currency": found.attribute("currencyID") or currency}

    def quantity(self, path: str) -> Draft | None:
        """A quantity with its unit."""
        value = self.decimal(path)
        found = self.first(path)
        if value is None or found is None:
            return None
        return {"value": value, "unit": self.reading.unit(found.attribute("unitCode"), found)}

    def day(self, path: str) -> date | None:
        """A calendar day (xsd:date; an offset is dropped: the day is the one on the paper)."""
        found = self.first(path)
        if found is None or not found.content:
            return None
        match = _DAY.match(found.content)
        try:
            if match:
                return date.fromisoformat(match[1])
        except ValueError:
            pass
        self.reading.wrong(f"{found.content!r} is not a date (YYYY-MM-DD)", found)
        return None

    def moment(self, day: str, clock: str) -> datetime | None:
        """A point in time from a date and a time element; without an offset in the agreement's zone, without a time the day's beginning."""
        found = self.day(day)
        if found is None:
            return None
        at = time()
        text = self.text(clock)
        if text:
            try:
                at = time.fromisoformat(text)
            except ValueError:
                self.reading.wrong(f"{text!r} is not a time (hh:mm:ss)", self.first(clock))
        moment = datetime.combine(found, at)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone_of(self.reading.options.zone))
        try:
            return moment.astimezone(UTC)
        except OverflowError:
            self.reading.wrong(f"{text!r} is not a time in UTC", self.first(day))
            return None

    def identifier(self, path: str, default: str) -> Identifier | None:
        """An identifier with the scheme its schemeID names."""
        found = self.first(path)
        return None if found is None else identifier(found, default)


def currency_of(root: Node, *amounts: str) -> str:
    """The document's currency: what it states, else that of one of these amounts, else the agreement's; a problem when there is none."""
    found = root.text("cbc:DocumentCurrencyCode")
    for path in amounts:
        at = root.first(path) if not found else None
        found = found or (at.attribute("currencyID") if at is not None else "")
    found = found or root.reading.options.currency or ""
    if not found:
        root.reading.wrong("the currency is missing (cbc:DocumentCurrencyCode)", root, "currency")
    return found or NO_CURRENCY


def identifier(node: Node, default: str) -> Identifier | None:
    """What an ID element holds, as an identifier. A GS1 key with a wrong check digit keeps its ISO 6523 code as its scheme."""
    value, scheme = node.content[:255], node.attribute("schemeID")
    if not value:
        return None
    named = ICD.get(scheme, scheme).lower() if scheme else default
    if named in ("gln", "gtin") and not gs1_valid(named, value):
        named = scheme or "ubl"
    named = _SCHEME.sub("-", named).strip("-:._")[:64] or default
    return Identifier(scheme=named, value=value)


def _place(node: Node | None) -> dict[str, Any]:
    if node is None:
        return {"place": "", "line": 0}
    return {"place": short_path(node.element), "line": node.element.sourceline or 0}
