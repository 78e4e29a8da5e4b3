"""Requests built from rules and answers read by them: one class for commands, questions, look-ups and polls."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from crossdock.connectors.exact_json import Digits, read_exact, read_fast, write_exact
from crossdock.connectors.http import HttpAnswer
from crossdock.connectors.http_generic.credentials import Credential
from crossdock.connectors.http_generic.errors import raise_for_answer, refuse_unless, words_of
from crossdock.connectors.http_generic.inbound_options import ReferenceRule
from crossdock.connectors.http_generic.outbound_options import CallRule
from crossdock.connectors.protocol import ConnectorContext, ValueMaps
from crossdock.connectors.wrong_fields import refusal
from crossdock.core.errors import AnswerLost, PayloadMalformed, SchemaInvalid, TargetUnavailable
from crossdock.overlay.mapper import Mapper, compile_conditions, compile_rule, compile_template
from crossdock.overlay.paths import Inexact, Scope, compile_path, exact
from crossdock.overlay.rules import Fields
from crossdock.overlay.steps import text


@dataclass(frozen=True, slots=True)
class Request:
    """A request ready to be sent, without its credential."""

    method: str
    url: str
    headers: dict[str, str]
    params: dict[str, str]
    body: bytes


def json_bytes(value: Any) -> bytes:
    """The body as JSON, exact. Raises `SchemaInvalid` for what JSON readers could not hold (an integer beyond 64 bits)."""
    try:
        return write_exact(value)
    except TypeError as error:
        raise SchemaInvalid(f"the body cannot be written: {error}", problems=[]) from None


def json_values(value: Any) -> Any:
    """The same with JSON values only, none of which a JSON reader would round: decimals, times and huge integers become text."""
    if isinstance(value, dict):
        return {str(name): json_values(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [json_values(inner) for inner in value]
    if isinstance(value, Digits):
        return value.text
    if isinstance(value, Decimal | datetime) or (isinstance(value, int) and not -(2**63) <= value < 2**63):
        return text(value)
    return value


class Call:
    """One compiled `CallRule`. `safe` says that the request changes nothing in the target."""

    def __init__(
        self,
        rule: CallRule,
        context: ConnectorContext,
        credential: Credential,
        *,
        safe: bool,
        refused: Collection[int] | None = None,
    ) -> None:
        self._context = context
        self._credential = credential
        self._safe = safe
        self._method = rule.method
        self._base = context.endpoint.rstrip("/")
        self._path = compile_template(rule.path, encode=True)
        self._query = {name: compile_rule(field, context.value_maps, _no, name) for name, field in rule.query.items()}
        self._headers = {name: compile_template(value) for name, value in rule.headers.items()}
        self._form = rule.encoding == "form"
        self._body = Mapper(rule.body, context.value_maps) if rule.body is not None else None
        self._body_from = compile_path(rule.body_from) if rule.body_from is not None else None
        self._success = frozenset(rule.success)
        self._success_when = compile_conditions(rule.success_when) if rule.success_when else None
        self._message = compile_path(rule.message) if rule.message is not None else None
        self._refused = frozenset(refused if refused is not None else (400, 409, 422))

    def body(self, data: Mapping[str, Any], meta: Mapping[str, Any]) -> Any:
        """The body's value, None without one. Raises `SchemaInvalid`, `ValueMapMissing`."""
        if self._body is not None:
            return self._body(data, meta)
        if self._body_from is None:
            return None
        value = self._body_from(data, Scope(data, meta))
        if value is None:
            raise refusal("there is nothing to send at the path of `body_from`", "body_from", "missing")
        return value

    def request(
        self, data: Mapping[str, Any], meta: Mapping[str, Any], body: Any, more: Mapping[str, str] | None = None
    ) -> Request:
        """The request for `data`. Raises `SchemaInvalid` when the path, a header or the query miss a value."""
        scope = Scope(data, meta)
        place = "path"
        try:
            url = self._base + self._path(data, scope)
            headers = dict(more or {})
            for place, template in self._headers.items():
                headers[place] = _one_line(template(data, scope))
            params = {}
            for place, read in self._query.items():
                value = read(data, scope)
                if value is not None:
                    params[place] = text(value)
        except ValueError as problem:
            raise refusal(f"{place}: {problem}", place, str(problem)) from None
        payload = b""
        if body is not None:
            headers.setdefault("Content-Type", "application/x-www-form-urlencoded" if self._form else "application/json")
            payload = _form(body) if self._form else json_bytes(body)
        return Request(self._method, url, headers, params, payload)

    async def send(self, request: Request) -> HttpAnswer:
        """Send it with the credential; a 401 gets one new token where there are tokens."""
        answer, headers = await self._send(request)
        if answer.status == 401 and self._credential.refused(headers):
            answer, _ = await self._send(request)
        return answer

    async def _send(self, request: Request) -> tuple[HttpAnswer, dict[str, str]]:
        headers = dict(request.headers)
        await self._credential.add(headers, request.body)
        params = request.params or None
        http = self._context.http
        answer = await http.request(
            request.method, request.url, headers=headers, body=request.body, params=params, safe=self._safe
        )
        return answer, headers

    def judge(
        self, answer: HttpAnswer, meta: Mapping[str, Any], also: frozenset[int] = frozenset(), *, parse: bool = False
    ) -> Any:
        """The decoded body of a success (or of a status in `also`), None when it has none.

        Raises what `errors.raise_for_answer` says; a success that cannot be read is `AnswerLost`, or `TargetUnavailable` for a safe call.
        """
        if answer.status not in self._success and answer.status not in also:
            raise_for_answer(answer, self._refused, self._words(answer, meta), self._context.clock.now(), safe=self._safe)
        if not answer.body and not parse:
            return None
        if not parse and self._success_when is None and "json" not in answer.content_type:
            return None
        try:
            document = read_exactly(answer.body)
        except PayloadMalformed as problem:
            lost = TargetUnavailable if self._safe else AnswerLost
            raise lost(f"HTTP {answer.status}, but the answer cannot be read: {problem.message}", status=answer.status) from None
        if answer.status not in also:
            refuse_unless(self._success_when, self._message, document, Scope(document, meta))
        return document

    def _words(self, answer: HttpAnswer, meta: Mapping[str, Any]) -> str:
        try:
            document = read_exact(answer.body)
            return words_of(self._message, document, Scope(document, meta))
        except (PayloadMalformed, ValueError):
            return ""


class AckReader:
    """What an answer says that the process needs: the mapped fields and the references."""

    def __init__(self, fields: Fields | None, references: Sequence[ReferenceRule], maps: ValueMaps) -> None:
        self._fields = Mapper(fields, maps) if fields else None
        self._references = [(compile_template(r.scheme), compile_template(r.value, missing_is_none=True)) for r in references]
        self.needs_body = bool(fields) or bool(references)

    def ack(self, document: Any, meta: Mapping[str, Any]) -> dict[str, Any]:
        """JSON values only. Raises `AnswerLost` when a required field is missing: what was done is then unknown."""
        found: dict[str, Any] = {}
        scope = Scope(document, meta)
        try:
            if self._fields is not None:
                found = json_values(self._fields(document, meta))
            references = [
                [s(document, scope), value] for s, read in self._references if (value := read(document, scope)) is not None
            ]
        except SchemaInvalid as problem:
            raise AnswerLost(f"the answer lacks what is needed: {problem.message}", **problem.detail) from None
        except ValueError as problem:
            raise AnswerLost(f"the answer lacks what is needed: {problem}") from None
        return found | ({"references": references} if references else {})


def read_exactly(body: bytes) -> Any:
    """JSON without binary floats. Raises `PayloadMalformed`."""
    try:
        return exact(read_fast(body))
    except Inexact:
        return read_exact(body)


def answer_facts(answer: HttpAnswer, meta: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of the command, and `@status` and `@header.<name>` of the answer."""
    return {**meta, "status": answer.status, **{f"header.{name}": value for name, value in answer.headers.items()}}


def _no(target: str) -> bool:
    return False


def _one_line(value: str) -> str:
    if any(sign in value for sign in "\r\n\0"):
        raise ValueError("a header cannot hold a line break")
    return value


def _form(body: Any) -> bytes:
    pairs = [(name, text(value)) for name, value in body.items()] if isinstance(body, dict) else []
    return urlencode(pairs).encode()
