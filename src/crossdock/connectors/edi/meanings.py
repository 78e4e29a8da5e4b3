"""What the error codes of acknowledgements say, in our own words; tables only."""

from __future__ import annotations

from typing import Final

SEGMENT: Final = {
    "1": "the segment is not known there",
    "2": "the segment is not expected at this place",
    "3": "a mandatory segment is missing",
    "4": "the loop occurs too often",
    "5": "the segment occurs too often",
    "6": "the segment does not belong to this document",
    "7": "the segment stands in the wrong order",
    "8": "elements of the segment are wrong",
    "I4": "the segment is not used in their guide",
    "I6": "a segment their guide depends on is missing",
    "I7": "the loop occurs less often than their guide asks",
    "I8": "the segment occurs less often than their guide asks",
    "I9": "a segment their guide depends on is present and must not be",
}
"""AK304 and IK304."""
ELEMENT: Final = {
    "1": "a mandatory element is missing",
    "2": "an element that another one requires is missing",
    "3": "there are too many elements",
    "4": "the value is too short",
    "5": "the value is too long",
    "6": "the value holds a character that is not allowed",
    "7": "the code is not known there",
    "8": "this is no date",
    "9": "this is no time",
    "10": "the element excludes another one",
    "12": "the element is repeated too often",
    "13": "there are too many components",
    "I6": "the code is not used in their guide",
    "I9": "an element their guide depends on is missing",
    "I10": "the element is not used in their guide",
    "I11": "the element occurs less often than their guide asks",
    "I12": "the value does not fit the pattern of their guide",
    "I13": "an element their guide depends on is present and must not be",
}
"""AK403 and IK403."""
DOCUMENT: Final = {
    "1": "they do not take this kind of document",
    "2": "the trailer of the document is missing",
    "3": "the control numbers in head and trailer of the document differ",
    "4": "the number of segments is wrong",
    "5": "segments are in error",
    "6": "the identifier of the document is wrong",
    "7": "the control number of the document is missing or wrong",
    "23": "the control number of the document was used before",
    "I5": "their guide is not followed",
    "I6": "they do not take this version of the guide",
}
"""AK502 and IK502."""
GROUP: Final = {
    "1": "they do not take this kind of group",
    "2": "they do not take this version",
    "3": "the trailer of the group is missing",
    "4": "the control numbers in head and trailer of the group differ",
    "5": "the number of documents is wrong",
    "6": "the control number of the group is wrong",
    "19": "the control number of the group was used before",
}
"""AK905."""
INTERCHANGE: Final = {
    "000": "no error",
    "001": "the control numbers in head and trailer differ",
    "002": "they do not take this standard",
    "003": "they do not take this version of the envelope",
    "004": "the segment terminator is not usable",
    "005": "they do not know our qualifier",
    "006": "they do not know us",
    "007": "they are not who we call them, by qualifier",
    "008": "they are not who we call them",
    "009": "they do not know the receiver",
    "018": "the control number is wrong",
    "020": "test and production are mixed up",
    "021": "the number of groups is wrong",
    "022": "the control structure is wrong",
    "023": "the file ends too early",
    "024": "the content is wrong",
    "025": "they have this control number already",
    "027": "the delimiters are wrong",
}
"""TA105."""
SYNTAX: Final = {
    "2": "their system does not take this version or level",
    "7": "they are not the receiver",
    "12": "a value is wrong",
    "13": "something mandatory is missing",
    "14": "they do not take this value here",
    "15": "it is not expected at this place",
    "16": "there are too many parts",
    "18": "they do not say what is wrong",
    "20": "a character serves two purposes",
    "21": "a character is not allowed",
    "22": "the service characters are wrong",
    "23": "they do not know the sender",
    "25": "they take no test messages",
    "26": "they have this reference already",
    "28": "the references in head and trailer differ",
    "29": "the count in the trailer is wrong",
    "32": "something is missing that is expected lower down",
    "33": "something stands outside of its place",
    "35": "it is repeated too often",
    "36": "the segment group is repeated too often",
    "37": "a character does not fit the type of the value",
    "39": "the value is too long",
    "40": "the value is too short",
    "45": "a separator stands at the end",
}
"""Data element 0085 of CONTRL."""


def meaning(table: dict[str, str], code: str) -> str:
    """The words of a code; the code itself where the table has none."""
    return table.get(code, f"their code {code}")
