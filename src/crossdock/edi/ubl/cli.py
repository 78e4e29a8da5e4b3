"""The `crossdock edi rules` commands: which schemas and official rules are at hand, and how to get them. Knows files and the terminal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, NoReturn

import typer

# what reads XML is loaded by the commands that need it: every other command would wait for it
app = typer.Typer(
    name="rules", help="The schemas and official rules that UBL documents are checked against.", no_args_is_help=True
)
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@app.command(name="list")
def list_rules(as_json: AsJson = False) -> None:
    """List the rule sets and schemas at hand, and the folder they are in."""
    from .rules import FOLDER, RuleBook, can_run, folder_of
    from .sources import SCHEMAS

    folder = folder_of()
    found = list(RuleBook(folder).listed()) if folder.is_dir() else []
    if as_json:
        rules = [{"name": name, "file": str(path)} for name, path in found]
        typer.echo(json.dumps({"folder": str(folder), "processor": can_run(), "rules": rules}, ensure_ascii=False))
        return
    typer.echo(f"folder: {folder} (set {FOLDER} for another one)")
    for name, path in found:
        typer.echo(f"  {name:<36} {path.relative_to(folder)}")
    if not found:
        typer.echo(
            f"  none. `crossdock edi rules get` fetches the official rules; the schemas are at {SCHEMAS}: `crossdock edi rules add FILE`."
        )
    if not can_run():
        typer.echo("  the processor is not installed: pip install 'crossdock[peppol]'")


@app.command(name="get")
def get_rules(
    accept: Annotated[bool, typer.Option("--yes", help="The licences were read and are agreed with.")] = False,
    as_json: AsJson = False,
) -> None:
    """Fetch the official rules at the releases this version was tried with, each checked by its SHA-256."""
    from .rules import folder_of
    from .sources import SOURCES, RulesRefused, get

    folder = folder_of()
    if not as_json:
        typer.echo("These files are not part of Crossdock; their publishers' licences hold:")
        for source in SOURCES:
            typer.echo(f"  {source.file}: {source.licence}")
    if not accept and (as_json or not typer.confirm("Fetch them?")):
        _end(as_json, "the licences are not agreed with: read them and say --yes", 1)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        got = []
        for source in get(folder):
            got.append({"file": source.file, "licence": source.licence})
            if not as_json:
                typer.echo(f"got {source.file}")
    except (RulesRefused, OSError) as error:
        _end(as_json, str(error), 2)
    if as_json:
        typer.echo(json.dumps({"folder": str(folder), "got": got}, ensure_ascii=False))


@app.command(name="add")
def add_rules(
    paths: Annotated[
        list[Path], typer.Argument(help="Schematron, stylesheets, schemas, folders or zips of them.", metavar="PATH...")
    ],
    as_json: AsJson = False,
) -> None:
    """Take schemas and rules from files: OASIS' UBL-2.1.zip, a publisher's Schematron, a national set."""
    from .rules import folder_of
    from .sources import RulesRefused, add

    folder = folder_of()
    added = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in paths:
            for written in add(folder, path):
                added.append(str(written.relative_to(folder)))
                if not as_json:
                    typer.echo(f"added {added[-1]}")
    except (RulesRefused, OSError) as error:
        _end(as_json, str(error), 2)
    if as_json:
        typer.echo(json.dumps({"folder": str(folder), "added": added}, ensure_ascii=False))


def _end(as_json: bool, words: str, code: int) -> NoReturn:
    if as_json:
        typer.echo(json.dumps({"error": {"code": "rules", "message": words}}, ensure_ascii=False))
    else:
        typer.echo(words, err=True)
    raise typer.Exit(code)
