"""Carries out edit and replay within one micro-batch: check, propose, approve, turn down, apply; the original is always kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import orjson

from crossdock.core import json_fields
from crossdock.ledger.batch import Batch
from crossdock.ledger.corrections import Correction
from crossdock.ledger.ids import written
from crossdock.ledger.payloads import encode, pack
from crossdock.ledger.people import OpenException
from crossdock.ledger.stakes import major_units
from crossdock.ledger.states import CorrectionState, DeliveryState
from crossdock.ledger.work import REFUSED, TakenMessage
from crossdock.pipeline.care import with_correction
from crossdock.pipeline.corrections import (
    LARGEST,
    Rehearsal,
    differences,
    rehearse_command,
    rehearse_message,
    text_differences,
    unmarked,
)
from crossdock.pipeline.delivery import Delivery
from crossdock.pipeline.runtime import Runtime
from crossdock.pipeline.validate import Validator

INVALID = "correction.invalid"


@dataclass(slots=True)
class Mended:
    """What became of one instruction about a correction. `message` is to be normalized now, `send` says that the delivery goes again."""

    result: dict[str, Any]
    message: TakenMessage | None = None
    send: bool = False
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Mending:
    """Works on corrections in one micro-batch."""

    batch: Batch
    runtime: Runtime
    validator: Validator
    number: Callable[[], int]

    def correct(
        self,
        found: OpenException,
        data: dict[str, Any],
        author: str,
        message: TakenMessage | None,
        delivery: Delivery | None,
        versions: int,
    ) -> Mended:
        """Check a correction and, unless only that was asked, propose or apply it. `versions` is how many there are already."""
        body, refused = self._body(found, data, message, delivery)
        if refused:
            return Mended({"done": False, "why": refused})
        rehearsal = self._rehearse(body, message, delivery)
        if rehearsal.problems:
            why = f"{len(rehearsal.problems)} things are wrong with it; nothing was sent"
            return Mended({"done": False, "code": INVALID, "why": why, "problems": rehearsal.problems[:200]})
        changes = self._changes(body, message, delivery)
        if not changes:
            return Mended({"done": False, "why": "nothing was changed"})
        if data.get("check"):
            return Mended({"done": True, "checked": True, "changes": changes[:500], "events": rehearsal.events[:20]})
        if not str(data.get("reason", "")).strip():
            return Mended({"done": False, "why": "say why it is changed"})
        number = self.number()
        proposed = self.needs_second("edit", found)
        if delivery is not None and versions == 0:
            # the first version of a command's data is the original: it is replaced where it is sent from
            original = orjson.dumps(delivery.command.data)
            self._row(self.number(), found, delivery.number, 0, original, "", "as it was decided", [], CorrectionState.APPLIED)
        about = delivery.number if delivery is not None else found.subject_id
        state = CorrectionState.PROPOSED if proposed else CorrectionState.APPLIED
        self._row(number, found, about, max(versions, 1), body, author, str(data["reason"]), changes, state, delivery is not None)
        facts = {"correction": written(number), "fields": [each["path"] for each in changes][:200], "sha256": _digest(body)}
        if proposed:
            with_correction(self.batch, found, number)
            return Mended({"done": True, "proposed": written(number)}, before={"correction": None}, after=facts)
        return self._applied(found, body, message, delivery, facts)

    def decide(
        self, found: OpenException, kind: str, data: dict[str, Any], author: str, correction: Correction | None,
        message: TakenMessage | None, delivery: Delivery | None,
    ) -> Mended:  # fmt: skip
        """Approve or reject the proposal of another person."""
        if correction is None or found.correction != correction.id or correction.state is not CorrectionState.PROPOSED:
            return Mended({"done": False, "why": "no correction waits for a decision here"})
        if correction.author == author:
            return Mended({"done": False, "why": "whoever proposed a correction cannot decide on it; it takes a second person"})
        note = str(data.get("note", ""))
        facts = {"correction": written(correction.id), "proposed_by": correction.author, "note": note}
        if kind == "reject":
            self._decided(correction, CorrectionState.REJECTED, author, note)
            with_correction(self.batch, found, None)
            return Mended({"done": True}, before={"state": "proposed"}, after={"state": "rejected", **facts})
        _, refused = self._body(found, {"body": correction.body.decode("utf-8", "replace")}, message, delivery)
        if refused:
            return Mended({"done": False, "why": refused})
        rehearsal = self._rehearse(correction.body, message, delivery)
        if rehearsal.problems:
            why = "it is not right any more; nothing was sent"
            return Mended({"done": False, "code": INVALID, "why": why, "problems": rehearsal.problems[:200]})
        self._decided(correction, CorrectionState.APPLIED, author, note)
        with_correction(self.batch, found, None)
        mended = self._applied(found, correction.body, message, delivery, {**facts, "sha256": _digest(correction.body)})
        mended.before = {"state": "proposed"}
        return mended

    def needs_second(self, action: str, found: OpenException) -> bool:
        """Whether policy asks for a second person."""
        amount = None if found.amount is None else major_units(found.amount, found.currency)
        for rule in self.runtime.landscape.policies.exceptions.second_person:
            if rule.asks(action, found.flow or self._flow_of(found.system), found.system, amount):
                return True
        return False

    def _flow_of(self, system: str) -> str:
        for flow in self.runtime.landscape.flows.values():
            if system and system in (*flow.trigger.sources, *flow.roles.values()):
                return flow.name
        return ""

    def _body(
        self, found: OpenException, data: dict[str, Any], message: TakenMessage | None, delivery: Delivery | None
    ) -> tuple[bytes, str]:
        """The corrected content, or why there can be none."""
        if message is None and delivery is None:
            return b"", "there is no message or command here that could be edited"
        if isinstance(data.get("set"), dict):
            original = message.body if message is not None else orjson.dumps(delivery.command.data)  # type: ignore[union-attr]
            body, refused = with_fields(original, data["set"])
            if refused:
                return b"", refused
        else:
            text = data.get("body")
            body = text.encode() if isinstance(text, str) else b""
        if not body or len(body) > LARGEST:
            return b"", "the corrected content is empty or larger than 1 MiB"
        if message is not None and message.mark.startswith(REFUSED):
            return b"", "this message was refused at the door; who it is from is not certain, so it is never replayed"
        if delivery is not None:
            if delivery.state is DeliveryState.UNCERTAIN:
                return b"", "the effect may have happened; it has to be reconciled before anything is changed"
            if delivery.busy or delivery.state is not DeliveryState.FAILED:
                return b"", "it is under way or settled; only what was refused can be edited"
            try:
                if not isinstance(orjson.loads(body), dict):
                    return b"", "a command's data is an object"
            except orjson.JSONDecodeError:
                return b"", "this is not JSON"
        return body, ""

    def _rehearse(self, body: bytes, message: TakenMessage | None, delivery: Delivery | None) -> Rehearsal:
        if message is not None:
            return rehearse_message(unmarked(message, body), self.runtime, self.validator, self.number)
        assert delivery is not None
        return rehearse_command(delivery.command, orjson.loads(body), self.runtime, self.batch.at)

    def _changes(self, body: bytes, message: TakenMessage | None, delivery: Delivery | None) -> list[dict[str, Any]]:
        if message is not None:
            return text_differences(message.body, body)
        assert delivery is not None
        return differences(dict(delivery.command.data), orjson.loads(body))

    def _applied(
        self, found: OpenException, body: bytes, message: TakenMessage | None, delivery: Delivery | None, facts: dict[str, Any]
    ) -> Mended:
        if message is not None:
            return Mended({"done": True}, message=unmarked(message, body), before={"sha256": _digest(message.body)}, after=facts)
        assert delivery is not None
        before = {"sha256": _digest(orjson.dumps(delivery.command.data))}
        delivery.command = replace(delivery.command, data=orjson.loads(body))
        delivery.names = None
        self.batch.delivery_data.append((delivery.number, pack(body)))
        return Mended({"done": True}, send=True, before=before, after=facts)

    def _row(
        self, number: int, found: OpenException, about: int, version: int, body: bytes, author: str, reason: str,
        changes: list[dict[str, Any]], state: CorrectionState, of_delivery: bool = True,
    ) -> None:  # fmt: skip
        encoding, stored = encode(body)
        self.batch.corrections.append(
            (
                number, about, version, stored, encoding, hashlib.sha256(body).digest(), author, reason[:4000],
                orjson.dumps(changes[:500]).decode(), self.batch.at, "delivery" if of_delivery else "message", found.id, int(state),
                "", None, "",
            )
        )  # fmt: skip

    def _decided(self, correction: Correction, state: CorrectionState, by: str, note: str) -> None:
        encoding, stored = encode(correction.body)
        self.batch.corrections.append(
            (
                correction.id, correction.number, correction.version, stored, encoding, hashlib.sha256(correction.body).digest(),
                correction.author, correction.reason, orjson.dumps(correction.difference).decode(), correction.created_at,
                correction.subject, correction.exception, int(state), by, self.batch.at, note[:4000],
            )
        )  # fmt: skip


def with_fields(original: bytes, fields: dict[str, Any]) -> tuple[bytes, str]:
    """A JSON document with some fields set (path to text), every other byte of meaning as it was; or why that cannot be."""
    try:
        content = json_fields.read(original.decode())
    except ValueError:
        return b"", "it is no JSON, so no field of it can be set"
    for path, text in fields.items():
        try:
            json_fields.put(content, path, str(text))
        except ValueError as error:
            return b"", f"{path}: {error}"
    return json_fields.write(content).encode(), ""


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
