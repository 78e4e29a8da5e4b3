"""How commands speak: tables for people, JSON for machines, errors with what to do, and the exit codes."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from enum import IntEnum
from typing import Any

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from crossdock.core.errors import CrossdockError, Deferred, Misconfigured
from crossdock.ledger.times import moment

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


class Exit(IntEnum):
    """Exit codes of every command."""

    OK = 0
    FAILED = 1
    USAGE = 2
    MISCONFIGURED = 3
    UNAVAILABLE = 4


def say_json(value: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode() + "\n")


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A table for people; values are escaped, so that a payload cannot paint the terminal."""
    shown = Table(title=title or None, title_justify="left", header_style="bold")
    for column in columns:
        shown.add_column(column, overflow="fold")
    for row in rows:
        shown.add_row(*(escape("" if cell is None else str(cell)) for cell in row))
    out.print(shown)


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


@contextmanager
def errors(as_json: bool = False) -> Iterator[None]:
    """Turn an error of the hub's tree into its message, its hint and its exit code; anything else is a defect and shows as one."""
    try:
        yield
    except CrossdockError as error:
        if as_json:
            say_json({"error": error.as_dict()})
        else:
            err.print(f"[bold red]{escape(error.message)}[/] [dim]({escape(error.code)})[/]")
            for finding in error.detail.get("findings", ())[:50]:
                err.print(
                    f"  {escape(finding['file'])}:{finding['line']}: {escape(finding['message'])} {escape(finding['hint'])}"
                )
            err.print(f"[dim]{escape(error.hint)}[/]")
        raise typer.Exit(code_of(error)) from None
    except BrokenPipeError:
        raise typer.Exit(Exit.OK) from None
