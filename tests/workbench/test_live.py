"""Live parts: rendered once for all who see the same, newest for the slow, ended when nobody reads; no clock is waited for."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from crossdock.core.errors import LedgerUnavailable
from crossdock.ledger.board import Pulse
from crossdock.ledger.database import LedgerLocation, configure
from crossdock.workbench.live.stream import Exchange, Part


class Board:
    """What is shown, and how often it was asked for."""

    def __init__(self) -> None:
        self.number = 0
        self.rendered = 0
        self.away = False

    def pulse(self) -> Pulse:
        if self.away:
            raise LedgerUnavailable("away")
        return Pulse(self.number, 0, 0)

    def render(self) -> str:
        self.rendered += 1
        return f"<p>{self.number}</p>"

    def part(self, scope: str = "all") -> Part:
        return Part("board", scope, self.render)


@pytest.fixture
def board(tmp_path: Path) -> Board:
    configure(LedgerLocation.parse(f"sqlite:///{tmp_path}/x.sqlite3"))
    return Board()


def exchange(board: Board) -> Exchange:
    return Exchange(board.pulse, look=0.01, gather=0.0, clocks=3600.0)


async def shown(events: Any, count: int = 1) -> list[str]:
    found: list[str] = []
    async with asyncio.timeout(10):
        while len(found) < count:
            event = (await anext(events)).decode()
            if event.startswith("event: part"):
                found.append(json.loads(event.split("data: ")[1])["html"])
    return found


async def test_a_change_is_rendered_once_for_everybody_who_sees_the_same(board: Board) -> None:
    live = exchange(board)
    readers = [live.read(board.part(), "en", "UTC") for _ in range(50)]
    for each in readers:
        await anext(each)
    await asyncio.gather(*(shown(each) for each in readers))
    before = board.rendered
    board.number = 7
    assert await asyncio.gather(*(shown(each) for each in readers)) == [["<p>7</p>"]] * 50
    assert board.rendered - before <= 2
    for each in readers:
        await each.aclose()
    assert live.readers == 0


async def test_who_may_see_less_or_reads_another_language_is_rendered_apart(board: Board) -> None:
    live = exchange(board)
    readers = [live.read(board.part(scope), language, "UTC") for scope, language in (("all", "en"), ("one", "en"), ("all", "de"))]
    await asyncio.gather(*(shown(each) for each in readers))
    assert live.renderings >= 3
    for each in readers:
        await each.aclose()


async def test_nothing_is_sent_while_nothing_changes(board: Board) -> None:
    live = exchange(board)
    reader = live.read(board.part(), "en", "UTC", life=0.4)
    found = [event async for event in reader]
    assert sum(event.startswith(b"event: part") for event in found) == 1


async def test_a_slow_browser_gets_the_newest(board: Board) -> None:
    live = exchange(board)
    reader = live.read(board.part(), "en", "UTC")
    await shown(reader)
    for number in range(1, 30):
        board.number = number
        async with asyncio.timeout(10):
            rendered = board.rendered
            while board.rendered == rendered:
                await asyncio.sleep(0.005)
    await asyncio.sleep(0.05)
    assert (await shown(reader, 2))[-1] == "<p>29</p>"
    await reader.aclose()


async def test_a_ledger_that_is_away_ends_nothing(board: Board) -> None:
    live = exchange(board)
    reader = live.read(board.part(), "en", "UTC")
    await shown(reader)
    board.away = True
    await asyncio.sleep(0.05)
    board.away, board.number = False, 3
    assert await shown(reader) == ["<p>3</p>"]
    await reader.aclose()


async def test_what_fails_to_render_does_not_stop_the_others(board: Board) -> None:
    live = exchange(board)

    def broken() -> str:
        raise RuntimeError("a template is wrong")

    bad, good = live.read(Part("board", "bad", broken), "en", "UTC"), live.read(board.part(), "en", "UTC")
    await anext(bad)
    await shown(good)
    board.number = 4
    assert await shown(good) == ["<p>4</p>"]
    await bad.aclose()
    await good.aclose()
