"""Documents and acknowledgements of ours on their way to the partner: numbered, written, handed to a transport, asked about. Reads nothing of theirs."""

from __future__ import annotations

from datetime import timedelta
from hashlib import blake2b
from typing import Any

import orjson
from pydantic import ValidationError

from crossdock.canonical.acknowledgement import DocumentAcknowledgement
from crossdock.canonical.document_sent import DocumentSent
from crossdock.canonical.interchange import Interchange
from crossdock.connectors.carriage import Carriage
from crossdock.connectors.edi.acknowledging import acknowledgement, application_refusal
from crossdock.connectors.edi.identity import SENT
from crossdock.connectors.edi.receipts import MDN, send_receipt
from crossdock.connectors.edi.refusing import refusal_answer
from crossdock.connectors.edi.telling import SENT_NOTE
from crossdock.connectors.edi.terms import Terms
from crossdock.connectors.edi.writing import (
    Letter,
    asked_for,
    refused,
    scope_of,
    write_acknowledgement,
    write_document,
    write_file_answer,
)
from crossdock.connectors.protocol import ConnectorContext, Given
from crossdock.core.commands import Command
from crossdock.core.errors import AgreementMissing, CrossdockError, LandscapeInvalid, PartnerNotLive
from crossdock.core.outcomes import Accepted, Effect, EffectAbsent, EffectFound, EffectUnclear
from crossdock.transports.protocol import Outgoing, Sent, Transport


class Sending:
    """Carries out the commands of one partner's system."""

    def __init__(self, context: ConnectorContext, terms: Terms, carriage: Carriage) -> None:
        self._context = context
        self._terms = terms
        self._carriage = carriage

    async def document(self, command: Command) -> Accepted:
        """Write and send a document. Raises outcomes; what cannot be written uses up no control number."""
        agreement_transport, letter, given = await self._letter(command)
        name, transport = self._carriage.sender(agreement_transport)
        sent = await self._hand_over(transport, letter, command)
        return Accepted(self._ack(command, letter, given, name, sent), repeated=sent.repeated)

    async def _letter(self, command: Command) -> tuple[str, Letter, Given]:
        self._live()
        agreement = self._terms.outgoing(command.name)
        if agreement is None:
            raise AgreementMissing(
                f"there is no agreement with {self._terms.partner} by which {command.name} is sent", command=command.name
            )
        now = self._context.clock.now()
        asked = asked_for(command, now)
        if agreement.standard not in ("x12", "edifact"):
            given = Given(0, now)
            letter = write_document(
                asked, agreement, self._terms, self._context.value_maps, given, self._context.system, given.at
            )
            return agreement.transport, letter, given
        # written once with a number of its own before one is given: what cannot be written must not use up a number
        trial = Given(1, now)
        write_document(asked, agreement, self._terms, self._context.value_maps, trial, self._context.system, trial.at)
        given = await self._number(scope_of(self._terms, agreement.standard), command)
        # the moment is the number's: written again, it is the same document
        asked = asked_for(command, given.at)
        letter = write_document(asked, agreement, self._terms, self._context.value_maps, given, self._context.system, given.at)
        return agreement.transport, letter, given

    async def _number(self, scope: str, command: Command) -> Given:
        if self._context.numbers is None:
            raise LandscapeInvalid(f"system {self._context.system!r}: nothing gives control numbers here")
        return await self._context.numbers.give(scope, command.id, self._terms.first_number)

    def _live(self) -> None:
        if not self._terms.live:
            raise PartnerNotLive(
                f"{self._terms.title} is not exchanged with: its file says neither testing nor live", partner=self._terms.partner
            )

    async def _hand_over(self, transport: Transport, letter: Letter, command: Command) -> Sent:
        subject = f"{letter.type} {letter.number}".strip()
        return await transport.send(
            Outgoing(letter.body, letter.content_type, letter.file_name, message_id(self._context.system, command), subject)
        )

    async def acknowledgement(self, command: Command) -> Accepted:
        """Write and send what acknowledges something of the partner's. Raises outcomes."""
        if command.data.get("kind") == MDN:
            return await send_receipt(Interchange.model_validate(command.data.get("interchange")), self._carriage)
        name, letter, given = await self._answer(command)
        name, transport = self._carriage.sender(name)
        sent = await self._hand_over(transport, letter, command)
        # noted like a document, so that a receipt that refuses it finds what it is about
        return Accepted(self._ack(command, letter, given, name, sent), repeated=sent.repeated)

    async def _answer(self, command: Command) -> tuple[str, Letter, Given]:
        self._live()
        kind = str(command.data.get("kind") or "")
        if kind == "APERAK" and "acknowledgement" in command.data:
            return await self._refusal(command)
        try:
            interchange = Interchange.model_validate(command.data.get("interchange"))
        except ValidationError as error:
            raise refused(error) from None
        by = self._terms.answers_by(interchange.standard)
        answer = acknowledgement(interchange, kind) if interchange.judged == "envelope" else None
        given = await self._number(scope_of(self._terms, interchange.standard), command)
        if interchange.standard == "ubl":
            return by, write_file_answer(interchange, kind, self._terms, given), given
        if answer is None:
            answer = refusal_answer(interchange, kind, given, self._terms)
        version = interchange.version if interchange.version.isdecimal() and len(interchange.version) == 5 else ""
        return by, write_acknowledgement(answer, kind, interchange.standard, version, self._terms, given), given

    async def _refusal(self, command: Command) -> tuple[str, Letter, Given]:
        """An APERAK for one document, out of the `acknowledgement` in the command's data."""
        try:
            told = DocumentAcknowledgement.model_validate(command.data.get("acknowledgement"))
        except ValidationError as error:
            raise refused(error) from None
        given = await self._number(scope_of(self._terms, "edifact"), command)
        answer = application_refusal(told, given.at, self._terms.parties("edifact"))
        letter = write_acknowledgement(answer, "APERAK", "edifact", "", self._terms, given)
        return self._terms.answers_by("edifact"), letter, given

    def _ack(self, command: Command, letter: Letter, given: Given, transport: str, sent: Sent) -> dict[str, Any]:
        message = message_id(self._context.system, command)
        within = self._within(command.name)
        note = DocumentSent(
            standard=letter.standard,
            relation=letter.relation,
            document_type=letter.type,
            document_number=letter.number,
            interchange_control=letter.interchange_control,
            group_control=letter.group_control,
            document_control=letter.document_control,
            identities=(*letter.identities, message),
            message_id=message,
            transport=transport,
            test=self._terms.test,
            sent_at=given.at,
            acknowledge_by=self._context.clock.now() + within if within is not None else None,
            command=command.name,
            command_id=command.id,
            key=command.key,
            flow=command.flow,
        )
        return {
            "control": letter.interchange_control,
            "file": letter.file_name,
            "reference": sent.reference,
            "status": "told",
            "warehouse_reference": "",
            "fulfilment_id": letter.file_name,
            "acknowledgement": orjson.loads(orjson.dumps(dict(sent.acknowledgement), default=str)),
            "references": [[SENT, each] for each in note.identities],
            "told": [[SENT_NOTE, command.id, note.model_dump_json()]],
        }

    def _within(self, command: str) -> timedelta | None:
        agreement = self._terms.outgoing(command)
        return agreement.acknowledge_within if agreement is not None else None

    async def find_effect(self, command: Command) -> Effect:
        """The transport is asked whether it arrived; where it cannot say, an acknowledgement that came proves it."""
        if command.name == "document.acknowledge" and command.data.get("kind") == MDN:
            return EffectAbsent()  # the same receipt twice is one receipt
        try:
            write = self._answer if command.name == "document.acknowledge" else self._letter
            by, letter, given = await write(command)
            name, transport = self._carriage.sender(by)
        except CrossdockError as error:
            return EffectUnclear(error.message)
        found = await transport.find(message_id(self._context.system, command))
        if isinstance(found, EffectUnclear) and self._context.numbers is not None:
            for each in letter.identities:
                if await self._context.numbers.acknowledged(each):
                    found = EffectFound({})
                    break
        if not isinstance(found, EffectFound):
            return found
        return EffectFound(self._ack(command, letter, given, name, Sent(acknowledgement=found.ack)))


def message_id(system: str, command: Command) -> str:
    """The identity of a command's document on the wire: the same for ever."""
    return f"{system}-{blake2b(command.id.encode(), digest_size=16).hexdigest()}"
