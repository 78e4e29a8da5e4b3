"""`crossdock audit`: proves that nothing in the ledger was altered or removed, to us and to strangers."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crossdock.cli.output import Exit, err, errors, out, refused, say_json
from crossdock.cli.place import HERE, Env, Json, Place, landscape_at, ledger
from crossdock.cli.terminal import shown

if TYPE_CHECKING:
    from crossdock.evidence.verifying import Checked

app = typer.Typer(
    name="audit",
    help="The audit chain: verify it, export it for somebody outside, pack the evidence of one transaction.",
    no_args_is_help=True,
)
KEPT = 3_650
"""Days an exported object is locked unless somebody says otherwise: ten years."""


@app.callback()
def audit() -> None:
    """The audit chain."""


@app.command()
def verify(
    path: Place = HERE,
    environment: Env = None,
    export: Annotated[
        list[Path] | None,
        typer.Option("--export", help="Verify this export instead of the ledger; several in the order they were written."),
    ] = None,
    key: Annotated[str, typer.Option("--key", help="The hub's public key, `ed25519:` and 64 digits; needed for exports.")] = "",
    as_json: Json = False,
) -> None:
    """Recompute every chain and compare it with what the ledger holds; exit code 1 when anything was altered or removed.

    With --export nothing is needed but the files and the public key: crossdock audit verify --export audit-000001.jsonl --key ed25519:…
    """
    with errors(as_json):
        if export:
            if not key:
                raise refused("An export is verified with the hub's public key: --key ed25519:…", as_json, Exit.USAGE)
            from crossdock.evidence.verifying import verify_files

            _say_checked(verify_files(export, key), as_json)
            return
        from crossdock.ledger.audit import verify as check
        from crossdock.pipeline.claims import claims_at

        with ledger(path, environment) as store:
            claims = claims_at(store.location, path)
            found = store.read.run(lambda session: check(session, claims))
        broken = [{"partition": b.partition, "link": b.seq, "problem": b.problem} for b in found.breaks]
        if as_json:
            say_json(
                {
                    "intact": not broken,
                    "links": found.links,
                    "records": found.records,
                    "compared": found.compared,
                    "breaks": broken,
                }
            )
        elif broken:
            for each in broken[:100]:
                err.print(f"[bold red]partition {each['partition']}, link {each['link']}:[/] {shown(each['problem'])}")
            err.print("Keep the ledger as it is and call the security reviewer.")
        else:
            out.print(f"intact: {found.links} links, {found.records} records, {found.compared} payloads compared")
        if broken:
            raise typer.Exit(Exit.FAILED)


def _say_checked(found: Checked, as_json: bool) -> None:
    if as_json:
        say_json(
            {
                "holds": found.holds, "from_the_beginning": found.begins, "until": found.until, "files": found.files, "links": found.links,
                "records": found.records, "payloads": found.payloads, "bundles": found.bundles, "problems": found.problems,
            }
        )  # fmt: skip
    else:
        for each in found.problems[:100]:
            err.print(f"[bold red]{shown(each)}[/]", soft_wrap=True)
        if found.holds:
            since = (
                "from the beginning"
                if found.begins
                else "from where the first file goes on; what was before is not proven by these files"
            )
            out.print(
                f"holds: {found.links} links, {found.records} records, {found.payloads} payloads, {found.bundles} bundles, until "
                f"{shown(found.until)}, {since}"
            )
        else:
            err.print("This is not what the hub signed, or not all of it.")
    if not found.holds:
        raise typer.Exit(Exit.FAILED)


@app.command()
def export(
    to: Annotated[str, typer.Option("--to", help="A folder, or s3://bucket/prefix in a bucket with object lock.")],
    key: Annotated[
        str,
        typer.Option(envvar="CROSSDOCK_SIGNING_KEY", help="Reference to the hub's private key: `env:NAME` or `file:path`."),
    ],
    path: Place = HERE,
    environment: Env = None,
    payloads: Annotated[bool, typer.Option("--payloads", help="Export the payloads too, not only their hashes.")] = False,
    keep_days: Annotated[int, typer.Option(min=1, help="Days an object in a bucket is locked.")] = KEPT,
    as_json: Json = False,
) -> None:
    """Export what the audit chain has gained since the last export there, signed, to a place that is written once.

    Example: crossdock audit export --to s3://audit/hub --key file:hub.key. Anybody with the file and the public key can verify it;
    docs/reference/audit-export.md says how without this program. A chain that does not hold is not exported.
    """
    with errors(as_json):
        from crossdock.evidence.audit_file import Origin
        from crossdock.evidence.series import export as write
        from crossdock.evidence.storage import store_at
        from crossdock.pipeline.claims import claims_at

        private = _private(key)
        here = landscape_at(path, environment)
        at = datetime.now(UTC).isoformat(timespec="seconds")
        with ledger(path, environment) as store:
            claims = claims_at(store.location, here.home)
            origin = Origin(here.name, here.environment.name, at)
            where, counted = write(store, store_at(to, keep_days), private, origin, claims, payloads=payloads)
        if as_json:
            say_json(
                {
                    "file": where, "links": counted.links, "records": counted.records, "payloads": counted.payloads,
                    "sha256": counted.sha256,
                }
            )  # fmt: skip
        else:
            out.print(
                f"{shown(where)}: {counted.links} links, {counted.records} records, {counted.payloads} payloads", soft_wrap=True
            )


@app.command()
def pack(
    name: Annotated[str, typer.Argument(help="Any name of the transaction, as `crossdock trace` takes it.")],
    to: Annotated[Path, typer.Option("--out", help="The archive's file.")] = Path("evidence.zip"),
    path: Place = HERE,
    environment: Env = None,
    key: Annotated[
        str,
        typer.Option(
            envvar="CROSSDOCK_SIGNING_KEY", help="Sign it: reference to the hub's private key.", show_default="unsigned"
        ),
    ] = "",
    unmasked: Annotated[
        bool, typer.Option("--unmasked", help="With protected fields; needs --reason, which is recorded.")
    ] = False,
    reason: Annotated[str, typer.Option(help="Why protected fields are needed.")] = "",
    as_json: Json = False,
) -> None:
    """Pack the evidence of one transaction: its story, every payload, acknowledgements, exceptions and the audit records, with hashes.

    Example: crossdock audit pack "#1042" --out 1042.zip. Protected fields are hidden unless --unmasked says otherwise.
    """
    with errors(as_json):
        if unmasked and not reason.strip():
            raise refused("Say why protected fields are needed: --reason", as_json, Exit.USAGE)
        from crossdock.core.clock import SystemClock
        from crossdock.evidence.errors import NothingKnown, StoreUnusable
        from crossdock.evidence.pack import About
        from crossdock.evidence.pack import pack as packed
        from crossdock.evidence.shown import steps
        from crossdock.ledger.audit_proof import proofs
        from crossdock.ledger.ids import Numbers
        from crossdock.ledger.people import record
        from crossdock.ledger.times import micros
        from crossdock.ledger.trace import find_keys, story
        from crossdock.security.masking import Mask, mask_for

        here = landscape_at(path, environment)
        clock = SystemClock()
        now, by = clock.now(), f"{getpass.getuser()}@cli"
        classes = here.policies.data_classes
        open_to_all = frozenset(each for each, one in classes.items() if not (one.restricted or one.encrypted))
        mask = Mask() if unmasked else mask_for({each: one.fields for each, one in classes.items()}, open_to_all)
        with ledger(path, environment) as store:
            keys = store.read.run(lambda session: find_keys(session, name, 1))
            if not keys:
                raise NothingKnown(f"nothing is known of {name!r}")
            told, chain = store.read.run(lambda session: (story(session, keys[0]), proofs(session, keys[0])))
            number = Numbers(clock, 1023).next()
            detail = {"key": keys[0], "unmasked": unmasked, **({"reason": reason.strip()} if reason else {})}
            store.work.run(lambda s: record(s, number, "person:evidence:packed", by, detail, micros(now), keys[0]))
        about = About(
            here.name,
            here.environment.name,
            here.bundle_id,
            by,
            now.isoformat(timespec="seconds"),
            [".".join(each) for each in mask.paths],
        )
        archive = packed(told, steps(told, mask), chain, about, _private(key) if key else "")
        try:
            to.write_bytes(archive)
        except OSError as error:
            raise StoreUnusable(f"{to}: {error.strerror}", path=str(to)) from None
        if as_json:
            say_json({"file": str(to), "transaction": keys[0], "bytes": len(archive), "masked": bool(mask), "signed": bool(key)})
        else:
            out.print(f"{shown(to)}: {shown(keys[0])}, {len(archive)} bytes, {'protected fields hidden' if mask else 'unmasked'}")


def _private(reference: str) -> str:
    """The private key behind a reference."""
    from crossdock.landscape.secrets import SecretReferences

    return SecretReferences(Path()).get(reference)
