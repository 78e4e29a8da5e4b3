"""The reference says everything the models say, and the tutorial's files work."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from crossdock.landscape.files import FOLDERS, SINGLE
from crossdock.landscape.lint import CHECKS, lint
from crossdock.landscape.reference import PAGES, READING, models_of
from crossdock.landscape.starter import start
from tests.landscape.test_lint import READING as READING_CODES

DOCS = Path(__file__).parents[2] / "docs"
MODELS = {inner for model in (*SINGLE.values(), *FOLDERS.values()) for inner in models_of(model)}


@pytest.mark.parametrize("model", sorted(MODELS, key=lambda each: each.__name__), ids=lambda each: each.__name__)
def test_every_setting_is_documented(model) -> None:
    undocumented = [name for name, info in model.model_fields.items() if not info.description and name != "root"]
    assert undocumented == []
    assert model.__doc__


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_what_the_models_say(name: str) -> None:
    page = DOCS / "reference" / name
    assert page.read_text(encoding="utf-8") == PAGES[name](), (
        "write it again: python -m crossdock.landscape.reference docs/reference"
    )


def test_every_finding_has_its_reason() -> None:
    assert set(READING) == READING_CODES
    assert all(len(check.reason) > 20 for check in CHECKS.values())


def test_the_tutorial_works(tmp_path) -> None:
    root = start(tmp_path / "my-hub").root
    text = (DOCS / "tutorial" / "first-landscape.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```yaml\n# file: (\S+)\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 5
    for file, content in blocks:
        (root / file).write_text(content, encoding="utf-8")
    assert [str(each) for each in lint(root, variables={})] == []
