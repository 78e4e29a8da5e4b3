"""Options for what comes in: how a channel authenticates its sender, splits its body, and which events its documents become."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from crossdock.canonical.events import EVENT_PAYLOADS
from crossdock.connectors.base import Options
from crossdock.connectors.http_generic.targets import missing_targets, unknown_targets
from crossdock.overlay.rules import Conditions, FieldRule, Fields, PathText, TemplateText, _listed

Header = Annotated[str, BeforeValidator(lambda value: value.lower() if isinstance(value, str) else value), Field(min_length=1)]


class ApiKeyIn(Options):
    """The sender shows the secret in a header."""

    kind: Literal["api_key"]
    header: Header = "x-api-key"
    credential: str = "webhook_secret"


class BearerIn(Options):
    """The sender shows the secret as a bearer token (RFC 6750)."""

    kind: Literal["bearer"]
    credential: str = "webhook_secret"


class BasicIn(Options):
    """The sender shows user name and secret (RFC 7617)."""

    kind: Literal["basic"]
    username: Annotated[str, Field(min_length=1)]
    credential: str = "webhook_secret"


class Stamp(Options):
    """The time in a signature: in a header of its own, or as a part (`t` in `t=1,v1=2`) of the signature's header."""

    header: Header | None = None
    part: str | None = None
    format: Literal["unix", "unix_ms", "iso"] = "unix"
    tolerance: Annotated[int, Field(ge=1, le=86_400)] = 300

    @model_validator(mode="after")
    def _somewhere(self) -> Stamp:
        if (self.header is None) == (self.part is None):
            raise ValueError("say where the time is: `header` or `part`")
        return self


class HmacIn(Options):
    """The sender signs the body. `signed` is what is signed, from {body}, {timestamp} and {header:x-name}.

    `part` takes the signature out of a header such as `t=1,v1=2`; `prefix` is cut off before comparing.
    `key_encoding` says how the credential's text becomes the key.
    """

    kind: Literal["hmac"]
    header: Header
    algorithm: Literal["sha256", "sha512", "sha1"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = ""
    part: str | None = None
    signed: str = "{body}"
    timestamp: Stamp | None = None
    key_encoding: Literal["text", "base64", "hex"] = "text"
    credential: str = "webhook_secret"

    @model_validator(mode="after")
    def _template(self) -> HmacIn:
        if self.signed.count("{body}") != 1:
            raise ValueError("`signed` needs {body} exactly once, or the body would not be protected")
        if self.timestamp is None and "{timestamp}" in self.signed:
            raise ValueError("`signed` uses {timestamp}, but no `timestamp` is configured")
        if self.timestamp is not None and "{timestamp}" not in self.signed:
            raise ValueError("a timestamp that is not signed proves nothing; add {timestamp} to `signed`")
        if self.timestamp is not None and self.timestamp.part is not None and self.part is None:
            raise ValueError("`timestamp.part` needs `part` for the signature too")
        return self


class TokenIn(Options):
    """The sender shows an access token of this hub (OAuth 2.0), which the door has judged: the system's or partner's file says
    `access: {token: true}`."""

    kind: Literal["access_token"]


InAuth = Annotated[ApiKeyIn | BearerIn | BasicIn | HmacIn | TokenIn, Field(discriminator="kind")]


def _short(name: str) -> BeforeValidator:
    return BeforeValidator(lambda value: {name: value} if isinstance(value, str) else value)


class TopicRule(Options):
    """What a message is: always the same (`const`), from a header, or from a path of the document. Exactly one."""

    const: str | None = None
    header: Header | None = None
    path: PathText | None = None

    @model_validator(mode="after")
    def _one(self) -> TopicRule:
        if len(self.model_fields_set) != 1:
            raise ValueError("the topic is exactly one of const, header, path")
        return self


class DedupeRule(Options):
    """The sender's identity of a message: a header, some paths of the document, or by default its content."""

    header: Header | None = None
    paths: Annotated[list[PathText] | None, BeforeValidator(lambda v: None if v is None else _listed(v))] = None

    @model_validator(mode="after")
    def _one(self) -> DedupeRule:
        if self.header is not None and self.paths is not None:
            raise ValueError("the identity is a header or paths, not both")
        return self


Topic = Annotated[TopicRule, _short("const")]


class ChannelRule(Options):
    """One way in, at `POST /in/<system>/<channel>`.

    `format` `ndjson` makes every line a message, `split` every element of the list at that path (`.` is the body itself).
    `keep_headers` are kept with the message and readable as `@header.<name>`.
    """

    auth: InAuth
    topic: Topic
    dedupe: DedupeRule = DedupeRule()
    format: Literal["json", "ndjson"] = "json"
    split: PathText | None = None
    keep_headers: tuple[Header, ...] = ()

    @model_validator(mode="after")
    def _either(self) -> ChannelRule:
        if self.format == "ndjson" and self.split is not None:
            raise ValueError("ndjson is split by lines; it takes no `split`")
        return self


class ReferenceRule(Options):
    """Another name of the transaction: scheme and value, both templates."""

    scheme: TemplateText
    value: TemplateText


class PositionRule(Options):
    """Where the event stands: a template for the stream, and the number in it. `contiguous` only where the sender counts without holes."""

    stream: TemplateText
    number: FieldRule
    contiguous: bool = False


class EventRule(Options):
    """One event a document becomes. `fields` fill the canonical object of the event type; key, references, id and stream are templates.

    Without `id` the content of the document is its identity; without `occurred_at` the time of receipt.
    """

    event: str
    when: Conditions = ()
    key: TemplateText = ""
    references: tuple[ReferenceRule, ...] = ()
    id: TemplateText = ""
    occurred_at: FieldRule | None = None
    position: PositionRule | None = None
    fields: Fields

    @model_validator(mode="after")
    def _fits(self) -> EventRule:
        payload = EVENT_PAYLOADS.get(self.event)
        if payload is None:
            raise ValueError(f"no event {self.event!r}; there are {', '.join(sorted(EVENT_PAYLOADS))}")
        if not self.key and not self.references:
            raise ValueError(f"{self.event}: give its `key`, or `references` that lead to it")
        wrong = list(unknown_targets(payload, self.fields))
        wrong += [f"{name} is required by {payload.schema_id()}" for name in missing_targets(payload, self.fields)]
        if wrong:
            raise ValueError("; ".join(wrong))
        return self


class DocumentRule(Options):
    """All events of one topic; those whose `when` holds are made, none is a valid answer."""

    events: Annotated[list[EventRule], Field(min_length=1)]

    @model_validator(mode="before")
    @classmethod
    def _list(cls, data: Any) -> Any:
        if isinstance(data, list):
            return {"events": data}
        return {"events": [data]} if isinstance(data, dict) and "event" in data else data
