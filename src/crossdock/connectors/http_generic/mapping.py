"""Documents of a configured system to canonical events: rules compiled once, pure, exact; knows no request."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from crossdock.canonical.events import EVENT_PAYLOADS, Event, Position, Reference
from crossdock.connectors.exact_json import read_exact, read_fast, refuse_repeated_names
from crossdock.connectors.http_generic.inbound_options import DocumentRule, EventRule
from crossdock.connectors.http_generic.targets import is_text_target
from crossdock.connectors.protocol import StoredMessage, ValueMaps
from crossdock.connectors.wrong_fields import refusal
from crossdock.core.errors import DocumentUnknown
from crossdock.overlay.mapper import Mapper, compile_conditions, compile_rule, compile_template
from crossdock.overlay.paths import Inexact, Reader, Scope
from crossdock.overlay.steps import compile_step


class EventMapper:
    """One compiled event rule."""

    def __init__(self, rule: EventRule, maps: ValueMaps) -> None:
        payload = EVENT_PAYLOADS[rule.event]
        self._type = rule.event
        self._validate = payload.model_validate
        self._fields = Mapper(rule.fields, maps, lambda target: is_text_target(payload, target))
        self._holds = compile_conditions(rule.when) if rule.when else None
        self._key = compile_template(rule.key) if rule.key else None
        self._id = compile_template(rule.id) if rule.id else None
        self._references = [
            (compile_template(r.scheme), compile_template(r.value, missing_is_none=True)) for r in rule.references
        ]
        self._occurred = compile_rule(rule.occurred_at, maps, _never, "occurred_at") if rule.occurred_at else None
        self._time = compile_step("date", maps)
        self._stream: Reader | None = None
        if rule.position is not None:
            self._stream = compile_template(rule.position.stream)
            self._number = compile_rule(rule.position.number, maps, _never, "position.number")
            self._whole = compile_step("int", maps)
            self._contiguous = rule.position.contiguous

    def event(self, document: Any, meta: Mapping[str, Any], body: bytes) -> Event | None:
        """The event, None when the rule's condition does not hold.

        Raises `Inexact`, `SchemaInvalid`, `ValueMapMissing`, pydantic's ValidationError.
        """
        scope = Scope(document, meta)
        if self._holds is not None and not self._holds(document, scope):
            return None
        data = self._validate(self._fields(document, meta))
        place = "key"
        try:
            key = self._key(document, scope) if self._key is not None else ""
            place = "references"
            references = tuple(
                Reference(scheme(document, scope), value)
                for scheme, read in self._references
                if (value := read(document, scope)) is not None
            )
            if not key and not references:
                raise ValueError("neither a key nor a reference has a value")
            place = "id"
            identity = self._id(document, scope) if self._id is not None else hashlib.blake2b(body, digest_size=16).hexdigest()
            place = "occurred_at"
            occurred = self._moment(document, scope)
            place = "position"
            position = self._position(self._stream, document, scope) if self._stream is not None else None
        except ValueError as problem:
            raise refusal(f"{place}: {problem}", place, str(problem)) from None
        system = meta["system"]
        return Event(f"{system}/{self._type}/{identity}", self._type, system, key, data, occurred, references, position)

    def _moment(self, document: Any, scope: Scope) -> datetime:
        value = self._occurred(document, scope) if self._occurred is not None else None
        moment: datetime = scope.meta["received_at"] if value is None else self._time(value)
        return moment.astimezone(UTC)

    def _position(self, stream: Reader, document: Any, scope: Scope) -> Position:
        number = self._number(document, scope)
        if number is None:
            raise ValueError("the number in the stream is missing")
        return Position(stream(document, scope), self._whole(number), self._contiguous)


def _never(target: str) -> bool:
    return False


class DocumentMapper:
    """All rules of one topic. Once a document needed exact decimals, the next ones are read so at once."""

    def __init__(self, rule: DocumentRule, maps: ValueMaps) -> None:
        self._mappers = [EventMapper(event, maps) for event in rule.events]
        self._decode = read_fast

    def events(self, message: StoredMessage) -> Sequence[Event]:
        """The events of a message. Raises `PayloadMalformed` and what `EventMapper.event` raises."""
        meta: dict[str, Any] = {
            "system": message.system,
            "topic": message.topic,
            "channel": message.channel,
            "received_at": message.received_at,
        }
        for name, value in message.headers.items():
            meta[f"header.{name}"] = value
        document = self._decode(message.body)
        refuse_repeated_names(message.body, document)
        try:
            return self._map(document, meta, message.body)
        except Inexact:
            self._decode = read_exact
            return self._map(read_exact(message.body), meta, message.body)

    def _map(self, document: Any, meta: Mapping[str, Any], body: bytes) -> Sequence[Event]:
        if type(document) is not dict:
            raise refusal("a JSON object is expected", "", "not an object")
        return [event for mapper in self._mappers if (event := mapper.event(document, meta, body)) is not None]


class Documents:
    """The mappers by topic; `*` takes what no other does."""

    def __init__(self, rules: Mapping[str, DocumentRule], maps: ValueMaps) -> None:
        self._by_topic = {topic: DocumentMapper(rule, maps) for topic, rule in rules.items()}
        self._rest = self._by_topic.pop("*", None)

    def events(self, message: StoredMessage) -> Sequence[Event]:
        """The events of a message. Raises `DocumentUnknown` and what `DocumentMapper.events` raises."""
        mapper = self._by_topic.get(message.topic, self._rest)
        if mapper is None:
            raise DocumentUnknown(f"no document {message.topic!r} is configured", topic=message.topic)
        return mapper.events(message)
