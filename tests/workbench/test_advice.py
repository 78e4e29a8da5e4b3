"""The advice on its page, as a paper and over the API: the arithmetic adds up, and answers come from beside the landscape."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workbench.conftest import Browser, Workbench


@pytest.fixture(scope="module")
def auditor(bench: Workbench) -> Browser:
    return bench.person("auditor")[1]


@pytest.fixture
def answers(bench: Workbench) -> Iterator[Path]:
    file = bench.folder / "advice.yaml"
    yield file
    file.unlink(missing_ok=True)


def test_the_arithmetic_adds_up_and_every_flow_is_there(auditor: Browser) -> None:
    told = auditor.api("GET", "/advice/").json()
    for model, points in told["points"].items():
        assert points == sum(each["points"][model] for each in told["arithmetic"])
    assert told["points"][told["recommended"]] == max(told["points"].values())
    text = auditor.get("/advice/").text
    assert told["title"] in text
    for flow in told["flows"]:
        assert flow["points"][flow["pattern"]["recommended"]] == max(flow["points"].values())
        assert flow["title"] in text
    assert "0 of 8 questions are answered" in text
    assert len(told["unanswered"]) == 8


def test_answers_are_read_from_beside_the_landscape(auditor: Browser, answers: Path) -> None:
    before = auditor.api("GET", "/advice/").json()
    answers.write_text("standstill: 4\nvolume: 0\n")
    told = auditor.api("GET", "/advice/").json()
    assert len(told["unanswered"]) == 6
    assert told["points"] != before["points"]
    text = auditor.get("/advice/").text
    assert "2 of 8 questions are answered" in text
    assert "A customer&#x27;s production stands still." in text
    for turn in told["would_turn"]:
        assert turn["recommended"] != told["recommended"]


def test_answers_that_cannot_be_read_are_told(auditor: Browser, answers: Path) -> None:
    answers.write_text("standstill: a lot\n")
    answer = auditor.api("GET", "/advice/")
    assert (answer.status_code, answer.json()["code"]) == (409, "advice.unreadable")
    text = auditor.get("/advice/").text
    assert "is a number from 0 to 4" in text
    assert "What follows is scored without answers." in text
    assert "is a number from 0 to 4" in auditor.get("/advice/advice.pdf").text


def test_the_paper_is_given_and_recorded(bench: Workbench, auditor: Browser) -> None:
    before = len(bench.records("workbench:advice:downloaded"))
    for path in ("/advice/advice.pdf", "/api/advice/advice.pdf"):
        answer = auditor.get(path)
        assert (answer.headers["content-type"], answer.content[:5]) == ("application/pdf", b"%PDF-")
    assert len(bench.records("workbench:advice:downloaded")) == before + 2


def test_it_is_not_there_for_others_and_german_for_germans(bench: Workbench, auditor: Browser) -> None:
    operator = bench.person("operator")[1]
    for path in ("/advice/", "/advice/advice.pdf", "/api/advice/"):
        assert operator.get(path).status_code == 404
    text = auditor.get("/advice/", headers={"Accept-Language": "de"}).text
    assert "Welches Betriebsmodell passt" in text
    assert "0 von 8 Fragen sind beantwortet" in text
