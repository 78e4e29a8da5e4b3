"""The generated reference pages say what the code says, and nothing a user meets is missing from them."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from crossdock.core.errors import all_errors
from crossdock.pipeline.observe import Meters
from docs.generator import configuration
from docs.generator.cli import commands
from docs.generator.errors import FAMILIES, anchor, kinds
from docs.generator.everything import modules
from docs.generator.pages import PAGES

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_what_the_code_says(name: str) -> None:
    assert (REFERENCE / name).read_text(encoding="utf-8") == PAGES[name](), "write it again: make docs"


def test_every_error_has_a_stable_code_a_message_a_hint_and_its_place_on_the_page() -> None:
    found = kinds()
    assert len(found) > 50
    assert [code for code, count in Counter(kind.code for kind in found).items() if count > 1] == []
    page = (REFERENCE / "errors.md").read_text(encoding="utf-8")
    for kind in found:
        assert "code" in vars(kind), f"{kind.__name__} has no code of its own"
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*(\.[a-z][a-z0-9_]*)?", kind.code), kind.code
        assert kind.family in FAMILIES, kind.code
        assert kind.__doc__, f"{kind.__name__} has no message"
        assert kind.summary().endswith("."), kind.code
        assert len(kind.hint) > 15, f"{kind.code} does not say what to do"
        assert kind.hint.endswith("."), kind.code
        assert f"\n### {kind.code}\n" in page
        assert f"(#{anchor(kind.code)})" in page


def test_no_code_was_given_up() -> None:
    """Codes are promises: alerts and scripts build on them. Whoever takes one away has to take it off the list by hand."""
    kept = (REFERENCE / "error-codes.txt").read_text(encoding="utf-8").split()
    now = {kind.code for kind in kinds()}
    assert set(kept) - now == set(), "these codes are gone; integrations may depend on them"
    assert now - set(kept) == set(), "new codes: make docs adds them"


def test_every_setting_the_product_reads_is_documented() -> None:
    page = (REFERENCE / "configuration.md").read_text(encoding="utf-8")
    documented = set(configuration.NAME.findall(page))
    read = configuration.read_by_the_product()
    undocumented = {name: files for name, files in read.items() if name not in documented}
    assert len(read) > 20
    assert undocumented == {}


def test_every_standard_variable_the_product_reads_is_documented() -> None:
    read = {name for path in modules() for name in re.findall(r"\bOTEL_[A-Z_]+[A-Z]\b", path.read_text(encoding="utf-8"))}
    assert len(read) >= 4
    assert read - set(configuration.STANDARD) == set()


def test_every_setting_tests_read_is_documented() -> None:
    documented = set(configuration.NAME.findall((REFERENCE / "configuration.md").read_text(encoding="utf-8")))
    assert configuration.read_by_tests(ROOT) - documented == set()


def test_every_documented_setting_exists() -> None:
    documented = set(configuration.NAME.findall((REFERENCE / "configuration.md").read_text(encoding="utf-8")))
    derived = {row[0].strip("`") for row in configuration.settings_rows()}
    assert documented - derived - set(configuration.read_by_the_product()) - configuration.read_by_tests(ROOT) == set()


def test_every_pipeline_setting_says_what_it_is_for() -> None:
    assert [name for name, _, meaning in configuration.settings_rows() if len(meaning) < 20] == []


def test_every_command_and_option_has_its_help() -> None:
    silent = [
        f"{command.name} {each.names or each.metavar}" for command in commands() for each in command.parameters if not each.help
    ]
    assert silent == []
    assert [command.name for command in commands() if len(command.help) < 20] == []


def test_metrics_follow_the_naming_of_prometheus() -> None:
    for metric in Meters().registry.collect():
        assert metric.name.startswith("crossdock_")
        assert metric.documentation.endswith(".")
        if metric.name.endswith("_seconds"):
            assert metric.type == "histogram" or "_timestamp_" in metric.name


def test_all_errors_is_one_tree() -> None:
    assert len(set(all_errors())) == len(list(all_errors()))
