"""`crossdock status`: what is open, stuck or parked, without SQL."""

from __future__ import annotations

from datetime import UTC, datetime

from crossdock.cli.output import age, errors, iso, out, say_json, table
from crossdock.cli.place import HERE, Env, Json, Place, reading


def status(path: Place = HERE, environment: Env = None, as_json: Json = False) -> None:
    """Show the backlog, open deliveries, exceptions by cause, parked systems and the last polls."""
    with errors(as_json):
        from crossdock.ledger.figures import figures

        found = reading(path, environment, figures)
        if as_json:
            for row in (*found["deliveries"], *found["exceptions"], *found["parked"], *found["polls"]):
                row.update({name: iso(row[name]) for name in ("oldest", "first", "last", "since") if name in row})
            say_json(found)
            return
        now = datetime.now(UTC)
        out.print(f"backlog {found['backlog']}, waiting for their transaction {found['waiting_events']}")
        if found["deliveries"]:
            rows = [(d["system"], d["state"], d["count"], age(d["oldest"], now)) for d in found["deliveries"]]
            table("Open deliveries", ("system", "state", "count", "oldest"), rows)
        if found["exceptions"]:
            rows = [(e["code"], e["owner"] or "nobody", e["count"], age(e["first"], now)) for e in found["exceptions"]]
            table("Open exceptions", ("code", "owner", "count", "since"), rows)
        else:
            out.print("no open exceptions")
        if found["parked"]:
            table(
                "Parked systems",
                ("system", "why", "since"),
                [(p["system"], p["reason"], age(p["since"], now)) for p in found["parked"]],
            )
        if found["polls"]:
            table(
                "Polls", ("system", "channel", "last"), [(p["system"], p["channel"], age(p["last"], now)) for p in found["polls"]]
            )
