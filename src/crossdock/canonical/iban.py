"""Account numbers (IBAN, ISO 13616-1) and creditor references (ISO 11649) with their check digits; knows no bank."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, Field

IBAN_LENGTHS: Final[dict[str, int]] = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BI": 27, "BR": 29, "BY": 28, "CH": 21,
    "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FK": 18, "FO": 18,
    "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HN": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23,
    "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27,
    "MD": 24, "ME": 22, "MK": 19, "MN": 20, "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15, "OM": 23, "PK": 24, "PL": 28,
    "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24, "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27,
    "SO": 23, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20, "YE": 30,
}  # fmt: skip
"""Length of an IBAN by country (SWIFT IBAN Registry, release 99)."""


def mod97(text: str) -> int:
    """The remainder modulo 97 of letters and digits, letters read as 10 to 35 (ISO 7064 MOD 97-10). Raises ValueError for other signs."""
    if not (text.isascii() and text.isalnum()):
        raise ValueError("only letters and digits can be checked")
    return int("".join(str(int(sign, 36)) for sign in text)) % 97


def iban_fault(value: str) -> str:
    """Why `value` (capitals, no blanks) is no IBAN; empty when it is one."""
    if not (value.isascii() and value.isalnum() and value == value.upper() and value[:2].isalpha() and value[2:4].isdigit()):
        return "an IBAN is a country, two check digits and an account number of capitals and digits"
    length = IBAN_LENGTHS.get(value[:2])
    if length is None and not 15 <= len(value) <= 34:
        return "an IBAN has 15 to 34 signs"
    if length is not None and len(value) != length:
        return f"an IBAN of {value[:2]} has {length} signs, not {len(value)}"
    if mod97(value[4:] + value[:4]) != 1:
        return "its check digits are wrong"
    return ""


def creditor_reference_fault(value: str) -> str:
    """Why `value` (capitals, no blanks) is no RF creditor reference of ISO 11649; empty when it is one."""
    if not (value.isascii() and value.isalnum() and value.startswith("RF") and value[2:4].isdigit() and 5 <= len(value) <= 25):
        return "a creditor reference is RF, two check digits and up to 21 capitals and digits"
    if value != value.upper() or mod97(value[4:] + value[:4]) != 1:
        return "its check digits are wrong"
    return ""


def _read(value: str) -> str:
    plain = value.replace(" ", "").upper()
    if fault := iban_fault(plain):
        raise ValueError(f"{plain[:4]}... is no IBAN: {fault}")
    return plain


Iban = Annotated[str, Field(max_length=64), AfterValidator(_read)]
"""An account number by ISO 13616-1, electronic format; blanks are taken out, wrong check digits refused, the number not repeated in errors."""

Bic = Annotated[str, Field(pattern=r"^([A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?)?$")]
"""A business identifier code (ISO 9362); empty when it is not known."""
