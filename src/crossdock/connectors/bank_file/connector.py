"""A bank by files: a refund's transfer goes out as pain.001, statements and status reports come in, by any transport."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import Any, ClassVar, Final

import orjson
from pydantic import ValidationError

from crossdock.canonical.bank import CreditTransfer
from crossdock.canonical.events import Event
from crossdock.connectors.bank_file.mapping import STATEMENT, STATUS, refund_scheme, statement_events, status_events, topic_of
from crossdock.connectors.bank_file.options import BankFileOptions
from crossdock.connectors.bank_file.payments import PAYMENT, payment_events
from crossdock.connectors.carried import TRANSPORT, CarriedConnector
from crossdock.connectors.protocol import (
    Capabilities,
    ConnectorContext,
    Given,
    Inbound,
    StoredMessage,
)
from crossdock.core.commands import Command
from crossdock.core.errors import CrossdockError, DocumentUnknown, LandscapeInvalid, PayloadMalformed, TransferImpossible
from crossdock.core.outcomes import Accepted, Effect, EffectFound, EffectUnclear
from crossdock.finance.transfers.pain001 import Debtor, NotSepa, write_transfer
from crossdock.transports.base import transport_kind
from crossdock.transports.protocol import Incoming, Outgoing


class BankFileConnector(CarriedConnector):
    """A bank that takes pain.001 and gives camt.052/.053/.054, MT940 and pain.002, by SFTP, drop-box, mail, HTTPS or AS2."""

    kind: ClassVar[str] = "bank_file"
    title: ClassVar[str] = "Bank (files)"
    mapping_version: ClassVar[str] = "bank_file/1"
    capabilities: ClassVar[Capabilities] = Capabilities(
        commands=frozenset({"refund.transfer"}), topics=frozenset({STATEMENT, STATUS, PAYMENT}), polls=True
    )
    Options: ClassVar[type[Any]] = BankFileOptions

    def __init__(self, context: ConnectorContext) -> None:
        self._options: BankFileOptions = context.options
        super().__init__(context, {name: each.model_dump() for name, each in self._options.transports.items()})
        self.deliveries = {"refund.transfer": self._transfer}

    @classmethod
    def capabilities_for(cls, options: BankFileOptions) -> Capabilities:
        kinds = [transport_kind(each.kind) for each in options.transports.values()]
        receives = any(each.capabilities.receives for each in kinds)
        return replace(
            cls.capabilities, receives=receives, ciphers=receives, polls=any(each.capabilities.collects for each in kinds)
        )

    @classmethod
    def poll_channels(cls, options: BankFileOptions) -> frozenset[str]:
        return frozenset(name for name, each in options.transports.items() if transport_kind(each.kind).capabilities.collects)

    @classmethod
    def credential_purposes(cls, options: BankFileOptions) -> frozenset[str]:
        found: set[str] = set()
        for name, each in options.transports.items():
            kind = transport_kind(each.kind)
            found |= {f"{name}-{purpose}" for purpose in kind.credential_purposes(kind.Options.model_validate(each.options))}
        return frozenset(found)

    # In ------------------------------------------------------------------------------------------------------

    def arrived(self, incoming: Incoming, transport: str) -> Inbound:
        """A file is known by its content: the same one under another name is the same message."""
        headers = {**incoming.headers, "identity": incoming.identity, TRANSPORT: transport, "file": incoming.file_name}
        if incoming.refused or incoming.purpose != "document" or len(incoming.body) > self._options.max_bytes:
            headers["refused"] = incoming.refused or "this is no file of a bank, or larger than is taken"
            return Inbound(
                STATEMENT, f"{incoming.identity}#{_digest(incoming.body)}", incoming.body, incoming.content_type, headers
            )
        topic = topic_of(incoming.body)
        return Inbound(topic, f"{topic}#{_digest(incoming.body)}", incoming.body, "application/octet-stream", headers)

    def normalize(self, message: StoredMessage) -> Sequence[Event]:
        if message.headers.get("refused"):
            raise PayloadMalformed(message.headers["refused"])
        if message.topic == STATEMENT:
            return statement_events(message, self.context.system, self._options)
        if message.topic == STATUS:
            return status_events(message, self.context.system)
        if message.topic == PAYMENT:
            return payment_events(message.body, self.context.system)
        raise DocumentUnknown(f"{self.kind} has no mapping for {message.topic!r}", topic=message.topic)

    # Out -----------------------------------------------------------------------------------------------------

    async def _transfer(self, command: Command) -> Accepted:
        transfer, debtor = self._wanted(command)
        _, transport = self._carriage.sender(self._options.send_by)
        given = await self._given(command)
        try:
            body = write_transfer(transfer, debtor, given.at, transfer.execution_date or given.at.date(), self._options.version)
        except NotSepa as error:
            raise TransferImpossible(str(error), end_to_end_id=transfer.end_to_end_id) from None
        sent = await transport.send(
            Outgoing(
                body, "application/xml", _file(transfer), self._message_id(transfer), f"Credit transfer {transfer.end_to_end_id}"
            )
        )
        return Accepted(self._ack(transfer, sent.acknowledgement), repeated=sent.repeated)

    def _wanted(self, command: Command) -> tuple[CreditTransfer, Debtor]:
        try:
            transfer = CreditTransfer.model_validate(command.data.get("credit_transfer"))
        except ValidationError as error:
            problems = [
                {"path": ".".join(map(str, each["loc"])), "message": each["msg"]}
                for each in error.errors(include_input=False, include_url=False, include_context=False)
            ]
            raise TransferImpossible(f"{problems[0]['path']}: {problems[0]['message']}", problems=problems) from None
        account = self._options.debtor
        if account is None:
            raise LandscapeInvalid(f"system {self.context.system!r}: `debtor` names no account transfers are made from")
        if transfer.debtor_iban is not None and transfer.debtor_iban != account.iban:
            raise TransferImpossible(
                "the transfer is to be made from another account than this bank's", end_to_end_id=transfer.end_to_end_id
            )
        return transfer, Debtor(account.name, account.iban, account.bic)

    async def _given(self, command: Command) -> Given:
        """When the transfer was written first: written again, it is the same file."""
        if self.context.numbers is None:
            raise LandscapeInvalid(f"system {self.context.system!r}: nothing keeps when transfers were written")
        return await self.context.numbers.give(f"pain001/{self.context.system}", command.id)

    def _message_id(self, transfer: CreditTransfer) -> str:
        """The identity on the wire is the end-to-end id: a second command with the same one moves no second money."""
        return f"{self.context.system}-{transfer.end_to_end_id}"

    def _ack(self, transfer: CreditTransfer, acknowledgement: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "file": _file(transfer),
            "reference": transfer.end_to_end_id,
            "amount": transfer.amount.model_dump(mode="json"),
            "status": "sent",
            "acknowledgement": orjson.loads(orjson.dumps(dict(acknowledgement), default=str)),
            "references": [[refund_scheme(self.context.system), transfer.end_to_end_id]],
        }

    async def find_effect(self, command: Command) -> Effect:
        """The transport is asked for the file, which has the name of the end-to-end id."""
        try:
            transfer, _ = self._wanted(command)
            _, transport = self._carriage.sender(self._options.send_by)
        except CrossdockError as error:
            return EffectUnclear(error.message)
        found = await transport.find(self._message_id(transfer))
        return EffectFound(self._ack(transfer, found.ack)) if isinstance(found, EffectFound) else found

    def serial(self, command: Command) -> Sequence[str]:
        told = command.data.get("credit_transfer")
        return (f"transfer/{told.get('end_to_end_id')}",) if isinstance(told, dict) else ()


_UNSAFE: Final = {ord(each): "_" for each in "/?:(),'+ "}


def _file(transfer: CreditTransfer) -> str:
    """A name safe on every file system; ids that become alike by that stay apart."""
    name = transfer.end_to_end_id
    safe = name.translate(_UNSAFE)
    return f"pain001-{safe}.xml" if safe == name else f"pain001-{safe}-{blake2b(name.encode(), digest_size=4).hexdigest()}.xml"


def _digest(body: bytes) -> str:
    return blake2b(body, digest_size=16).hexdigest()
