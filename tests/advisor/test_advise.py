"""`crossdock advise` on the demonstration landscape: data, paper, records, questionnaire; and what the ledger measured."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crossdock.advisor.errors import AdviceUnreadable
from crossdock.advisor.measuring import measured
from crossdock.advisor.questions import QUESTIONS, blank, read_answers
from crossdock.cli import main
from crossdock.core.clock import SystemClock
from crossdock.landscape import demo
from crossdock.ledger import traffic
from crossdock.ledger.database import LedgerLocation, migrate
from crossdock.ledger.ids import Numbers
from crossdock.ledger.store import Store
from crossdock.ledger.traffic import EDGES, EFFECT, Cell, Kind

LANDSCAPE = Path(demo.__file__).parent


@pytest.fixture(scope="module")
def run() -> CliRunner:
    main._mount()
    return CliRunner()


def test_the_advice_as_json(run: CliRunner) -> None:
    result = run.invoke(main.app, ["advise", "-L", str(LANDSCAPE), "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["recommended"] in ("direct", "orchestrated", "published")
    for model, total in found["points"].items():
        assert total == sum(line["points"][model] for line in found["arithmetic"])
    flows = {each["flow"]: each for each in found["flows"]}
    assert flows["stock-available"]["pattern"]["recommended"] == "direct"
    assert flows["order-shopify-eu"]["pattern"]["recommended"] == "orchestrated"
    assert len(found["unanswered"]) == len(QUESTIONS)


def test_the_paper_is_the_same_for_the_same_advice_and_records_name_their_review(run: CliRunner, tmp_path: Path) -> None:
    for name in ("one", "two"):
        given = [
            "advise",
            "-L",
            str(LANDSCAPE),
            "--pdf",
            str(tmp_path / f"{name}.pdf"),
            "--records",
            str(tmp_path / name),
            "--json",
        ]
        assert run.invoke(main.app, given).exit_code == 0
    assert (tmp_path / "one.pdf").read_bytes() == (tmp_path / "two.pdf").read_bytes()
    assert (tmp_path / "one.pdf").read_bytes().startswith(b"%PDF")
    written = {each.name: each.read_text() for each in (tmp_path / "one").iterdir()}
    assert "Review by: 20" in written["order-shopify-eu.md"]
    assert "| **sum** |" in written["order-shopify-eu.md"]


def test_the_questionnaire_can_be_filled_in_and_read(run: CliRunner, tmp_path: Path) -> None:
    text = run.invoke(main.app, ["advise", "--questions"]).stdout
    assert text == blank()
    file = tmp_path / "advice.yaml"
    file.write_text(text)
    assert read_answers(file) == {}
    file.write_text("".join(f"{question.key}: {number % 5}\n" for number, question in enumerate(QUESTIONS)))
    assert read_answers(file) == {question.key: number % 5 for number, question in enumerate(QUESTIONS)}
    result = run.invoke(main.app, ["advise", "-L", str(LANDSCAPE), "--answers", str(file), "--json"])
    assert json.loads(result.stdout)["unanswered"] == []


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("standstill: 5", "0 to 4"),
        ("standstill: true", "0 to 4"),
        ("nonsense: 1", "nonsense"),
        ("[1]", "questions"),
        ("a: [", "cannot be read"),
    ],
)
def test_answers_that_cannot_be_used_are_refused_by_name(run: CliRunner, tmp_path: Path, content: str, says: str) -> None:
    file = tmp_path / "advice.yaml"
    file.write_text(content)
    with pytest.raises(AdviceUnreadable, match=says):
        read_answers(file)
    result = run.invoke(main.app, ["advise", "-L", str(LANDSCAPE), "--answers", str(file), "--json"])
    assert result.exit_code == 3
    assert "advice.unreadable" in result.output


def test_what_the_ledger_counted_is_summed_by_flow(tmp_path: Path) -> None:
    location = LedgerLocation.parse(f"sqlite:///{tmp_path}/ledger.sqlite3")
    migrate(location)
    store = Store(location)
    now = datetime(2026, 5, 4, 12, tzinfo=UTC)
    try:
        assert store.read.run(lambda s: measured(s, ["f"], now)) == {}
        numbers = Numbers(SystemClock())
        for hours in (1, 30, 24 * 40):  # the last lies before the 30 days
            begin = int((now - timedelta(hours=hours)).timestamp()) * 1_000_000
            bins = [0] * (len(EDGES) + 1)
            bins[10] = 100
            cells = {Kind(EFFECT, "odoo", "f", "order.create"): Cell(100, 1, bins)}
            store.work.run(lambda s, begin=begin, cells=cells: traffic.add(s, numbers, begin, begin + 1, cells))
        found = store.read.run(lambda s: measured(s, ["f", "g"], now))
    finally:
        store.close()
    assert found["f"].effects == 200
    assert found["g"].effects == 0
    assert 1 < found["f"].days < 2
    assert found["f"].p95 is not None
    assert EDGES[9] / 1e6 <= found["f"].p95 <= EDGES[10] / 1e6
