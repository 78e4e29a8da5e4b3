"""`crossdock connector`: list the connectors found by entry points, and start a new one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from crossdock.connectors.scaffold import create
from crossdock.core.errors import CrossdockError

GROUP = "crossdock.connectors"

app = typer.Typer(name="connector", help="Connectors: list what is installed, start a new one.", no_args_is_help=True)


@dataclass(frozen=True, slots=True)
class Found:
    """One entry point: what it promises, or why it cannot be loaded."""

    name: str
    package: str
    connector: type[Any] | None
    problem: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        base: dict[str, Any] = {"name": self.name, "package": self.package, "problem": self.problem}
        if self.connector is None:
            return base
        can = self.connector.capabilities
        return {
            **base,
            "kind": self.connector.kind,
            "title": self.connector.title,
            "mapping_version": self.connector.mapping_version,
            "commands": sorted(can.commands),
            "repeatable": sorted(can.repeatable),
            "topics": sorted(can.topics),
            "questions": sorted(can.questions),
            "follows": dict(can.follows),
            "receives": can.receives,
            "polls": can.polls,
            "snapshots": can.snapshots,
            "batch": can.batch,
        }


def find_connectors() -> list[Found]:
    """All connectors installed in this environment, by name; one that cannot be imported says why and hides no other."""
    return [_load(point) for point in sorted(entry_points(group=GROUP), key=lambda point: point.name)]


def _load(point: EntryPoint) -> Found:
    package = f"{point.dist.name} {point.dist.version}" if point.dist else ""
    try:
        return Found(point.name, package, point.load())
    except Exception as error:  # somebody else's package may fail in any way
        return Found(point.name, package, None, f"{type(error).__name__}: {error}")


@app.command("list")
def list_connectors(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the connectors found in this environment and what each can do. Exit code 1 when one cannot be loaded."""
    found = find_connectors()
    if as_json:
        typer.echo(json.dumps([item.as_dict() for item in found], indent=2))
    else:
        Console().print(_table(found))
    if any(item.problem for item in found):
        raise typer.Exit(1)


def _table(found: list[Found]) -> Table:
    table = Table("name", "system", "commands", "ways in", "questions", "from")
    for item in found:
        if item.connector is None:
            table.add_row(escape(item.name), f"[red]cannot be loaded: {escape(item.problem)}", "", "", "", escape(item.package))
            continue
        can = item.connector.capabilities
        ways = [name for name, there in (("webhooks", can.receives), ("poll", can.polls), ("snapshot", can.snapshots)) if there]
        table.add_row(
            escape(item.name),
            escape(item.connector.title),
            ", ".join(sorted(can.commands)),
            ", ".join(ways),
            ", ".join(sorted(can.questions)),
            escape(item.package),
        )
    return table


@app.command("new")
def new_connector(
    name: Annotated[str, typer.Argument(help="Lower-case name with hyphens, for example acme-wms.")],
    directory: Annotated[Path, typer.Option("--dir", help="Where to make the folder.")] = Path("."),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Make the folder of a new connector, with a simulator and conformance tests that pass at once."""
    try:
        folder = create(name, directory)
    except CrossdockError as error:
        if as_json:
            typer.echo(json.dumps({"error": error.as_dict()}, indent=2, default=str))
        else:
            typer.echo(f"{error.code}: {error.message}\n{error.hint}", err=True)
        raise typer.Exit(2) from None
    if as_json:
        typer.echo(json.dumps({"path": str(folder)}, indent=2))
        return
    typer.echo(f"{folder}\nNext: cd {folder} && pip install -e '.[test]' && pytest")
