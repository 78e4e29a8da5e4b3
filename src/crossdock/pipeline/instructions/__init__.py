"""What people asked the hub to do; carried out by the owner of the partition, in its own transaction, with before and after audited."""

from __future__ import annotations

from typing import Any

import orjson

from crossdock.core.errors import CrossdockError
from crossdock.ledger import people
from crossdock.ledger.payloads import ClaimStore
from crossdock.ledger.session import Row, Session
from crossdock.ledger.states import ExceptionState
from crossdock.ledger.work import TakenMessage
from crossdock.pipeline.dispatcher import Dispatcher
from crossdock.pipeline.hub_wishes import ABOUT_HUB
from crossdock.pipeline.instructions.actions import Actions, SettledFact
from crossdock.pipeline.instructions.asked import CORRECTIONS, Asked
from crossdock.pipeline.instructions.subjects import Subjects
from crossdock.pipeline.mending import Mended, Mending
from crossdock.pipeline.runtime import Runtime
from crossdock.pipeline.settle import Settler
from crossdock.pipeline.tick import Tick
from crossdock.pipeline.validate import Validator
from crossdock.pipeline.work import EventWork


class Instructions:
    """Instructions of one micro-batch: `read` what they are about, `mend` what was corrected, then `run` them."""

    __slots__ = ("_actions", "_mending", "_subjects", "_tick")

    def __init__(self, tick: Tick, settler: Settler, dispatcher: Dispatcher, runtime: Runtime, validator: Validator) -> None:
        self._tick = tick
        self._subjects = Subjects(tick, dispatcher, runtime)
        self._actions = Actions(tick, settler, dispatcher, runtime)
        self._mending = Mending(tick.batch, runtime, validator, settler.number)

    @property
    def events(self) -> list[EventWork]:
        """Events that are retried."""
        return self._subjects.events

    @property
    def keys(self) -> set[str]:
        """Business keys the instructions are about."""
        return self._subjects.keys

    def read(self, session: Session, rows: list[Row], claims: ClaimStore) -> list[TakenMessage]:
        """Load the subjects; returns messages to normalize again, with their latest correction."""
        return self._subjects.read(session, rows, claims)

    def mend(self) -> list[TakenMessage]:
        """Judge corrections; returns the corrected messages that are to be normalized now."""
        mending = self._mending
        messages: list[TakenMessage] = []
        for asked in self._subjects.asked:
            found = asked.exception
            if (
                asked.kind not in CORRECTIONS
                or asked.refused is not None
                or found is None
                or found.state == ExceptionState.RESOLVED
            ):
                continue
            try:
                if asked.kind == "correct":
                    asked.mended = mending.correct(found, asked.data, asked.author, asked.message, asked.delivery, asked.versions)
                else:
                    asked.mended = mending.decide(
                        found, asked.kind, asked.data, asked.author, asked.correction, asked.message, asked.delivery
                    )
            except CrossdockError as error:
                asked.mended = Mended({"done": False, "why": error.message, "code": error.code})
            if asked.mended.message is not None:
                messages.append(asked.mended.message)
        self._tick.retried.update(message.id for message in messages)
        return messages

    def run(self) -> list[SettledFact]:
        """Carry out everything; facts for processes come back, results are recorded."""
        facts: list[SettledFact] = []
        for asked in self._subjects.asked:
            if asked.kind == people.RECORD:
                self._record(asked)
                continue
            try:
                result = self._actions.carry_out(asked, facts)
            except CrossdockError as error:
                result = {"done": False, "why": error.message, "code": error.code}
            self._answer(asked, result)
        return facts

    def _answer(self, asked: Asked, result: dict[str, Any]) -> None:
        batch, found = self._tick.batch, asked.exception
        batch.instructions.append((asked.number, batch.at, orjson.dumps(result, default=str).decode()))
        data = asked.data
        if "body" in data:
            # contents stay where retention finds them; the chain keeps their digest
            data = {name: value for name, value in data.items() if name != "body"}
            batch.instruction_data.append((asked.number, orjson.dumps(data).decode()))
        elif "set" in data:
            data = {**data, "set": sorted(data["set"])}
            batch.instruction_data.append((asked.number, orjson.dumps(data).decode()))
        kept = {name: value for name, value in result.items() if name not in ("changes", "events", "problems", "now")}
        detail: dict[str, Any] = {"by": asked.author, "data": data, "result": kept}
        if result.get("done") and (asked.before or asked.after):
            detail |= {"before": asked.before, "after": asked.after}
        about = "exception" if asked.kind not in ABOUT_HUB else "hub"
        batch.record(
            asked.partition, f"person:{about}:{asked.kind}", found.id if found else 0, found.key if found else "", "", detail
        )

    def _record(self, asked: Asked) -> None:
        batch = self._tick.batch
        batch.instructions.append((asked.number, batch.at, orjson.dumps({"done": True}).decode()))
        detail = {"by": asked.author, **asked.data.get("detail", {})}
        batch.record(asked.partition, str(asked.data.get("tag", "")), 0, str(asked.data.get("key", "")), "", detail)
