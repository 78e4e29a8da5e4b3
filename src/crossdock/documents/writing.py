"""What all writers share: values in the wire's form, everything that cannot be written collected, and one error at the end. Knows no document."""

from __future__ import annotations

import re
from datetime import date as Date
from datetime import datetime
from decimal import Decimal
from typing import Final

from crossdock.canonical import units
from crossdock.documents.collecting import Collecting
from crossdock.documents.mapping import Codes, WriteContext
from crossdock.documents.moments import x12_date, x12_time
from crossdock.documents.options import MapPurpose

_BREAKS: Final = re.compile(r"[\s\x00-\x1f\x7f]+")


class Writing(Collecting):
    """One document being written. `reserved` are characters free text may not hold, because X12 cannot escape its delimiters."""

    def __init__(self, context: WriteContext, codes: Codes, *, reserved: str = "*~>^|") -> None:
        super().__init__(context, codes)
        self.context = context
        self._reserved = str.maketrans(dict.fromkeys(reserved, " ")) if reserved else {}

    def wrong(self, message: str, place: str = "", path: str = "") -> None:
        """Note something that the document cannot be without, or cannot carry."""
        self.note(path, message, {"place": place})

    def text(self, value: str, most: int = 0) -> str:
        """Free text for one element: no delimiters, no line breaks, not longer than `most`. For names and descriptions, never for codes."""
        plain = _BREAKS.sub(" ", value.translate(self._reserved)).strip()
        return plain[:most].rstrip() if most else plain

    def chunks(self, value: str, most: int) -> list[str]:
        """Free text in pieces of at most `most` characters, cut at blanks where there are some."""
        rest = self.text(value)
        pieces: list[str] = []
        while len(rest) > most:
            cut = rest.rfind(" ", 1, most + 1)
            cut = cut if cut > 0 else most
            pieces.append(rest[:cut].rstrip())
            rest = rest[cut:].lstrip()
        return [*pieces, rest] if rest else pieces

    def number(self, value: Decimal) -> str:
        """A decimal without exponent and without idle zeros."""
        text = format(value, "f")
        if "." in text:
            text = text.rstrip("0").rstrip(".")
        return text if text not in ("", "-0") else "0"

    def implied(self, value: Decimal, places: int, place: str) -> str:
        """A number with an implied decimal point (X12 type N2). What does not fit into `places` digits is a problem, never rounded."""
        scaled = value.scaleb(places)
        if scaled != scaled.to_integral_value():
            self.wrong(f"{value} has more than {places} digits after the decimal point", place)
        return str(int(scaled))

    def unit(self, code: str, *, x12: bool, place: str = "") -> str:
        """The partner's code of a Rec 20 unit: by the agreement's map, else X12 355 or the code itself. A missing one is noted."""
        if (agreed := self.agreed("units", code, self.codes.reverse)) is not None:
            return agreed
        if not x12:
            return code
        found = units.units().get(code)
        if found is not None and found.x12:
            return found.x12
        self.note_unknown(self.map_for("units"), code, {"place": place})
        return ""

    def code(self, purpose: MapPurpose, value: str, place: str = "") -> str:
        """The partner's code for a canonical value by the agreement's map for a purpose; the value itself when no map is named."""
        name = self.options.maps.get(purpose)
        if name is None or not value:
            return value
        if (agreed := self.agreed(purpose, value, self.codes.reverse)) is None:
            self.note_unknown(name, value, {"place": place})
        return agreed or ""

    def date(self, moment: datetime) -> str:
        """CCYYMMDD in the agreement's zone."""
        return x12_date(moment, self.options.zone)

    def time(self, moment: datetime) -> str:
        """HHMM or HHMMSS in the agreement's zone."""
        return x12_time(moment, self.options.zone)

    def day(self, day: Date) -> str:
        """CCYYMMDD of a calendar day."""
        return day.strftime("%Y%m%d")

    def finish(self, what: str) -> None:
        """Raise `SchemaInvalid` or `ValueMapMissing` with all that stands in the way, if anything does."""
        self.tell(f"{what} cannot be written", "code", "to_partner")
