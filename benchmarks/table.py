"""One table of all benchmark results; with `--run`, runs every benchmark first, one after the other.

python -m benchmarks.table [--run] [--markdown] [--page]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.record import RESULTS

HERE = Path(__file__).parent
RECORDS = "from benchmarks.record import record"
"""What makes a module of this folder a benchmark: it keeps figures. The others are its tools."""
PAGE = HERE.parent / "docs" / "reference" / "benchmarks.md"
COLUMNS = ("name", "value", "unit", "baseline", "ratio", "goal", "met", "commit", "date")


def benchmarks() -> list[str]:
    """The modules to run, by name."""
    return sorted(path.stem for path in HERE.glob("*.py") if RECORDS in path.read_text(encoding="utf-8").splitlines())


def run_all(names: list[str]) -> list[str]:
    """Run benchmarks one after the other on an otherwise quiet machine; the names of those that broke (a missed goal is no break)."""
    broken = []
    for number, name in enumerate(names, 1):
        print(f"[{number}/{len(names)}] {name}", flush=True)
        started, before = time.monotonic(), _written()
        ended = subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], cwd=HERE.parent, check=False)
        print(f"    {time.monotonic() - started:.0f} s", flush=True)
        if ended.returncode and _written() == before:
            broken.append(name)
    return broken


def _written() -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in RESULTS.glob("*.json")}


def results() -> list[dict[str, Any]]:
    """All kept figures, by name."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(RESULTS.glob("*.json"))]


def cell(result: dict[str, Any], column: str) -> str:
    """One value as people read it."""
    value = result.get(column)
    if value is None:
        return ""
    if column == "met":
        return "yes" if value else "no"
    if column == "date":
        return str(value)[:10]
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return str(value)


def markdown(found: list[dict[str, Any]], columns: tuple[str, ...] = COLUMNS) -> str:
    """The table for a page."""
    rows = [[cell(each, column) for column in columns] for each in found]
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)]) + "\n"


def write_page(found: list[dict[str, Any]]) -> None:
    """`docs/reference/benchmarks.md`: the figures as they were last measured."""
    machines = sorted({str(each.get("machine", "")) for each in found})
    lines = [
        "<!-- `make bench` writes this page. -->",
        "# Figures",
        "",
        "Measured by `make bench`, each on the commit and day named; `baseline` is the same work without the hub (a loop written by hand, or another library) in one run on the same",
        f"machine ({'; '.join(machines)}). Ratios travel better than absolute figures. A goal that is missed stays here as missed.",
        "",
        markdown(found),
    ]
    PAGE.write_text("\n".join(lines), encoding="utf-8")


def main() -> int:
    """Print the table; exit code 1 when a benchmark broke or a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", action="store_true", help="run every benchmark first")
    parser.add_argument("--markdown", action="store_true", help="print it for a page")
    parser.add_argument("--page", action="store_true", help="write docs/reference/benchmarks.md from the kept figures and end")
    given = parser.parse_args()
    broken = run_all(benchmarks()) if given.run else []
    found = results()
    if given.run or given.page:
        write_page(found)
    if given.page:
        return 0
    if given.markdown:
        print(markdown(found), end="")
    else:
        table = Table(title="Benchmarks", title_justify="left", header_style="bold")
        for column in COLUMNS:
            table.add_column(
                column, justify="right" if column in ("value", "baseline", "ratio") else "left", no_wrap=column == "name"
            )
        for each in found:
            colour = "" if each.get("met") else "red"
            table.add_row(*(cell(each, column) for column in COLUMNS), style=colour)
        Console(width=None if sys.stdout.isatty() else 160).print(table)
        print(f"{sum(bool(each.get('met')) for each in found)} of {len(found)} goals met")
    for name in broken:
        print(f"{name} broke; its older figures are shown", file=sys.stderr)
    return 1 if broken or not all(each.get("met") for each in found) else 0


if __name__ == "__main__":
    raise SystemExit(main())
