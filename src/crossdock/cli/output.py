"""How commands speak: tables for people, JSON for machines, errors with what to do, and the exit codes."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from enum import IntEnum
from typing import Any

import orjson
import typer
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from crossdock.cli.terminal import NeutralText, neutral, shown
from crossdock.core.errors import CrossdockError, Deferred, Misconfigured
from crossdock.ledger.times import moment

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)
for _each in (out, err):
    _each.push_render_hook(NeutralText())


_NOT_ASCII_CONTROL = re.compile("[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""What JSON allows to stand unescaped (RFC 8259 section 7) and a terminal may obey."""


class Exit(IntEnum):
    """Exit codes of every command."""

    OK = 0
    FAILED = 1
    USAGE = 2
    MISCONFIGURED = 3
    UNAVAILABLE = 4


def say_json(value: Any) -> None:
    """One JSON document on standard output; it is the same document when what steers terminals is written as escapes."""
    text = orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode()
    sys.stdout.write(_NOT_ASCII_CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n")


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A table for people; values are made neutral, so that a payload cannot paint or steer the terminal."""
    grid = Table(title=title or None, title_justify="left", header_style="bold")
    for column in columns:
        grid.add_column(column, overflow="fold")
    for row in rows:
        grid.add_row(*(shown("" if cell is None else cell) for cell in row))
    out.print(grid)


def lines(columns: Sequence[str], rows: Iterable[tuple[Sequence[str], str]]) -> None:
    """Rows that stay readable on a narrow terminal: columns side by side, the note beneath wherever it does not fit beside them.

    Cells are markup, the note is plain text.
    """
    found = [([Text.from_markup(cell) for cell in cells], note) for cells, note in rows]
    widths = [max([len(name), *(cells[i].cell_len for cells, _ in found if i < len(cells))]) for i, name in enumerate(columns)]
    out.print("  ".join(f"{name:{width}}" for name, width in zip(columns, widths, strict=True)).rstrip(), style="bold")
    beneath = widths[0] + 2
    for cells, note in found:
        line = Text("  ").join(_padded(cell, width) for cell, width in zip(cells, widths, strict=False))
        line.rstrip()
        plain = neutral(note)
        if plain and line.cell_len + 2 + len(plain) <= out.width and "\n" not in plain:
            line.append("  ").append(plain, "dim")
            plain = ""
        out.print(line, overflow="fold")
        if plain:
            out.print(Padding(Text(plain, "dim"), (0, 0, 0, beneath), expand=False))


def _padded(cell: Text, width: int) -> Text:
    cell.pad_right(max(0, width - cell.cell_len))
    return cell


def clock(at: int | None) -> str:
    """Microseconds since 1970 as local time for people."""
    return "" if at is None else moment(at).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def iso(at: int | None) -> str | None:
    """Microseconds since 1970 as ISO 8601 in UTC."""
    return None if at is None else moment(at).isoformat()


def age(at: int, now: datetime) -> str:
    """How long ago, in the largest fitting unit."""
    seconds = max(0, int((now - moment(at)).total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def code_of(error: CrossdockError) -> Exit:
    """The exit code of an error."""
    if isinstance(error, Misconfigured):
        return Exit.MISCONFIGURED
    return Exit.UNAVAILABLE if isinstance(error, Deferred) else Exit.FAILED


def refused(message: str, as_json: bool, exit_code: Exit = Exit.FAILED) -> typer.Exit:
    """What ends a command that was asked for something that is not there or makes no sense; raise it."""
    if as_json:
        say_json({"error": {"code": "usage" if exit_code is Exit.USAGE else "not_found", "message": message}})
    else:
        err.print(shown(message))
    return typer.Exit(exit_code)


@contextmanager
def errors(as_json: bool = False) -> Iterator[None]:
    """Turn an error of the hub's tree into its message, its hint and its exit code; anything else is a defect and shows as one."""
    try:
        yield
    except CrossdockError as error:
        if as_json:
            say_json({"error": error.as_dict()})
        else:
            findings = error.detail.get("findings", ())[:50]
            # each finding is told with its place below: the message would repeat the first
            said = error.summary() if findings else error.message
            err.print(f"[bold red]{shown(said)}[/] [dim]({shown(error.code)})[/]")
            for finding in findings:
                err.print(f"  {shown(finding['file'])}:{finding['line']}: {shown(finding['message'])}", soft_wrap=True)
                if finding["hint"]:
                    err.print(f"    {shown(finding['hint'])}", soft_wrap=True)
            err.print(f"[dim]{shown(error.hint)}[/]")
        raise typer.Exit(code_of(error)) from None
    except BrokenPipeError:
        raise typer.Exit(Exit.OK) from None
