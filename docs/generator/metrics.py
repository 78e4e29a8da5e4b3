"""The reference of metrics, read from the registry a hub exposes."""

from __future__ import annotations

from crossdock.pipeline.observe import Meters
from docs.generator.markdown import codes, page, table


def metrics_page() -> str:
    """`docs/reference/metrics.md`."""
    rows = []
    for metric in sorted(Meters().registry.collect(), key=lambda metric: metric.name):
        name = f"{metric.name}_total" if metric.type == "counter" else metric.name
        rows.append((f"`{name}`", metric.type, codes(metric_labels(metric.name)), metric.documentation))
    return page(
        "Metrics",
        "At `GET /metrics`, in the text format of Prometheus. No label holds a business key, an address or a secret: the number of series is bounded by",
        "systems, outcomes and error codes.",
        "",
        "Set `CROSSDOCK_METRICS_TOKEN` and let the scraper send `Authorization: Bearer TOKEN`. Without a token `/metrics` answers programs on the hub's own",
        "machine only; a hub that listens on any other address than loopback (`--host 0.0.0.0`) answers nobody, and so does one behind a proxy on its",
        "machine that marks what it passes on (`Forwarded`, `Via`, `X-Forwarded-For`). Set the token wherever a proxy stands before the hub: one that",
        "leaves no mark makes every request look like one from this machine.",
        "",
        *table(("metric", "type", "labels", "meaning"), rows),
    )


def metric_labels(name: str) -> tuple[str, ...]:
    """The labels of a metric."""
    meters = Meters()
    for each in vars(meters).values():
        if getattr(each, "_name", None) == name:
            return tuple(each._labelnames)
    return ()
