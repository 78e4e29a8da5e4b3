"""Builds and reads APERAK, the answer of the application: accepted, or refused with reasons people can read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ..interchange import Document, Interchange, segments
from ..writer import OutDocument, Row

ACCEPTED, REJECTED = "AP", "RE"
# RFF qualifiers that name what the APERAK answers: the message's number, the order's, the previous message's.
_ANSWERED = ("ACW", "ACE", "DM", "ON", "AAS", "IV")


@dataclass(frozen=True, slots=True)
class ApplicationError:
    """One ERC with its text: the code agreed with the partner, and where it applies."""

    code: str
    text: str = ""
    reference: tuple[str, str] = ("", "")


@dataclass(slots=True)
class ApplicationAnswer:
    """What an APERAK says: the message answered, whether the application took it, and why not."""

    number: str
    answers: str
    accepted: bool
    errors: list[ApplicationError] = field(default_factory=list)
    references: list[tuple[str, str]] = field(default_factory=list)


def application_answer(
    reference: str,
    number: str,
    answers: str,
    moment: datetime,
    errors: Sequence[ApplicationError] = (),
    *,
    order: str = "",
    buyer: str = "",
    supplier: str = "",
    release: str = "96A",
    association: str = "",
) -> OutDocument:
    """An APERAK: accepted when there are no errors, refused otherwise.

    `answers` is the document number (BGM 1004) of the message answered; `release` is 96A or 01B.
    """
    rows: list[Row] = [
        ("BGM", ("", "", "", "APERAK"), number, "27" if errors else "29", REJECTED if errors else ACCEPTED),
        ("DTM", ("137", moment.strftime("%Y%m%d%H%M"), "203")),
        ("RFF", ("ACW", answers)),
    ]
    if order:
        rows.append(("RFF", ("ON", order)))
    for role, party in (("BY", buyer), ("SU", supplier)):
        if party:
            rows.append(("NAD", role, (party, "", "9")))
    for error in errors:
        rows.append(("ERC", (error.code[:8],)))
        if error.text:
            rows.append(("FTX", "AAO", "", "", _lines(error.text)))
        if error.reference[0]:
            rows.append(("RFF", error.reference))
    qualifiers = ("D", release, "UN", association) if association else ("D", release, "UN")
    return OutDocument("APERAK", tuple(rows), reference, qualifiers)


def read_application_answers(interchange: Interchange) -> Iterator[ApplicationAnswer]:
    """Every APERAK in an interchange, however incomplete."""
    for document in interchange.documents():
        if document.type == "APERAK":
            yield _read(document)


def _read(document: Document) -> ApplicationAnswer:
    number = answers = function = response = ""
    references: list[tuple[str, str]] = []
    errors: list[ApplicationError] = []
    for run in document.runs:
        for segment in segments(run, document.delimiters, document.charset):
            tag, value = segment.tag, segment.value
            if tag == "BGM":
                number, function, response = value(2), value(3), value(4)
            elif tag == "RFF" and not errors:
                references.append((value(1, 1), value(1, 2)))
            elif tag == "ERC":
                errors.append(ApplicationError(value(1)))
            elif tag == "FTX" and errors:
                text = " ".join(part for n in range(1, 6) if (part := value(4, n)))
                errors[-1] = ApplicationError(errors[-1].code, f"{errors[-1].text} {text}".strip(), errors[-1].reference)
            elif tag == "RFF" and errors:
                errors[-1] = ApplicationError(errors[-1].code, errors[-1].text, (value(1, 1), value(1, 2)))
    for qualifier in _ANSWERED:
        answers = answers or next((ref for kind, ref in references if kind == qualifier), "")
    if response:
        accepted = response in (ACCEPTED, "AC", "AB")
    elif function in ("27", "29"):
        accepted = function == "29"
    else:
        accepted = not errors
    return ApplicationAnswer(number, answers, accepted, errors, references)


def _lines(text: str) -> list[str]:
    return [text[at : at + 70] for at in range(0, min(len(text), 350), 70)]
