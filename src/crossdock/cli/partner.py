"""`crossdock partner`: make a partner from a template, show partners, and run their certification sets."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossdock.cli.output import Exit, err, errors, out, say_json, table
from crossdock.cli.place import HERE, Env, Json, Place
from crossdock.cli.terminal import shown

if TYPE_CHECKING:
    from crossdock.connectors.protocol import Secrets
    from crossdock.landscape.landscape import Landscape
    from crossdock.pipeline.certification import Report

app = typer.Typer(
    name="partner",
    help="Trading partners: make one from a template, show them, run their certification sets.",
    no_args_is_help=True,
)

TECHNICAL = ("interchange.received", "document.sent", "document.acknowledged")
Name = Annotated[str, typer.Argument(help="The partner's name.")]


@app.command()
def new(
    name: Name,
    template: Annotated[
        str, typer.Option("--from-template", "-t", help="The template; `crossdock partner templates` lists them.")
    ],
    path: Place = HERE,
    title: Annotated[str, typer.Option(help="The partner's name for people.")] = "",
    owner: Annotated[str, typer.Option(help="The team that answers for the partner; absent: the landscape's first.")] = "",
    identifier: Annotated[str, typer.Option(help="The partner's identifier in envelopes; absent: its name in capitals.")] = "",
    ours: Annotated[str, typer.Option(help="What the partner calls us in envelopes.")] = "",
    email: Annotated[str, typer.Option(help="The mail address of the partner's desk.")] = "",
    as_json: Json = False,
) -> None:
    """Make a partner, its system, its flow and its certification set from a template.

    Exit codes: 0 written, 2 it exists, there is no such template, or no landscape.
    """
    from crossdock.landscape.partner_templates import CannotMake, make

    try:
        made = make(Path(path), name, template, title=title, owner=owner, identifier=identifier, ours=ours, email=email)
    except CannotMake as error:
        if as_json:
            say_json({"error": {"code": "partner.not_made", "message": str(error)}})
        else:
            err.print(f"error: {shown(str(error))}")
        raise typer.Exit(Exit.USAGE) from None
    if as_json:
        say_json({"files": list(made.files), "events": list(made.events)})
        return
    for each in made.files:
        out.print(shown(each))
    out.print("\nNext:\n  1. Fill in what is marked `change` in partners/" + shown(name) + ".yaml.")
    out.print("  2. Say in ownership.yaml, once for all partners:")
    out.print(
        "       entities: {interchange: {owner: partner}, document_sent: {owner: partner}, document_acknowledgement: {owner: partner}}",
        markup=False,
    )
    for event in made.events:
        who = "partner" if event in TECHNICAL else shown(name)
        out.print(f"       {event}: {{originates: [{who}]}}", markup=False)
    out.print(f"  3. crossdock check; crossdock partner test {shown(name)}")


@app.command()
def templates(as_json: Json = False) -> None:
    """List the templates a partner can be made from: for whom, and in which standard."""
    from crossdock.landscape.partner_templates import templates as found

    if as_json:
        say_json([{"name": t.name, "title": t.title, "standard": t.standard, "events": list(t.events)} for t in found()])
        return
    table("", ("template", "for", "standard"), [(t.name, t.title, t.standard) for t in found()])


@app.command("list")
def list_(path: Place = HERE, environment: Env = None, as_json: Json = False) -> None:
    """The landscape's partners: state, documents, transports."""
    with errors(as_json):
        landscape = _landscape(path, environment)
        rows = [_row(name, partner) for name, partner in sorted(landscape.partners.items())]
        if as_json:
            say_json(rows)
        else:
            table("", ("partner", "state", "in", "out", "transports", "systems"),
                  [(r["name"], r["state"], ", ".join(r["in"]), ", ".join(r["out"]), ", ".join(r["transports"]), ", ".join(r["systems"])) for r in rows])  # fmt: skip


@app.command()
def show(name: Name, path: Place = HERE, environment: Env = None, as_json: Json = False) -> None:
    """One partner: identifiers, agreements with their guides, transports, acknowledgements, certification set."""
    from crossdock.pipeline.certification import load_cases

    with errors(as_json):
        landscape = _landscape(path, environment)
        partner = _partner(landscape, name)
        cases = load_cases(landscape.root / "partners" / name / "certification")
        found = {
            **_row(name, partner),
            **partner.model_dump(mode="json", exclude_defaults=True),
            "certification": [each.name for each in cases],
        }
        for each in found.get("transports", {}).values():
            each.pop("credentials", None)
        if as_json:
            say_json(found)
            return
        out.print(f"{shown(partner.title or name)}: {partner.state}")
        table("Identifiers", ("scheme", "theirs / ours"), [
            *((i.scheme, i.value) for i in partner.identifiers), *((i.scheme, f"{i.value} (ours)") for i in partner.exchange.ours)])  # fmt: skip
        table("Agreements", ("document", "direction", "format", "version", "guide", "transport", "acknowledged within"), [
            (a.document, a.direction, a.format, a.version, a.guide, a.transport, a.acknowledge_within or "") for a in partner.agreements])  # fmt: skip
        table("Certification", ("case", "title", "direction"), [(c.name, c.title, c.direction) for c in cases])


@app.command("test")
def certify_partner(
    name: Name,
    path: Place = HERE,
    environment: Env = None,
    report: Annotated[Path | None, typer.Option("--report", help="Also write the report to this file: .html or .md.")] = None,
    as_json: Json = False,
) -> None:
    """Run a partner's certification set (partners/NAME/certification/*.yaml) and print the report.

    Exit codes: 0 every case passed, 1 one failed or there is none, 2 no such partner, 3 the landscape cannot be used.
    """
    from crossdock.pipeline.certification import as_html, as_markdown

    with errors(as_json):
        landscape = _landscape(path, environment)
        _partner(landscape, name)
        found = _run(landscape, name)
        if report is not None:
            report.write_text(as_html(found) if report.suffix in (".html", ".htm") else as_markdown(found), "utf-8")
        if as_json:
            say_json(found.as_dict())
        else:
            _print(found, report)
        if not found.passed:
            raise typer.Exit(Exit.FAILED)


@app.command()
def checklist(name: Name, path: Place = HERE, environment: Env = None, as_json: Json = False) -> None:
    """What has to be true before a partner goes live, and how it stands with each. Exit code 1 while something is missing.

    Example: crossdock partner checklist acme
    """
    from crossdock.cli.place import landscape_at, ledger
    from crossdock.ledger.onboarding import latest, states
    from crossdock.pipeline.onboarding import checklist as judged
    from crossdock.pipeline.onboarding import state_of

    with errors(as_json):
        landscape = landscape_at(path, environment)
        now = datetime.now(UTC)
        with ledger(path, environment) as store:
            items = store.read.run(lambda session: judged(landscape, name, session, now))
            said = store.read.run(states)
            steps = store.read.run(lambda session: latest(session, name))
        told = {
            "partner": name,
            "state": state_of(landscape, name, said),
            "file": landscape.partners[name].state,
            "here": steps["state"].outcome if "state" in steps else "",
            "ready": all(each.done for each in items),
            "items": [{"name": each.name, "done": each.done, "found": each.found, "do": each.do} for each in items],
        }
        if as_json:
            say_json(told)
        else:
            here = f", on this hub: {told['here']}" if told["here"] else ""
            out.print(f"{shown(name)} is {told['state']} (its file says {told['file']}{here})")
            table("", ("", "what", "found", "to do"), [
                ("done" if each.done else "OPEN", each.name, each.found, "" if each.done else each.do) for each in items])  # fmt: skip
        if not told["ready"]:
            raise typer.Exit(Exit.FAILED)


@app.command()
def transport(name: Name, path: Place = HERE, environment: Env = None, as_json: Json = False) -> None:
    """Test the partner's transports: every system of its is asked whether it answers; nothing is sent. The result is kept.

    Example: crossdock partner transport acme
    """
    from crossdock.cli.place import landscape_at
    from crossdock.core.clock import SystemClock
    from crossdock.pipeline.onboarding import reached

    with errors(as_json):
        landscape = landscape_at(path, environment)
        found = reached(landscape, name, _secrets(landscape), SystemClock())
        passed = bool(found) and all(well for _, well, _ in found)
        detail = {"systems": [{"system": system, "well": well, "said": said} for system, well, said in found]}
        _keep(path, environment, landscape, name, "transport", passed, detail)
        if as_json:
            say_json({"partner": name, "passed": passed, **detail})
        else:
            table("", ("system", "answers", "said"), [(system, "yes" if well else "NO", said) for system, well, said in found])
        if not passed:
            raise typer.Exit(Exit.FAILED)


@app.command()
def certify(name: Name, path: Place = HERE, environment: Env = None, as_json: Json = False) -> None:
    """Run the partner's certification set as `crossdock partner test` does, and keep the result for its go-live checklist.

    Example: crossdock partner certify acme
    """
    from crossdock.cli.place import landscape_at

    with errors(as_json):
        landscape = landscape_at(path, environment)
        found = _run(landscape, name)
        failed = [each.name for each in found.outcomes if not each.passed]
        detail = {"cases": len(found.outcomes), "failed": failed, "mapping": found.as_dict().get("mapping", "")}
        _keep(path, environment, landscape, name, "certification", found.passed, detail)
        if as_json:
            say_json(found.as_dict())
        else:
            _print(found, None)
        if not found.passed:
            raise typer.Exit(Exit.FAILED)


@app.command()
def confirm(
    name: Name,
    reason: Annotated[str, typer.Option(help="What was held, with whom and when.")],
    path: Place = HERE,
    environment: Env = None,
    as_json: Json = False,
) -> None:
    """Confirm that a drill was held with the partner, where the policies ask for none by name.

    Example: crossdock partner confirm acme --reason "outage of their AS2 gateway rehearsed with J. Doe"
    """
    from crossdock.cli.place import landscape_at

    with errors(as_json):
        landscape = landscape_at(path, environment)
        _keep(path, environment, landscape, name, "drill", True, {"reason": reason})
        say_json({"partner": name, "drill": "passed"}) if as_json else out.print(f"{shown(name)}: the drill is confirmed")


State = Annotated[str, typer.Argument(help="draft, testing, live or suspended.")]


@app.command()
def move(
    name: Name,
    to: State,
    reason: Annotated[str, typer.Option(help="Why; a suspension needs one, and the partner is told.")] = "",
    path: Place = HERE,
    environment: Env = None,
    as_json: Json = False,
) -> None:
    """Say what the partner is on this hub: draft, testing, live or suspended. Running hubs take it up within seconds.

    Live needs the whole checklist. What counts is the lesser of this and its reviewed file. Example: crossdock partner move acme testing
    """
    from crossdock.cli.place import landscape_at, ledger
    from crossdock.core.clock import SystemClock
    from crossdock.ledger.ids import Numbers
    from crossdock.ledger.onboarding import states
    from crossdock.ledger.times import micros
    from crossdock.pipeline.onboarding import move as moved
    from crossdock.pipeline.onboarding import state_of

    with errors(as_json):
        landscape, clock = landscape_at(path, environment), SystemClock()
        author, at = f"{getpass.getuser()}@cli", micros(clock.now())
        with ledger(path, environment) as store:
            store.work.run(lambda session: moved(landscape, name, to, session, Numbers(clock, 1023), author, at, reason))
            counts = state_of(landscape, name, store.read.run(states))
        if as_json:
            say_json({"partner": name, "here": to, "file": landscape.partners[name].state, "state": counts})
        else:
            out.print(f"{shown(name)} is {counts} now")
            if counts != to:
                out.print(f"Its reviewed file says {landscape.partners[name].state}: change `state` there and promote it.")


@app.command()
def suspend(
    name: Name,
    reason: Annotated[str, typer.Option(help="Why; the partner is told.")],
    path: Place = HERE,
    environment: Env = None,
    as_json: Json = False,
) -> None:
    """Suspend a partner at once: what it sends is refused with the reason, and nothing is sent to it.

    Example: crossdock partner suspend acme --reason "their system sends every order twice"
    """
    move(name, "suspended", reason, path, environment, as_json)


@app.command()
def resume(name: Name, path: Place = HERE, environment: Env = None, as_json: Json = False) -> None:
    """Let a suspended partner go on where it was. Example: crossdock partner resume acme"""
    from crossdock.cli.place import ledger
    from crossdock.ledger.onboarding import STATE, history

    with errors(as_json), ledger(path, environment) as store:
        said = [each.outcome for each in store.read.run(lambda session: history(session, name)) if each.step == STATE]
    before = next((each for each in said if each != "suspended"), "live")
    move(name, before, "resumed", path, environment, as_json)


def _keep(
    path: Path, environment: str | None, landscape: Landscape, name: str, step: str, passed: bool, detail: dict[str, Any]
) -> None:
    """Keep what a test came to. Raises `PartnerUnknown` or `LedgerUnavailable`."""
    from crossdock.cli.place import ledger
    from crossdock.core.clock import SystemClock
    from crossdock.ledger.ids import Numbers
    from crossdock.ledger.times import micros
    from crossdock.pipeline.onboarding import prove

    clock, author = SystemClock(), f"{getpass.getuser()}@cli"
    outcome, at = "passed" if passed else "failed", micros(clock.now())
    with ledger(path, environment) as store:
        store.work.run(lambda session: prove(landscape, name, step, outcome, detail, session, Numbers(clock, 1023), author, at))


def _print(found: Report, report: Path | None) -> None:
    for each in found.outcomes:
        out.print(f"{'passed' if each.passed else 'FAILED'}  {shown(each.name)}: {shown(each.title)}")
        for difference in each.differences:
            out.print(f"        {shown(difference)}")
    good = sum(each.passed for each in found.outcomes)
    if not found.outcomes:
        out.print(f"There are no cases in partners/{shown(found.partner)}/certification.")
    else:
        out.print(f"{good} of {len(found.outcomes)} cases passed.")
    if report is not None:
        out.print(f"The report is in {shown(str(report))}.")


def _run(landscape: Landscape, name: str) -> Report:
    from crossdock.core.clock import SystemClock
    from crossdock.pipeline.onboarding import certified

    return certified(landscape, name, _secrets(landscape), SystemClock())


def _secrets(landscape: Landscape) -> Secrets:
    from crossdock.landscape.secrets import SecretReferences, vault_of
    from crossdock.pipeline.location import ledger_location

    vault = landscape.environment.vault
    return SecretReferences(landscape.home / vault.secrets, vault=vault_of(vault, landscape.home, ledger_location(landscape)))


def _landscape(path: Path, environment: str | None) -> Landscape:
    from crossdock.landscape.load import load

    return load(path, environment)


def _partner(landscape: Landscape, name: str) -> Any:
    if name not in landscape.partners:
        known = ", ".join(sorted(landscape.partners)) or "none"
        err.print(f"error: there is no partner {shown(name)}; known are: {shown(known)}")
        raise typer.Exit(Exit.USAGE)
    return landscape.partners[name]


def _row(name: str, partner: Any) -> dict[str, Any]:
    return {
        "name": name,
        "title": partner.title,
        "state": partner.state,
        "in": [each.document for each in partner.agreements if each.direction == "in"],
        "out": [each.document for each in partner.agreements if each.direction == "out"],
        "transports": list(partner.transports),
        "systems": list(partner.systems),
    }
