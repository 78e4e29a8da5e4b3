"""What a landscape cannot say of itself: eight questions on criticality, complexity, maturity and growth, and the file with the answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from crossdock.advisor.errors import AdviceUnreadable

FILE: Final = "advice.yaml"
"""Where answers are kept: beside the landscape's own files, read by nothing that runs."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question with five answers, from the least to the most."""

    key: str
    dimension: str
    words: str
    answers: tuple[str, str, str, str, str]


QUESTIONS: Final = (
    Question(
        "standstill", "criticality", "What does it cost when orders do not reach the warehouse for four hours?",
        ("nothing worth naming", "overtime", "late deliveries and credit notes", "contract penalties", "a customer's production stands still"),
    ),
    Question(
        "wrong", "criticality", "What does a doubled shipment, refund or invoice cost before somebody notices?",
        ("nothing", "a correction", "a write-off now and then", "money that does not come back", "an audit finding"),
    ),
    Question(
        "ownership", "complexity", "How often do two systems claim to be right about the same stock, price or order?",
        ("never", "once a year", "once a month", "once a week", "daily"),
    ),
    Question(
        "foreign", "complexity", "How many of the systems belong to somebody else, who changes them without asking?",
        ("none", "one or two", "a third", "half", "most"),
    ),
    Question(
        "decides", "maturity", "Who decides how an interface changes?",
        ("whoever has time", "the developer", "a named owner", "an owner with review", "a board with policies and evidence"),
    ),
    Question(
        "operates", "maturity", "Who notices at night that a queue or a broker stands still, and can mend it?",
        ("nobody", "somebody, the next morning", "one person on call", "a team on call", "a platform team that runs brokers already"),
    ),
    Question(
        "partners", "growth", "How many new partners, channels or warehouses come in the next two years?",
        ("none", "one or two", "up to five", "up to fifteen", "more"),
    ),
    Question(
        "volume", "growth", "How many times today's messages are expected in two years?",
        ("the same", "half as much again", "twice", "five times", "ten times or more"),
    ),
)  # fmt: skip


def read_answers(path: Path) -> dict[str, int]:
    """The answers of a file, by question. Raises `AdviceUnreadable`, which names what is wrong."""
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise AdviceUnreadable(f"{path.name} cannot be read: {str(error).splitlines()[0]}", path=path.name) from None
    if not isinstance(found, dict):
        raise AdviceUnreadable(f"{path.name} does not hold questions and answers", path=path.name)
    known = {question.key for question in QUESTIONS}
    answers: dict[str, int] = {}
    for key, value in found.items():
        if key not in known:
            raise AdviceUnreadable(
                f"{path.name}: there is no question {key!r}; there are {', '.join(sorted(known))}", path=path.name
            )
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 4:
            raise AdviceUnreadable(f"{path.name}: the answer to {key!r} is a number from 0 to 4", path=path.name)
        answers[key] = value
    return answers


def blank() -> str:
    """The questionnaire as a file to fill in."""
    lines = [
        "# Answers for `crossdock advise`: a number from 0 to 4 each; what is left empty counts nothing, and the advice says so."
    ]
    for question in QUESTIONS:
        lines += ["", f"# {question.words}"]
        lines += [f"#   {number}  {words}" for number, words in enumerate(question.answers)]
        lines.append(f"{question.key}:")
    return "\n".join(lines) + "\n"
