"""`crossdock review`: change requests, evidence, approvals, waivers and the decision log on the command line; decides nothing itself."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from crossdock.cli.output import Exit, errors, iso, lines, out, refused, say_json
from crossdock.cli.place import HERE, Env, Json, Place, standing
from crossdock.cli.terminal import shown
from crossdock.core.clock import SystemClock

if TYPE_CHECKING:
    from crossdock.governance.review.desk import Seen, Speaker
    from crossdock.landscape.landscape import Landscape
    from crossdock.ledger.database import LedgerLocation
    from crossdock.ledger.ids import Numbers
    from crossdock.ledger.store import Store

app = typer.Typer(
    name="review", no_args_is_help=True,
    help="The review board: change requests with their evidence, approvals, waivers and the decision log. "
    "Example: crossdock review open shop.bundle --env production --reason 'second carrier'",
)  # fmt: skip
Number = Annotated[str, typer.Argument(help="The request's number, as `crossdock review list` shows it.")]
Key = Annotated[str, typer.Option(help="Reference to your private key (`env:NAME`, `file:path`): it proves who decides.")]
Note = Annotated[str, typer.Option(help="Why; kept in the decision log.")]
CLI_NODE = 1023


@dataclass(frozen=True)
class Room:
    """What the commands work on."""

    here: Landscape
    running: Landscape
    location: LedgerLocation
    store: Store
    numbers: Numbers
    now: datetime


@contextmanager
def _room(place: Path, environment: str | None) -> Iterator[Room]:
    from crossdock.landscape.load import load
    from crossdock.ledger.database import migrate
    from crossdock.ledger.ids import Numbers
    from crossdock.ledger.store import Store
    from crossdock.pipeline.location import ledger_location

    here = load(place, environment)
    location = ledger_location(here)
    migrate(location)
    store = Store(location)
    try:
        clock = SystemClock()
        yield Room(here, standing(here, location), location, store, Numbers(clock, CLI_NODE), clock.now())
    finally:
        store.close()


@app.command("open")
def open_(
    file: Annotated[Path, typer.Argument(help="The bundle's file (`crossdock bundle`).")],
    reason: Annotated[str, typer.Option(help="Why this change is wanted.")],
    title: Annotated[str, typer.Option(help="What it is called; default: the reason.")] = "",
    place: Place = HERE,
    environment: Env = None,
    wait: Annotated[bool, typer.Option("--evidence", help="Gather the evidence now, instead of leaving it to the hub.")] = False,
    as_json: Json = False,
) -> None:
    """Ask for a change: the bundle is checked as for a promotion, and kept with what it changes and whom that asks.

    A hub that runs attaches the evidence within seconds. What is refused changes nothing.
    """
    with errors(as_json):
        from crossdock.governance.promotion import plan
        from crossdock.governance.review import desk

        with _room(place, environment) as room:
            data = _read(file)
            planned = plan(data, room.here.home, room.here.environment.name, room.running.root, room.now, again=True)
            board, author = room.running.policies.board, f"{getpass.getuser()}@cli"
            change = room.store.work.run(
                lambda s: desk.open_request(
                    s, room.numbers, planned, data, room.running.bundle_id, board, title, reason, author, room.now
                )
            )
            if wait:
                _gather(room, change.id, data)
            _say(_found(room, change.id), as_json)


@app.command("list")
def list_(place: Place = HERE, environment: Env = None, as_json: Json = False) -> None:
    """Change requests, the newest first, and where each stands."""
    with errors(as_json):
        from crossdock.governance.review import desk
        from crossdock.governance.review.telling import plain
        from crossdock.ledger import reviews

        with _room(place, environment) as room:
            board = room.running.policies.board
            found = room.store.read.run(lambda s: desk.see_all(s, reviews.changes(s), board, room.now))
            if as_json:
                say_json([plain(each) for each in found])
            elif not found:
                out.print("no change requests")
            else:
                rows = [
                    (
                        [each.number, each.standing.state, iso(each.change.opened_at) or "", shown(each.change.author)],
                        each.change.title,
                    )
                    for each in found
                ]
                lines(("request", "state", "opened", "by"), rows)


@app.command()
def show(
    number: Number,
    place: Place = HERE,
    environment: Env = None,
    to: Annotated[
        Path | None, typer.Option("--out", help="Write the approved bundle there, with its approvals, for `crossdock promote`.")
    ] = None,
    as_json: Json = False,
) -> None:
    """One request: what it changes in business words, whom it asks, the evidence, who decided what; `--out` hands out the approved bundle."""
    with errors(as_json), _room(place, environment) as room:
        found = _found(room, _number(number, as_json), as_json)
        if to is not None:
            from crossdock.cli.bundle import _write
            from crossdock.governance.review import desk
            from crossdock.governance.review.telling import board_key

            board, private = room.running.policies.board, board_key(room.here, room.location)
            now = datetime.now(UTC)
            _write(to, room.store.work.run(lambda s: desk.signed(s, found.change.id, board, private, now)))
        _say(found, as_json)


@app.command()
def evidence(number: Number, place: Place = HERE, environment: Env = None, as_json: Json = False) -> None:
    """Gather a request's evidence now: lint, tests, standards, readers, and the last real messages replayed against old and new."""
    with errors(as_json):
        from crossdock.ledger import reviews

        with _room(place, environment) as room:
            found = _found(room, _number(number, as_json), as_json)
            if found.change.evidence is None:
                _gather(room, found.change.id, room.store.read.run(lambda s: reviews.file_of(s, found.change.id)))
            _say(_found(room, found.change.id), as_json)


@app.command()
def approve(
    number: Number,
    key: Key,
    note: Note = "",
    team: Annotated[str, typer.Option(help="The team you speak for, when you are in several.")] = "",
    differences_seen: Annotated[
        bool, typer.Option("--differences-seen", help="You saw which real messages come out differently, and that is meant.")
    ] = False,
    place: Place = HERE,
    environment: Env = None,
    as_json: Json = False,
) -> None:
    """Approve a request. Not your own, once, for a team that is asked, and only when the evidence does not speak against it."""
    _decide(number, "approved", key, note, place, environment, as_json, team=team, seen=differences_seen)


@app.command()
def reject(number: Number, key: Key, note: Note, place: Place = HERE, environment: Env = None, as_json: Json = False) -> None:
    """Reject a request; it is closed then."""
    _decide(number, "rejected", key, note, place, environment, as_json)


@app.command()
def emergency(number: Number, key: Key, note: Note, place: Place = HERE, environment: Env = None, as_json: Json = False) -> None:
    """Let a request run before it is reviewed, where the policies name you for that. The review is owed afterwards; the owner is told when it is late."""
    _decide(number, "emergency", key, note, place, environment, as_json)


@app.command()
def withdraw(number: Number, note: Note = "", place: Place = HERE, environment: Env = None, as_json: Json = False) -> None:
    """Take your own request back."""
    with errors(as_json):
        from crossdock.governance.review import desk

        with _room(place, environment) as room:
            chosen, board, name = _number(number, as_json), room.running.policies.board, f"{getpass.getuser()}@cli"
            _say(room.store.work.run(lambda s: desk.withdraw(s, room.numbers, chosen, board, name, note, room.now)), as_json)


@app.command()
def waive(
    standard: Annotated[
        str, typer.Argument(help="The standard's name, or a part of the evidence: lint, tests, compatibility, replay.")
    ],
    subject: Annotated[str, typer.Argument(help="What it does not hold for: `flows/orders`, a request's number, `*`.")],
    key: Key,
    note: Annotated[str, typer.Option(help="Why.")],
    days: Annotated[float, typer.Option(help="How long it lasts, in days.")] = 14,
    place: Place = HERE,
    environment: Env = None,
    as_json: Json = False,
) -> None:
    """Say as its owner that a standard does not hold for something, for a limited time."""
    with errors(as_json):
        from crossdock.governance.review import desk

        with _room(place, environment) as room:
            who, board = _speaker(room, key), room.running.policies.board
            given = room.store.work.run(
                lambda s: desk.waive(s, room.numbers, board, standard, subject, who, days, note, room.now)
            )
            report = {
                "standard": given.standard,
                "subject": given.subject,
                "by": given.author,
                "team": given.team,
                "until": iso(given.until),
            }
            if as_json:
                say_json(report)
            else:
                out.print(f"{shown(given.standard)} is waived for {shown(given.subject)} until {report['until']}")


@app.command()
def log(
    form: Annotated[Literal["table", "json", "csv"], typer.Option("--format", help="`csv` and `json` are for export.")] = "table",
    limit: Annotated[int, typer.Option(help="So many of the newest lines.", min=1, max=100_000)] = 1000,
    place: Place = HERE,
    environment: Env = None,
    as_json: Json = False,
) -> None:
    """The decision log: who asked, approved, rejected, waived and promoted what, when and why. The newest first."""
    with errors(as_json):
        from crossdock.governance.review.telling import as_csv, logged
        from crossdock.ledger import reviews

        with _room(place, environment) as room:
            found = [logged(each) for each in room.store.read.run(lambda s: reviews.decisions(s, limit=limit))]
            if as_json or form == "json":
                say_json(found)
            elif form == "csv":
                typer.echo(as_csv(found), nl=False)
            elif not found:
                out.print("nothing was decided yet")
            else:
                rows = [
                    ([each["at"], shown(each["kind"]), each["request"], shown(each["by"]), shown(each["team"])], each["note"])
                    for each in found
                ]
                lines(("at", "what", "request", "by", "for"), rows)


@app.command("test")
def run_tests(
    folder: Annotated[Path, typer.Argument(help="The landscape's folder.", show_default="here")] = HERE,
    environment: Env = None,
    as_json: Json = False,
) -> None:
    """Run a landscape's own tests (`tests/*.yaml`): a message each, and what has to become of it. Sends nothing."""
    with errors(as_json):
        from crossdock.landscape.files import read
        from crossdock.landscape.load import load
        from crossdock.pipeline.trial import examples
        from crossdock.pipeline.trial.side import Side

        here = load(folder, environment)
        found = examples.run(
            dict(read(folder, environment=here.environment.name).models.get("tests", {})), Side(here, here.home, [])
        )
        if as_json:
            say_json(found)
        else:
            for each in found["failed"]:
                out.print(f"[red]fails[/]  {shown(each['name'])}: {shown(each['message'])}")
            out.print(shown(found["says"]))
        if not found["passed"]:
            raise typer.Exit(Exit.FAILED)


def _decide(
    number: str, kind: Literal["approved", "rejected", "emergency"], key: str, note: str, place: Path, environment: str | None,
    as_json: bool, *, team: str = "", seen: bool = False,
) -> None:  # fmt: skip
    with errors(as_json):
        from crossdock.governance.review import desk

        with _room(place, environment) as room:
            chosen, who, board = _number(number, as_json), _speaker(room, key), room.running.policies.board
            found = room.store.work.run(
                lambda s: desk.decide(
                    s, room.numbers, chosen, board, room.running.bundle_id, kind, who, room.now, team=team, note=note, seen=seen
                )
            )
            _say(found, as_json)


def _speaker(room: Room, key: str) -> Speaker:
    """Whom a key proves to be at the command line. Raises `NotAReviewer` when the environment does not trust it."""
    from crossdock.cli.bundle import _secret
    from crossdock.governance.promotion import promotion_of
    from crossdock.governance.review import desk
    from crossdock.governance.review.errors import NotAReviewer
    from crossdock.governance.signing import public_of

    private = _secret(key)
    for each in promotion_of(room.here.home, room.here.environment.name).keys:
        if each.public == public_of(private) and "approve" in each.may:
            return desk.key_signs(private, each.name, each.team or "")
    raise NotAReviewer("this environment does not trust the key to approve")


def _found(room: Room, number: int, as_json: bool = False) -> Seen:
    from crossdock.governance.review import desk
    from crossdock.ledger import reviews

    change = room.store.read.run(lambda s: reviews.change_of(s, number))
    if change is None:
        raise refused("There is no such change request.", as_json)
    return room.store.read.run(lambda s: desk.see(s, change, room.running.policies.board, room.now))


def _number(text: str, as_json: bool) -> int:
    from crossdock.ledger.ids import read

    try:
        return read(text)
    except ValueError:
        raise refused(f"{text!r} is no number of a change request.", as_json, Exit.USAGE) from None


def _gather(room: Room, number: int, data: bytes) -> None:
    from crossdock.ledger import reviews
    from crossdock.ledger.times import micros
    from crossdock.pipeline.trial.process import evidence as gathered

    found = gathered(data, room.here.home, room.here.environment.name, room.location)
    room.store.work.run(lambda s: reviews.attach(s, number, found, micros(datetime.now(UTC))))


def _read(file: Path) -> bytes:
    from crossdock.cli.bundle import _read as read_file

    return read_file(file)


def _say(found: Seen, as_json: bool) -> None:
    if as_json:
        from crossdock.governance.review.telling import plain

        say_json(plain(found))
        return
    change, now_ = found.change, found.standing
    out.print(f"[bold]{found.number}[/] {shown(change.title)}: [bold]{now_.state}[/]")
    out.print(f"  bundle {change.bundle[:12]} by {shown(change.author)}: {shown(change.reason)}")
    for each in change.report.get("changes", ()):
        out.print(f"  [dim]{shown(each['risk']):<12}[/] {shown(each['words'])}")
    for risk, missing in now_.lacking.items():
        out.print(f"  needs   {shown(risk)}: {shown(missing)}")
    for why in now_.against:
        out.print(f"  [red]against[/] {shown(why)}")
    if change.evidence is not None:
        for gate in ("lint", "tests", "compatibility", "replay"):
            part = change.evidence[gate]
            out.print(f"  {gate:<13} {'passes' if part['passed'] else '[red]fails[/]'}: {shown(part['says'])}")
    for said in found.decisions:
        out.print(f"  {iso(said.at)} {shown(said.kind)} by {shown(said.author)} {shown(said.note)}")
