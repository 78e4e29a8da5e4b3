"""`crossdock partner`: from a template to a partner that passes the linter and its own certification set."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from crossdock.landscape.lint import lint
from crossdock.landscape.partner_templates import templates
from crossdock.landscape.starter import start

pytestmark = pytest.mark.slow

OWNERSHIP = """\
entities:
  order: {owner: inbox}
  interchange: {owner: partner}
  document_sent: {owner: partner}
  document_acknowledgement: {owner: partner}
events:
  order.placed: {originates: [inbox, partner]}
  interchange.received: {originates: [partner]}
  document.sent: {originates: [partner]}
  document.acknowledged: {originates: [partner]}
"""


def crossdock(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "crossdock", *arguments], cwd=root, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = start(tmp_path / "mine", "Mine Ltd").root
    (made / "ownership.yaml").write_text(OWNERSHIP)
    return made


@pytest.mark.parametrize("template", [each.name for each in templates()])
def test_a_partner_from_a_template_is_sound_and_passes_its_certification(root: Path, template: str) -> None:
    made = crossdock(root, "partner", "new", "bolt-works", "--from-template", template, "--title", "Bolt Works")
    assert made.returncode == 0, made.stderr
    assert "originates: [partner]" in made.stdout
    assert [str(each) for each in lint(root) if each.severity == "error"] == []
    tested = crossdock(root, "partner", "test", "bolt-works", "--json")
    report = json.loads(tested.stdout)
    assert tested.returncode == 0, report
    assert report["passed"] and report["cases"]


def test_what_is_not_as_expected_is_said_and_fails(root: Path) -> None:
    crossdock(root, "partner", "new", "bolt", "--from-template", "retailer-850")
    case = root / "partners/bolt/certification/1-order.yaml"
    case.write_text(case.read_text().replace('{value: "10"}', '{value: "11"}').replace("AK5*A", "AK5*E"))
    page = root / "report.html"
    tested = crossdock(root, "partner", "test", "bolt", "--report", str(page))
    assert tested.returncode == 1
    said = " ".join(tested.stdout.split())
    assert "lines.0.quantity.value: 11 was expected, 10 came" in said
    assert "AK5*E was expected" in said
    assert "3 of 4 cases passed" in said
    text = page.read_text()
    assert "11 was expected" in text and "<script" not in text and "http" not in text


def test_a_markdown_report_has_the_acknowledgement(root: Path) -> None:
    crossdock(root, "partner", "new", "bolt", "--from-template", "retailer-850")
    crossdock(root, "partner", "test", "bolt", "--report", "report.md")
    text = (root / "report.md").read_text()
    assert "AK4*2*330*6*ten" in text and "4 of 4 cases passed" in text


def test_nothing_that_exists_is_touched(root: Path) -> None:
    crossdock(root, "partner", "new", "bolt", "--from-template", "retailer-850")
    before = (root / "partners/bolt.yaml").read_text()
    again = crossdock(root, "partner", "new", "bolt", "--from-template", "supplier-x12", "--json")
    assert again.returncode == 2
    assert "exists already" in json.loads(again.stdout)["error"]["message"]
    assert (root / "partners/bolt.yaml").read_text() == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["new", "Bolt", "--from-template", "retailer-850"], "no name"),
        (["new", "bolt", "--from-template", "nonsense"], "no template"),
        (["test", "nobody"], "no partner"),
        (["show", "nobody"], "no partner"),
    ],
)
def test_what_cannot_be_done_is_said(root: Path, arguments: list[str], words: str) -> None:
    crossdock(root, "partner", "new", "other", "--from-template", "retailer-850")
    said = crossdock(root, "partner", *arguments)
    assert said.returncode == 2
    assert words in said.stderr


def test_lists_and_shows_without_secrets(root: Path) -> None:
    crossdock(root, "partner", "new", "bolt", "--from-template", "supplier-x12")
    listed = json.loads(crossdock(root, "partner", "list", "--json").stdout)
    assert [(each["name"], each["state"], each["out"]) for each in listed] == [("bolt", "testing", ["850", "860"])]
    shown = json.loads(crossdock(root, "partner", "show", "bolt", "--json").stdout)
    assert shown["certification"] == ["1-order", "2-answer", "3-ship-notice"]
    assert "TOKEN" not in json.dumps(shown)


def test_a_case_that_cannot_be_read_names_its_place(root: Path) -> None:
    crossdock(root, "partner", "new", "bolt", "--from-template", "retailer-850")
    (root / "partners/bolt/certification/9.yaml").write_text("title: x\ndirection: in\nexpect: {verdit: accepted}\ntext: x\n")
    tested = crossdock(root, "partner", "test", "bolt")
    assert tested.returncode == 3
    assert "9.yaml" in tested.stderr and "verdit" in tested.stderr
