"""Amounts and days as banks write them; anything else is None, never an exception and never a binary float."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

_XML_AMOUNT: Final = re.compile(r"\+?\d{1,18}(?:\.\d{0,9})?|\+?\.\d{1,9}")
_SWIFT_AMOUNT: Final = re.compile(r"\d{1,18}(?:,\d{0,9})?|\d{1,18}\.\d{1,2}")
_DAY: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_MOMENT: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)?")


def xml_amount(text: str) -> Decimal | None:
    """An ISO 20022 amount: digits and a point, never below zero."""
    text = text.strip()
    return Decimal(text) if _XML_AMOUNT.fullmatch(text) else None


def swift_amount(text: str) -> Decimal | None:
    """A SWIFT amount (15d): digits and a comma; some banks write a point before two digits."""
    return Decimal(text.replace(",", ".").removesuffix(".")) if _SWIFT_AMOUNT.fullmatch(text) else None


def xml_day(text: str) -> date | None:
    """The day of an ISO 20022 date or date and time: the bank's own day, whatever the offset."""
    match = _DAY.match(text.strip())
    return _day(*map(int, match.groups())) if match else None


def xml_moment(text: str) -> datetime | None:
    """A date and time; UTC where the bank says no offset."""
    match = _MOMENT.fullmatch(text.strip())
    if match is None:
        return None
    try:
        found = datetime.fromisoformat(match.group(1) + (match.group(2) or ""))
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def swift_day(text: str) -> date | None:
    """A SWIFT date YYMMDD, 1980 to 2079. Banks that count thirty days a month write the 30th of February: it is the month's last day."""
    if len(text) != 6 or not (text.isascii() and text.isdecimal()):
        return None
    year, month, day = int(text[:2]), int(text[2:4]), int(text[4:])
    year += 2000 if year < 80 else 1900
    if 1 <= month <= 12 and day in (29, 30):
        day = min(day, monthrange(year, month)[1])
    return _day(year, month, day)


def swift_booking_day(text: str, value: date) -> date | None:
    """The booking day MMDD of an entry: it has no year, so it is the one nearest to the value date."""
    days = [_day(year, int(text[:2]), int(text[2:])) for year in (value.year - 1, value.year, value.year + 1)]
    return min((each for each in days if each is not None), key=lambda each: abs(each - value), default=None)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
