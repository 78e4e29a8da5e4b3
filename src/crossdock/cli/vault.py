"""`crossdock vault`: where credentials are kept and how they are renewed and withdrawn; values come in by file or standard input and never go out."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossdock.cli.output import Exit, clock, err, errors, iso, lines, out, refused, say_json
from crossdock.cli.place import HERE, Env, Json, Place, landscape_at, ledger
from crossdock.cli.terminal import shown

if TYPE_CHECKING:
    from crossdock.landscape.landscape import Landscape
    from crossdock.security.vault.keeping import Keeper

app = typer.Typer(
    name="vault",
    help="Keep credentials: store, list, rotate, re-key, revoke; who used which when. Example: crossdock vault set vault:woo/key < key.txt",
    no_args_is_help=True,
)
NODE = 1023
Reference = Annotated[
    str, typer.Argument(help="The reference as the landscape names it: vault:path, vault:path#field or file:path.")
]
Why = Annotated[str, typer.Option("--reason", help="Why; kept in the audit trail.")]


@contextmanager
def _keeper(path: Path, environment: str | None) -> Iterator[tuple[Landscape, Keeper]]:
    from crossdock.core.clock import SystemClock
    from crossdock.landscape.secrets import vault_of
    from crossdock.ledger.ids import Numbers
    from crossdock.security.vault.keeping import Keeper
    from crossdock.security.vault.reader import Reader

    landscape = landscape_at(path, environment)
    with ledger(path, environment) as store:
        described = landscape.environment.vault
        reader = vault_of(described, landscape.home, store.location)
        vault = reader.vault if isinstance(reader, Reader) else None
        yield landscape, Keeper(store, Numbers(SystemClock(), NODE), vault, landscape.home / described.secrets)


def _author() -> str:
    return f"{getpass.getuser()} (command line)"


def _named(landscape: Landscape, reference: str, as_json: bool) -> None:
    from crossdock.security.vault.catalogue import references

    if reference not in references(landscape):
        raise refused(f"the landscape names no credential {reference}; `crossdock vault list` shows them", as_json, Exit.USAGE)


@app.command()
def init(
    path: Place = HERE,
    environment: Env = None,
    new_key: Annotated[
        Path | None,
        typer.Option("--new-key", help="Write a fresh master key into this new file first; only its owner may read it."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make the vault: the first data key, under the master key of the environment's file. Doing it twice changes nothing."""
    from crossdock.landscape.load import load
    from crossdock.landscape.secrets import vault_of
    from crossdock.ledger.database import migrate
    from crossdock.pipeline.location import ledger_location
    from crossdock.security.vault.embedded import EmbeddedVault
    from crossdock.security.vault.envelope import new_master
    from crossdock.security.vault.reader import Reader

    with errors(as_json):
        landscape = load(path, environment)
        location = ledger_location(landscape)
        if new_key is not None:
            _write_new(new_key, new_master(), as_json)
        if location.path is not None:
            location.path.parent.mkdir(parents=True, exist_ok=True)
        migrate(location)
        reader = vault_of(landscape.environment.vault, landscape.home, location)
        if not isinstance(reader, Reader):
            name = landscape.environment.name
            raise refused(
                f"environment {name} has no vault: write `vault: {{kind: embedded}}` into its file", as_json, Exit.USAGE
            )
        vault = reader.vault
        made = False
        if isinstance(vault, EmbeddedVault):
            made = vault.make()
        else:
            vault.check()
        said = vault.sealed_by() if isinstance(vault, EmbeddedVault) else landscape.environment.vault.url
        if as_json:
            say_json({"made": made, "kind": landscape.environment.vault.kind, "by": said})
        else:
            out.print(f"{'the vault is made' if made else 'the vault is there and opens'}: {shown(said)}")


def _write_new(path: Path, text: str, as_json: bool) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise refused(f"{path}: {error.strerror}; a key that is there is never overwritten", as_json) from None
    with os.fdopen(handle, "w") as file:
        file.write(text + "\n")


@app.command("set")
def set_(
    reference: Reference,
    path: Place = HERE,
    environment: Env = None,
    file: Annotated[Path | None, typer.Option("--file", help="Read the value from this file; else from standard input.")] = None,
    expires: Annotated[datetime | None, typer.Option("--expires", help="When it ends by itself (UTC).")] = None,
    reason: Why = "",
    as_json: Json = False,
) -> None:
    """Store a credential in the place of the old one. A final line break is not part of it. Ends a revocation."""
    with errors(as_json):
        if file is not None:
            value = file.read_text("utf-8") if file.is_file() else ""
        else:
            value = getpass.getpass("the credential (not shown): ") if sys.stdin.isatty() else sys.stdin.read()
        with _keeper(path, environment) as (landscape, keeper):
            _named(landscape, reference, as_json)
            until = expires.replace(tzinfo=UTC) if expires is not None else None
            keeper.set(reference, value.rstrip("\r\n"), _author(), datetime.now(UTC), reason, until)
        if as_json:
            say_json({"stored": reference})
        else:
            out.print(f"stored {shown(reference)}; workers use it within seconds")


@app.command("list")
def list_(path: Place = HERE, environment: Env = None, as_json: Json = False) -> None:
    """Every credential the landscape names: owner, age, next rotation, last use, how it is renewed; never a value."""
    from crossdock.security.vault.listing import listed

    with errors(as_json), _keeper(path, environment) as (landscape, keeper):
        found = keeper.store.read.run(lambda session: listed(session, landscape, datetime.now(UTC)))
        if as_json:
            say_json([each.as_dict() for each in found])
            return
        rows = [
            (
                [
                    shown(each.reference),
                    shown(each.whose),
                    shown(each.purpose),
                    shown(each.owner or "nobody"),
                    each.age,
                    each.next_day,
                ],
                f"{each.state}; last used {clock(each.last_used) or 'never'}; renewed by {each.by}",
            )
            for each in found
        ]
        lines(("reference", "of", "purpose", "owner", "age", "next rotation"), rows)


@app.command()
def rotate(
    reference: Reference,
    path: Place = HERE,
    environment: Env = None,
    switch: Annotated[
        bool,
        typer.Option("--switch", help="The other side has the new one: change over now; the old one counts on for the overlap."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Renew a credential. The running hub does it within seconds, where the system lets it; where a person has a part in it, says which."""
    from crossdock.security.vault.catalogue import of_reference
    from crossdock.security.vault.errors import RotationImpossible

    with errors(as_json), _keeper(path, environment) as (landscape, keeper):
        _named(landscape, reference, as_json)
        now, each = datetime.now(UTC), of_reference(landscape, reference)[0]
        if switch:
            keeper.switch(reference, _author(), now, now + each.rule.overlap)
            said: dict[str, Any] = {"switched": reference, "old_until": (now + each.rule.overlap).isoformat()}
        elif each.rotation.by == "person":
            raise RotationImpossible(f"{reference}: {each.rotation.says}")
        else:
            if not reference.startswith("vault:"):
                raise RotationImpossible(f"{reference} is not in the vault: the hub changes only what it keeps itself")
            keeper.wish(reference, _author(), now)
            said = {"asked": reference, "by": each.rotation.by, "says": each.rotation.says}
        if as_json:
            say_json(said)
        elif switch:
            out.print(f"changed over; the old one counts until {shown(said['old_until'])}")
        else:
            out.print(f"asked for; the hub begins within seconds. {shown(each.rotation.says)} Follow it: crossdock vault list")


@app.command()
def rekey(
    path: Place = HERE,
    environment: Env = None,
    to: Annotated[
        str,
        typer.Option("--to", help="The new master key: env:NAME, file:path or command:words; default: vault.master_key_next."),
    ] = "",
    as_json: Json = False,
) -> None:
    """Seal everything anew under the next master key while the hubs run. Every hub must have it already (`vault.master_key_next`)."""
    from crossdock.ledger import vault as kept
    from crossdock.ledger.session import Session
    from crossdock.ledger.times import micros
    from crossdock.security.vault.embedded import EmbeddedVault
    from crossdock.security.vault.errors import VaultInvalid
    from crossdock.security.vault.opening import master_of

    with errors(as_json), _keeper(path, environment) as (landscape, keeper):
        described = landscape.environment.vault
        reference = to or described.master_key_next
        if not isinstance(keeper.vault, EmbeddedVault):
            raise VaultInvalid(
                "only the embedded vault is re-keyed from here; OpenBao: `bao operator rotate`, Vault: `vault operator rotate`"
            )
        if not reference:
            raise VaultInvalid("name the next master key in the environment's file (`vault.master_key_next`), or with --to")
        master, author = master_of(reference, landscape.home), _author()
        before, at = keeper.vault.sealed_by(), micros(datetime.now(UTC))

        def audit(session: Session, count: int) -> None:
            detail = {"before": before, "after": master.name, "documents": count}
            kept.recorded(session, keeper.numbers, "rekeyed", author, "vault", detail, at)

        count = keeper.vault.rekey(master, audit)
        if as_json:
            say_json({"documents": count, "before": before, "after": master.name})
        else:
            out.print(f"{count} documents are sealed with {shown(master.name)}. Now make it `vault.master_key` on every machine.")


@app.command()
def revoke(
    reference: Reference,
    reason: Annotated[str, typer.Option("--reason", help="Why; shown to whoever meets it, kept in the audit trail.")],
    path: Place = HERE,
    environment: Env = None,
    lift: Annotated[
        bool,
        typer.Option("--lift", help="End the revocation of a credential kept elsewhere (env:, file:) that was changed there."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Withdraw a credential at once: within seconds no worker uses it any more, and the vault's copy is destroyed.

    End it at its system too: whoever has a copy of it is stopped only there.
    """
    with errors(as_json), _keeper(path, environment) as (landscape, keeper):
        _named(landscape, reference, as_json)
        now = datetime.now(UTC)
        (keeper.lift if lift else keeper.revoke)(reference, _author(), now, reason)
        if as_json:
            say_json({"lifted" if lift else "revoked": reference})
        elif lift:
            out.print(f"{shown(reference)} may be used again")
        else:
            out.print(
                f"{shown(reference)} is revoked on every worker within seconds. End it at its system too, then store a new one."
            )


@app.command()
def log(
    reference: Annotated[str, typer.Argument(help="Only this reference.")] = "",
    path: Place = HERE,
    environment: Env = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many entries.")] = 50,
    as_json: Json = False,
) -> None:
    """Who used which credential when, by process and hour, the newest first. What was done to them is in the audit trail."""
    from crossdock.ledger import vault as kept

    with errors(as_json), ledger(path, environment) as store:
        found = store.read.run(lambda session: kept.uses(session, reference, limit))
        if as_json:
            say_json(
                [
                    {
                        "reference": e.reference,
                        "process": e.process,
                        "uses": e.uses,
                        "first": iso(e.first_at),
                        "last": iso(e.last_at),
                    }
                    for e in found
                ]
            )
        elif not found:
            err.print("no use is on record yet; hubs tell every ten seconds")
        else:
            rows = [([shown(e.reference), shown(e.process), str(e.uses), clock(e.last_at)], "") for e in found]
            lines(("reference", "by", "times in that hour", "last"), rows)
