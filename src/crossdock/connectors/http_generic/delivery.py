"""Carries out configured commands, one by one or in batches, and finds out whether one took effect; knows no canonical object."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from crossdock.connectors.http import HttpAnswer
from crossdock.connectors.http_generic.calls import AckReader, Call, Request, answer_facts
from crossdock.connectors.http_generic.credentials import Credential
from crossdock.connectors.http_generic.errors import words_of
from crossdock.connectors.http_generic.outbound_options import BatchRule, CommandRule, FindRule
from crossdock.connectors.protocol import ConnectorContext
from crossdock.connectors.wrong_fields import refusal
from crossdock.core.commands import Command
from crossdock.core.errors import AnswerLost, CallNotAllowed, CrossdockError, TargetRefused
from crossdock.core.outcomes import Accepted, Effect, EffectAbsent, EffectFound, EffectUnclear, Outcome
from crossdock.overlay.mapper import compile_conditions, compile_template
from crossdock.overlay.paths import Scope, compile_path
from crossdock.overlay.steps import text


def facts(command: Command) -> dict[str, Any]:
    """What `@` names of a command."""
    return {
        "id": command.id,
        "key": command.key,
        "system": command.system,
        "command": command.name,
        "correlation": command.correlation,
        "flow": command.flow,
    }


class Delivery:
    """One compiled `CommandRule`."""

    def __init__(self, rule: CommandRule, context: ConnectorContext, credential: Credential) -> None:
        self._context = context
        self._call = Call(rule, context, credential, safe=False, refused=rule.refused)
        self._already = frozenset(rule.already)
        self._header = rule.idempotency_header
        self._ack = AckReader(rule.ack, rule.references, context.value_maps)
        self._serial = [compile_template(template) for template in rule.serial]
        self._repeatable = rule.repeatable
        self._find = _Finder(rule, rule.find_effect, context, credential) if rule.find_effect is not None else None
        self._batch = _Batch(rule, rule.batch, context, credential) if rule.batch is not None else None

    @property
    def batches(self) -> bool:
        """Whether several commands may travel together."""
        return self._batch is not None

    async def deliver(self, command: Command) -> Outcome:
        """Carry out one command. Raises the outcome errors."""
        meta = facts(command)
        answer = await self._call.send(self._request(command, meta))
        meta = answer_facts(answer, meta)
        document = self._call.judge(
            answer, meta, self._already, parse=self._ack.needs_body and answer.status not in self._already
        )
        return Accepted(self._ack.ack(document, meta), repeated=answer.status in self._already)

    def _request(self, command: Command, meta: Mapping[str, Any]) -> Request:
        more = {self._header: command.id} if self._header else None
        return self._call.request(command.data, meta, self._call.body(command.data, meta), more)

    async def deliver_many(self, commands: Sequence[Command]) -> Sequence[Outcome]:
        """Carry out commands in as few requests as the batch rule allows; one outcome for each, in order."""
        batch = self._batch
        if batch is None:
            raise CallNotAllowed("no batch is configured for this command", command=commands[0].name)
        outcomes: dict[str, Outcome] = {}
        ready: list[tuple[Command, Any]] = []
        for command in commands:
            try:
                ready.append((command, self._call.body(command.data, facts(command))))
            except CrossdockError as error:
                outcomes[command.id] = error  # type: ignore[assignment]
        for start in range(0, len(ready), batch.max):
            part = ready[start : start + batch.max]
            try:
                found = await batch.send(part, self._ack)
            except CrossdockError as error:
                found = [error] * len(part)  # type: ignore[list-item]
            outcomes.update({command.id: outcome for (command, _), outcome in zip(part, found, strict=True)})
        return [outcomes[command.id] for command in commands]

    async def find_effect(self, command: Command) -> Effect:
        """Ask the target, or rely on its idempotency where that is configured."""
        if self._find is not None:
            return await self._find.ask(command, facts(command))
        if self._repeatable:
            return EffectAbsent()
        return EffectUnclear("the system's file has neither `find_effect` nor `repeatable` for this command")

    def serial(self, command: Command) -> Sequence[str]:
        """Names of what the command writes. Raises nothing: a name without a value is left out."""
        scope = Scope(command.data, facts(command))
        names = []
        for template in self._serial:
            try:
                names.append(template(command.data, scope))
            except ValueError:
                continue
        return names


class _Finder:
    """One compiled `FindRule`."""

    def __init__(self, command: CommandRule, rule: FindRule, context: ConnectorContext, credential: Credential) -> None:
        self._call = Call(rule, context, credential, safe=True, refused=())
        self._absent = frozenset(rule.absent)
        self._holds = compile_conditions(rule.found) if rule.found else None
        self._conclusive = rule.conclusive
        fields = rule.ack if rule.ack is not None else command.ack
        references = rule.references if rule.references is not None else command.references
        self._ack = AckReader(fields, references, context.value_maps)

    async def ask(self, command: Command, meta: Mapping[str, Any]) -> Effect:
        answer = await self._call.send(self._call.request(command.data, meta, self._call.body(command.data, meta)))
        if answer.status in self._absent:
            return EffectAbsent()
        meta = answer_facts(answer, meta)
        document = self._call.judge(answer, meta, parse=self._holds is not None or self._ack.needs_body)
        if self._holds is not None and not self._holds(document, Scope(document, meta)):
            return EffectAbsent() if self._conclusive else EffectUnclear("the target does not show it yet")
        return EffectFound(self._ack.ack(document, meta))


class _Batch:
    """One compiled `BatchRule`."""

    def __init__(self, command: CommandRule, rule: BatchRule, context: ConnectorContext, credential: Credential) -> None:
        changed = {"path": rule.path} if rule.path is not None else {}
        self._call = Call(
            command.model_copy(update={**changed, "success_when": ()}), context, credential, safe=False, refused=command.refused
        )
        self.max = rule.max
        self._header = command.idempotency_header
        self._at = [] if rule.at == "." else rule.at.split(".")
        self._answers = compile_path(rule.answers)
        self._match = compile_path(rule.match) if rule.match is not None else None
        self._match_command = compile_path(rule.match_command)
        self._holds = compile_conditions(rule.success_when) if rule.success_when else None
        self._message = compile_path(rule.message) if rule.message is not None else None

    async def send(self, part: Sequence[tuple[Command, Any]], ack: AckReader) -> list[Outcome]:
        """One request; an outcome for each command."""
        first = part[0][0]
        body: Any = [body for _, body in part]
        for name in reversed(self._at):
            body = {name: body}
        more = None
        if self._header:
            # The same commands again are the same batch; other company makes another batch, whose items the target must recognise.
            more = {self._header: hashlib.blake2b("\n".join(c.id for c, _ in part).encode(), digest_size=16).hexdigest()}
        answer = await self._call.send(self._call.request(first.data, facts(first), body, more))
        document = self._call.judge(answer, facts(first), parse=True)
        items = self._answers(document, Scope(document, {}))
        if not isinstance(items, list) or (self._match is None and len(items) != len(part)):
            raise AnswerLost(
                f"HTTP {answer.status}, but there is not one answer for every command of the batch", status=answer.status
            )
        return self._outcomes(part, items, answer, ack)

    def _outcomes(
        self, part: Sequence[tuple[Command, Any]], items: list[Any], answer: HttpAnswer, ack: AckReader
    ) -> list[Outcome]:
        by_id: dict[str, Any] = {}
        if self._match is not None:
            for item in items:
                value = self._match(item, Scope(item, {}))
                if isinstance(value, str | int):
                    by_id[text(value)] = item
        outcomes: list[Outcome] = []
        for place, (command, _) in enumerate(part):
            meta = answer_facts(answer, facts(command))
            try:
                item = items[place] if self._match is None else by_id.get(self._name(command, meta))
                outcomes.append(self._outcome(item, meta, ack))
            except CrossdockError as error:
                outcomes.append(error)  # type: ignore[arg-type]
        return outcomes

    def _outcome(self, item: Any, meta: Mapping[str, Any], ack: AckReader) -> Outcome:
        if item is None:
            raise AnswerLost("the batch was answered, but not this command of it")
        scope = Scope(item, meta)
        if self._holds is not None and not self._holds(item, scope):
            words = words_of(self._message, item, scope)
            raise TargetRefused(words or "the target refused this item of the batch", answer=str(item)[:2000])
        return Accepted(ack.ack(item, meta))

    def _name(self, command: Command, meta: Mapping[str, Any]) -> str:
        value = self._match_command(command.data, Scope(command.data, meta))
        if value is None:
            raise refusal("the command has no value at `match_command`", "match_command", "missing")
        return text(value)
