"""The tools of `crossdock.testing`: contexts, the search for leaks, spoiled bodies, the hub in memory."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from crossdock.connectors.base import BaseConnector, Options
from crossdock.connectors.protocol import Inbound, PollResult
from crossdock.core.commands import Command
from crossdock.core.errors import AnswerLost, SecretMissing, TargetRefused, Throttled, ValueMapMissing
from crossdock.core.outcomes import Accepted, EffectAbsent, EffectFound, EffectUnclear, Outcome
from crossdock.testing import InMemoryHub, LeakWatch, ManualClock, ended_well, make_context
from crossdock.testing.garbage import spoiled

COMMAND = Command("c-1", "document.send", "target", "k", {})


class Sized(Options):
    size: int = 1


class Scripted(BaseConnector):
    """Answers what the test wrote down, in that order."""

    Options = Sized

    def __init__(self, *steps: Any) -> None:
        super().__init__(make_context(type(self)))
        self.steps = list(steps)

    async def deliver(self, command: Command) -> Outcome:
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step

    async def find_effect(self, command: Command) -> Any:
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step

    async def poll(self, channel: str, cursor: Mapping[str, Any]) -> PollResult:
        at = int(cursor.get("at", 0))
        return PollResult([Inbound("t", f"d{max(at - 1, 0)}", b""), Inbound("t", f"d{at}", b"")], {"at": at + 1}, more=at < 3)

    def normalize(self, message: Any) -> Any:
        raise TargetRefused("no")


def hub(*steps: Any) -> InMemoryHub:
    return InMemoryHub(Scripted(*steps), "target", ManualClock())


def test_a_context_is_built_as_the_landscape_would() -> None:
    context = make_context(Scripted, options={"size": 3}, secrets={"api_key": "long-enough"}, value_maps={"uom": {"EA": "C62"}})
    assert context.options == Sized(size=3)
    assert context.secret("api_key") == "long-enough"
    assert "long-enough" not in repr(context)
    assert context.value_maps.translate("uom", "EA") == "C62"
    assert context.value_maps.reverse("uom", "C62") == "EA"
    for wrong in (lambda: context.value_maps.translate("uom", "XX"), lambda: context.value_maps.reverse("none", "C62")):
        with pytest.raises(ValueMapMissing):
            wrong()
    with pytest.raises(SecretMissing):
        context.secret("other")
    with pytest.raises(ValidationError):
        make_context(Scripted, options={"sice": 3})


def test_the_clock_moves_only_by_hand() -> None:
    clock = ManualClock(datetime(2026, 3, 2, 9, tzinfo=UTC))
    assert clock.now() == clock.now()
    clock.advance(30, hours=1)
    assert clock.now() == datetime(2026, 3, 2, 10, 0, 30, tzinfo=UTC)


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=8, max_size=40), st.binary(max_size=30))
def test_a_secret_is_found_in_base64_whatever_stands_around_it(secret: str, before: bytes) -> None:
    if len(secret.encode()) < 12:
        secret = secret + "-secret"
    leaks = LeakWatch([secret])
    leaks.look("basic", base64.b64encode(before + secret.encode() + b":tail").decode())
    leaks.look("plain", f"x{secret}y")
    leaks.look("clean", "nothing of the kind")
    assert leaks.found == ["basic", "plain"]


def test_a_secret_too_short_to_be_looked_for_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 8"):
        LeakWatch(["short"])


def test_spoiled_bodies_reach_every_field_and_are_the_same_every_time() -> None:
    body = orjson.dumps({"a": {"b": [1, {"c": "2"}]}, "d": None})
    bodies = list(spoiled(body))
    assert bodies == list(spoiled(body))
    assert orjson.dumps({"a": {"b": [None, {"c": "2"}]}, "d": None}) in bodies
    assert orjson.dumps({"d": None}) in bodies
    assert body not in bodies


@pytest.mark.parametrize(
    ("steps", "ends_well", "used"),
    [
        ([Accepted()], True, 1),
        ([Throttled(), Accepted()], True, 2),
        ([AnswerLost(), EffectFound(), Accepted()], True, 2),
        ([AnswerLost(), EffectUnclear(), EffectAbsent(), Accepted()], True, 4),
        ([AnswerLost(), AnswerLost(), EffectFound()], True, 3),
        ([TargetRefused(), Accepted()], False, 1),
        ([AnswerLost(), *[EffectUnclear()] * 5], False, 6),
    ],
)
async def test_the_hub_in_memory_never_repeats_what_is_uncertain(steps: list[Any], ends_well: bool, used: int) -> None:
    trail = await hub(*steps).settle(COMMAND)
    assert len(trail) == used
    assert ended_well(trail) is ends_well


async def test_the_hub_in_memory_keeps_each_message_once_and_goes_on_after_a_refusal() -> None:
    one = hub()
    assert len(await one.poll("x")) == 4
    assert sorted(one.messages) == ["d0", "d1", "d2", "d3"]
    assert len(one.refused) == 4
    assert one.cursors["x"] == {"at": 4}
