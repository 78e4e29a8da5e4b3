"""The character sets a UNB names (UN code list 0001) and what Python calls them; knows no segments."""

from __future__ import annotations

import codecs
import re

# UNOY is ISO 10646 by the letter; everybody who declares it sends UTF-8.
CHARSETS = {
    "UNOA": "ascii",
    "UNOB": "ascii",
    "UNOC": "iso8859-1",
    "UNOD": "iso8859-2",
    "UNOE": "iso8859-5",
    "UNOF": "iso8859-7",
    "UNOG": "iso8859-3",
    "UNOH": "iso8859-4",
    "UNOI": "iso8859-6",
    "UNOJ": "iso8859-8",
    "UNOK": "iso8859-9",
    "UNOL": "iso8859-15",
    "UNOW": "utf-8",
    "UNOX": "iso2022_jp_2",
    "UNOY": "utf-8",
}

# ISO 9735 level A: capitals, digits and some marks. Anything else, told to those who want to know.
OUTSIDE_LEVEL_A = re.compile(rb"[^A-Z0-9 .,\-()/=!\"%&*;<>'+:?\r\n\t]")


def declared(identifier: str) -> str:
    """The Python codec for a syntax identifier such as `UNOC`; UTF-8 for private ones (`IATB`, `KECA`)."""
    return CHARSETS.get(identifier.upper(), "utf-8")


def choose(identifier: str, sample: bytes) -> str:
    """The codec that reads the sample: the declared one, except where the bytes are plainly UTF-8.

    Senders declare UNOC and send UTF-8; a multi-byte sequence that decodes is no accident.
    """
    codec = declared(identifier)
    if sample.isascii():
        return "utf-8" if codec == "ascii" else codec
    try:
        # The sample may end in the middle of a character.
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return "latin-1" if codec in ("ascii", "utf-8") else codec
    return "utf-8"
