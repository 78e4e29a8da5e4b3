"""Names and accounts of people and companies as they are compared: without case, accents, legal forms; knows no payment."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

from crossdock.canonical.iban import iban_fault

_WORDS: Final = re.compile(r"[0-9a-z]+")
_SPELT: Final = str.maketrans({"ß": "ss", "æ": "ae", "ø": "o", "œ": "oe", "ł": "l", "đ": "d", "þ": "th", "ı": "i", "&": " "})
_DOTTED: Final = re.compile(r"\b(?:[a-z]\.){2,}")
_FORMS: Final = frozenset(
    [
        "gmbh",
        "mbh",
        "ag",
        "kg",
        "kgaa",
        "ohg",
        "gbr",
        "ug",
        "ev",
        "eg",
        "se",
        "sa",
        "sas",
        "sarl",
        "sasu",
        "snc",
        "nv",
        "bv",
        "bvba",
        "vof",
        "cv",
        "srl",
        "spa",
        "sagl",
        "sl",
        "slu",
        "sc",
        "scrl",
        "ltd",
        "limited",
        "plc",
        "llp",
        "llc",
        "lp",
        "inc",
        "incorporated",
        "corp",
        "corporation",
        "co",
        "company",
        "cie",
        "as",
        "asa",
        "ab",
        "oy",
        "oyj",
        "aps",
        "is",
        "hf",
        "ehf",
        "zrt",
        "kft",
        "doo",
        "dd",
        "sro",
        "spzoo",
        "sp",
        "zoo",
        "ooo",
        "zao",
        "pte",
        "pty",
        "the",
        "and",
        "und",
        "et",
        "mr",
        "mrs",
        "ms",
        "herr",
        "frau",
        "dr",
    ]
)
"""Legal forms and forms of address, which one side writes and the other leaves out."""


@lru_cache(maxsize=65_536)
def words(name: str) -> frozenset[str]:
    """The words that tell a party from others: small letters, accents and legal forms left out."""
    text = unicodedata.normalize("NFKD", name.casefold().translate(_SPELT))
    text = "".join(each for each in text if not unicodedata.combining(each))
    text = _DOTTED.sub(lambda match: match.group().replace(".", ""), text)
    found = _WORDS.findall(text)
    return frozenset(each for each in found if each not in _FORMS) or frozenset(found)


def alike(one: str, other: str) -> bool:
    """Whether two names are of the same party as far as names can tell: the words of the shorter one are all in the longer one.

    A bank cuts names after 27 or 35 characters, so a last word may be the beginning of the other's.
    """
    first, second = words(one), words(other)
    if not first or not second:
        return False
    few, many = sorted((first, second), key=lambda each: (len(each), sum(map(len, each))))
    missing = [each for each in few if each not in many]
    if not missing:
        return len(few) > 1 or len(many) == 1 or max(map(len, few)) > 4
    return len(missing) == 1 and len(few) > 1 and len(missing[0]) > 2 and any(each.startswith(missing[0]) for each in many - few)


def account(text: str) -> str:
    """An account number as it is compared: capitals, without blanks."""
    return "".join(text.split()).upper()


def is_iban(text: str) -> bool:
    """Whether this is an IBAN: the country's length and right check digits (ISO 13616)."""
    return not iban_fault(account(text))
