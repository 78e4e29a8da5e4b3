"""Structured payment references and their check digits: ISO 11649 and the national schemes; knows no statement and no invoice."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from crossdock.canonical.iban import creditor_reference_fault, mod97

_RF_AHEAD: Final = re.compile(r"(?<![0-9A-Z])RF\d{2}(?:[ ]?[0-9A-Z]){1,21}(?![0-9A-Z])", re.IGNORECASE)
_OGM_AHEAD: Final = re.compile(r"\+{3}\s?(\d{3})/(\d{4})/(\d{5})\s?\+{3}|\*{3}\s?(\d{3})/(\d{4})/(\d{5})\s?\*{3}")
_SEPARATORS: Final = re.compile(r"[\s/.+*-]+")
_CARRY: Final = (0, 9, 4, 6, 8, 2, 7, 1, 3, 5)
"""The table of the recursive modulo 10 of Swiss references (Swiss Payment Standards, annex B)."""


def plain(reference: str) -> str:
    """A reference as it is compared: capitals, without blanks and separators, and without the zeros in front where it is a number."""
    text = _SEPARATORS.sub("", reference).upper()
    return text.lstrip("0") or text[:1] if text.isdecimal() and text.isascii() else text


def creditor_reference(number: str) -> str:
    """The ISO 11649 creditor reference of a number of at most 21 letters and digits; others are left out. Raises `ValueError` when nothing is left."""
    body = re.sub(r"[^0-9A-Z]", "", number.upper())
    if not 1 <= len(body) <= 21:
        raise ValueError(f"{number!r} has {len(body)} letters and digits; a creditor reference carries 1 to 21")
    return f"RF{98 - mod97(body + 'RF00'):02d}{body}"


def is_creditor_reference(text: str) -> bool:
    """Whether this is an ISO 11649 reference with right check digits (ISO 7064 MOD 97-10)."""
    return not creditor_reference_fault(_SEPARATORS.sub("", text).upper())


def scheme(reference: str) -> str:
    """What kind of structured reference this is by its form and check digits: `iso11649`, `qrr` (Switzerland), `ogm` (Belgium), `kid`
    (Norway, modulus 10 or 11), `viite` (Finland), or empty when no check digit fits. A short number may fit a scheme by chance, so this
    is evidence for a match, never a match by itself."""
    text = _SEPARATORS.sub("", reference).upper()
    if is_creditor_reference(text):
        return "iso11649"
    if not (text.isdecimal() and text.isascii()):
        return ""
    return next((name for name, fits in _NUMERIC if fits(text)), "")


def found_in(text: str) -> Iterator[str]:
    """The structured references that free text carries, check digits right, as `plain` writes them."""
    for match in _RF_AHEAD.finditer(text):
        # blanks may stand in the reference and after it, so that the words behind it look like a part of it
        body = ""
        best = ""
        for part in match.group().upper().split(" "):
            body += part
            if is_creditor_reference(body):
                best = body
        if best:
            yield best
    for match in _OGM_AHEAD.finditer(text):
        digits = "".join(group for group in match.groups() if group)
        if _is_ogm(digits):
            yield plain(digits)


def _is_qrr(text: str) -> bool:
    if len(text) not in (16, 27):
        return False
    carry = 0
    for each in text[:-1]:
        carry = _CARRY[(carry + int(each)) % 10]
    return (10 - carry) % 10 == int(text[-1])


def _is_ogm(text: str) -> bool:
    return len(text) == 12 and int(text[10:]) == (int(text[:10]) % 97 or 97)


def _is_kid(text: str) -> bool:
    return 4 <= len(text) <= 25 and (_luhn(text) or _mod11(text))


def _luhn(text: str) -> bool:
    total = 0
    for place, each in enumerate(reversed(text)):
        digit = int(each) * (2 if place % 2 else 1)
        total += digit - 9 if digit > 9 else digit
    return total % 10 == 0


def _mod11(text: str) -> bool:
    weighted = sum(int(each) * (2 + place % 6) for place, each in enumerate(reversed(text[:-1])))
    check = 11 - weighted % 11
    return check != 10 and check % 11 == int(text[-1])


def _is_viite(text: str) -> bool:
    weighted = sum(int(each) * (7, 3, 1)[place % 3] for place, each in enumerate(reversed(text[:-1])))
    return 4 <= len(text) <= 20 and (10 - weighted % 10) % 10 == int(text[-1])


_NUMERIC: Final[tuple[tuple[str, Callable[[str], bool]], ...]] = (
    ("qrr", _is_qrr), ("ogm", _is_ogm), ("kid", _is_kid), ("viite", _is_viite),
)  # fmt: skip
