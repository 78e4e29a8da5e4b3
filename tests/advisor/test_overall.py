"""The arithmetic of the recommendation adds up, and what is said to turn it turns it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crossdock.advisor.facts import Fact
from crossdock.advisor.models import Model, leading, points_of
from crossdock.advisor.overall import FITS, overall
from crossdock.advisor.questions import QUESTIONS

QUESTIONED = {question.key for question in QUESTIONS}
OBSERVED = sorted(set(FITS) - QUESTIONED)
values = st.integers(0, 4)
observations = st.fixed_dictionaries(dict.fromkeys(OBSERVED, values))
answered = st.dictionaries(st.sampled_from(sorted(QUESTIONED)), values)


def facts(seen: dict[str, int]) -> tuple[Fact, ...]:
    return tuple(Fact(key, "complexity", value, key) for key, value in seen.items())


@given(observations, answered)
def test_the_totals_are_the_sums_of_the_lines_and_the_first_leads(seen: dict[str, int], answers: dict[str, int]) -> None:
    found = overall(facts(seen), answers)
    for model in Model:
        assert found.totals[model] == sum(points_of(factor.points)[model] for factor in found.factors)
    assert found.totals[found.model] == max(found.totals.values())
    assert set(found.unanswered) == {question.words for question in QUESTIONS if question.key not in answers}


@given(observations, answered)
def test_what_would_turn_the_answer_turns_it(seen: dict[str, int], answers: dict[str, int]) -> None:
    found = overall(facts(seen), answers)
    for turn in found.turns:
        assert turn.to is not found.model
        if turn.key in QUESTIONED:
            again = overall(facts(seen), {**answers, turn.key: turn.to_value})
        else:
            again = overall(facts({**seen, turn.key: turn.to_value}), answers)
        assert again.model is turn.to


@given(observations, answered)
def test_what_is_not_said_to_turn_it_does_not(seen: dict[str, int], answers: dict[str, int]) -> None:
    found = overall(facts(seen), answers)
    turning = {turn.key for turn in found.turns}
    for key in OBSERVED:
        if key not in turning:
            for value in range(5):
                assert overall(facts({**seen, key: value}), answers).model is found.model


def test_little_and_simple_is_direct_much_and_shared_is_event_driven_and_between_is_middleware() -> None:
    def all_at(value: int) -> Model:
        return overall(facts(dict.fromkeys(OBSERVED, value)), dict.fromkeys(QUESTIONED, value)).model

    assert all_at(0) is Model.DIRECT
    assert all_at(2) is Model.MIDDLEWARE
    assert all_at(4) is Model.EVENTS


def test_between_equals_the_simpler_leads() -> None:
    assert leading({Model.DIRECT: 3, Model.MIDDLEWARE: 3, Model.EVENTS: 3}) is Model.DIRECT
    assert leading({Model.DIRECT: 2, Model.MIDDLEWARE: 3, Model.EVENTS: 3}) is Model.MIDDLEWARE
