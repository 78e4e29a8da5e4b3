"""Edit and replay: is a corrected message or command right, before anything of it takes effect; decides nothing about who may."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import orjson
from pydantic import ValidationError

from crossdock.canonical.base import Canonical
from crossdock.canonical.checks import problems as content_problems
from crossdock.canonical.events import EVENT_PAYLOADS, Event
from crossdock.core.command_documents import documents, judged_as
from crossdock.core.commands import Command
from crossdock.core.errors import CrossdockError, RuleViolated, SchemaInvalid
from crossdock.ledger.times import moment
from crossdock.ledger.work import CONFLICT, TakenMessage
from crossdock.pipeline.normalize import normalize
from crossdock.pipeline.runtime import Runtime
from crossdock.pipeline.validate import Validator
from crossdock.pipeline.work import EventWork

LARGEST: Final = 1_048_576
"""Bytes a corrected message may have."""
IDENTIFYING: Final = frozenset(
    {
        "refs",
        "key",
        "event",
        "number",
        "order_number",
        "fulfilment_number",
        "shipment_number",
        "erp_id",
        "erp_number",
        "transfer_id",
    }
)
"""Names in a command's data that say which transaction it is about; another value would be another effect."""


@dataclass(slots=True)
class Rehearsal:
    """What would become of a correction: everything wrong with it by field, or the events it would make."""

    problems: list[dict[str, str]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)

    def add(self, path: str, message: str, kind: str) -> None:
        """One thing that is wrong."""
        entry = {"path": path, "message": message, "kind": kind}
        if entry not in self.problems:
            self.problems.append(entry)

    def fault(self, error: CrossdockError, path: str = "") -> None:
        """Everything an error of the hub says, by field where it names any."""
        detail = error.detail
        listed = detail.get("problems") or detail.get("violations") or detail.get("rules")
        if not isinstance(listed, list):
            self.add(path or str(detail.get("field", detail.get("path", ""))), error.message, error.code)
            return
        for each in listed:
            self.add(
                str(each.get("path", path)), str(each.get("message", "")), str(each.get("kind", each.get("rule", error.code)))
            )


def rehearse_message(message: TakenMessage, runtime: Runtime, validator: Validator, number: Callable[[], int]) -> Rehearsal:
    """Steps two to four on a message, with every error of every event; nothing is recorded."""
    found = Rehearsal()
    connectors = {name: each.connector for name, each in runtime.participants.items()}
    try:
        works = normalize(message, connectors, runtime.landscape.partitions, number)
    except CrossdockError as error:
        found.fault(error)
        return found
    for work in works:
        _judge(work.event, runtime, found)
        _authorize(work, validator, found)
        found.events.append({"type": work.event.type, "key": work.event.key, "data": orjson.loads(work.body)})
    if not works:
        found.add("", "the mapping makes nothing of this message", "correction.empty")
    return found


def _judge(event: Event, runtime: Runtime, found: Rehearsal, prefix: str = "") -> None:
    for problem in content_problems(event.data):
        found.add(f"{prefix}{problem.path}", problem.message, problem.code)
    for violation in runtime.landscape.rulebook.judge(event):
        if violation.severity == "reject":
            found.add(prefix.rstrip("."), f"{violation.message} ({violation.rule})", "validate.rule")


def _authorize(work: EventWork, validator: Validator, found: Rehearsal) -> None:
    try:
        validator.check(work)
    except (SchemaInvalid, RuleViolated) as error:
        if not found.problems:
            found.fault(error)
    except CrossdockError as error:
        found.fault(error)


def rehearse_command(command: Command, data: Mapping[str, Any], runtime: Runtime, at: int) -> Rehearsal:
    """Whether a command may carry this data: the same transaction, documents that fit their schema and the business rules."""
    found = Rehearsal()
    for path in identity_changes(command.data, data):
        found.add(path, "this says which transaction it is about and cannot be changed here", "correction.identity")
    read: dict[str, Canonical] = {}
    for path, kind, value in documents(command.name, data):
        try:
            read[path] = kind.model_validate(value)
        except ValidationError as error:
            for each in error.errors(include_input=False, include_url=False, include_context=False):
                found.add(".".join((path, *map(str, each["loc"]))), each["msg"], each["type"])
            continue
        for problem in content_problems(read[path]):
            found.add(f"{path}.{problem.path}", problem.message, problem.code)
    judged = judged_as(command.name, data)
    if judged is not None and not found.problems:
        event_type, document = judged
        payload = EVENT_PAYLOADS[event_type].model_validate(document)
        source = command.key.split("/")[1] if command.key.count("/") > 1 else ""
        _judge(Event(command.id, event_type, source, command.key, payload, moment(at)), runtime, found, "document.")
    return found


def identity_changes(before: Any, after: Any, path: str = "") -> list[str]:
    """Paths at which something that identifies the transaction differs."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        found: list[str] = []
        for name in before.keys() | after.keys():
            here = f"{path}.{name}" if path else str(name)
            lines = path.endswith("lines") or ".lines." in f".{path}."
            if name in IDENTIFYING and not lines:
                found += [here] if before.get(name) != after.get(name) else []
            else:
                found += identity_changes(before.get(name), after.get(name), here)
        return sorted(found)
    return []


def differences(before: Any, after: Any, path: str = "") -> list[dict[str, Any]]:
    """What differs between two JSON values: path, before and after of each leaf; None where there was, or is, nothing."""
    if isinstance(before, dict) and isinstance(after, dict):
        names = [*before, *(name for name in after if name not in before)]
        return [
            each
            for name in names
            for each in differences(before.get(name), after.get(name), f"{path}.{name}" if path else str(name))
        ]
    if isinstance(before, list) and isinstance(after, list):
        longest = range(max(len(before), len(after)))
        pairs = [
            (place, before[place] if place < len(before) else None, after[place] if place < len(after) else None)
            for place in longest
        ]
        return [each for place, was, is_ in pairs for each in differences(was, is_, f"{path}.{place}" if path else str(place))]
    return [] if before == after else [{"path": path, "before": before, "after": after}]


def text_differences(before: bytes, after: bytes) -> list[dict[str, Any]]:
    """What differs between two bodies: by field when both are JSON, else by line."""
    try:
        return differences(orjson.loads(before), orjson.loads(after))
    except orjson.JSONDecodeError:
        pass
    was, is_ = (text.decode("utf-8", "replace").splitlines() for text in (before, after))
    longest = range(max(len(was), len(is_)))
    lines = [(n, was[n] if n < len(was) else None, is_[n] if n < len(is_) else None) for n in longest]
    return [{"path": f"line {n + 1}", "before": one, "after": two} for n, one, two in lines if one != two]


def unmarked(message: TakenMessage, body: bytes) -> TakenMessage:
    """The message with its corrected body; a conflict with an earlier message is settled by the correction."""
    mark = "" if message.mark.startswith(CONFLICT) else message.mark
    return replace(message, body=body, claim="", mark=mark)
