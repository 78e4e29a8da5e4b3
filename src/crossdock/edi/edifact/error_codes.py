"""Our finding codes as the syntax error codes of CONTRL (data element 0085). Tables only."""

from __future__ import annotations

SYNTAX_ERRORS = {
    "bad-segment": "15",
    "mixed-delimiters": "22",
    "delimiter-clash": "22",
    "UNA-invalid": "22",
    "UNA-missing": "22",
    "segment-unknown": "15",
    "segment-unexpected": "15",
    "segment-not-in-guide": "15",
    "segment-not-used": "15",
    "segment-out-of-sequence": "15",
    "segment-missing": "13",
    "segment-too-often": "35",
    "segment-too-long": "39",
    "loop-too-often": "36",
    "element-missing": "13",
    "component-missing": "13",
    "element-condition": "13",
    "element-excluded": "15",
    "element-not-used": "15",
    "too-many-elements": "16",
    "too-many-components": "16",
    "too-many-repetitions": "35",
    "element-too-short": "40",
    "element-too-long": "39",
    "invalid-character": "37",
    "code-not-allowed": "12",
    "invalid-date": "12",
    "invalid-time": "12",
    "trailing-separator": "45",
    "wrong-character-set": "21",
    "outside-character-set": "21",
    "UNZ-count": "29",
    "UNE-count": "29",
    "UNT-count": "29",
    "UNZ-ref": "28",
    "UNE-ref": "28",
    "UNT-ref": "28",
    "missing-UNZ": "13",
    "missing-UNE": "13",
    "missing-UNT": "13",
    "no-final-terminator": "13",
    "duplicate-interchange": "26",
    "duplicate-group": "26",
    "duplicate-document": "26",
    "groups-and-messages-mixed": "30",
    "segment-outside-document": "33",
    "UNT-without-UNH": "33",
    "UNE-without-UNG": "33",
    "UNZ-without-UNB": "33",
    "document-not-supported": "14",
}
UNSPECIFIED = "18"

# Findings about the message's own service segments belong into UCM, those about the interchange's into UCI.
MESSAGE_SERVICE = frozenset({"UNH", "UNT"})
INTERCHANGE_SERVICE = frozenset({"UNA", "UNB", "UNZ"})
GROUP_SERVICE = frozenset({"UNG", "UNE"})
