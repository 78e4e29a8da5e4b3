"""Histories of processes as files: facts with what was decided on them, written as JSON that people can read and review."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from process_bench import ProcessBench

from crossdock.canonical.events import EVENT_PAYLOADS, Event, Reference
from crossdock.core.errors import CrossdockError, all_errors
from crossdock.core.outcomes import Accepted
from crossdock.core.process import Decided, Decision, Due, Fact, FlowContext, Happened, Process, Settled

ERRORS = {kind.code: kind for kind in all_errors()}


def written_fact(fact: Fact) -> dict[str, Any]:
    """A fact as JSON."""
    if isinstance(fact, Happened):
        event = fact.event
        return {
            "kind": "happened",
            "at": fact.at.isoformat(),
            "event": {
                "id": event.id,
                "type": event.type,
                "source": event.source,
                "key": event.key,
                "references": [[one.scheme, one.value] for one in event.references],
                "data": event.data.model_dump(mode="json", exclude_defaults=True),
            },
        }
    if isinstance(fact, Settled):
        result = fact.result
        said = (
            {"error": result.code, "message": result.message} if isinstance(result, CrossdockError) else {"ack": dict(result.ack)}
        )
        return {
            "kind": "settled",
            "at": fact.at.isoformat(),
            "command": fact.command,
            "id": fact.command_id,
            "system": fact.system,
            **said,
        }
    if isinstance(fact, Decided):
        said = {"kind": "decided", "at": fact.at.isoformat(), "slot": fact.slot, "action": fact.action, "data": dict(fact.data)}
        return {**said, "by": fact.by} if fact.by else said
    return {"kind": "due", "at": fact.at.isoformat(), "name": fact.name}


def read_fact(raw: dict[str, Any]) -> Fact:
    """The fact of its JSON."""
    at = datetime.fromisoformat(raw["at"])
    if raw["kind"] == "happened":
        told = raw["event"]
        data = EVENT_PAYLOADS[told["type"]].model_validate(told["data"])
        references = tuple(Reference(*one) for one in told["references"])
        return Happened(Event(told["id"], told["type"], told["source"], told["key"], data, at, references), at)
    if raw["kind"] == "settled":
        result: Any = Accepted(raw["ack"]) if "ack" in raw else ERRORS[raw["error"]](raw["message"])
        return Settled(raw["command"], raw["id"], raw["system"], result, {}, at)
    if raw["kind"] == "decided":
        return Decided(raw["slot"], raw["action"], at, raw.get("by", ""), data=raw["data"])
    return Due(raw["name"], at)


def written_decision(decision: Decision[Any]) -> dict[str, Any]:
    """What was decided, as JSON without what is empty."""
    made = {
        "commands": [
            {
                "id": one.id,
                "system": one.system,
                "data": dict(one.data),
                **({"deadline": one.deadline.isoformat()} if one.deadline else {}),
            }
            for one in decision.commands
        ],
        "expect": {one.name: one.due.isoformat() for one in decision.expect},
        "fulfilled": list(decision.fulfilled),
        "withdrawn": list(decision.withdrawn),
        "references": [[one.scheme, one.value] for one in decision.references],
        "parked": [
            {"slot": one.slot, "code": one.error.code, "message": one.error.message, "actions": list(one.actions)}
            for one in decision.parked
        ],
        "unparked": list(decision.unparked),
        "revoked": list(decision.revoked),
        "notes": list(decision.notes),
    }
    return {name: value for name, value in made.items() if value}


def record(process: Process[Any], bench: ProcessBench[Any]) -> dict[str, Any]:
    """A history as it goes with the code of today."""
    context = bench.context
    return {
        "process": f"{process.name}/{process.version}",
        "flow": {"name": context.flow, "roles": dict(context.roles), "settings": dict(context.settings), "owner": context.owner},
        "key": bench.key,
        "history": [
            {"fact": written_fact(fact), "decided": written_decision(decision)}
            for fact, decision in zip(bench.facts, bench.decisions, strict=True)
        ],
        "state": json.loads(process.dump(bench.state)),
    }


def write(folder: Path, process: Process[Any], histories: Iterable[Callable[[], ProcessBench[Any]]]) -> None:
    """Record histories again."""
    folder.mkdir(exist_ok=True)
    for history in histories:
        text = json.dumps(record(process, history()), indent=1, ensure_ascii=False, sort_keys=True)
        folder.joinpath(f"{history.__name__}.json").write_text(text + "\n", "utf-8")


def replay(path: Path, process: Process[Any], context_of: Callable[[dict[str, Any]], FlowContext]) -> None:
    """A recorded history gives the same decisions today, and the state stored then reads as the one of today."""
    recorded = json.loads(path.read_text("utf-8"))
    context = context_of(recorded["flow"])
    state = process.initial(recorded["key"])
    for number, step in enumerate(recorded["history"]):
        decision = process.decide(state, read_fact(step["fact"]), context)
        assert written_decision(decision) == step["decided"], f"fact {number} of {path.stem}: {step['fact']}"
        state = decision.state
    assert process.load(orjson.dumps(recorded["state"])) == state, "the state stored then reads differently"
