"""What the partner's messages tell: interchanges judged, their documents, acknowledgements of ours, receipts and notes; writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from pydantic import ValidationError

from crossdock.canonical.acknowledgement import DocumentAcknowledgement, DocumentFinding
from crossdock.canonical.document_sent import DocumentSent
from crossdock.canonical.events import Event, Reference
from crossdock.canonical.interchange import Interchange
from crossdock.connectors.carriage import Carriage
from crossdock.connectors.carried import TRANSPORT
from crossdock.connectors.edi.answers import Answer, answers, application_responses
from crossdock.connectors.edi.arriving import (
    INTERCHANGE,
    INTERCHANGE_AGAIN,
    RECEIPT,
    RECEIPT_OWED,
    TRANSMISSION,
    is_edi,
    taken,
)
from crossdock.connectors.edi.document import events_of
from crossdock.connectors.edi.head import digest, peek, pieces
from crossdock.connectors.edi.identity import SENT
from crossdock.connectors.edi.plain import document_type, plain_events, plain_interchange
from crossdock.connectors.edi.reading import Judged, Unreadable, read_interchange
from crossdock.connectors.edi.receipts import owed_receipt
from crossdock.connectors.edi.refusing import refusal
from crossdock.connectors.edi.splitting import DOCUMENT, parts
from crossdock.connectors.edi.terms import ACKNOWLEDGEMENTS, Terms
from crossdock.connectors.edi.told import interchange_of
from crossdock.connectors.edi.words import detail, printable, sentence
from crossdock.connectors.protocol import Inbound, StoredMessage, ValueMaps
from crossdock.core.errors import CrossdockError, DocumentUnknown, PayloadMalformed
from crossdock.transports.protocol import Incoming

SENT_NOTE: Final = "sent"


class Telling:
    """Reads the messages of one partner's system."""

    def __init__(self, system: str, terms: Terms, maps: ValueMaps, carriage: Carriage, most: int) -> None:
        self._system = system
        self._terms = terms
        self._maps = maps
        self._carriage = carriage
        self._most = most
        self._judged: tuple[str, str, Judged] | None = None

    def events(self, message: StoredMessage) -> Sequence[Event]:
        """The canonical events of a message. Raises as `Connector.normalize` does."""
        if message.topic == DOCUMENT:
            if message.headers.get("standard") in ("x12", "edifact"):
                return events_of(message, self._terms, self._maps)
            return plain_events(message, self._terms, self._maps)
        if message.topic == INTERCHANGE:
            return self._interchange(message)
        if message.topic == INTERCHANGE_AGAIN:
            return [self._again(message)]
        if message.topic == TRANSMISSION:
            if message.headers.get("refused"):
                raise PayloadMalformed(message.headers["refused"])
            if len(pieces(message.body)) < 2:
                raise PayloadMalformed("neither X12, EDIFACT, UBL nor an agreed table was recognised")
            return ()
        if message.topic == SENT_NOTE:
            return self._note(message)
        if message.topic == RECEIPT:
            return self._receipt(message)
        if message.topic == RECEIPT_OWED:
            told = owed_receipt(message, self._terms.partner, message.headers.get(TRANSPORT, ""))
            return [self._event(told, f"receipt/{message.uid}", message.received_at)]
        raise DocumentUnknown(f"a partner's system has no mapping for {message.topic!r}", topic=message.topic)

    def refusal(self, message: StoredMessage, error: CrossdockError) -> Sequence[Event]:
        """What is told of a document whose content was refused: once, however often it fails."""
        told = refusal(message, error, self._terms) if message.topic == DOCUMENT else None
        if told is None:
            return ()
        # an envelope names its documents; a file is named by the transmission it came in
        identity = message.headers.get("identity") or message.uid
        if told.standard == "ubl":
            identity = f"{identity}#{message.headers.get('part-of', message.uid)}"
        at = told.prepared_at or message.received_at
        return [Event(f"{identity}/refused", "interchange.received", self._system, self._key(told.standard, told.test), told, at)]

    def parts(self, message: StoredMessage) -> Sequence[Inbound]:
        """The messages a message carries: interchanges of a file, documents of an interchange."""
        if message.topic == TRANSMISSION:
            return [
                taken(each, message.content_type, {**message.headers, "piece": f"/{place}"}, self._terms)
                for place, each in enumerate(pieces(message.body), start=1)
            ]
        if message.topic != INTERCHANGE:
            return ()
        if not is_edi(message):
            if document_type(message, self._terms) in ACKNOWLEDGEMENTS["ubl"]:
                return ()
            return [Inbound(DOCUMENT, f"{message.headers.get('identity', '')}#{digest(message.body)}", message.body, message.content_type,
                            {**message.headers, "part-of": message.uid})]  # fmt: skip
        judged = self._read(message)
        if judged.refused:
            return ()
        silent = ACKNOWLEDGEMENTS[judged.standard]
        return [each for each in parts(judged, message.uid, message.body) if each.headers["type"] not in silent]

    def _read(self, message: StoredMessage) -> Judged:
        """The interchange of a message, judged; the last one is kept, because normalizing and splitting follow each other."""
        kept = self._judged
        name = digest(message.body)
        if kept is not None and kept[0] == message.uid and kept[1] == name:
            return kept[2]
        standard = message.headers.get("standard") or peek(message.body)[0]
        try:
            judged = read_interchange(message.body, standard, self._terms, most=self._most)
        except Unreadable as error:
            first = sentence(error.findings[0]) if error.findings else "no interchange was found"
            raise PayloadMalformed(f"the interchange cannot be read: {first}", findings=detail(error.findings)) from None
        self._judged = (message.uid, name, judged)
        return judged

    def _interchange(self, message: StoredMessage) -> list[Event]:
        if not is_edi(message):
            told = plain_interchange(message, self._terms)
            own = self._event(told, message.headers.get("identity", "") + "#" + digest(message.body), message.received_at)
            return [own, *self._responses(message, own)]
        judged = self._read(message)
        told = interchange_of(judged, self._terms, message.received_at, len(message.body), message.headers.get("file-name", ""))
        at = judged.head.moment or message.received_at
        identity = f"{judged.head.identity}#{digest(message.body)}"
        found = [self._event(told.model_copy(update={"transmission": _transmission(message)}), identity, at)]
        if not judged.refused:
            key = self._key(judged.standard, judged.head.test)
            found += _acknowledged(
                answers(judged.interchange, judged.head, message.received_at, message.system), identity, key, at
            )
        return found

    def _again(self, message: StoredMessage) -> Event:
        """The interchange that came before: nothing in it happens again, only its acknowledgement may be owed once more."""
        judged = self._read(message)
        told = interchange_of(judged, self._terms, message.received_at, len(message.body), message.headers.get("file-name", ""))
        told = told.model_copy(update={"duplicate": "same", "transmission": _transmission(message)})
        identity = f"{judged.head.identity}/again/{digest(_transmission(message).encode())}#{digest(message.body)}"
        return self._event(told, identity, judged.head.moment or message.received_at)

    def _responses(self, message: StoredMessage, own: Event) -> list[Event]:
        """The answers in an ApplicationResponse."""
        if document_type(message, self._terms) not in ACKNOWLEDGEMENTS["ubl"]:
            return []
        said = application_responses(message.body, message.system, message.received_at)
        return _acknowledged(said, own.id, own.key, message.received_at)

    def _event(self, told: Interchange, identity: str, at: datetime) -> Event:
        return Event(identity, "interchange.received", self._system, self._key(told.standard, told.test), told, at)

    def _key(self, standard: str, test: bool) -> str:
        """The business key of everything technical between us and this partner in one standard."""
        return f"edi/{self._system}/{standard}-{'T' if test else 'P'}"

    def _note(self, message: StoredMessage) -> list[Event]:
        try:
            sent = DocumentSent.model_validate_json(message.body)
        except ValidationError:
            raise PayloadMalformed("this is no note of a document sent") from None
        references = tuple(Reference(SENT, each) for each in sent.identities if each)
        key = self._key(sent.standard, sent.test)
        return [Event(f"sent/{sent.command_id}", "document.sent", self._system, key, sent, sent.sent_at, references)]

    def _receipt(self, message: StoredMessage) -> list[Event]:
        """A technical receipt (an MDN that came by itself) for something we sent."""
        transport = self._carriage.by_name.get(message.headers.get(TRANSPORT, ""))
        if transport is None:
            raise PayloadMalformed("the transport of this receipt is not in the partner's file any more")
        incoming = Incoming(
            message.body, message.headers.get("identity", ""), content_type=message.content_type, headers=message.headers
        )
        found = transport.receipt(incoming)
        wrong = (DocumentFinding(code=found.code or "error", message=found.text),) if found.status != "accepted" else ()
        told = DocumentAcknowledgement(
            standard="MDN", level="transport", verdict=found.status, acknowledged_at=message.received_at, message_id=found.message_id,
            document_type="MDN", findings=wrong, note=found.text[:200],
        )  # fmt: skip
        standard = next((each for each in self._terms.standards() if each in ("x12", "edifact")), "x12")
        references = (Reference(SENT, found.message_id),) if found.message_id else ()
        return [Event(f"receipt/{incoming.identity}", "document.acknowledged", self._system, self._key(standard, self._terms.test),
                      told, message.received_at, references)]  # fmt: skip


def _transmission(message: StoredMessage) -> str:
    """What the carrier calls the transmission. AS2 names are never given twice; pieces of one file share it and are told apart."""
    name = printable(message.headers.get("identity", ""))[:900] + message.headers.get("piece", "")
    return f"as2:{name}" if "as2-from" in message.headers else name


def _acknowledged(said: Iterable[Answer], identity: str, key: str, at: datetime) -> list[Event]:
    return [
        Event(
            f"{identity}/ack/{place}", "document.acknowledged", key.split("/")[1], key, each.acknowledgement, at, each.references
        )
        for place, each in enumerate(said, start=1)
    ]
