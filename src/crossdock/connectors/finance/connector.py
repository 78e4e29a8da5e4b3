"""A regional finance system: balanced journals out, once each; acknowledgements in; what it has posted is asked for to reconcile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import Any, ClassVar, Final

from crossdock.canonical.events import Event
from crossdock.connectors.base import BaseConnector
from crossdock.connectors.carriage import Carriage
from crossdock.connectors.contracts.access import ApiKeyAuth
from crossdock.connectors.finance.csvfiles import FILE, acknowledgements, file_name, journal_file
from crossdock.connectors.finance.mapping import (
    ACKNOWLEDGEMENT,
    ack,
    acknowledged,
    inbound,
    journal_body,
    journal_of,
    posted,
    sequence,
)
from crossdock.connectors.finance.options import ByCsv, ByRest, FinanceOptions
from crossdock.connectors.finance.rest import RestDesk
from crossdock.connectors.protocol import Capabilities, ConnectorContext, Inbound, PollResult, Probe, Question, StoredMessage
from crossdock.core.commands import Command
from crossdock.core.errors import CrossdockError, DocumentUnknown, PayloadMalformed
from crossdock.core.outcomes import Accepted, Effect, EffectAbsent, EffectFound, EffectUnclear
from crossdock.transports.base import transport_kind
from crossdock.transports.protocol import Incoming, Outgoing, Transport

POSTED: Final = "journals.posted"
CHANNEL: Final = "acknowledgements"


class FinanceConnector(BaseConnector):
    """A finance system that offers the journal contract (`openapi.yaml`), or exchanges it as CSV files."""

    kind: ClassVar[str] = "finance"
    title: ClassVar[str] = "Finance system (journals)"
    mapping_version: ClassVar[str] = "finance/1"
    capabilities: ClassVar[Capabilities] = Capabilities(
        commands=frozenset({"journal.post"}), topics=frozenset({ACKNOWLEDGEMENT, FILE}), polls=True
    )
    Options: ClassVar[type[Any]] = FinanceOptions

    def __init__(self, context: ConnectorContext) -> None:
        super().__init__(context)
        self._options: FinanceOptions = context.options
        by = self._options.by
        self._rest = RestDesk(context, by) if isinstance(by, ByRest) else None
        files = {name: each.model_dump() for name, each in by.transports.items()} if isinstance(by, ByCsv) else {}
        self._carriage = Carriage(context, files)
        self.deliveries = {"journal.post": self._post}

    @property
    def transports(self) -> Mapping[str, Transport]:
        """The transports by name; the hub opens drop-boxes of them."""
        return self._carriage.by_name

    @classmethod
    def capabilities_for(cls, options: FinanceOptions) -> Capabilities:
        if isinstance(options.by, ByRest):
            return replace(cls.capabilities, topics=frozenset({ACKNOWLEDGEMENT}), questions=frozenset({POSTED}))
        receives = any(transport_kind(each.kind).capabilities.receives for each in options.by.transports.values())
        return replace(cls.capabilities, topics=frozenset({FILE}), receives=receives, ciphers=receives)

    @classmethod
    def poll_channels(cls, options: FinanceOptions) -> frozenset[str]:
        if isinstance(options.by, ByRest):
            return frozenset({CHANNEL})
        return frozenset(name for name, each in options.by.transports.items() if transport_kind(each.kind).capabilities.collects)

    @classmethod
    def credential_purposes(cls, options: FinanceOptions) -> frozenset[str]:
        if isinstance(options.by, ByRest):
            return frozenset({"api_key"} if isinstance(options.by.auth, ApiKeyAuth) else {"client_id", "client_secret"})
        found: set[str] = set()
        for name, each in options.by.transports.items():
            kind = transport_kind(each.kind)
            found |= {f"{name}-{purpose}" for purpose in kind.credential_purposes(kind.Options.model_validate(each.options))}
        return frozenset(found)

    async def start(self) -> None:
        await self._carriage.start()

    async def close(self) -> None:
        await self._carriage.close()

    # In ------------------------------------------------------------------------------------------------------

    async def poll(self, channel: str, cursor: Mapping[str, Any]) -> PollResult:
        if self._rest is None:
            found = await self._carriage.collector(channel).collect(cursor)
            return PollResult([_file(each) for each in found.messages], found.cursor, found.more)
        after = int(cursor.get("after", 0))
        lines = await self._rest.acknowledgements(after)
        messages = [inbound(each) for each in lines]
        last = max([after, *map(sequence, lines)])
        return PollResult(messages, {"after": last}, more=bool(messages) and last > after)

    def normalize(self, message: StoredMessage) -> Sequence[Event]:
        if message.headers.get("refused"):
            raise PayloadMalformed(message.headers["refused"])
        if message.topic == ACKNOWLEDGEMENT:
            return acknowledged(message.body, self.context.system, message.received_at)
        if message.topic == FILE:
            mark = self._options.by.delimiter if isinstance(self._options.by, ByCsv) else ","
            return acknowledgements(message.body, mark, self.context.system, message.received_at)
        raise DocumentUnknown(f"{self.kind} has no mapping for {message.topic!r}", topic=message.topic)

    # Out -----------------------------------------------------------------------------------------------------

    async def _post(self, command: Command) -> Accepted:
        journal = journal_of(command)
        body = journal_body(journal, command, self._options, self.context.value_maps)
        if self._rest is not None:
            told, repeated = await self._rest.post(body, command.id)
            return Accepted(ack(journal.number, told, self.context.system), repeated=repeated)
        by = self._options.by
        assert isinstance(by, ByCsv)
        _, transport = self._carriage.sender(by.send_by)
        out = Outgoing(
            journal_file(body, by),
            "text/csv",
            file_name(journal.number),
            self._message_id(journal.number),
            f"Journal {journal.number}",
        )
        sent = await transport.send(out)
        return Accepted(ack(journal.number, {}, self.context.system), repeated=sent.repeated)

    async def find_effect(self, command: Command) -> Effect:
        """The finance system is asked for the journal by its number; by files, the transport is asked for its file."""
        try:
            journal = journal_of(command)
        except CrossdockError as error:
            return EffectUnclear(error.message)
        if self._rest is not None:
            told = await self._rest.held(journal.number)
            return EffectAbsent() if told is None else EffectFound(ack(journal.number, told, self.context.system))
        by = self._options.by
        _, transport = self._carriage.sender(by.send_by if isinstance(by, ByCsv) else "")
        found = await transport.find(self._message_id(journal.number))
        return EffectFound(ack(journal.number, {}, self.context.system)) if isinstance(found, EffectFound) else found

    def _message_id(self, number: str) -> str:
        return f"{self.context.system}-{number}"

    def serial(self, command: Command) -> Sequence[str]:
        told = command.data.get("journal")
        return (f"journal/{told.get('number')}",) if isinstance(told, dict) else ()

    # Reconciling and health ----------------------------------------------------------------------------------

    async def ask(self, question: Question) -> Mapping[str, Any]:
        """`journals.posted` with the days `from` and `to`: number, posted number, day, currency and total of each."""
        if question.name != POSTED or self._rest is None:
            return await super().ask(question)
        return {"journals": posted(await self._rest.posted(str(question.data.get("from", "")), str(question.data.get("to", ""))))}

    async def probe(self) -> Probe:
        if self._rest is not None:
            try:
                told = await self._rest.health()
            except CrossdockError as error:
                return Probe(healthy=False, message=error.message, detail={"code": error.code})
            return Probe(healthy=True, version=str(told.get("version") or ""))
        for name, transport in self._carriage.by_name.items():
            found = await transport.probe()
            if not found.healthy:
                return Probe(healthy=False, message=f"{name}: {found.message}", detail=found.detail)
        return Probe(healthy=True)


def _file(incoming: Incoming) -> Inbound:
    """A file of acknowledgements: known by its content."""
    headers = {"file": incoming.file_name, **({"refused": incoming.refused} if incoming.refused else {})}
    return Inbound(FILE, f"file#{blake2b(incoming.body, digest_size=16).hexdigest()}", incoming.body, "text/csv", headers)
