"""OpenTelemetry traces: one trace an order, from the receipt to the last attempt, whoever did it and however late; never a payload.

The trace id of a transaction is the correlation id the ledger keeps, and the ids of its spans follow from the ledger's numbers, so no
span has to be remembered: an attempt made days later by another process still finds its parent, and the system that was called saw the
same span id in `traceparent` (W3C Trace Context). The libraries are imported only when traces are wanted.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Mapping
from time import time_ns
from typing import TYPE_CHECKING, Any, Final

from crossdock import __version__
from crossdock.ledger.ids import written
from crossdock.ledger.times import micros
from crossdock.pipeline.correlation import parent_of, receipt_span
from crossdock.pipeline.delivery import Done
from crossdock.pipeline.settle import described

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Link, SpanContext, SpanKind

log = logging.getLogger("crossdock.telemetry")

WANTED: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_TRACES_EXPORTER")
LINKS: Final = 128
"""Messages a micro-batch links to at most; OpenTelemetry drops more."""


def from_environment(environment: Mapping[str, str] = os.environ) -> Telemetry | None:
    """Traces as the standard variables want them; None when nobody wants any."""
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true" or environment.get("OTEL_TRACES_EXPORTER") == "none":
        return None
    if not any(environment.get(name) for name in WANTED):
        return None
    if environment.get("OTEL_TRACES_EXPORTER") == "console":
        from opentelemetry.sdk.trace.export import ConsoleSpanExporter

        return Telemetry(ConsoleSpanExporter())
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError:
        log.warning("traces are wanted but cannot be sent: install the extra `telemetry`")
        return None
    return Telemetry(OTLPSpanExporter())


class Telemetry:
    """Makes the hub's spans. All methods are called when what they tell of has ended, on the event loop's thread."""

    def __init__(self, exporter: SpanExporter, *, at_once: bool = False) -> None:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
        from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

        class Ids(RandomIdGenerator):
            """Gives the ids that follow from the ledger's, when there are any."""

            trace = 0
            span = 0

            def generate_trace_id(self) -> int:
                return self.trace or super().generate_trace_id()

            def generate_span_id(self) -> int:
                return self.span or super().generate_span_id()

        self._ids = Ids()
        resource = Resource.create(
            {"service.name": os.environ.get("OTEL_SERVICE_NAME", "crossdock"), "service.version": __version__}
        )
        self._provider = TracerProvider(id_generator=self._ids, resource=resource, shutdown_on_exit=False)
        processor = SimpleSpanProcessor(exporter) if at_once else BatchSpanProcessor(exporter)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("crossdock", __version__)

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()

    # --- what the hub does ----------------------------------------------------------------------------------

    def received(self, system: str, channel: str, correlation: str, header: str, started: int, messages: int, size: int) -> None:
        """A request was stored. `header` is its `traceparent`, `started` nanoseconds since 1970."""
        from opentelemetry.trace import SpanKind

        remote = parent_of(header)
        facts = {
            "crossdock.system": system,
            "crossdock.channel": channel,
            "crossdock.messages": messages,
            "crossdock.bytes": size,
        }
        parent = self._context(remote[0], remote[1]) if remote else None
        self._span(f"receive {system}", SpanKind.SERVER, correlation, receipt_span(correlation), parent, started, facts)

    def polled(self, system: str, channel: str, correlation: str, started: int, found: Collection[str], code: str = "") -> None:
        """A poll ended; `found` are the correlations of the messages it found. Each of them begins a trace that links to the poll."""
        from opentelemetry.trace import Link, SpanKind

        facts = {"crossdock.system": system, "crossdock.channel": channel, "crossdock.messages": len(found)}
        span = receipt_span(correlation)
        self._span(f"poll {system}/{channel}", SpanKind.CLIENT, correlation, span, None, started, facts, code=code)
        link = [Link(self._context(correlation, span))]
        facts.pop("crossdock.messages")
        for each in found:
            self._span(f"receive {system}", SpanKind.CONSUMER, each, receipt_span(each), None, started, facts, links=link)

    def batch(self, started: int, correlations: Collection[str], figures: Mapping[str, int]) -> None:
        """A micro-batch was committed: a trace of its own with links to the messages it took."""
        from opentelemetry.trace import Link, SpanKind

        distinct = list(dict.fromkeys(each for each in correlations if len(each) == 32))[:LINKS]
        links = [Link(self._context(each, receipt_span(each))) for each in distinct]
        facts = {f"crossdock.{name}": count for name, count in figures.items()}
        self._span("micro-batch", SpanKind.INTERNAL, "", 0, None, started, facts, links=links)

    def attempt(self, done: Done) -> None:
        """One attempt to deliver or to reconcile."""
        from opentelemetry.trace import SpanKind

        command = done.delivery.command
        name, error = described(done.result)
        facts = {
            "crossdock.system": command.system,
            "crossdock.command": command.name,
            "crossdock.key": command.key,
            "crossdock.flow": command.flow,
            "crossdock.delivery": written(done.delivery.number),
            "crossdock.attempt": done.delivery.attempts,
            "crossdock.outcome": name,
            "crossdock.calls": len(done.exchanges),
        }
        started = micros(done.started_at) * 1000
        parent = self._context(command.correlation, receipt_span(command.correlation)) if len(command.correlation) == 32 else None
        label = f"{done.kind} {command.system} {command.name}"
        code = error.code if error else ""
        ended = started + int(done.seconds * 1e9)
        self._span(label, SpanKind.CLIENT, command.correlation, done.span, parent, started, facts, code=code, ended=ended)

    def ran(self, flow: str, correlation: str, started: int, state: str) -> None:
        """A run of a batch flow ended; what it told is part of its trace."""
        from opentelemetry.trace import SpanKind

        facts = {"crossdock.flow": flow, "crossdock.state": state}
        self._span(f"run {flow}", SpanKind.INTERNAL, correlation, receipt_span(correlation), None, started, facts)

    def asked(self, flow: str, asker: str, correlation: str, header: str, started: int, origin: str) -> None:
        """A question was answered."""
        from opentelemetry.trace import SpanKind

        remote = parent_of(header)
        facts = {"crossdock.flow": flow, "crossdock.system": asker, "crossdock.origin": origin}
        parent = self._context(remote[0], remote[1]) if remote else None
        self._span(f"ask {flow}", SpanKind.SERVER, correlation, receipt_span(correlation), parent, started, facts)

    # --- spans ----------------------------------------------------------------------------------------------

    def _context(self, trace: str, span: int) -> SpanContext:
        from opentelemetry.sdk.trace.sampling import Decision
        from opentelemetry.trace import SpanContext, TraceFlags

        number = int(trace, 16)
        # the sampler decides by the trace id, so that a trace is taken whole or not at all
        taken = self._provider.sampler.should_sample(None, number, "").decision is Decision.RECORD_AND_SAMPLE
        return SpanContext(
            number, span, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED if taken else TraceFlags.DEFAULT)
        )

    def _span(
        self,
        name: str,
        kind: SpanKind,
        correlation: str,
        number: int,
        parent: SpanContext | None,
        started: int,
        facts: Mapping[str, Any],
        *,
        links: list[Link] | None = None,
        code: str = "",
        ended: int = 0,
    ) -> None:
        from opentelemetry.context import Context
        from opentelemetry.trace import NonRecordingSpan, Status, StatusCode, set_span_in_context

        context = set_span_in_context(NonRecordingSpan(parent), Context()) if parent is not None else Context()
        self._ids.trace = int(correlation, 16) if len(correlation) == 32 else 0
        self._ids.span = number
        try:
            span = self._tracer.start_span(name, context, kind, facts, links, start_time=started)
        finally:
            self._ids.trace = self._ids.span = 0
        if code:
            span.set_status(Status(StatusCode.ERROR, code))
            span.set_attribute("error.type", code)
        span.end(ended or time_ns())
