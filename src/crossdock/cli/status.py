"""`crossdock status`: what is open, stuck or parked, without SQL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from crossdock.cli.output import age, clock, errors, iso, out, say_json, table
from crossdock.cli.place import HERE, Env, Json, Place, reading


def status(path: Place = HERE, environment: Env = None, as_json: Json = False) -> None:
    """Show the backlog, open deliveries, exceptions by cause, parked systems and the last polls."""
    with errors(as_json):
        from crossdock.ledger.figures import figures

        found = reading(path, environment, figures)
        if as_json:
            for row in (*found["deliveries"], *found["exceptions"], *found["parked"], *found["polls"]):
                row.update({name: iso(row[name]) for name in ("oldest", "first", "last", "since") if name in row})
            for row in found["batches"]:
                row.update({name: iso(row[name]) for name in ("next", "last")})
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
        if found["batches"]:
            table("Batches", ("flow", "now", "how far", "last", "came to"), [_batch(b, now) for b in found["batches"]])


def _batch(row: dict[str, Any], now: datetime) -> tuple[str, ...]:
    def figures(of: dict[str, Any]) -> str:
        return ", ".join(f"{name.replace('_', ' ')} {of[name]}" for name in SHOWN if of.get(name) is not None)

    state = f"{row['state']} {row['progress'].get('phase', '')}".strip() if row["progress"] else f"next {clock(row['next'])}"
    last = f"{age(row['last'], now)} ago" if row["last"] else ""
    error = row["last_result"].get("error", {}).get("code", "")
    return (
        row["flow"],
        state,
        figures(row["progress"]),
        last,
        f"{row['last_state']} {error} {figures(row['last_result'])}".strip(),
    )


SHOWN = ("counted_lines", "book_lines", "differing", "told", "adjusted", "with_people", "pruned", "bytes")
"""Figures of runs worth a place in a table."""
