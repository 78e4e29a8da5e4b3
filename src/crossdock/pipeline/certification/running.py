"""Runs the cases of a partner through its connector: the same code as in the hub, without ledger, transport and clock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from pydantic import ValidationError

from crossdock.canonical.events import Event
from crossdock.canonical.interchange import Interchange
from crossdock.connectors.edi.connector import EdiConnector
from crossdock.connectors.edi.rehearsal import letter_for, taken, written_answer
from crossdock.connectors.protocol import Inbound, StoredMessage
from crossdock.core.commands import Command
from crossdock.core.errors import CrossdockError
from crossdock.pipeline.certification.cases import Case, ExpectedProblem
from crossdock.pipeline.certification.matching import differences, missing_segments, segment_is, shown
from crossdock.pipeline.certification.report import Outcome
from crossdock.pipeline.normalize import schema_invalid

MOMENT: Final = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
"""When everything happens here, so that a report says the same every time."""
DEPTH: Final = 4
_ENVELOPE: Final = ("ISA", "GS", "GE", "IEA", "UNA", "UNB", "UNZ", "UNG", "UNE")


@dataclass(slots=True)
class _Came:
    """What an input became."""

    events: list[Event] = field(default_factory=list)
    problems: list[CrossdockError] = field(default_factory=list)
    interchanges: list[Interchange] = field(default_factory=list)


def certify(connector: EdiConnector, cases: Iterable[Case]) -> list[Outcome]:
    """The outcome of every case, in order. Raises `CaseInvalid` for files that are not there."""
    return [_in(connector, case) if case.direction == "in" else _out(connector, case) for case in cases]


def _in(connector: EdiConnector, case: Case) -> Outcome:
    outcome = Outcome(case.name, case.title, case.direction)
    came = _Came()
    _take(connector, [taken(connector, case.body(), case.input)], came)
    expected = case.expect
    if expected.verdict is not None:
        verdict = came.interchanges[0].verdict if came.interchanges else "rejected"
        if verdict != expected.verdict:
            outcome.differences.append(f"the interchange was expected to be {expected.verdict}, it is {verdict}")
    outcome.events = [f"{each.type} {each.key}".rstrip() for each in came.events]
    outcome.findings = [each.message for each in came.problems]
    for told in came.interchanges:
        outcome.findings += [f"{each.segment}: {each.message}" for each in told.findings]
    if expected.events is not None:
        outcome.differences += _events(expected.events, came.events)
    outcome.differences += _problems(expected.problems, came.problems)
    outcome.acknowledgements = {kind: written_answer(connector, told, kind) for told in came.interchanges for kind in told.owed}
    if expected.acknowledgement is not None:
        outcome.differences += _acknowledged(expected.acknowledgement, outcome.acknowledgements)
    return outcome


def _take(connector: EdiConnector, messages: Sequence[Inbound], came: _Came, depth: int = 0) -> None:
    for number, each in enumerate(messages):
        stored = StoredMessage(
            f"{depth}-{number}",
            connector.context.system,
            "certification",
            each.topic,
            each.body,
            each.content_type,
            each.headers,
            MOMENT,
        )
        try:
            events = connector.normalize(stored)
            parts = connector.split(stored)
        except ValidationError as error:
            came.problems.append(schema_invalid(error))
            continue
        except CrossdockError as error:
            came.problems.append(error)
            continue
        for event in events:
            if isinstance(event.data, Interchange):
                came.interchanges.append(event.data)
            else:
                came.events.append(event)
        if depth < DEPTH:
            _take(connector, parts, came, depth + 1)


def _events(expected: Sequence[Any], found: Sequence[Event]) -> list[str]:
    wrong = []
    if len(expected) != len(found):
        wrong.append(f"{len(expected)} events were expected, {len(found)} came: {', '.join(e.type for e in found) or 'none'}")
    for place, (one, event) in enumerate(zip(expected, found, strict=False), start=1):
        name = f"event {place} ({event.type})"
        if one.type != event.type:
            wrong.append(f"event {place}: {one.type} was expected, {event.type} came")
            continue
        if one.key is not None and one.key != event.key:
            wrong.append(f"{name}: the key {one.key} was expected, {shown(event.key)} came")
        references = {each.scheme: each.value for each in event.references}
        wrong += [f"{name}: reference {each}" for each in differences(one.references, references)]
        if one.data is not None:
            data = orjson.loads(event.data.model_dump_json())
            wrong += [f"{name}: {each}" for each in differences(one.data, data)]
    return wrong


def _problems(expected: Sequence[ExpectedProblem], found: Sequence[CrossdockError]) -> list[str]:
    wrong, left = [], list(found)
    for one in expected:
        hit = next((each for each in left if _is(one, each)), None)
        if hit is None:
            came = "; ".join(f"{each.code}: {each.message}" for each in left) or "nothing was refused"
            wrong.append(f"a refusal {one.code} {one.place} {one.words}".rstrip() + f" was expected; {came}")
        else:
            left.remove(hit)
    wrong += [f"refused, which was not expected: {each.code}: {each.message}" for each in left]
    return wrong


def _is(expected: ExpectedProblem, found: CrossdockError) -> bool:
    places = {each.get("place") for each in found.detail.get("findings", ()) if isinstance(each, dict)}
    places |= {each.get("place") for each in found.detail.get("problems", ()) if isinstance(each, dict)}
    there = not expected.place or expected.place in places or expected.place in found.message
    return expected.code == found.code and there and expected.words in found.message


def _acknowledged(expected: dict[str, tuple[str, ...]], found: dict[str, str]) -> list[str]:
    wrong = [f"{kind} goes back, which was not expected" for kind in found if kind not in expected]
    for kind, segments in expected.items():
        if kind not in found:
            wrong.append(f"a {kind} was expected, none goes back")
        else:
            wrong += [f"{kind}: {each}" for each in missing_segments(segments, found[kind].splitlines())]
    return wrong


def _out(connector: EdiConnector, case: Case) -> Outcome:
    outcome = Outcome(case.name, case.title, case.direction)
    command = Command(
        f"certification:{case.name}", case.command, connector.context.system, "certification", {"refs": {}, **case.data}
    )
    expected = case.expect
    try:
        outcome.document = letter_for(connector, command, MOMENT)
    except CrossdockError as error:
        outcome.findings = [error.message]
        outcome.differences += _problems(expected.problems, [error])
        return outcome
    outcome.differences += _problems(expected.problems, ())
    lines = outcome.document.splitlines()
    if expected.segments is not None:
        outcome.differences += list(missing_segments(expected.segments, lines))
    outcome.differences += [f"{each} was expected in the document" for each in expected.contains if each not in outcome.document]
    if expected.document:
        outcome.differences += _same_document(case.file(expected.document).decode("utf-8", "replace").splitlines(), lines)
    return outcome


def _same_document(expected: Sequence[str], found: Sequence[str]) -> list[str]:
    """Every segment between the envelopes must be the same."""
    one = [line.rstrip("~' ") for line in expected if line.strip() and not line.startswith(_ENVELOPE)]
    two = [line for line in found if not line.startswith(_ENVELOPE)]
    wrong = [
        f"segment {n}: {a} was expected, {b} came"
        for n, (a, b) in enumerate(zip(one, two, strict=False), 1)
        if not segment_is(a, b)
    ]
    if len(one) != len(two):
        wrong.append(f"{len(one)} segments were expected, {len(two)} came")
    return wrong
