"""The report of a certification: for the terminal, as JSON, and as a page a partner can be sent; decides nothing."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from html import escape
from typing import Any


@dataclass(slots=True)
class Outcome:
    """One case: what it is about and everything that was not as expected."""

    name: str
    title: str
    direction: str
    differences: list[str] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    acknowledgements: dict[str, str] = field(default_factory=dict)
    document: str = ""

    @property
    def passed(self) -> bool:
        """Whether everything came as expected."""
        return not self.differences


@dataclass(slots=True)
class Report:
    """A partner's certification set, run once."""

    partner: str
    title: str
    at: str
    mapping: str
    bundle: str
    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether every case passed, and there was one."""
        return bool(self.outcomes) and all(each.passed for each in self.outcomes)

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        cases = [{**asdict(each), "passed": each.passed} for each in self.outcomes]
        return {
            "partner": self.partner, "title": self.title, "at": self.at, "mapping": self.mapping, "bundle": self.bundle,
            "passed": self.passed, "cases": cases,
        }  # fmt: skip


def as_markdown(report: Report) -> str:
    """The report as Markdown."""
    good = sum(each.passed for each in report.outcomes)
    lines = [
        f"# EDI certification: {report.title}",
        "",
        f"{good} of {len(report.outcomes)} cases passed, {report.at}. Mapping {report.mapping}, agreements {report.bundle}.",
        "",
        "| case | direction | result |",
        "|---|---|---|",
    ]
    lines += [f"| {each.title} | {each.direction} | {'passed' if each.passed else '**failed**'} |" for each in report.outcomes]
    for each in report.outcomes:
        lines += ["", f"## {each.title}", ""]
        lines += [f"- **{difference}**" for difference in each.differences] or ["As expected."]
        lines += [f"- finding: {finding}" for finding in each.findings]
        lines += [f"- became: {event}" for event in each.events]
        for kind, text in each.acknowledgements.items():
            lines += ["", f"{kind}:", "", "```", text.rstrip(), "```"]
        if each.document:
            lines += ["", "The document:", "", "```", each.document.rstrip(), "```"]
    return "\n".join(lines) + "\n"


def as_html(report: Report) -> str:
    """The report as a page of its own: no script, no reference to anything outside."""
    good = sum(each.passed for each in report.outcomes)
    rows = "".join(
        f"<tr class={'ok' if each.passed else 'bad'}><td><a href='#{escape(each.name)}'>{escape(each.title)}</a></td>"
        f"<td>{each.direction}</td><td>{'passed' if each.passed else 'failed'}</td></tr>"
        for each in report.outcomes
    )
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>EDI certification: {escape(report.title)}</title>"
        "<style>body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}table{border-collapse:collapse}"
        "td,th{padding:.3rem .8rem;border:1px solid #ccc;text-align:left}.bad td:last-child{font-weight:bold;color:#a00000}"
        ".ok td:last-child{color:#006000}pre{background:#f4f4f4;padding:.6rem;overflow:auto}</style>"
        f"<h1>EDI certification: {escape(report.title)}</h1><p>{good} of {len(report.outcomes)} cases passed, {escape(report.at)}. "
        f"Mapping {escape(report.mapping)}, agreements {escape(report.bundle)}.</p>"
        f"<table><tr><th>case<th>direction<th>result</tr>{rows}</table>{''.join(map(_section, report.outcomes))}</html>\n"
    )


def _section(each: Outcome) -> str:
    items = [f"<li><strong>{escape(text)}</strong></li>" for text in each.differences]
    items += [f"<li>finding: {escape(text)}</li>" for text in each.findings]
    items += [f"<li>became: {escape(text)}</li>" for text in each.events]
    blocks = "".join(f"<p>{escape(kind)}:</p><pre>{escape(text)}</pre>" for kind, text in each.acknowledgements.items())
    if each.document:
        blocks += f"<p>The document:</p><pre>{escape(each.document)}</pre>"
    said = "" if each.differences else "<p>As expected.</p>"
    return f"<h2 id='{escape(each.name)}'>{escape(each.title)}</h2>{said}<ul>{''.join(items)}</ul>{blocks}"
