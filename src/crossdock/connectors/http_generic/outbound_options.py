"""Options for what goes out: calls, their bodies, what their answers mean, and how a lost answer is reconciled."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from crossdock.connectors.base import Options
from crossdock.connectors.http_generic.inbound_options import DedupeRule, ReferenceRule, Topic
from crossdock.core.commands import COMMANDS
from crossdock.overlay.rules import Conditions, FieldRule, Fields, PathText, TemplateText


class NoAuth(Options):
    """The target asks for no credential."""

    kind: Literal["none"] = "none"


class ApiKeyOut(Options):
    """The secret travels in a header."""

    kind: Literal["api_key"]
    header: str = "X-API-Key"
    credential: str = "api_key"


class BearerOut(Options):
    """The secret travels as a bearer token."""

    kind: Literal["bearer"]
    credential: str = "api_key"


class BasicOut(Options):
    """User name and password."""

    kind: Literal["basic"]
    username: str
    credential: str = "password"


class OAuth2Out(Options):
    """Client credentials; `token_url` may be relative to the endpoint. `by` `secret`: the credentials are `client_id` and `client_secret`;
    `private_key_jwt`: `client_id` and `private_key` (PEM), with which the hub signs an assertion (RFC 7523) for the `audience` (default: the
    token URL), under the `key_id` the server knows; `refresh_token`: `client_id`, `client_secret` and `refresh_token`, of which a renewed one
    is stored.
    """

    kind: Literal["oauth2"]
    token_url: str
    scope: str = ""
    by: Literal["secret", "private_key_jwt", "refresh_token"] = "secret"
    audience: str = ""
    key_id: str = ""

    def purposes(self) -> frozenset[str]:
        """The credentials it needs."""
        if self.by == "private_key_jwt":
            return frozenset({"client_id", "private_key"})
        return frozenset({"client_id", "client_secret"} | ({"refresh_token"} if self.by == "refresh_token" else set()))


class HmacOut(Options):
    """The hub signs what it sends: `signed` is made from {body} and {timestamp}."""

    kind: Literal["hmac"]
    header: str
    algorithm: Literal["sha256", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = ""
    timestamp_header: str | None = None
    signed: str = "{body}"
    credential: str = "signing_secret"

    @model_validator(mode="after")
    def _stamped(self) -> HmacOut:
        if ("{timestamp}" in self.signed) != (self.timestamp_header is not None):
            raise ValueError("{timestamp} in `signed` and `timestamp_header` go together")
        return self


OutAuth = Annotated[NoAuth | ApiKeyOut | BearerOut | BasicOut | OAuth2Out | HmacOut, Field(discriminator="kind")]


def _relative(value: str) -> str:
    if not value.startswith("/"):
        raise ValueError("the path starts with `/`; the host comes from the environment's endpoint")
    return value


UrlPath = Annotated[TemplateText, BeforeValidator(lambda v: _relative(v) if isinstance(v, str) else v)]


class CallRule(Options):
    """One request. Values in `path` are percent-encoded. The body is built from `body` (an overlay) or copied from `body_from`
    (a path in the command's data, `.` is all of it)."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "POST"
    path: UrlPath
    query: dict[str, FieldRule] = Field(default_factory=dict)
    headers: dict[str, TemplateText] = Field(default_factory=dict)
    body: Fields | None = None
    body_from: PathText | None = None
    encoding: Literal["json", "form"] = "json"
    success: tuple[int, ...] = (200, 201, 202, 204)
    success_when: Conditions = ()
    message: PathText | None = None

    @model_validator(mode="after")
    def _one_body(self) -> CallRule:
        if self.body is not None and self.body_from is not None:
            raise ValueError("the body is `body` or `body_from`, not both")
        if self.encoding == "form" and self.body is None:
            raise ValueError("a form needs `body`")
        return self


class FindRule(CallRule):
    """How to ask whether the effect happened: it did when `found` holds of the answer (default: a success is enough).

    `absent` are statuses that prove it did not. A success for which `found` does not hold proves it too, when `conclusive`.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    found: Conditions = ()
    absent: tuple[int, ...] = (404,)
    conclusive: bool = True
    ack: Fields | None = None
    references: tuple[ReferenceRule, ...] | None = None


class BatchRule(Options):
    """Several commands in one request: their bodies as a list at `at` (`.` is the whole body), their answers at `answers`.

    Answers stand in the order of the commands, or carry at `match` the id that `match_command` gives of the command.
    An item is accepted when `success_when` holds of it; otherwise `message` has the target's words.
    """

    max: Annotated[int, Field(ge=2, le=10_000)]
    path: UrlPath | None = None
    at: str = "."
    answers: PathText = "."
    match: PathText | None = None
    match_command: PathText = "@id"
    success_when: Conditions = ()
    message: PathText | None = None


class CommandRule(CallRule):
    """How a command is carried out.

    `already` are statuses that say that it was done before. `refused` are business refusals. `idempotency_header` carries the command's
    id. `repeatable` states that the target honours it (or that repeating changes nothing), so that the hub may send again after silence.
    """

    method: Literal["POST", "PUT", "PATCH", "DELETE"] = "POST"
    already: tuple[int, ...] = ()
    refused: tuple[int, ...] = (400, 409, 412, 413, 415, 422)
    idempotency_header: str | None = None
    repeatable: bool = False
    ack: Fields | None = None
    references: tuple[ReferenceRule, ...] = ()
    find_effect: FindRule | None = None
    batch: BatchRule | None = None
    serial: tuple[TemplateText, ...] = ()

    @model_validator(mode="after")
    def _sound(self) -> CommandRule:
        if set(self.already) & set(self.refused):
            raise ValueError("a status is in `already` and in `refused`")
        if self.batch is not None and self.encoding != "json":
            raise ValueError("a batch is JSON")
        return self


class QuestionRule(CallRule):
    """How a question is asked; `answer` maps the target's answer. It must change nothing in the target."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    answer: Fields


class PollRule(CallRule):
    """How a channel is polled. `start` is the first cursor, readable as `@cursor.<name>`; `cursor` maps the answer to the next one,
    where a field without a value keeps its old one. `more` says that the next page is there at once."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    topic: Topic
    dedupe: DedupeRule = DedupeRule()
    format: Literal["json", "ndjson"] = "json"
    split: PathText | None = None
    start: dict[str, str | int] = Field(default_factory=dict)
    cursor: Fields = Field(default_factory=dict)
    more: Conditions = ()


class ProbeRule(Options):
    """What is asked to see whether the target is well."""

    path: UrlPath = "/"
    success: tuple[int, ...] = ()


def known_commands(names: Any) -> Any:
    """Refuse command names outside the catalogue."""
    if isinstance(names, dict) and (unknown := sorted(set(names) - set(COMMANDS))):
        raise ValueError(f"no command {', '.join(map(repr, unknown))}; there are {', '.join(sorted(COMMANDS))}")
    return names
