"""What the pipeline counts for Prometheus; knows no step and never a payload."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Meters:
    """Counters and histograms of one hub, in a registry of their own so that several hubs fit in one process."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        self._children: dict[tuple[object, ...], Any] = {}
        self._codes: set[str] = set()
        self.registry = CollectorRegistry()
        kwargs: dict[str, Any] = {"registry": self.registry}
        self._received = Counter("crossdock_messages_received_total", "Messages stored durably.", ["system"], **kwargs)
        self._bytes = Counter("crossdock_received_bytes_total", "Bytes of accepted bodies.", ["system"], **kwargs)
        self._refused = Counter("crossdock_messages_refused_total", "Requests refused at the door.", ["system", "code"], **kwargs)
        self._events = Counter("crossdock_events_total", "Canonical events by what the sequencer did.", ["outcome"], **kwargs)
        self._attempts = Counter("crossdock_attempts_total", "Delivery attempts by outcome.", ["system", "outcome"], **kwargs)
        self._seconds = Histogram(
            "crossdock_attempt_seconds", "Duration of delivery attempts.", ["system"], buckets=BUCKETS, **kwargs
        )
        self._exceptions = Counter("crossdock_exceptions_total", "Exceptions opened.", ["code"], **kwargs)
        self._open_exceptions = Gauge(
            "crossdock_open_exceptions",
            "Exceptions that wait for a person, in the whole ledger (the same at every worker).",
            ["code"],
            **kwargs,
        )
        self._commit = Histogram("crossdock_commit_seconds", "Duration of ledger commits.", buckets=BUCKETS, **kwargs)
        self._end_to_end = Histogram(
            "crossdock_end_to_end_seconds", "From receipt to the last acknowledgement of a delivery.", buckets=BUCKETS, **kwargs
        )
        self.backlog = Gauge("crossdock_backlog", "Messages accepted and not yet normalized.", **kwargs)
        self.open_deliveries = Gauge(
            "crossdock_open_deliveries", "Deliveries not settled, of the partitions this worker owns.", ["system"], **kwargs
        )
        self.partitions = Gauge("crossdock_partitions_owned", "Partitions this worker owns.", **kwargs)
        self.breaker = Gauge("crossdock_breaker_open", "1 while calls to the system are stopped.", ["system"], **kwargs)

        self._runs = Counter("crossdock_runs_total", "Runs of batch flows by what they came to.", ["flow", "state"], **kwargs)
        self._run_ended = Gauge("crossdock_run_ended_timestamp_seconds", "When a batch flow last ended well.", ["flow"], **kwargs)
        self._alerts = Gauge("crossdock_alerts_open", "What teams have to know now, told or not.", ["severity"], **kwargs)
        self._untold = Gauge("crossdock_alerts_untold", "Alerts that reached nobody although they are due.", **kwargs)
        self._told = Counter(
            "crossdock_notifications_total", "Notifications by route and outcome.", ["route", "outcome"], **kwargs
        )
        self._run_figures = Gauge(
            "crossdock_run_progress", "How far the latest run of a batch flow is.", ["flow", "figure"], **kwargs
        )

    def _child(self, meter: Any, *labels: str) -> Any:
        """A labelled series; looking one up costs more than counting, so it is kept."""
        key = (id(meter), *labels)
        child = self._children.get(key)
        if child is None:
            child = self._children[key] = meter.labels(*labels)
        return child

    def received(self, system: str, messages: int, size: int) -> None:
        self._child(self._received, system).inc(messages)
        self._child(self._bytes, system).inc(size)

    def refused(self, system: str, code: str) -> None:
        self._child(self._refused, system, code).inc()

    def event(self, outcome: str, count: int = 1) -> None:
        self._child(self._events, outcome).inc(count)

    def attempt(self, system: str, outcome: str, seconds: float) -> None:
        self._child(self._attempts, system, outcome).inc()
        self._child(self._seconds, system).observe(seconds)

    def exception(self, code: str) -> None:
        self._child(self._exceptions, code).inc()

    def open_exceptions(self, found: Mapping[str, int]) -> None:
        for code in {*found, *self._codes}:
            self._child(self._open_exceptions, code).set(found.get(code, 0))
        self._codes.update(found)

    def committed(self, seconds: float) -> None:
        self._commit.observe(seconds)

    def delivered(self, seconds: float) -> None:
        self._end_to_end.observe(seconds)

    def run_progress(self, flow: str, progress: Mapping[str, Any]) -> None:
        for figure, value in progress.items():
            if isinstance(value, int) and not isinstance(value, bool) and figure != "first_due":
                self._child(self._run_figures, flow, figure).set(value)

    def run_ended(self, flow: str, state: str, at: float) -> None:
        self._child(self._runs, flow, state).inc()
        if state == "done":
            self._child(self._run_ended, flow).set(at)

    def alerts(self, by_severity: Mapping[str, int], untold: int) -> None:
        for severity in ("info", "warning", "critical"):
            self._child(self._alerts, severity).set(by_severity.get(severity, 0))
        self._untold.set(untold)

    def told(self, route: str, outcome: str) -> None:
        self._child(self._told, route, outcome).inc()

    def exposition(self) -> bytes:
        """The text format Prometheus scrapes."""
        from prometheus_client import generate_latest

        return generate_latest(self.registry)
