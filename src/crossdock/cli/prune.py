"""`crossdock prune`: removes payloads that have outlived the landscape's retention, through the running hub or without one."""

from __future__ import annotations

import asyncio
import getpass
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.filesize import decimal as size

from crossdock.cli.output import Exit, errors, out, say_json, table
from crossdock.cli.place import HERE, Env, Json, Place, ledger
from crossdock.cli.run import as_data, follow
from crossdock.core.errors import Misconfigured

if TYPE_CHECKING:
    from crossdock.ledger.runs import Run
    from crossdock.ledger.store import Store


class NoRetention(Misconfigured):
    """The landscape says nothing of retention, so everything is kept."""

    code = "retention.none"
    hint = "Write `retention:` in policies.yaml, for example `- {state: settled, keep: 400d}`."


def prune(
    path: Place = HERE,
    environment: Env = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
    wait: Annotated[
        float, typer.Option("--wait", help="Seconds to wait for a running hub before doing it without one.", min=0)
    ] = 3.0,
    as_json: Json = False,
) -> None:
    """Remove payloads that have outlived their retention (`policies.yaml`). What happened and when stays, and the audit chain with it.

    A running hub does it by itself once a day; this does it now.
    """
    with errors(as_json):
        from crossdock.cli.place import landscape_at
        from crossdock.core.clock import SystemClock
        from crossdock.pipeline.claims import claims_at
        from crossdock.pipeline.pruning import Pruning, retention_plan
        from crossdock.pipeline.timetable import RETENTION, run_partition

        landscape = landscape_at(path, environment)
        plan = retention_plan(landscape)
        if not plan.rules:
            raise NoRetention
        with ledger(path, environment) as store:
            claims = claims_at(store.location, landscape.home)
            if dry_run:
                found = asyncio.run(Pruning(plan, store, claims, SystemClock()).survey())
                _report(found, as_json, "would be removed")
                return
            partition = run_partition(RETENTION, landscape.partitions)
            run = follow(store, RETENTION, partition, {}, wait, as_json, quiet=True) or _alone(store, landscape, claims)
        if as_json:
            say_json(as_data(run))
        else:
            _report(run.result, as_json, "removed")
        if run.state.name != "DONE":
            raise typer.Exit(Exit.FAILED)


def _alone(store: Store, landscape: Any, claims: Any) -> Run:
    """No hub took it up: withdraw the request and do it here."""
    from crossdock.core.clock import SystemClock
    from crossdock.ledger.runs import withdraw
    from crossdock.pipeline.alone import prune_alone
    from crossdock.pipeline.timetable import RETENTION

    clock = SystemClock()
    store.work.run(lambda s: withdraw(s, RETENTION))
    return asyncio.run(prune_alone(landscape, store, claims, clock, f"{getpass.getuser()}@cli", lambda _run: None))


KINDS = ("message", "event", "delivery", "instance", "exception")


def _report(found: dict[str, Any], as_json: bool, words: str) -> None:
    if as_json:
        say_json(found)
        return
    rows = [(f"{kind}s" if kind != "delivery" else "deliveries", found.get(kind, 0)) for kind in KINDS]
    table("", ("payloads of", words), [(name, count) for name, count in rows if count] or [("nothing", 0)])
    out.print(f"{size(int(found.get('bytes', 0)))} of payloads {words}; {found.get('kept', 0)} past their time are still needed")
