"""The characters SEPA messages may carry, and the nearest of them for all others (EPC217-08, best practices for SEPA requirements)."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_ALLOWED: Final = re.compile(r"[^A-Za-z0-9/\-?:().,'+ ]")
_SPELT: Final = str.maketrans(
    {
        "ß": "ss",
        "Æ": "AE",
        "æ": "ae",
        "Ø": "O",
        "ø": "o",
        "Œ": "OE",
        "œ": "oe",
        "Ł": "L",
        "ł": "l",
        "Đ": "D",
        "đ": "d",
        "&": "+",
        "_": "-",
    }
)
_IDENTIFIER: Final = re.compile(r"(?!/)(?!.*//)[A-Za-z0-9/\-?:().,'+]{1,35}(?<!/)")


def sepa_text(text: str, longest: int) -> str:
    """A name or a text in the Latin characters every bank takes: accents go, other letters become a point; cut to `longest`."""
    plain = unicodedata.normalize("NFKD", text.translate(_SPELT))
    plain = "".join(each for each in plain if not unicodedata.combining(each))
    return " ".join(_ALLOWED.sub(".", plain).split())[:longest].strip()


def is_identifier(text: str) -> bool:
    """Whether this may be an end-to-end or message identification: 1 to 35 of the characters, no slash at the ends, no two in a row."""
    return _IDENTIFIER.fullmatch(text) is not None
