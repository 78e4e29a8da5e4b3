"""`crossdock trace`: the story of one order, shipment or any other business key across all systems."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.markup import escape

from crossdock.cli.output import Exit, clock, err, errors, iso, lines, out, say_json
from crossdock.cli.place import HERE, Env, Json, Place, ledger
from crossdock.cli.terminal import shown
from crossdock.ledger.states import OPEN_DELIVERIES
from crossdock.ledger.times import moment

MARKS = {"accepted": "green", "applied": "green", "normalized": "green", "found": "green", "resolved": "green", "failed": "red",
         "rejected": "red", "open": "red", "uncertain": "yellow", "deferred": "yellow"}  # fmt: skip

OPEN = frozenset(state.name.lower() for state in OPEN_DELIVERIES)


def trace(
    name: Annotated[str, typer.Argument(help="Any name of it: order number in shop or Odoo, fulfilment, tracking number, key.")],
    path: Place = HERE,
    environment: Env = None,
    payloads: Annotated[
        bool, typer.Option("--payloads", "-p", help="Show what was received, mapped, sent and answered.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Tell what happened to a business transaction, from the first byte to the last acknowledgement."""
    with errors(as_json):
        from crossdock.ledger.trace import find_keys, story

        with ledger(path, environment) as store:
            keys = store.read.run(lambda session: find_keys(session, name))
            stories = [store.read.run(lambda session, key=key: story(session, key)) for key in keys[:5]]  # type: ignore[misc]
        if not keys:
            if as_json:
                say_json({"name": name, "stories": []})
            else:
                err.print(f"Nothing is known of {shown(name)!r}. Names are matched whole: give the full number.")
            raise typer.Exit(Exit.FAILED)
        if as_json:
            say_json({"name": name, "keys": keys, "stories": [_plain(each) for each in stories]})
            return
        for each in stories:
            _show(each, payloads)
        if len(keys) > 5:
            out.print(f"… and {len(keys) - 5} more keys: {shown(', '.join(keys[5:]))}")


def _plain(told: Any) -> dict[str, Any]:
    times = ("at", "settled_at", "opened_at", "updated_at", "due")

    def readable(row: dict[str, Any]) -> dict[str, Any]:
        return {k: iso(v) if k in times and v is not None else v for k, v in row.items() if k != "order"}

    return {
        "key": told.key,
        "references": [{"scheme": scheme, "value": value} for scheme, value in told.references],
        "flows": [readable(row) for row in told.instances],
        "steps": [readable(row) for row in told.entries],
        "expectations": [readable(row) for row in told.expectations],
    }


def _show(told: Any, payloads: bool) -> None:
    out.print(f"\n[bold]{shown(told.key)}[/]")
    waiting = sum(1 for entry in told.entries if entry["step"] == "command" and entry["outcome"] in OPEN)
    for row in told.instances:
        done = f"{waiting} not carried out yet" if waiting else "finished" if row["finished"] else "running"
        out.print(f"  {shown(row['flow'])}: {shown(row['stage'] or 'opened')}, {done}; correlation {row['correlation']}")
    if told.references:
        out.print("  known as " + shown(", ".join(f"{scheme}={value}" for scheme, value in told.references)), style="dim")
    (_in_full if payloads else _as_table)(told.entries)
    for row in told.expectations:
        if row["state"] in ("open", "breached"):
            out.print(
                f"  expected: {shown(row['name'])} by {clock(row['due'])}, {row['state']}, owner {shown(row['owner'] or 'nobody')}"
            )


def _as_table(entries: list[dict[str, Any]]) -> None:
    rows: list[tuple[list[str], str]] = []
    day = ""
    for entry in entries:
        at = moment(entry["at"]).astimezone()
        if f"{at:%Y-%m-%d}" != day:
            day = f"{at:%Y-%m-%d}"
            rows.append(([f"[dim]{day}[/]"], ""))
        # a command's note is its id, which only programs want to see
        note = "" if entry["step"] == "command" else str(entry["note"] or "")
        time = f"{at:%H:%M:%S}.{at.microsecond // 1000:03}"
        rows.append(([time, entry["step"], shown(entry["system"]), shown(entry["what"]), _outcome(entry)], note))
    lines(("time", "step", "system", "what", "outcome"), rows)


def _in_full(entries: list[dict[str, Any]]) -> None:
    for entry in entries:
        head = f"[bold]{entry['step']}[/] {shown(entry['system'])} {shown(entry['what'])} {_outcome(entry)}"
        out.print(f"{clock(entry['at'])} {head} [dim]{shown(entry['note'] or '')}[/]", soft_wrap=True)
        for line in _payloads(entry):
            # a payload may have lines of its own; none of them looks like a step
            out.print(escape(line.replace("\n", "\n      ")), soft_wrap=True, style="dim")


def _outcome(entry: dict[str, Any]) -> str:
    colour = MARKS.get(entry["outcome"], "")
    return f"[{colour}]{shown(entry['outcome'])}[/]" if colour else shown(entry["outcome"])


def _payloads(entry: dict[str, Any]) -> list[str]:
    import orjson

    parts = []
    for name in ("received", "canonical", "mapped", "ack"):
        value = entry.get(name)
        if value:
            text = value if isinstance(value, str) else orjson.dumps(value).decode()
            parts.append(f"    {name}: {text[:2000]}")
    for each in entry.get("exchanges", ()):
        parts.append(f"    {each['method']} {each['url']} -> {each['status']} in {each['milliseconds']} ms")
        parts += [f"      {name}: {each[name][:2000]}" for name in ("sent", "answered") if each[name]]
    return parts
