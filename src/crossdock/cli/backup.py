"""`crossdock backup` and `crossdock restore`: copies of everything a hub keeps, taken while it works, verified, and put back."""

from __future__ import annotations

import getpass
import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.filesize import decimal as size

from crossdock.cli.output import Exit, errors, iso, out, refused, say_json, table
from crossdock.cli.place import HERE, Env, Json, Place, landscape_at, ledger, location_of
from crossdock.cli.terminal import shown

if TYPE_CHECKING:
    from crossdock.backup.repository import Repository
    from crossdock.backup.restoring import Restored
    from crossdock.ledger.restoration import Restoration

app = typer.Typer(
    help="Back everything up while the hub works: ledger, payloads and the vault's files.", invoke_without_command=True
)
restoring = typer.Typer(
    help="Put a backup back, and have every system asked what happened meanwhile.", invoke_without_command=True
)

Folder = Annotated[
    Path, typer.Option("--to", "--from", envvar="CROSSDOCK_BACKUPS", help="The folder of backups.", show_default="backups")
]
BACKUPS = Path("backups")
Number = Annotated[str, typer.Argument(help="Number of a backup; default: the last one.", metavar="[BACKUP]")]


def _repository(folder: Path, *, there: bool = True) -> Repository:
    from crossdock.backup.errors import BackupAbsent
    from crossdock.backup.repository import HEAD, KEY, Repository

    if there and not (folder / HEAD).exists():
        raise BackupAbsent(f"there are no backups in {folder}")
    return Repository(folder, os.environ.get(KEY, ""))


@app.callback()
def backup(
    context: typer.Context,
    folder: Folder = BACKUPS,
    path: Place = HERE,
    environment: Env = None,
    every: Annotated[
        float,
        typer.Option(
            "--every", help="Go on taking one every so many minutes until Ctrl-C: the moments SQLite can go back to.", min=0
        ),
    ] = 0,
    keep: Annotated[int, typer.Option("--keep", help="Keep only the last so many; 0: all.", min=0)] = 0,
    physical: Annotated[
        bool,
        typer.Option(
            "--physical",
            help="PostgreSQL: the whole cluster (pg_basebackup), from which any later moment is reached with archived WAL.",
        ),
    ] = False,
    wal: Annotated[Path | None, typer.Option("--wal", help="Folder the server's archive_command copies its WAL to.")] = None,
    as_json: Json = False,
) -> None:
    """Take a backup. For example: [bold]crossdock backup --to /mnt/backups[/].

    Nothing has to be stopped. What did not change since the last backup is not stored again. With CROSSDOCK_BACKUP_KEY (32 or more random
    characters) all is encrypted; without it the vault's files are left out, because whoever reads the folder would read the secrets.
    """
    if context.invoked_subcommand is not None:
        return
    with errors(as_json):
        from crossdock.backup.taking import files_of, take
        from crossdock.core.clock import SystemClock
        from crossdock.pipeline.claims import claims_at
        from crossdock.pipeline.location import ledger_location

        landscape = landscape_at(path, environment)
        location = ledger_location(landscape)
        claims = claims_at(location, landscape.home)
        while True:
            repository = _repository(folder, there=False)
            began = time.monotonic()
            taken = take(repository, landscape, location, claims, SystemClock(), physical=physical, wal=wal)
            if keep:
                with repository.alone():
                    repository.forget(repository.numbers()[:-keep], files_of)
            _said(taken.manifest, taken.added, time.monotonic() - began, as_json)
            if not every:
                return
            time.sleep(every * 60)


def _said(manifest: Mapping[str, Any], added: int, seconds: float, as_json: bool) -> None:
    left = manifest["left_out"]
    if as_json:
        say_json({
            "backup": manifest["number"], "taken_at": manifest["taken_at"], "kind": manifest["kind"], "bytes": _bytes(manifest), "added": added,
            "seconds": round(seconds, 2), "claims": len(manifest["claims"]), "claims_gone": len(manifest["claims_gone"]),
            "vault": len(manifest["vault"]), "left_out": left, "holds": manifest["holds"],
        })  # fmt: skip
        return
    out.print(f"[bold]{manifest['number']}[/]: {size(_bytes(manifest))}, {size(added)} of it new, in {seconds:.1f} s")
    out.print(
        f"  {manifest['holds']['messages']} messages, {len(manifest['claims'])} large bodies, {len(manifest['vault'])} files of the vault"
    )
    if manifest["claims_gone"]:
        out.print(f"  [yellow]{len(manifest['claims_gone'])} large bodies are not there any more[/]")
    if left["secrets"]:
        out.print("  [yellow]the vault's files are left out: set CROSSDOCK_BACKUP_KEY to have them kept, encrypted[/]")
    if left["machine"]:
        out.print(f"  not in it, because the machine provides them: {shown(', '.join(left['machine']))}")


def _bytes(manifest: Mapping[str, Any]) -> int:
    from crossdock.backup.taking import files_of

    return sum(each.size for each in files_of(manifest))


@app.command("list")
def listed(folder: Folder = BACKUPS, as_json: Json = False) -> None:
    """What backups there are, oldest first: the moments that can be gone back to."""
    with errors(as_json):
        repository = _repository(folder)
        found = [repository.manifest(number) for number in repository.numbers()]
        if as_json:
            say_json({"backups": [
                {"backup": each["number"], "taken_at": each["taken_at"], "kind": each["kind"], "environment": each["environment"],
                 "bytes": _bytes(each), "messages": each["holds"]["messages"]} for each in found
            ]})  # fmt: skip
            return
        rows = [
            (each["number"], each["kind"], each["environment"], each["holds"]["messages"], size(_bytes(each))) for each in found
        ]
        table("", ("backup", "kind", "environment", "messages", "size"), rows)


@app.command()
def verify(
    number: Number = "",
    folder: Folder = BACKUPS,
    every_one: Annotated[bool, typer.Option("--all", help="All backups of the folder.")] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="Hashes only; else the ledger is rebuilt and its audit chain followed, too.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Read a whole backup, compare every hash, rebuild its ledger elsewhere and follow the audit chain in it. Exit code 1 when it is not good."""
    with errors(as_json):
        from crossdock.backup.verifying import verify as verified

        repository = _repository(folder)
        numbers = repository.numbers()
        if not numbers:
            raise refused("There are no backups here.", as_json)
        wanted = numbers if every_one else [number or numbers[-1]]
        found = [verified(repository, each, thorough=not quick) for each in wanted]
        good = not any(each.problems for each in found)
        if as_json:
            say_json({"good": good, "backups": [
                {"backup": each.number, "files": each.files, "bytes": each.bytes, "links": each.links, "problems": each.problems} for each in found
            ]})  # fmt: skip
        else:
            for each in found:
                verdict = "[green]good[/]" if not each.problems else "[bold red]damaged[/]"
                out.print(f"{each.number}: {verdict}, {each.files} files, {size(each.bytes)}, {each.links} audit links")
                for problem in each.problems[:50]:
                    out.print(f"  {shown(problem)}")
        if not good:
            raise typer.Exit(Exit.FAILED)


@app.command()
def forget(
    folder: Folder = BACKUPS,
    keep: Annotated[int, typer.Option("--keep", help="Keep the last so many.", min=1)] = 48,
    as_json: Json = False,
) -> None:
    """Remove old backups and what only they need."""
    with errors(as_json):
        from crossdock.backup.taking import files_of

        repository = _repository(folder)
        with repository.alone():
            old = repository.numbers()[:-keep]
            gone = repository.forget(old, files_of)
        if as_json:
            say_json({"forgotten": old, "pieces": gone})
        else:
            out.print(f"{len(old)} backups forgotten, {gone} pieces removed")


# --- restore ------------------------------------------------------------------------------------------------


def _moment(text: str, as_json: bool) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise refused(f"{text!r} is no moment; write 2026-11-23T21:30:00+01:00", as_json, Exit.USAGE) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


AskFirst = Annotated[
    float,
    typer.Option("--ask-first", help="Days in which nothing is done that a system was not asked about first.", min=0.01, max=365),
]


@restoring.callback()
def restore(
    context: typer.Context,
    number: Annotated[str, typer.Option("--backup", help="Number of the backup; default: the last one.")] = "",
    folder: Folder = BACKUPS,
    path: Place = HERE,
    environment: Env = None,
    at: Annotated[str, typer.Option("--at", help="The moment to go back to (ISO 8601).")] = "",
    into: Annotated[
        Path | None,
        typer.Option(
            "--into",
            help="PostgreSQL: make a data directory of a physical backup here, which recovers to --at when it is started.",
        ),
    ] = None,
    wal: Annotated[Path | None, typer.Option("--wal", help="The archived WAL; default: where the backup says it is.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Put the ledger that is there aside.")] = False,
    ask_first: AskFirst = 14.0,
    as_json: Json = False,
) -> None:
    """Put a backup back. For example: [bold]crossdock restore --from /mnt/backups --at 2026-11-23T21:30:00Z[/].

    Every hub must be stopped. When it is started again it asks each system what happened since: deliveries that may have been made are asked
    for, channels are polled from where they stood, and what is sent again is recognised. `crossdock restore status` says how far it is.
    """
    if context.invoked_subcommand is not None:
        return
    with errors(as_json):
        from crossdock.backup.restoring import chosen, lay_out
        from crossdock.backup.restoring import restore as put_back
        from crossdock.backup.taking import PHYSICAL
        from crossdock.core.clock import SystemClock
        from crossdock.pipeline.claims import claims_at
        from crossdock.pipeline.location import ledger_location

        repository = _repository(folder)
        moment = _moment(at, as_json) if at else None
        manifest = chosen(repository, number, moment, PHYSICAL if into is not None else "")
        if into is not None:
            lay_out(repository, manifest, into, wal or Path(manifest["wal"] or "wal"), moment)
            _laid_out(manifest, into, at, as_json)
            return
        landscape = landscape_at(path, environment)
        location = ledger_location(landscape)
        done = put_back(
            repository, manifest, landscape, location, claims_at(location, landscape.home), SystemClock(), _author(),
            replace=replace, ask_first=timedelta(days=ask_first),
        )  # fmt: skip
        _put_back(done, as_json)


def _author() -> str:
    return f"{getpass.getuser()}@cli"


def _laid_out(manifest: Mapping[str, Any], into: Path, at: str, as_json: bool) -> None:
    if as_json:
        say_json({"backup": manifest["number"], "into": str(into), "at": at})
        return
    out.print(f"{manifest['number']} is laid out in {shown(into)}. Start PostgreSQL on it; it recovers and opens.")
    out.print(f"Then, before any hub: [bold]crossdock restore adopt --taken-at {shown(at or manifest['ended_at'])}[/]")


def _put_back(done: Restored, as_json: bool) -> None:
    if as_json:
        say_json({
            "backup": done.number, "taken_at": done.taken_at, "claims": done.claims, "vault": done.vault, "aside": done.aside,
            "left": done.left, "doubtful": done.doubtful, "ask_first_until": done.until,
        })  # fmt: skip
        return
    out.print(f"[bold]{done.number}[/] is back: the hub knows nothing of after {done.taken_at.isoformat(timespec='seconds')}")
    out.print(
        f"  {done.doubtful} deliveries will be asked about; {done.claims} large bodies and {done.vault} files of the vault were put back"
    )
    if done.aside:
        out.print(f"  the old ledger is kept as {shown(done.aside)}")
    if done.left:
        out.print(f"  [yellow]put these secrets back yourself: {shown(', '.join(done.left))}[/]")
    out.print("  start the hub; [bold]crossdock restore status[/] says how far its questions are", style="dim")


@restoring.command()
def adopt(
    taken: Annotated[str, typer.Option("--taken-at", help="The moment the ledger was brought back to (ISO 8601).")],
    path: Place = HERE,
    environment: Env = None,
    ask_first: AskFirst = 14.0,
    as_json: Json = False,
) -> None:
    """Say of a ledger that was put back by other means (WAL recovery, a machine's snapshot) that it is older than the world. Before any hub starts."""
    with errors(as_json):
        from crossdock.backup.restoring import adopt as adopted
        from crossdock.core.clock import SystemClock

        location = location_of(path, environment)
        done = adopted(location, _moment(taken, as_json), SystemClock(), _author(), ask_first=timedelta(days=ask_first))
        _status(done, as_json)


@restoring.command()
def status(path: Place = HERE, environment: Env = None, as_json: Json = False) -> None:
    """How far the reconciliation after the last restore is. Exit code 1 while systems are still being asked."""
    with errors(as_json):
        from crossdock.ledger.restoration import newest

        with ledger(path, environment) as store:
            found = store.read.run(newest)
        if found is None:
            raise refused("This ledger was never restored.", as_json)
        _status(found, as_json)
        if found.caught_up_at is None and found.ended_at is None:
            raise typer.Exit(Exit.FAILED)


def _status(found: Restoration, as_json: bool) -> None:
    if as_json:
        say_json({
            "backup": found.backup, "taken_at": iso(found.taken_at), "restored_at": iso(found.restored_at), "until": iso(found.until),
            "caught_up_at": iso(found.caught_up_at), "ended_at": iso(found.ended_at), "author": found.author, **found.report,
        })  # fmt: skip
        return
    report = found.report
    rows = [
        ("restored to", iso(found.taken_at)), ("restored at", iso(found.restored_at)), ("asks first until", iso(found.ended_at or found.until)),
        ("caught up at", iso(found.caught_up_at) or "not yet"), ("deliveries in doubt", report.get("doubtful", "")),
        ("of these not answered yet", report.get("doubtful_left", "")), *((f"asked: {name}", count) for name, count in report.get("asked", {}).items()),
        ("messages heard since", report.get("heard", "")), ("channels not polled yet", ", ".join(report.get("not_polled_yet", []))),
        ("senders to be asked by people", ", ".join(report.get("unheard", []))),
    ]  # fmt: skip
    table("", ("", ""), rows)


@restoring.command()
def finish(path: Place = HERE, environment: Env = None, as_json: Json = False) -> None:
    """Go back to delivering without asking first. Only when nothing of the lost time can come any more."""
    with errors(as_json):
        from crossdock.backup.errors import NothingToFinish
        from crossdock.backup.restoring import NODE
        from crossdock.core.clock import SystemClock
        from crossdock.ledger import restoration
        from crossdock.ledger.ids import Numbers
        from crossdock.ledger.times import micros
        from crossdock.ledger.work import highest_number

        clock = SystemClock()
        at = micros(clock.now())
        with ledger(path, environment) as store:
            found = store.read.run(lambda session: restoration.current(session, at))
            if found is None:
                raise NothingToFinish
            number, floor = found.id, store.read.run(highest_number)
            store.work.run(lambda session: restoration.finish(session, Numbers(clock, NODE, floor), number, _author(), at))
        if as_json:
            say_json({"finished": True})
        else:
            out.print("finished: the hub delivers without asking first")
