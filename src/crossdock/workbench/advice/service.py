"""The advice for the landscape that runs, from its files, the answered questionnaire beside it and what the ledger measured."""

from __future__ import annotations

from crossdock.advisor.advice import Advice, advice
from crossdock.advisor.measuring import measured
from crossdock.advisor.questions import FILE, QUESTIONS, read_answers
from crossdock.workbench.place import place


def answered() -> dict[str, int]:
    """The answers in `advice.yaml` beside the landscape; none without the file. Raises `AdviceUnreadable`."""
    file = place().landscape.home / FILE
    return read_answers(file) if file.is_file() else {}


def advised(answers: dict[str, int]) -> Advice:
    """The advice of today. Raises `LedgerUnavailable`."""
    here = place()
    now = here.clock.now()
    found = here.read(lambda session: measured(session, here.landscape.flows, now))
    return advice(here.landscape, answers, found, now.date())


def questions() -> int:
    """How many questions there are."""
    return len(QUESTIONS)
