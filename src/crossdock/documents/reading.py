"""What all readers share: facts taken from segments, everything that is wrong or unknown collected, and one error at the end. Knows no document."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from crossdock.canonical import units
from crossdock.canonical.base import Canonical
from crossdock.canonical.identifiers import gs1_valid
from crossdock.documents.collecting import Collecting, said
from crossdock.documents.dictionary import place_of
from crossdock.documents.drafts import Draft, Path
from crossdock.documents.mapping import Codes, ReadContext
from crossdock.documents.nodes import Node
from crossdock.documents.options import MapPurpose
from crossdock.documents.places import parse_place
from crossdock.edi.segments import Segment

C = TypeVar("C", bound=Canonical)
P = TypeVar("P", bound=str)
_NUMBER: Final = re.compile(r"^[+-]?(\d+\.?\d*|\.\d+)$", re.ASCII)
_X12_UNITS: Final[Mapping[str, str]] = {"UN": "EA", "E": "EA", "HC": "HU", "PF": "PL", "CTN": "CT", "M": "TH", "C": "HU"}
"""X12 355 codes that mean the same as one in the table of units, and old ones that partners still send."""


class Reading(Collecting):
    """One document being read.

    `anchors` tells for a part of the draft (`("lines", 3)`) the segment it came from, so that what validation finds has its place in the
    document; the field dictionary tells the element.
    """

    def __init__(self, context: ReadContext, codes: Codes) -> None:
        super().__init__(context, codes)
        self.context = context
        self.anchors: dict[Path, Segment] = {}
        self.edifact = context.type.isalpha()

    def head(self, node: Node, *tags: str) -> Segment:
        """The segment that begins the document, the first of some tags that is there. Raises `SchemaInvalid` when none is."""
        for tag in tags:
            if (found := node.first(tag)) is not None:
                self.anchors[()] = found
                return found
        self.wrong(f"the {'message' if self.edifact else 'document'} has no {' or '.join(tags)} segment")
        self.refuse()
        raise AssertionError("what was noted is raised")

    def purpose(self, known: Mapping[str, P], segment: Segment, element: int, what: str) -> P:
        """What a document does to an earlier one, by its code; a code that `what` cannot have is wrong and counts as an original."""
        code = segment.value(element).strip()
        found = known.get(code)
        if found is None:
            word = "function" if self.edifact else "purpose"
            self.wrong(f"the {word} {code!r} is none that {what} can have", segment, element)
            return next(value for value in known.values() if value == "original")
        return found

    def wrong(self, message: str, segment: Segment | None = None, element: int = 0, component: int = 0, path: str = "") -> None:
        """Note something wrong or missing at a place of the document."""
        self.note(path, message, place(segment, element, component))

    def decimal(self, text: str, segment: Segment, element: int, component: int = 0) -> Decimal | None:
        """A decimal number (X12 type R, EDIFACT n); nothing for an empty element, a problem for anything else."""
        if not text:
            return None
        if "," in text and "." not in text and self.edifact:
            text = text.replace(",", ".")  # ISO 9735 allows both marks; to X12 a comma is nothing but wrong
        if _NUMBER.match(text):
            return Decimal(text)
        self.wrong(f"{text!r} is not a number", segment, element, component)
        return None

    def implied(self, text: str, places: int, segment: Segment, element: int) -> Decimal | None:
        """A number with an implied decimal point (X12 type N2: `12345` is 123.45); a written point is taken as it stands."""
        number = self.decimal(text, segment, element)
        return number.scaleb(-places) if number is not None and "." not in text else number

    def unit(self, code: str, segment: Segment, element: int, component: int = 0, *, x12: bool) -> str | None:
        """The Rec 20 unit of a partner's code: by the agreement's map, X12 355 or Rec 20 itself. An unknown code is noted."""
        if (agreed := self.agreed("units", code, self.codes.translate)) is not None:
            return agreed
        if x12:
            found = units.from_x12(_X12_UNITS.get(code, code))
            if found is not None:
                return found.code
        elif code in units.units():
            return code
        self.missing(self.map_for("units"), code, segment, element, component)
        return None

    def code(self, purpose: MapPurpose, code: str, segment: Segment, element: int, component: int = 0) -> str | None:
        """The canonical value of a partner's code by the agreement's map for a purpose; the code itself when no map is named."""
        name = self.options.maps.get(purpose)
        if name is None or not code:
            return code
        if (agreed := self.agreed(purpose, code, self.codes.translate)) is None:
            self.missing(name, code, segment, element, component)
        return agreed

    def table(
        self, purpose: MapPurpose, known: Mapping[str, str], code: str, segment: Segment, element: int, component: int = 0
    ) -> str | None:
        """The canonical value of a code by the agreement's map, else by the standard's own table; an unknown code is noted."""
        found = self.agreed(purpose, code, self.codes.translate)
        found = found if found is not None else known.get(code)
        if found is None:
            self.missing(self.map_for(purpose), code, segment, element, component)
        return found

    def missing(self, name: str, value: str, segment: Segment | None, element: int = 0, component: int = 0) -> None:
        """Note a code without an entry in a value map."""
        self.note_unknown(name, value, place(segment, element, component))

    def finish(self, kind: type[C], draft: Draft) -> C:
        """The canonical object. Raises `SchemaInvalid` or `ValueMapMissing` with all that is wrong, not the first only."""
        made: C | None = None
        try:
            made = kind.model_validate(draft)
        except ValidationError as error:
            if not self.unknown:  # what an unknown code leaves out is not missing in the document
                self._invalid(kind, error)
        if made is None or self.problems or self.unknown:
            self.refuse(kind.schema_name)
        assert made is not None
        return made

    def refuse(self, what: str = "") -> None:
        """Raise what was collected, if anything was."""
        self.tell(f"{self.context.type} {what}".strip())

    def _invalid(self, kind: type[Canonical], error: ValidationError) -> None:
        known = {problem["path"] for problem in self.problems if problem["path"]}
        errors = error.errors(include_url=False, include_input=False)
        faulty = {item["loc"][0] for item in errors if len(item["loc"]) > 1}
        for item in errors:
            at = item["loc"]
            if item["type"] == "too_short" and at[0] in faulty:
                continue  # there are lines, and what is wrong with them is said
            path = ".".join(str(part) for part in at)
            if path in known or any(each.startswith(f"{path}.") for each in known):
                continue  # what is wrong there was said where it was found
            self.note(path, f"{path} {said(item)}", self._place(kind, at), item["type"])

    def _place(self, kind: type[Canonical], at: Path) -> dict[str, Any]:
        """The place in the document of a field that validation found wrong."""
        segment = next((self.anchors[at[:n]] for n in range(len(at), -1, -1) if at[:n] in self.anchors), None)
        notation = place_of(kind, at, "edifact" if self.edifact else "x12", self.context.type)
        found = parse_place(notation) if notation else None
        if segment is not None and found is not None and found.segment.tag == segment.tag:
            return {**place(segment, found.element, found.component), "place": notation}
        return {**place(segment), "place": notation or (segment.tag if segment is not None else "")}


def place(segment: Segment | None, element: int = 0, component: int = 0) -> dict[str, Any]:
    """Where in a document something is: segment tag, its position, element, component and byte, and the field's own notation (`PO102`)."""
    if segment is None:
        return {"place": "", "segment": "", "position": 0, "element": element, "component": component, "byte": 0}
    tag = segment.tag
    notation = f"{tag}{element:02d}" + (f"-{component}" if component else "") if element else tag
    return {
        "place": notation,
        "segment": tag,
        "position": segment.position,
        "element": element,
        "component": component,
        "byte": segment.locate(element, component),
    }


@lru_cache(maxsize=1 << 15)
def gtin_or_none(value: str) -> str | None:
    """A GTIN with a right check digit, also one of which leading zeros were lost; else nothing: partners send house numbers as UPC."""
    if not value.isascii() or not value.isdecimal():
        return None
    for length in (len(value), 12, 13, 14):
        padded = value.zfill(length)
        if len(padded) == length and gs1_valid("gtin", padded):
            return padded
    return None


def joined(parts: Iterable[str], glue: str = " ") -> str:
    """What is there of some texts, joined."""
    return glue.join(part for part in parts if part)
