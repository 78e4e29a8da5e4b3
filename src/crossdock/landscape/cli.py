"""`crossdock check`, `init`, `schema` and `diff`: the landscape on the command line; prints, decides nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from crossdock.landscape.files import Draft

OK, ERRORS, UNUSABLE = 0, 1, 2

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def _unusable(reason: str, as_json: bool) -> typer.Exit:
    if as_json:
        typer.echo(json.dumps({"error": {"code": "landscape.unusable_path", "message": reason}}, indent=2))
    else:
        typer.echo(f"error: {reason}\nGo to the landscape's folder or name it; `crossdock init NAME` makes a new one.", err=True)
    return typer.Exit(UNUSABLE)


def _not_written(reason: str, as_json: bool) -> typer.Exit:
    if as_json:
        typer.echo(json.dumps({"error": {"code": "landscape.not_written", "message": reason}}, indent=2))
    else:
        typer.echo(f"error: {reason}", err=True)
    return typer.Exit(UNUSABLE)


def check(
    path: Annotated[Path, typer.Argument(help="The landscape's folder.")] = Path(),
    environment: Annotated[
        str | None, typer.Option("--env", help="Judge the variables of this environment as for a start.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as errors.")] = False,
    as_json: AsJson = False,
) -> None:
    """Lint a landscape: every finding in one run, with file, line and what to do.

    Exit codes: 0 no errors, 1 errors (with --strict also warnings), 2 the path is no landscape.
    """
    from crossdock.landscape.bundle import bundle_id
    from crossdock.landscape.catalogue import Installed
    from crossdock.landscape.files import NotALandscape, read
    from crossdock.landscape.lint import judge

    try:
        draft = read(path, environment=environment)
    except NotALandscape as error:
        raise _unusable(str(error), as_json) from None
    findings = judge(draft, Installed())
    errors = sum(each.severity == "error" for each in findings)
    warnings = len(findings) - errors
    identity = bundle_id(draft)
    if as_json:
        report = {
            "path": str(draft.root),
            "bundle_id": identity,
            "errors": errors,
            "warnings": warnings,
            "findings": [each.as_dict() for each in findings],
        }
        typer.echo(json.dumps(report, indent=2))
    else:
        for each in findings:
            place = f"{each.file}:{each.line}:{each.column}" if each.line else each.file
            colour = typer.colors.RED if each.severity == "error" else typer.colors.YELLOW
            typer.echo(f"{typer.style(place, bold=True)}: {typer.style(each.severity, fg=colour)} [{each.code}] {each.message}")
            if each.hint:
                typer.echo(f"    {each.hint}")
        counted = {kind: len(models) for kind, models in draft.models.items() if "." not in kind}
        size = ", ".join(f"{number} {kind}" for kind, number in counted.items())
        typer.echo(f"{errors} errors, {warnings} warnings in {len(draft.documents)} files ({size}); bundle {identity[:12]}")
    if errors or (strict and warnings):
        raise typer.Exit(ERRORS)


def init(
    name: Annotated[Path, typer.Argument(help="The folder to make; its last part names the landscape.")],
    company: Annotated[str, typer.Option(help="The company's name.")] = "My company",
    as_json: AsJson = False,
) -> None:
    """Write a commented starter landscape that passes `crossdock check` and runs at once.

    Exit codes: 0 written, 2 the folder exists and is not empty, or cannot be written.
    """
    from crossdock.landscape.starter import CannotStart, start

    try:
        made = start(name, company)
    except CannotStart as error:
        raise _not_written(str(error), as_json) from None
    if as_json:
        files = sorted(path.relative_to(made.root).as_posix() for path in made.root.rglob("*") if path.is_file())
        typer.echo(json.dumps({"path": str(made.root), "files": files}, indent=2))
    else:
        typer.echo(made.welcome())


def schema(
    out: Annotated[Path, typer.Option("--out", help="Folder for the schemas.")] = Path("schemas"),
    as_json: AsJson = False,
) -> None:
    """Write the JSON Schemas of the landscape's files, with the options of the installed connectors, for editors."""
    from crossdock.landscape.catalogue import Installed
    from crossdock.landscape.schemas import write_schemas

    try:
        written = write_schemas(out, Installed())
    except OSError as error:
        raise _not_written(f"{out}: {error.strerror}", as_json) from None
    if as_json:
        typer.echo(json.dumps({"path": str(out), "files": sorted(Path(each).name for each in written)}, indent=2))
    else:
        typer.echo(f"{len(written)} schemas in {out}")


def diff(
    old: Annotated[Path, typer.Argument(help="The landscape as it is.")],
    new: Annotated[Path, typer.Argument(help="The landscape as it shall be.")],
    as_json: AsJson = False,
) -> None:
    """Explain the difference between two landscapes in business words, each change with its risk class and who must review it.

    Exit codes: 0 no difference, 1 differences, 2 a path is no landscape.
    """
    from crossdock.landscape.bundle import bundle_id
    from crossdock.landscape.diff import compare, reviewers
    from crossdock.landscape.files import NotALandscape, read

    drafts: list[Draft] = []
    for path in (old, new):
        try:
            drafts.append(read(path))
        except NotALandscape as error:
            raise _unusable(str(error), as_json) from None
    changes = compare(*drafts)
    needed = reviewers(changes, drafts[0])
    unsound = [str(draft.root) for draft in drafts if any(each.severity == "error" for each in draft.findings)]
    if as_json:
        report: dict[str, Any] = {
            "bundles": [bundle_id(draft) for draft in drafts],
            "changes": [each.as_dict() for each in changes],
            "reviewers": {risk: {"quorum": quorum, "teams": list(teams)} for risk, (quorum, teams) in needed.items()},
            "unsound": unsound,
        }
        typer.echo(json.dumps(report, indent=2, default=str))
    else:
        for each in changes:
            typer.echo(f"[{each.risk}] {each.words}")
        for risk, (quorum, teams) in needed.items():
            typer.echo(f"Review for {risk}: {quorum} of {', '.join(teams)}.")
        for root in unsound:
            typer.echo(f"warning: {root} has errors; what is wrong there is not compared (crossdock check {root})", err=True)
        typer.echo(f"{len(changes)} changes" if changes else "No difference.")
    if changes:
        raise typer.Exit(ERRORS)
