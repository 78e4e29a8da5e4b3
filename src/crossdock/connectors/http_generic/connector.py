"""The connector for any HTTP system: joins the compiled rules to the connector protocol; all knowledge of the system is in its options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from crossdock.canonical.events import Event
from crossdock.connectors.base import BaseConnector
from crossdock.connectors.http_generic.authentication import compile_check
from crossdock.connectors.http_generic.calls import Call, json_values
from crossdock.connectors.http_generic.credentials import Credential
from crossdock.connectors.http_generic.delivery import Delivery
from crossdock.connectors.http_generic.mapping import Documents
from crossdock.connectors.http_generic.options import HttpOptions
from crossdock.connectors.http_generic.outbound_options import QuestionRule
from crossdock.connectors.http_generic.polling import Poll
from crossdock.connectors.http_generic.splitting import Splitter
from crossdock.connectors.protocol import (
    Capabilities,
    ConnectorContext,
    Inbound,
    InboundRequest,
    PollResult,
    Probe,
    Question,
    StoredMessage,
)
from crossdock.core.commands import Command
from crossdock.core.errors import CallNotAllowed, CrossdockError, SchemaInvalid, TargetUnavailable, UnknownSystem
from crossdock.core.outcomes import Effect, Outcome
from crossdock.overlay.mapper import Mapper


class HttpConnector(BaseConnector):
    """Any system that speaks JSON over HTTP, described in the landscape alone."""

    kind: ClassVar[str] = "http"
    title: ClassVar[str] = "Generic HTTP"
    mapping_version: ClassVar[str] = "http/1"
    capabilities: ClassVar[Capabilities] = Capabilities()
    Options: ClassVar[type[Any]] = HttpOptions

    def __init__(self, context: ConnectorContext) -> None:
        super().__init__(context)
        options: HttpOptions = context.options
        # Unlike other connectors this one can do what its options say, so the instance declares it.
        self.capabilities = options.capabilities()  # type: ignore[misc]
        credential = Credential(options.auth, context)
        self._channels = {name: (compile_check(rule.auth, context), Splitter(rule)) for name, rule in options.channels.items()}
        self._documents = Documents(options.documents, context.value_maps)
        self._polls = {name: Poll(name, rule, context, credential) for name, rule in options.polls.items()}
        self._commands = {name: Delivery(rule, context, credential) for name, rule in options.commands.items()}
        self._questions = {name: _Asker(name, rule, context, credential) for name, rule in options.questions.items()}
        self._credential = credential
        self._probe = options.probe

    @classmethod
    def capabilities_for(cls, options: HttpOptions) -> Capabilities:
        return options.capabilities()

    @classmethod
    def credential_purposes(cls, options: HttpOptions) -> frozenset[str]:
        return options.credentials()

    # In ------------------------------------------------------------------------------------------------------

    def receive(self, request: InboundRequest) -> Sequence[Inbound]:
        channel = self._channels.get(request.channel)
        if channel is None:
            raise UnknownSystem(f"system {self.context.system!r} has no channel {request.channel!r}", channel=request.channel)
        check, splitter = channel
        check(request)
        return splitter.messages(request.body, request.headers)

    def normalize(self, message: StoredMessage) -> Sequence[Event]:
        return self._documents.events(message)

    @classmethod
    def poll_channels(cls, options: HttpOptions) -> frozenset[str]:
        return frozenset(options.polls)

    async def poll(self, channel: str, cursor: Mapping[str, Any]) -> PollResult:
        poll = self._polls.get(channel)
        return PollResult((), cursor) if poll is None else await poll.fetch(cursor)

    # Out -----------------------------------------------------------------------------------------------------

    async def deliver(self, command: Command) -> Outcome:
        return await self._delivery(command).deliver(command)

    async def deliver_many(self, commands: Sequence[Command]) -> Sequence[Outcome]:
        names = {command.name for command in commands}
        if len(commands) == 1 or len(names) != 1 or not self._delivery(commands[0]).batches:
            return await super().deliver_many(commands)
        return await self._delivery(commands[0]).deliver_many(commands)

    async def find_effect(self, command: Command) -> Effect:
        return await self._delivery(command).find_effect(command)

    def serial(self, command: Command) -> Sequence[str]:
        return self._delivery(command).serial(command)

    def batch_key(self, command: Command) -> str:
        return command.name if self._delivery(command).batches else ""

    def _delivery(self, command: Command) -> Delivery:
        found = self._commands.get(command.name)
        if found is None:
            raise CallNotAllowed(
                f"the file of system {self.context.system!r} has no command {command.name!r}", command=command.name
            )
        return found

    async def ask(self, question: Question) -> Mapping[str, Any]:
        asker = self._questions.get(question.name)
        if asker is None:
            raise CallNotAllowed(
                f"the file of system {self.context.system!r} has no question {question.name!r}", question=question.name
            )
        return await asker.ask(question)

    async def probe(self) -> Probe:
        headers: dict[str, str] = {}
        try:
            await self._credential.add(headers, b"")
            answer = await self.context.http.request("GET", self.context.endpoint.rstrip("/") + self._probe.path, headers=headers)
        except CrossdockError as error:
            return Probe(healthy=False, message=error.message, detail={"code": error.code})
        wanted = self._probe.success
        healthy = answer.status in wanted if wanted else answer.status < 500 and answer.status not in (401, 403)
        return Probe(healthy=healthy, message="" if healthy else f"HTTP {answer.status}", detail={"status": answer.status})


class _Asker:
    """One compiled `QuestionRule`."""

    def __init__(self, name: str, rule: QuestionRule, context: ConnectorContext, credential: Credential) -> None:
        self._call = Call(rule, context, credential, safe=True)
        self._answer = Mapper(rule.answer, context.value_maps)
        self._facts = {"system": context.system, "question": name}

    async def ask(self, question: Question) -> Mapping[str, Any]:
        meta = {**self._facts, "correlation": question.correlation}
        answer = await self._call.send(self._call.request(question.data, meta, self._call.body(question.data, meta)))
        document = self._call.judge(answer, meta, parse=True)
        try:
            mapped: Mapping[str, Any] = json_values(self._answer(document, meta))
        except SchemaInvalid as problem:
            raise TargetUnavailable(f"the answer lacks what is needed: {problem.message}") from None
        return mapped
