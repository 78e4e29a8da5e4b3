"""The table of what bites is complete, and each test it names exists where it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/reference/odoo-facts.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| ([FS]\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", PAGE, re.MULTILINE)
DEFINED = re.compile(r"^(?:async )?def (test_\w+)", re.MULTILINE)


def defined(folder: str) -> frozenset[str]:
    return frozenset(
        name for path in (ROOT / folder).glob("test_*.py") for name in DEFINED.findall(path.read_text(encoding="utf-8"))
    )


def test_twenty_facts_and_twenty_two_lines_are_there() -> None:
    assert [row[0] for row in ROWS] == [*(f"F{n}" for n in range(1, 21)), *(f"S{n}" for n in range(1, 23))]


@pytest.mark.parametrize(("column", "folder"), [(2, "tests/odoo_wire"), (3, "tests/connectors/odoo")])
def test_each_test_named_exists(column: int, folder: str) -> None:
    there = defined(folder)
    for row in ROWS:
        named = re.findall(r"`(test_\w+)`", row[column])
        assert named, f"{row[0]} names no test of {folder}"
        assert [name for name in named if name not in there] == [], row[0]
