"""`crossdock bundle`, `approve`, `signing-key`, `promote` and `releases`: a reviewed landscape on its way to an environment; decides nothing."""

from __future__ import annotations

import getpass
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crossdock.cli.output import errors, iso, lines, out, say_json
from crossdock.cli.place import HERE, Env, Json, Place, reading
from crossdock.cli.terminal import shown
from crossdock.core.clock import SystemClock

if TYPE_CHECKING:
    from crossdock.governance.promotion import Plan

Key = Annotated[
    str | None, typer.Option(help="Reference to a private key: `env:NAME` or `file:path`, as `crossdock signing-key` makes it.")
]
CLI_NODE = 1023


def bundle(
    folder: Annotated[Path, typer.Argument(help="The landscape's folder.", show_default="here")] = HERE,
    to: Annotated[Path, typer.Option("--out", help="The bundle's file.")] = Path("landscape.bundle"),
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Make a bundle of a landscape: its reviewed files with their digests, signed. The same content gives the same bytes.

    Environments stay behind: they hold bindings, and each place has its own. A landscape with errors makes no bundle.
    """
    with errors(as_json):
        from crossdock.core.errors import LandscapeAbsent
        from crossdock.governance.bundle import of_landscape
        from crossdock.governance.fitting import unfit
        from crossdock.governance.signing import sign
        from crossdock.landscape.catalogue import Installed
        from crossdock.landscape.files import NotALandscape, read
        from crossdock.landscape.lint import judge

        try:
            draft = read(folder)
        except NotALandscape as error:
            raise LandscapeAbsent(str(error)) from None
        found = [each for each in judge(draft, Installed()) if each.severity == "error"]
        if found:
            raise unfit(found)
        made = of_landscape(draft)
        if key:
            made = sign(made, _secret(key))
        _write(to, made.packed())
        if as_json:
            say_json({"file": str(to), "name": made.name, "bundle": made.bundle, "files": len(made.files), "signed": bool(key)})
        else:
            out.print(f"{shown(to)}: bundle {made.bundle[:12]} of {shown(made.name)}, {len(made.files)} files")
            if not key:
                out.print("It is not signed; most environments take signed ones only (--key).", style="yellow")


def approve(
    file: Annotated[Path, typer.Argument(help="The bundle's file.")],
    key: Annotated[str, typer.Option(help="Reference to the approver's private key: `env:NAME` or `file:path`.")],
    as_json: Json = False,
) -> None:
    """Approve exactly this content: adds a signature with the time to the bundle's file. See `crossdock diff` for what it changes."""
    with errors(as_json):
        from crossdock.governance.bundle import read_bundle
        from crossdock.governance.signing import APPROVED, key_id, public_of, sign

        private = _secret(key)
        at = datetime.now(UTC).isoformat(timespec="seconds")
        approved = sign(read_bundle(_read(file)), private, APPROVED, at)
        _write(file, approved.packed())
        report = {"file": str(file), "bundle": approved.bundle, "key": key_id(public_of(private)), "at": at}
        if as_json:
            say_json(report)
        else:
            out.print(f"{shown(file)}: bundle {approved.bundle[:12]} approved by key {report['key']} at {at}")


def signing_key(
    file: Annotated[Path, typer.Argument(help="Where the private key is, or is to be.")],
    new: Annotated[bool, typer.Option("--new", help="Make a key; a file that is there already is never overwritten.")] = False,
    as_json: Json = False,
) -> None:
    """Show the public half of a signing key, as environments name it under `promotion.keys`; with --new make the key first."""
    with errors(as_json):
        from crossdock.governance.errors import BundleNotWritten
        from crossdock.governance.signing import key_id, new_key, public_of

        if new:
            try:
                with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
                    stream.write(new_key())
            except OSError as error:
                raise BundleNotWritten(f"{file}: {error.strerror}", path=str(file)) from None
        public = public_of(_read(file).decode("ascii", "replace"))
        if as_json:
            say_json({"public": public, "key": key_id(public)})
        else:
            out.print(f"public  {public}\nkey     {key_id(public)}")


def promote(
    file: Annotated[Path | None, typer.Argument(help="The bundle's file.", show_default=False)] = None,
    env: Annotated[str, typer.Option("--env", envvar="CROSSDOCK_ENVIRONMENT", help="The environment it is to run in.")] = "",
    place: Place = HERE,
    rollback: Annotated[bool, typer.Option("--rollback", help="Go back to what ran before; no file is needed.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, say what would change, change nothing.")] = False,
    reason: Annotated[str, typer.Option(help="Why; kept with the promotion and in the audit trail.")] = "",
    as_json: Json = False,
) -> None:
    """Let a bundle run in an environment: signature, approvals, bindings and the whole landscape are checked before anything changes.

    Hubs that run take it up within seconds, between two messages; requests wait for that moment. Transactions under way finish by the
    bundle they began with. What is refused changes nothing (exit code 1 or 3).
    """
    if (file is None) == (not rollback):
        raise typer.BadParameter("name the bundle's file, or say --rollback")
    if not env:
        raise typer.BadParameter("name the environment: --env NAME")
    with errors(as_json):
        from crossdock.cli.place import standing
        from crossdock.governance.promotion import before, carry_out, plan
        from crossdock.landscape.load import load
        from crossdock.ledger.database import migrate
        from crossdock.ledger.ids import Numbers
        from crossdock.ledger.store import Store
        from crossdock.pipeline.location import ledger_location

        here = load(place, env)
        location = ledger_location(here)
        migrate(location)
        store = Store(location)
        try:
            data = before(store) if file is None else _read(file)
            now = datetime.now(UTC)
            planned = plan(data, here.home, env, standing(here, location).root, now, again=rollback)
            if not dry_run:
                numbers = Numbers(SystemClock(), CLI_NODE)
                carry_out(
                    planned, data, store, numbers, f"{getpass.getuser()}@cli", reason or ("rollback" if rollback else ""), now
                )
        finally:
            store.close()
        if as_json:
            say_json({**planned.as_dict(), "promoted": not dry_run})
        else:
            _show(planned, dry_run)


def releases(place: Place = HERE, environment: Env = None, as_json: Json = False) -> None:
    """What was promoted here, the newest first."""
    with errors(as_json):
        from crossdock.ledger.releases import history

        found = reading(place, environment, history)
        if as_json:
            say_json(
                [
                    {"bundle": each.bundle, "name": each.name, "at": iso(each.promoted_at), "author": each.author, "maker": each.maker,
                     "reason": each.reason, **{k: each.report.get(k, []) for k in ("approvals", "changes")}}
                    for each in found
                ]
            )  # fmt: skip
        elif not found:
            out.print("nothing was promoted here; the folder's own files run")
        else:
            lines(
                ("bundle", "promoted", "by", "made by", "approved by"),
                [
                    ([each.bundle[:12], iso(each.promoted_at) or "", shown(each.author), shown(each.maker),
                      shown(", ".join(one["name"] for one in each.report.get("approvals", ())))], each.reason)
                    for each in found
                ],
            )  # fmt: skip


def _show(planned: Plan, dry_run: bool) -> None:
    for change in planned.fitting.changes:
        out.print(f"[dim]{change.risk:<12}[/] {shown(change.words)}")
    given = ", ".join(each.name for each in planned.approvals)
    out.print(
        f"bundle {planned.bundle.bundle[:12]}, made by {shown(planned.maker or 'nobody known')}, approved by {shown(given or 'nobody')}: "
        f"{len(planned.fitting.changes)} changes"
    )
    out.print(
        "nothing was changed" if dry_run else f"[bold]promoted[/] to {shown(planned.environment)}; hubs take it up within seconds"
    )


def _secret(reference: str) -> str:
    from crossdock.landscape.secrets import SecretReferences

    return SecretReferences(Path()).get(reference)


def _read(file: Path) -> bytes:
    from crossdock.governance.errors import BundleUnreadable

    try:
        return file.read_bytes()
    except OSError as error:
        raise BundleUnreadable(f"{file}: {error.strerror}", path=str(file)) from None


def _write(file: Path, data: bytes) -> None:
    from crossdock.governance.errors import BundleNotWritten

    try:
        file.write_bytes(data)
    except OSError as error:
        raise BundleNotWritten(f"{file}: {error.strerror}", path=str(file)) from None
