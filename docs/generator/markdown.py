"""Pieces of Markdown; knows nothing of what is written with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

GENERATED = "<!-- Generated from the code; `make docs` writes it again. -->"


def cell(text: object) -> str:
    """A value inside a table."""
    return " ".join(str(text).split()).replace("|", "\\|")


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """A table, line by line."""
    yield "| " + " | ".join(columns) + " |"
    yield "|" + "---|" * len(columns)
    for row in rows:
        yield "| " + " | ".join(cell(each) for each in row) + " |"


def codes(values: Iterable[str]) -> str:
    """Names as code, in their order."""
    return ", ".join(f"`{each}`" for each in values)


def page(title: str, *lines: str) -> str:
    """A whole page."""
    return "\n".join([GENERATED, f"# {title}", "", *lines]).rstrip() + "\n"
