"""One decision record per flow: what was decided about its pattern and timing, why, and when it is looked at again; decides nothing."""

from __future__ import annotations

from crossdock.advisor.advice import Advice
from crossdock.advisor.flows import FlowAdvice
from crossdock.advisor.models import SHORT, Model


def records(advice: Advice) -> dict[str, str]:
    """File name and Markdown of each flow's record."""
    return {f"{flow.flow}.md": _record(advice, flow) for flow in advice.flows}


def _record(advice: Advice, flow: FlowAdvice) -> str:
    lines = [
        f"# {flow.title}: {SHORT[flow.pattern]}, {flow.timing}",
        "",
        f"- Flow: `{flow.flow}` of landscape `{advice.landscape}`, bundle `{advice.bundle[:12]}`",
        f"- Advised on: {advice.day.isoformat()}",
        f"- Owner: {flow.owner or 'nobody is named'}",
        f"- Review by: {flow.review_by.isoformat()}",
        f"- Declared: {SHORT[flow.declared]}, {flow.declared_timing}",
        "",
        "## Consequence it is judged by",
        "",
        flow.consequence or "None is stated.",
        "",
        "## Arithmetic",
        "",
        "| reason | direct | middleware | event-driven |",
        "|---|---|---|---|",
        *(f"| {reason.words} | {' | '.join(map(str, reason.points))} |" for reason in flow.reasons),
        f"| **sum** | {' | '.join(str(flow.totals[model]) for model in Model)} |",
        "",
        f"Timing: {flow.timing}, because {flow.timing_reason}.",
    ]
    if flow.contradictions:
        lines += ["", "## What contradicts it", "", *(f"- {each}" for each in flow.contradictions)]
    if flow.move_days:
        lines += ["", f"Moving from {SHORT[flow.declared]} to {SHORT[flow.pattern]} costs about {flow.move_days} days of work."]
    return "\n".join(lines) + "\n"
