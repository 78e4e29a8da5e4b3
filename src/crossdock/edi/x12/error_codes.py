"""Our finding codes as the error codes of 997, 999 and TA1 (X12 elements 720, 723, 718, 716, I18). Tables only."""

from __future__ import annotations

# AK304 / IK304 (element 720): the segment as a whole. Findings about elements give 8.
SEGMENT_ERRORS = {
    "bad-segment": "1",
    "mixed-delimiters": "1",
    "segment-unknown": "1",
    "segment-unexpected": "2",
    "segment-not-used": "2",
    "segment-missing": "3",
    "loop-too-often": "4",
    "segment-too-often": "5",
    "segment-not-in-guide": "6",
    "segment-out-of-sequence": "7",
    "segment-too-long": "8",
}
ELEMENT_IN_ERROR = "8"
NOT_USED_SEGMENT_999 = "I4"

# AK403 / IK403 (element 723): one element.
ELEMENT_ERRORS = {
    "element-missing": "1",
    "component-missing": "1",
    "element-condition": "2",
    "too-many-elements": "3",
    "too-many-components": "3",
    "too-many-repetitions": "3",
    "element-too-short": "4",
    "element-too-long": "5",
    "invalid-character": "6",
    "binary-length": "6",
    "code-not-allowed": "7",
    "HL-id-duplicate": "7",
    "HL-parent-unknown": "7",
    "HL-nesting": "7",
    "invalid-date": "8",
    "invalid-time": "9",
    "element-excluded": "10",
    "element-not-used": "10",
}
# What 005010 says more exactly.
ELEMENT_ERRORS_005010 = {
    "too-many-repetitions": "12",
    "too-many-components": "13",
}
ELEMENT_ERRORS_999 = {
    "too-many-repetitions": "12",
    "too-many-components": "13",
    "element-not-used": "I10",
}

# AK502 / IK502 (element 718): the transaction set.
DOCUMENT_ERRORS = {
    "document-not-supported": "1",
    "missing-SE": "2",
    "SE02-control": "3",
    "SE01-count": "4",
    "ST01-invalid": "6",
    "ST02-invalid": "7",
    "duplicate-document": "23",
}
SEGMENTS_IN_ERROR = "5"

# AK905 (element 716): the functional group.
GROUP_ERRORS = {
    "group-not-supported": "1",
    "group-version-not-supported": "2",
    "missing-GE": "3",
    "GE02-control": "4",
    "GE01-count": "5",
    "GS06-invalid": "6",
    "duplicate-group": "19",
}

# TA105 (element I18): the interchange.
INTERCHANGE_ERRORS = {
    "IEA02-control": "001",
    "wide-terminator": "004",
    "IEA01-count": "021",
    "ST-outside-GS": "022",
    "GE-without-GS": "022",
    "GS-outside-ISA": "022",
    "SE-without-ST": "022",
    "segment-outside-document": "022",
    "missing-IEA": "023",
    "no-final-terminator": "023",
    "duplicate-interchange": "025",
    "delimiter-clash": "027",
    "line-wrapped": "022",
    "sender-unknown": "006",
    "receiver-unknown": "007",
    "test-indicator": "020",
}
# TA105 when ISA element n is wrong.
ISA_ELEMENT_ERRORS = {
    1: "010", 2: "011", 3: "012", 4: "013", 5: "005", 6: "006", 7: "007", 8: "008", 9: "014", 10: "015",
    11: "016", 12: "017", 13: "018", 14: "019", 15: "020", 16: "027",
}  # fmt: skip
