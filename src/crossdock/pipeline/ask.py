"""Pattern direct: a question asked and answered while the asker waits, validated, authorized and audited like any message."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from time import time_ns
from typing import TYPE_CHECKING, Any, Final

import orjson
from pydantic import ValidationError

from crossdock.canonical.questions import QUESTIONS
from crossdock.connectors.http import CallScope, current_call
from crossdock.connectors.protocol import Inbound, InboundRequest, Question
from crossdock.core.clock import Clock
from crossdock.core.errors import (
    AnswerTimedOut,
    CrossdockError,
    Deferred,
    MethodRefused,
    Misconfigured,
    NotResponsible,
    PayloadMalformed,
    RegionElsewhere,
    Rejected,
    UnknownFlow,
    UnknownSystem,
)
from crossdock.landscape.models import Flow
from crossdock.ledger.ids import written
from crossdock.pipeline.answers import Receive, Scope, Send, answer, refuse, short
from crossdock.pipeline.body import read_body
from crossdock.pipeline.correlation import from_traceparent, receipt_span, traceparent
from crossdock.pipeline.gate import Gate
from crossdock.pipeline.intake import IntakeBuffer
from crossdock.pipeline.normalize import schema_invalid
from crossdock.pipeline.observe import Meters
from crossdock.pipeline.receive import AT_THE_GATE, STATUS
from crossdock.pipeline.runtime import Runtime

if TYPE_CHECKING:
    from crossdock.pipeline.telemetry import Telemetry

log = logging.getLogger("crossdock.ask")

ASKED: Final = "crossdock.asked"
"""Topic of the message that records a question with its answer."""
LARGEST: Final = 262_144
REMEMBER: Final = 50_000
RETRY: Final = 5
"""Seconds after which a question that cannot be taken now may be asked again."""


class AskEndpoint:
    """`POST /ask/<flow>/<system>`: `system` asks; the flow says who answers, how long it may take, and what is said instead."""

    def __init__(self, runtime: Runtime, intake: IntakeBuffer, clock: Clock, meters: Meters) -> None:
        self._runtime = runtime
        self._meters = meters
        self.telemetry: Telemetry | None = None
        self.gate = Gate({})
        """What is asked of who asks, before anything is read."""
        self._intake = intake
        self._clock = clock
        self._flows = {f.name: f for f in runtime.landscape.flows.values() if f.pattern == "direct" and f.enabled}
        self._last: OrderedDict[tuple[str, str], tuple[datetime, dict[str, Any]]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        name, _, asker = scope["path"].removeprefix("/ask/").partition("/")
        headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
        correlation = from_traceparent(headers.get("traceparent", ""))
        began = time_ns() if self.telemetry is not None else 0
        try:
            flow = self._flows.get(name)
            if name in self._runtime.landscape.flows_elsewhere:
                region = self._runtime.landscape.flows_elsewhere[name]
                raise RegionElsewhere(
                    f"questions of {name!r} are answered by the hub of region {region!r}", flow=name, region=region
                )
            if flow is None:
                raise UnknownFlow(f"no flow {short(name)} answers questions here")
            if scope["method"] != "POST":
                raise MethodRefused
            if asker not in self._runtime.participants:
                raise UnknownSystem(f"no system {short(asker)} may ask here; the path is /ask/{name}/<system>")
            identity = await self.gate.admit(asker, scope, headers)
            body = await read_body(receive, headers, LARGEST)
            self._authenticate(flow, asker, headers, body, scope.get("client"), identity)
            content = await self.ask(flow, asker, body, correlation)
        except CrossdockError as error:
            status = _status(error)
            self._meters.refused(asker if asker in self._runtime.participants else "unknown", error.code)
            # whoever asks is not told what is wrong with our own configuration
            shown = type(error)("this hub cannot check the sender at the moment") if isinstance(error, Misconfigured) else error
            more = {"retry_after": str(RETRY)} if status == 503 else {"allow": "POST"} if status == 405 else {}
            more |= {"connection": "close"} if isinstance(error, AT_THE_GATE) else {}
            await refuse(send, shown, status, correlation, **more)
            return
        if self.telemetry is not None:
            self.telemetry.asked(name, asker, correlation, headers.get("traceparent", ""), began, str(content["origin"]))
        await answer(send, 200, self._entitled(flow, asker, content))

    def _authenticate(self, flow: Flow, asker: str, headers: Mapping[str, str], body: bytes, client: Any, identity: str) -> None:
        at = client[0] if client else ""
        request = InboundRequest(f"ask/{flow.name}", headers, body, self._clock.now(), {}, at, identity)
        try:
            self._runtime.participants[asker].connector.receive(request)
        except CrossdockError:
            raise
        except Exception as error:
            raise PayloadMalformed(f"the request cannot be read: {type(error).__name__}") from error

    async def ask(self, flow: Flow, asker: str, body: bytes, correlation: str) -> dict[str, Any]:
        """Put a question; the answer with where it came from. Nothing is answered before it is recorded.

        Raises `SchemaInvalid`, `NotResponsible`, or when nobody answered in time and the flow's fallback is to refuse, `AnswerTimedOut`.
        """
        assert flow.direct is not None
        question = self._question(flow, asker, body)
        answered, origin, problem_code = await self._answered(flow, question, correlation)
        record = {
            "flow": flow.name,
            "question": orjson.Fragment(body),
            "answer": answered,
            "origin": origin,
            "problem": problem_code,
        }
        key = f"{correlation}:{written(self._intake.next_number())}"
        message = Inbound(ASKED, key, orjson.dumps(record))
        [stored] = await self._intake.submit(asker, f"ask/{flow.name}", [message], correlation)
        if answered is None:
            raise AnswerTimedOut(
                f"{flow.roles.get(flow.direct.to, flow.direct.to)} did not answer in time", flow=flow.name, cause=problem_code
            )
        return {**answered, "origin": origin, "message": written(stored.number), "correlation": correlation}

    def _question(self, flow: Flow, asker: str, body: bytes) -> dict[str, Any]:
        assert flow.direct is not None
        allowed = flow.trigger.sources or tuple(flow.roles.values())
        if asker not in allowed:
            raise NotResponsible(f"{asker} may not ask in flow {flow.name}", flow=flow.name, responsible=list(allowed))
        refused = self._runtime.standing.asking(asker)
        if refused is not None:
            raise refused
        shape = QUESTIONS.get(flow.direct.question)
        if shape is None:
            raise Rejected(f"the hub knows no question {flow.direct.question!r}")
        try:
            return shape[0].model_validate_json(body).model_dump(mode="json")
        except ValidationError as error:
            if any(p["type"] == "json_invalid" for p in error.errors(include_url=False)):
                raise PayloadMalformed("the body is not JSON") from None
            raise schema_invalid(error) from None

    def _entitled(self, flow: Flow, asker: str, content: dict[str, Any]) -> dict[str, Any]:
        """The answer without what the asker may not be given."""
        filtered = self._runtime.participants[asker].content
        if not filtered or flow.direct is None:
            return content
        cut: dict[str, Any] = filtered.document(QUESTIONS[flow.direct.question][1], content)[0]
        return cut

    async def _answered(self, flow: Flow, question: dict[str, Any], correlation: str) -> tuple[dict[str, Any] | None, str, str]:
        direct = flow.direct
        assert direct is not None
        system = flow.roles.get(direct.to, direct.to)
        connector = self._runtime.participants[system].connector
        limit = direct.time_limit.total_seconds() if direct.time_limit else 2.0
        current_call.set(CallScope(traceparent(correlation, receipt_span(correlation)), correlation))
        try:
            question, _ = self._runtime.participants[system].content.document(QUESTIONS[direct.question][0], question)
            async with asyncio.timeout(limit):
                found = dict(await connector.ask(Question(direct.question, question, correlation)))
            answered = QUESTIONS[direct.question][1].model_validate(found).model_dump(mode="json")
        except TimeoutError:
            return (*self._fallback(flow, question), "timeout")
        except (CrossdockError, ValidationError) as error:
            code = error.code if isinstance(error, CrossdockError) else "contract"
            return (*self._fallback(flow, question), code)
        except Exception as error:
            log.exception("the question %s of %s failed", direct.question, system)
            return (*self._fallback(flow, question), f"defect: {type(error).__name__}")
        self._remember(flow.name, answered)
        return answered, system, ""

    def _remember(self, flow: str, answered: Mapping[str, Any]) -> None:
        now = self._clock.now()
        for line in answered.get("lines", ()):
            self._last[flow, line["sku"]] = (now, line)
            self._last.move_to_end((flow, line["sku"]))
        while len(self._last) > REMEMBER:
            self._last.popitem(last=False)

    def _fallback(self, flow: Flow, question: dict[str, Any]) -> tuple[dict[str, Any] | None, str]:
        assert flow.direct is not None
        fallback = flow.direct.fallback
        if fallback is None or fallback.mode == "refuse":
            return None, ""
        if fallback.mode == "assume":
            return dict(fallback.answer or {}), "assumed"
        now = self._clock.now()
        lines: list[dict[str, Any]] = []
        oldest = now
        for wanted in question["lines"]:
            known = self._last.get((flow.name, wanted["sku"]))
            if known is None or (fallback.max_age is not None and now - known[0] > fallback.max_age):
                return None, ""
            oldest = min(oldest, known[0])
            enough = Decimal(known[1]["available"]) >= Decimal(wanted["quantity"])
            lines.append({**known[1], "enough": enough})
        return {"lines": lines, "as_of": oldest.isoformat()}, "last_known"


def _status(error: CrossdockError) -> int:
    """The HTTP status of a refused question."""
    known = {**STATUS, AnswerTimedOut: 504, UnknownFlow: 404, NotResponsible: 403, RegionElsewhere: 421}
    return known.get(type(error), 503 if isinstance(error, Deferred | Misconfigured) else 422)
