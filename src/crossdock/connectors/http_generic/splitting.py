"""What arrived, cut into messages with topic and identity; looks into a body only where a rule asks for it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from crossdock.connectors.exact_json import read_exact, read_fast
from crossdock.connectors.http_generic.decoding import lines, pieces
from crossdock.connectors.http_generic.inbound_options import ChannelRule
from crossdock.connectors.http_generic.outbound_options import PollRule
from crossdock.connectors.protocol import Inbound
from crossdock.core.errors import PayloadMalformed
from crossdock.overlay.paths import Inexact, Scope, compile_path, exact
from crossdock.overlay.steps import text


class Splitter:
    """The compiled topic, identity and split rules of a channel or poll."""

    def __init__(self, rule: ChannelRule | PollRule) -> None:
        self._const = rule.topic.const or ""
        self._topic_header = rule.topic.header or ""
        self._topic_path = compile_path(rule.topic.path) if rule.topic.path is not None else None
        self._identity_header = rule.dedupe.header or ""
        self._identity = [(path, compile_path(path)) for path in rule.dedupe.paths or ()]
        self._ndjson = rule.format == "ndjson"
        self._split = None if rule.split is None else [name for name in rule.split.split(".") if name not in ("", "$")]
        self._keep = rule.keep_headers if isinstance(rule, ChannelRule) else []
        self._looks_inside = self._topic_path is not None or bool(self._identity)

    def messages(self, body: bytes, headers: Mapping[str, str]) -> Sequence[Inbound]:
        """The messages in a body. Raises `PayloadMalformed` when topic, identity or list are missing."""
        kept = {name: headers[name] for name in self._keep if name in headers}
        if self._ndjson:
            parts = lines(body)
        elif self._split is not None:
            parts = pieces(body, self._split)
        else:
            return (self._message(body, headers, kept, ""),)
        return [self._message(part, headers, kept, f"#{number}") for number, part in enumerate(parts, start=1)]

    def _message(self, body: bytes, headers: Mapping[str, str], kept: Mapping[str, str], number: str) -> Inbound:
        topic = self._const or headers.get(self._topic_header, "")
        identity: str | None = None
        if self._looks_inside:
            try:
                topic, identity = self._inside(read_fast(body), topic)
            except Inexact:
                topic, identity = self._inside(read_exact(body), topic)
        if not topic:
            raise PayloadMalformed("the message does not say what it is: its topic is missing")
        if identity is None:
            identity = self._outside(body, headers, number)
        return Inbound(topic, f"{topic}:{identity}", body, headers.get("content-type", "application/json"), kept)

    def _inside(self, document: Any, topic: str) -> tuple[str, str | None]:
        scope = Scope(document, {})
        try:
            if self._topic_path is not None:
                found = self._topic_path(document, scope)
                topic = "" if found is None else text(found)
            if not self._identity:
                return topic, None
            values = []
            for path, read in self._identity:
                value = exact(read(document, scope))
                if value is None or value == "":
                    raise PayloadMalformed(f"the message has no identity: {path} is missing", path=path)
                values.append(text(value))
        except ValueError as problem:
            raise PayloadMalformed(f"topic or identity: {problem}") from None
        # Several values as a JSON list: joined plainly, ("a/b", "c") and ("a", "b/c") would be one message.
        return topic, values[0] if len(values) == 1 else orjson.dumps(values).decode()

    def _outside(self, body: bytes, headers: Mapping[str, str], number: str) -> str:
        if self._identity_header:
            found = headers.get(self._identity_header, "")
            if not found:
                raise PayloadMalformed(f"the message has no identity: the header {self._identity_header} is missing")
            return found + number
        return hashlib.blake2b(body, digest_size=16).hexdigest()
