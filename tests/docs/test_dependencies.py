"""The decision about dependencies names each of them, with the licence it really has."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/explanation/adr/0002-dependencies.md"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def name_of(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found
    return found[0].lower()


DIRECT = sorted(
    {
        name_of(each)
        for each in (
            *PROJECT["project"]["dependencies"],
            *(each for extra in PROJECT["project"]["optional-dependencies"].values() for each in extra),
            *PROJECT["dependency-groups"]["dev"],
        )
    }
)
# a wheel without a word about its licence, and where its publisher says it
SAID_ELSEWHERE = {"saxonche": "MPL-2.0: https://www.saxonica.com/saxon-c/documentation13/index.html#!conditions/intro"}
ROW = re.compile(r"^\| (?!package)([a-z0-9-]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
ROWS = {row[0]: row for row in ROW.findall(PAGE.read_text(encoding="utf-8"))}


def test_the_table_is_complete_and_has_nothing_that_is_gone() -> None:
    assert sorted(ROWS) == DIRECT


@pytest.mark.parametrize("name", DIRECT)
def test_the_licence_is_as_said_and_may_be_shipped(name: str) -> None:
    _, licence, _, _, reason = ROWS[name]
    assert len(reason) > 3
    try:
        metadata = distribution(name).metadata
    except PackageNotFoundError:
        pytest.skip(f"{name} is not installed here")
    installed = metadata.get("License-Expression") or (metadata.get("License") or "").partition("\n")[0]
    installed += " " + " ".join(each for each in metadata.get_all("Classifier") or [] if each.startswith("License"))
    if not installed.strip():  # some packages carry their licence as a file only
        files = [each for each in distribution(name).files or [] if each.name == "LICENSE" and "dist-info" in str(each)]
        installed = "".join(each.read_text()[:200] for each in files) or SAID_ELSEWHERE.get(name, "")
    ours = re.findall(r"\b(MIT|Apache|BSD|LGPL|MPL|EPL|PSF)\b", licence)
    assert ours, licence
    assert any(each in installed for each in ours), f"{name}: the page says {licence}, the package {installed}"
    strong = re.findall(r"(?<!L)(?<!Lesser )\b(?:A?GPL|GNU General|GNU Affero)", installed)
    assert not strong or " OR " in installed, f"{name} is under {installed}"
