"""`crossdock golive`: may this environment go live? It refuses while a required drill is missing, failed or old; changes nothing."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from crossdock.cli.output import Exit, errors, out, say_json, table
from crossdock.cli.place import HERE, Env, Json, Place, landscape_at, ledger

WORDS = {"good": "good", "near": "due soon", "old": "too old", "failed": "failed", "missing": "never held"}


def golive(
    path: Place = HERE,
    environment: Env = None,
    partner: Annotated[str, typer.Option(help="Only drills required with this partner.")] = "",
    flow: Annotated[str, typer.Option(help="Only drills required with this flow.")] = "",
    as_json: Json = False,
) -> None:
    """The go-live checklist: every drill the landscape requires (`drills:` in policies.yaml; all of them where it says nothing), and how
    it stands with each. For example: [bold]crossdock golive -L landscape --env production[/].

    Exit code 1 while one is missing, failed or old.
    """
    with errors(as_json):
        from crossdock.core.clock import SystemClock
        from crossdock.governance.drills import standing

        landscape = landscape_at(path, environment)
        now = SystemClock().now()
        with ledger(path, environment) as store:
            found = store.read.run(lambda session: standing(landscape, session, now, partner=partner))
        if partner or flow:
            found = [
                each for each in found if (partner and each.required.partner == partner) or (flow and each.required.flow == flow)
            ]
        ready = not any(each.open for each in found)
        rows: list[dict[str, Any]] = [
            {
                "drill": each.required.name, "partner": each.required.partner, "flow": each.required.flow, "standing": each.standing,
                "last": each.last, "due": each.due, "every_days": each.required.every.days, "owner": each.required.owner,
            }
            for each in found
        ]  # fmt: skip
        if as_json:
            say_json({"ready": ready, "drills": rows})
        else:
            cells = [
                (
                    row["drill"],
                    row["partner"] or row["flow"],
                    WORDS[row["standing"]],
                    _day(row["last"]),
                    _day(row["due"]),
                    row["owner"],
                )
                for row in rows
            ]
            table(f"Going live: {landscape.environment.name}", ("drill", "with", "standing", "last", "due", "owner"), cells)
            out.print(
                "[bold green]ready[/]" if ready else "[bold red]not ready[/]: hold the drills that are open (`crossdock drill`)"
            )
        if not ready:
            raise typer.Exit(Exit.FAILED)


def _day(at: Any) -> str:
    return "" if at is None else f"{at:%Y-%m-%d}"
