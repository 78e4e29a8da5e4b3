"""`crossdock reconcile`: the daily proof that money agrees everywhere, and settlements of carriers."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossdock.cli.output import Exit, err, errors, out, refused, say_json, table
from crossdock.cli.place import HERE, Env, Json, Place, landscape_at, ledger
from crossdock.cli.terminal import shown

if TYPE_CHECKING:
    from crossdock.finance.reconciliation.facts import Check, Proof
    from crossdock.finance.settlement import Settlement
    from crossdock.pipeline.reconciling import Answers, Records

app = typer.Typer(name="reconcile", help="Prove that money agrees everywhere; settle carriers.", no_args_is_help=True)
SHOWN = 200

Csv = Annotated[Path | None, typer.Option("--csv", help="Write the list to this file, too.", dir_okay=False)]
Pdf = Annotated[Path | None, typer.Option("--pdf", help="Write the report to this file, too.", dir_okay=False)]


@app.callback()
def reconcile() -> None:
    """Prove that money agrees everywhere; settle carriers."""


@app.command()
def finance(
    path: Place = HERE,
    environment: Env = None,
    day: Annotated[str, typer.Option("--day", help="The day up to which is judged (UTC); absent: today.")] = "",
    days: Annotated[int, typer.Option("--days", help="How many days back movements are read.", min=1, max=3660)] = 35,
    grace: Annotated[
        int, typer.Option("--grace", help="Days the other side has to tell of a movement before it counts as missing.", min=0)
    ] = 3,
    ask: Annotated[bool, typer.Option("--ask/--no-ask", help="Ask finance systems what they have posted.")] = True,
    csv_file: Csv = None,
    pdf_file: Pdf = None,
    as_json: Json = False,
) -> None:
    """Compare captures, refunds, invoices, credit notes, freight bills, journals and payouts across gateway, bank, Odoo and ledger.

    Every difference is listed with its arithmetic. Exit code 1 when anything differs or could not be read.
    """
    with errors(as_json):
        from crossdock.core.clock import SystemClock
        from crossdock.finance.reports import proof_csv, proof_pdf
        from crossdock.landscape.secrets import SecretReferences
        from crossdock.landscape.valuemaps import CodeTables
        from crossdock.pipeline.reconciling import Answers, asked, proved, records, transfer_patterns
        from crossdock.pipeline.runtime import build

        until = _day(day, datetime.now(UTC).date(), as_json)
        begin = until - timedelta(days=days)
        landscape = landscape_at(path, environment)
        runtime = build(landscape, SecretReferences(landscape.root), CodeTables(landscape.value_maps), SystemClock())
        with ledger(path, environment) as store:
            kept = store.read.run(lambda session: records(session, begin))
        answers = asyncio.run(asked(runtime, begin, until)) if ask else Answers({}, {})
        found = proved(kept, answers, until, grace, transfer_patterns(runtime))
        if csv_file is not None:
            csv_file.write_bytes(proof_csv(found))
        if pdf_file is not None:
            pdf_file.write_bytes(proof_pdf(found))
        if as_json:
            say_json(_proof(found, kept, answers, begin))
        else:
            _show(found, kept, answers, begin)
        if not found.agrees or kept.unreadable:
            raise typer.Exit(Exit.FAILED)


@app.command()
def bank(
    path: Place = HERE,
    environment: Env = None,
    system: Annotated[str, typer.Option("--system", help="Only this bank.")] = "",
    days: Annotated[int, typer.Option("--days", help="How many days back statements are read.", min=1, max=3660)] = 35,
    tolerance: Annotated[str, typer.Option("--tolerance", help="The difference that may be written off.")] = "0.05",
    register: Annotated[
        bool,
        typer.Option(
            "--register", help="Take what was found into the hub: what is certain is registered, the rest is for people."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Match the payments on bank statements to open invoices, each with its score and the reasons.

    Without `--register` nothing is changed. An entry that was taken once is not shown again.
    """
    with errors(as_json):
        from decimal import Decimal, InvalidOperation

        from crossdock.core.clock import SystemClock
        from crossdock.finance.matching.items import Terms
        from crossdock.ledger.ids import Numbers
        from crossdock.pipeline.matching import matched, take

        try:
            terms = Terms(tolerance=abs(Decimal(tolerance)))
        except InvalidOperation:
            raise refused(f"{tolerance!r} is no amount; write for example 0.05.", as_json, Exit.USAGE) from None
        clock = SystemClock()
        landscape = landscape_at(path, environment)
        since = clock.now().date() - timedelta(days=days)
        with ledger(path, environment) as store:
            found = store.read.run(lambda session: matched(session, since, terms, system))
            if register and found:
                numbers = Numbers(clock, 1022)
                store.work.run(lambda session: take(session, found, numbers, landscape.partitions, clock.now()))
        if as_json:
            say_json([{"system": each.system, "identity": each.identity, "taken": register, **each.document} for each in found])
            return
        rows = [
            (
                each.match.entry.booking_date or each.match.entry.value_date, f"{each.match.entry.amount.amount} {each.match.entry.amount.currency}",
                each.match.entry.counterparty_name, each.match.verdict, each.match.score,
                ", ".join(one["invoice_number"] or one["invoice_id"] for one in each.document["pays"]), "; ".join(r.words for r in each.match.reasons),
            )
            for each in found[:SHOWN]
        ]  # fmt: skip
        table("Payments", ("day", "amount", "from", "verdict", "score", "pays", "why"), rows)
        certain = sum(bool(each.document["pays"]) for each in found)
        out.print(
            f"{len(found)} payments: {certain} certain, {len(found) - certain} for a person" + ("; taken" if register else "")
        )


@app.command()
def carriers(
    path: Place = HERE,
    environment: Env = None,
    begin: Annotated[str, typer.Option("--from", help="First day of issue; absent: the first of last month.")] = "",
    end: Annotated[str, typer.Option("--to", help="Last day of issue; absent: the last of last month.")] = "",
    carrier: Annotated[str, typer.Option("--carrier", help="Only this carrier.")] = "",
    csv_file: Csv = None,
    pdf_file: Pdf = None,
    as_json: Json = False,
) -> None:
    """Settle carriers for a period: invoices that are in the books (matched), not yet (unmatched), or with a person (disputed)."""
    with errors(as_json):
        from crossdock.finance.reports import settlement_csv, settlement_pdf
        from crossdock.pipeline.reconciling import settlements

        first, last = last_month(datetime.now(UTC).date())
        first, last = _day(begin, first, as_json), _day(end, last, as_json)
        with ledger(path, environment) as store:
            found = store.read.run(lambda session: settlements(session, first, last))
        found = [each for each in found if not carrier or each.carrier == carrier]
        if csv_file is not None:
            csv_file.write_bytes(settlement_csv(found))
        if pdf_file is not None:
            pdf_file.write_bytes(settlement_pdf(found, first, last))
        if as_json:
            say_json([_settlement(each) for each in found])
            return
        if not found:
            out.print(f"no carrier's invoice was issued from {first} to {last}")
        for each in found:
            rows = [
                (one.number, one.issued, f"{one.billed}", "" if one.booked is None else f"{one.booked}", one.standing, one.words)
                for one in each.invoices
            ]
            title = f"{shown(each.carrier)}, {first} to {last}, {each.currency}: {each.total()} billed"
            table(title, ("invoice", "issued", "billed", "in the books", "standing", "why"), rows)
            sums = ", ".join(f"{name} {each.count(name)} ({each.total(name)})" for name in ("matched", "unmatched", "disputed"))
            out.print(sums)


def _day(text: str, otherwise: date, as_json: bool) -> date:
    try:
        return date.fromisoformat(text) if text else otherwise
    except ValueError:
        raise refused(f"{text!r} is no day; write for example 2026-03-31.", as_json, Exit.USAGE) from None


def last_month(today: date) -> tuple[date, date]:
    """The first and the last day of the month before."""
    last = today.replace(day=1) - timedelta(days=1)
    return last.replace(day=1), last


def _show(found: Proof, kept: Records, answers: Answers, begin: date) -> None:
    rows = [
        (
            each.name,
            " / ".join(each.sides),
            each.compared,
            each.agreed,
            each.young or "",
            _sums(each.left),
            _sums(each.right),
            each.note,
        )
        for each in found.checks
    ]
    table(f"Money from {begin} to {found.day}", ("check", "sides", "compared", "agreed", "young", "left", "right", "note"), rows)
    if found.differences:
        listed = [(each.code, each.words, each.order, ", ".join(each.evidence)) for each in found.differences[:SHOWN]]
        table("Differences", ("code", "what", "transaction", "evidence"), listed)
        if len(found.differences) > SHOWN:
            out.print(f"and {len(found.differences) - SHOWN} more; --json or --csv has all of them")
    for name, why in answers.silent.items():
        err.print(f"{shown(name)} did not say what it has posted ({shown(why)}); its acknowledgements were used")
    if kept.forgotten:
        err.print(f"{kept.forgotten} records have no payload any more (retention) and were not compared")
    if kept.unreadable:
        err.print(f"[bold red]cannot be read:[/] events {', '.join(kept.unreadable[:20])}")
    out.print("[bold green]everything agrees[/]" if found.agrees else f"[bold red]{len(found.differences)} differences[/]")


def _sums(sums: dict[str, Any]) -> str:
    return ", ".join(f"{amount} {currency}" for currency, amount in sorted(sums.items()))


def _check(each: Check) -> dict[str, Any]:
    return {
        "check": each.name,
        "sides": list(each.sides),
        "compared": each.compared,
        "agreed": each.agreed,
        "young": each.young,
        "left": {currency: str(amount) for currency, amount in sorted(each.left.items())},
        "right": {currency: str(amount) for currency, amount in sorted(each.right.items())},
        "note": each.note,
    }


def _proof(found: Proof, kept: Records, answers: Answers, begin: date) -> dict[str, Any]:
    return {
        "agrees": found.agrees,
        "from": begin.isoformat(),
        "day": found.day.isoformat(),
        "checks": [_check(each) for each in found.checks],
        "differences": [
            {
                "code": each.code,
                "kind": each.kind,
                "key": each.key,
                "left": None if each.left is None else str(each.left),
                "right": None if each.right is None else str(each.right),
                "currency": each.currency,
                "transaction": each.order,
                "words": each.words,
                "evidence": list(each.evidence),
            }
            for each in found.differences
        ],
        "forgotten": kept.forgotten,
        "unreadable": list(kept.unreadable),
        "asked": {name: len(journals) for name, journals in answers.journals.items()},
        "silent": dict(answers.silent),
    }


def _settlement(each: Settlement) -> dict[str, Any]:
    return {
        "carrier": each.carrier,
        "currency": each.currency,
        "from": each.begin.isoformat(),
        "to": each.end.isoformat(),
        "billed": str(each.total()),
        **{name: {"count": each.count(name), "billed": str(each.total(name))} for name in ("matched", "unmatched", "disputed")},
        "invoices": [
            {
                "number": one.number,
                "issued": one.issued.isoformat(),
                "billed": str(one.billed),
                "booked": None if one.booked is None else str(one.booked),
                "standing": one.standing,
                "words": one.words,
                "evidence": one.evidence,
            }
            for one in each.invoices
        ],
    }
