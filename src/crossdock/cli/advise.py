"""`crossdock advise`: which operating model fits, for the whole and for each flow, with the arithmetic; computes nothing itself."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crossdock.cli.output import errors, lines, out, say_json, table
from crossdock.cli.place import HERE, Env, Json, Place, landscape_at, ledger
from crossdock.cli.terminal import shown
from crossdock.core.errors import LedgerUnavailable

if TYPE_CHECKING:
    from crossdock.advisor.advice import Advice
    from crossdock.advisor.facts import Measured
    from crossdock.landscape.landscape import Landscape


def advise(
    place: Place = HERE,
    env: Env = None,
    answers: Annotated[
        Path | None, typer.Option(help="The answered questionnaire.", show_default="advice.yaml beside the landscape")
    ] = None,
    questions: Annotated[bool, typer.Option("--questions", help="Print the questionnaire to fill in, and nothing else.")] = False,
    pdf: Annotated[Path | None, typer.Option(help="Write the paper for the board to this file.")] = None,
    records: Annotated[Path | None, typer.Option(help="Write a decision record for each flow into this folder.")] = None,
    as_json: Json = False,
) -> None:
    """Say which operating model fits this landscape: direct, middleware or event-driven, overall and for each flow.

    Scores the landscape, the answered questionnaire and what the ledger measured; shows the arithmetic, what would change the answer,
    what moving costs, and flows whose measured behaviour contradicts their declared reason. Nothing is changed.
    """
    from crossdock.advisor.questions import FILE, blank, read_answers

    if questions:
        typer.echo(blank(), nl=False)
        return
    with errors(as_json):
        from crossdock.advisor.advice import advice

        landscape = landscape_at(place, env)
        beside = landscape.home / FILE
        given = answers if answers is not None else beside if beside.is_file() else None
        now = datetime.now(UTC)
        found = advice(landscape, read_answers(given) if given else {}, _measured(landscape, place, env, now), now.date())
        _write(found, pdf, records)
        if as_json:
            say_json(found.as_dict())
        else:
            _show(found)


def _measured(landscape: Landscape, place: Path, env: str | None, now: datetime) -> dict[str, Measured]:
    """What the ledger counted; nothing where no hub has run yet."""
    from crossdock.advisor.measuring import measured

    try:
        with ledger(place, env) as store:
            return dict(store.read.run(lambda session: measured(session, landscape.flows, now)))
    except LedgerUnavailable:
        return {}


def _write(found: Advice, pdf: Path | None, records: Path | None) -> None:
    from crossdock.advisor.errors import AdviceNotWritten

    try:
        if pdf is not None:
            from crossdock.advisor.paper import paper

            pdf.write_bytes(paper(found))
        if records is not None:
            from crossdock.advisor.records import records as written

            records.mkdir(parents=True, exist_ok=True)
            for name, text in written(found).items():
                (records / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise AdviceNotWritten(f"{error.filename}: {error.strerror}", path=str(error.filename)) from None


def _show(found: Advice) -> None:
    from crossdock.advisor.flows import summary
    from crossdock.advisor.models import SHORT, TITLES, Model

    whole = found.overall
    out.print(f"[bold]{shown(found.company)}: {SHORT[whole.model]}[/], {whole.margin} points ahead")
    table("", ("", "points", "share"), [(TITLES[m], whole.totals[m], f"{whole.percent[m]} %") for m in Model])
    names = tuple(SHORT[m] for m in Model)
    out.print("[bold]The arithmetic[/]: value 0 to 4, weight, and points for each model")
    lines(
        ("", "value", "weight", *names),
        [
            ((f.dimension, "-" if f.value is None else str(f.value), str(f.weight), *map(str, f.points)), f.words)
            for f in whole.factors
        ],
    )
    out.print()
    if whole.turns:
        out.print("[bold]What would change the answer[/], each alone")
        lines(
            ("now", "then", "to"),
            [(("-" if t.from_value is None else str(t.from_value), str(t.to_value), SHORT[t.to]), t.words) for t in whole.turns],
        )
    else:
        out.print("No single change of a factor would turn the answer.")
    out.print()
    lines(
        ("flow", "pattern", "timing", "review"),
        [
            ((shown(f.flow), summary(f), f.timing if f.declared_timing == f.timing else f"{f.declared_timing} to {f.timing}",
              f.review_by.isoformat()), "; ".join((f.timing_reason, *f.contradictions)))
            for f in found.flows
        ],
    )  # fmt: skip
    if found.move_days:
        out.print(f"Moving everything as recommended: about {found.move_days} days of work.")
    if whole.unanswered:
        out.print(f"{len(whole.unanswered)} questions are not answered: crossdock advise --questions > advice.yaml")
