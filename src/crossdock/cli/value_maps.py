"""`crossdock value-maps`: entries people added while the hub runs, and their way into the landscape's files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from crossdock.cli.output import Exit, err, errors, iso, lines, out, say_json
from crossdock.cli.place import HERE, Env, Json, Place, reading
from crossdock.cli.terminal import shown
from crossdock.landscape.value_map_files import Added, with_entries
from crossdock.ledger.map_entries import MapEntry, entries

app = typer.Typer(name="value-maps", help="List and export value-map entries added while the hub runs.", no_args_is_help=True)


def _plain(each: MapEntry) -> dict[str, Any]:
    return {
        "map": each.map, "code": each.code, "value": each.value, "author": each.author, "reason": each.reason,
        "created_at": iso(each.created_at),
    }  # fmt: skip


@app.command("list")
def list_(path: Place = HERE, environment: Env = None, as_json: Json = False) -> None:
    """The entries in force that are not in the landscape's files by themselves."""
    with errors(as_json):
        found = reading(path, environment, entries)
        if as_json:
            say_json([_plain(each) for each in found])
        elif not found:
            out.print("no added entries")
        else:
            rows = [([shown(e.map), shown(e.code), shown(e.value), shown(e.author)], e.reason) for e in found]
            lines(("map", "code", "value", "by"), rows)


@app.command()
def export(path: Place = HERE, environment: Env = None, as_json: Json = False) -> None:
    """Write the added entries into the landscape's files, for review and commit; the hub goes on with them either way."""
    with errors(as_json):
        found = reading(path, environment, entries)
        report = [_export(path, name, [e for e in found if e.map == name]) for name in dict.fromkeys(e.map for e in found)]
        if as_json:
            say_json(report)
        elif not report:
            out.print("no added entries")
        for each in report if not as_json else ():
            what = "written" if each["written"] else "nothing new" if each["unchanged"] else "put them in by hand"
            out.print(f"{each['file']}: {what}")
        if any(not (each["written"] or each["unchanged"]) for each in report):
            if not as_json:
                err.print("A file whose `entries` are not laid out one a line is not touched; the workbench shows the lines.")
            raise typer.Exit(Exit.FAILED)


def _export(path: Path, name: str, found: list[MapEntry]) -> dict[str, Any]:
    file = path / "value-maps" / f"{name}.yaml"
    text = file.read_text("utf-8") if file.exists() else ""
    made = with_entries(text, [Added(e.code, e.value, e.author, e.reason) for e in found]) if text else None
    written = made is not None and made != text
    if written and made is not None:
        file.write_text(made, "utf-8")
    return {
        "file": f"value-maps/{name}.yaml",
        "entries": len(found),
        "written": written,
        "unchanged": made == text and bool(text),
    }
