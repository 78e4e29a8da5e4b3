"""Polls a configured target: a request made from the cursor, messages split from the answer, the next cursor mapped from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crossdock.connectors.http_generic.calls import Call, json_values, read_exactly
from crossdock.connectors.http_generic.credentials import Credential
from crossdock.connectors.http_generic.decoding import lines
from crossdock.connectors.http_generic.outbound_options import PollRule
from crossdock.connectors.http_generic.splitting import Splitter
from crossdock.connectors.protocol import ConnectorContext, PollResult
from crossdock.core.errors import PayloadMalformed, TargetUnavailable
from crossdock.overlay.mapper import Mapper, compile_conditions
from crossdock.overlay.paths import Scope


class Poll:
    """One compiled `PollRule`."""

    def __init__(self, name: str, rule: PollRule, context: ConnectorContext, credential: Credential) -> None:
        self._call = Call(rule, context, credential, safe=True)
        self._splitter = Splitter(rule)
        self._lines = rule.format == "ndjson"
        self._start = rule.start
        self._cursor = Mapper(rule.cursor, context.value_maps)
        self._more = compile_conditions(rule.more) if rule.more else None
        self._facts = {"system": context.system, "channel": name}

    async def fetch(self, cursor: Mapping[str, Any]) -> PollResult:
        """One page. Raises the outcome errors; an answer that cannot be read is `TargetUnavailable`, so that the same page is asked again."""
        known = {**self._start, **cursor}
        meta = {**self._facts, **{f"cursor.{name}": value for name, value in known.items()}}
        answer = await self._call.send(self._call.request(known, meta, self._call.body(known, meta)))
        document = self._call.judge(answer, meta, parse=not self._lines)
        try:
            if self._lines:
                document = [read_exactly(line) for line in lines(answer.body)]
            messages = self._splitter.messages(answer.body, answer.headers)
        except PayloadMalformed as problem:
            raise TargetUnavailable(f"the answer cannot be read: {problem.message}") from None
        following = json_values(self._cursor(document, meta))
        more = self._more is not None and self._more(document, Scope(document, meta))
        return PollResult(messages, {**known, **following}, more=more)
