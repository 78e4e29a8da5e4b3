"""Two inventories compared: only differences travel, exactly, in order; what looks like a broken export is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.connectors.protocol import StockLine
from crossdock.core.errors import PayloadMalformed, SnapshotImplausible, SnapshotIncomplete, TargetUnavailable
from crossdock.pipeline.snapshot import Difference, Guard, Progress, reconcile

ANY = Guard(min_lines=0, min_share=Decimal(0), max_differing=Decimal(1))


async def lines(rows: Iterable[tuple[str, str, str, str]], size: int = 3) -> AsyncIterator[Sequence[StockLine]]:
    part: list[StockLine] = []
    for row in rows:
        part.append(StockLine(*row))
        if len(part) == size:
            yield part
            part = []
    yield part


async def compare(
    left: Iterable[tuple[str, str, str, str]], right: Iterable[tuple[str, str, str, str]], **options: Any
) -> list[Difference]:
    options.setdefault("guard", ANY)
    return [found async for part in reconcile(lines(left), lines(right), **options) for found in part]


async def test_only_what_differs_is_told_in_order() -> None:
    left = [("B", "A1", "", "5"), ("A", "A1", "", "1.50"), ("C", "A1", "L1", "2"), ("E", "A1", "", "0")]
    right = [("A", "A1", "", "1.5"), ("B", "A1", "", "7"), ("D", "A1", "", "1"), ("C", "A1", "L2", "2")]
    assert await compare(left, right) == [
        Difference("B", "A1", "", Decimal(5), Decimal(7)),
        Difference("C", "A1", "L1", Decimal(2), None),
        Difference("C", "A1", "L2", None, Decimal(2)),
        Difference("D", "A1", "", None, Decimal(1)),
    ]


async def test_places_are_added_up_and_may_be_merged() -> None:
    left = [("A", "P1", "L1", "0.1"), ("A", "P1", "L1", "0.2"), ("A", "P2", "L2", "1")]
    right = [("A", "WH", "", "1.3")]
    assert await compare(left, right, by_location=False, by_lot=False) == []
    assert await compare(left[:2], [("A", "P1", "L1", "0.30")]) == []
    assert len(await compare(left, right, by_location=False)) == 3


@pytest.mark.parametrize(("tolerance", "expected"), [("0", 2), ("0.01", 1), ("0.02", 0)])
async def test_a_tolerance_in_the_unit_of_the_stock(tolerance: str, expected: int) -> None:
    left = [("A", "", "", "1.00"), ("B", "", "", "1.00"), ("C", "", "", "1")]
    right = [("A", "", "", "1.01"), ("B", "", "", "0.98"), ("C", "", "", "1")]
    assert len(await compare(left, right, tolerance=Decimal(tolerance))) == expected


SKU, PLACE = st.sampled_from("ABCD"), st.sampled_from(["", "X"])
QUANTITY = st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-10_000, max_value=10_000)
INVENTORY = st.lists(st.tuples(SKU, PLACE, PLACE, QUANTITY.map(str)), max_size=25)


@given(INVENTORY, INVENTORY, st.sampled_from([Decimal(0), Decimal("0.5")]))
def test_it_agrees_with_plain_arithmetic(
    left: list[tuple[str, str, str, str]], right: list[tuple[str, str, str, str]], tolerance: Decimal
) -> None:
    def summed(rows: list[tuple[str, str, str, str]]) -> dict[tuple[str, str, str], Decimal]:
        total: dict[tuple[str, str, str], Decimal] = {}
        for sku, place, lot, quantity in rows:
            total[(sku, place, lot)] = total.get((sku, place, lot), Decimal(0)) + Decimal(quantity)
        return total

    one, other = summed(left), summed(right)
    expected = [
        (*place, one.get(place), other.get(place))
        for place in sorted(set(one) | set(other))
        if abs(one.get(place, Decimal(0)) - other.get(place, Decimal(0))) > tolerance
    ]
    found = asyncio.run(compare(left, right, tolerance=tolerance, chunk=2))
    assert [(d.sku, d.location, d.lot, d.left, d.right) for d in found] == expected


def stock(count: int, changed: int = 0) -> list[tuple[str, str, str, str]]:
    return [(f"S{number:04}", "", "", str(number + (1 if number < changed else 0))) for number in range(count)]


@pytest.mark.parametrize(
    ("left", "right", "error"),
    [
        (stock(100), [], SnapshotIncomplete),
        ([], stock(100), SnapshotIncomplete),
        (stock(100), stock(49), SnapshotIncomplete),
        (stock(200), stock(200, changed=41), SnapshotImplausible),
        (stock(50), stock(50, changed=21), SnapshotImplausible),
    ],
)
async def test_a_broken_export_is_refused_before_anything_is_told(left: Any, right: Any, error: type[Exception]) -> None:
    run = reconcile(lines(left), lines(right))
    with pytest.raises(error) as caught:
        await anext(run)
    detail = caught.value.detail  # type: ignore[attr-defined]
    assert (detail["left_lines"], detail["right_lines"]) == (len(left), len(right))
    if error is SnapshotImplausible:
        assert len(detail["sample"]) == 5


async def test_what_the_guard_allows_is_told() -> None:
    assert len(await compare(stock(200), stock(200, changed=40), guard=None)) == 40
    assert len(await compare(stock(50), stock(50, changed=20), guard=None)) == 20
    assert len(await compare(stock(100), stock(50), guard=Guard(max_differing=Decimal(1)))) == 50


@pytest.mark.parametrize("quantity", ["five", "", "NaN", "Infinity", "1,5", "٣٫"])
async def test_a_quantity_that_is_no_decimal_names_side_and_sku(quantity: str) -> None:
    with pytest.raises(PayloadMalformed) as caught:
        await compare(stock(3), [("A", "P", "", quantity)])
    assert caught.value.detail == {"side": "right", "sku": "A", "location": "P", "lot": ""}


def _left(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def test_when_one_side_fails_the_other_stops_and_nothing_is_left(tmp_path: Path) -> None:
    closed = asyncio.Event()

    async def endless() -> AsyncIterator[Sequence[StockLine]]:
        try:
            while True:
                yield [StockLine("A", "", "", "1")]
                await asyncio.sleep(0)
        finally:
            closed.set()

    async def broken() -> AsyncIterator[Sequence[StockLine]]:
        yield [StockLine("A", "", "", "1")]
        raise TargetUnavailable("gone")

    with pytest.raises(TargetUnavailable, match="gone"):
        async for _ in reconcile(endless(), broken(), scratch=tmp_path):
            pass
    assert closed.is_set()
    assert _left(tmp_path) == []


async def test_a_caller_that_stops_early_leaves_nothing_behind(tmp_path: Path) -> None:
    run = reconcile(lines(stock(100)), lines(stock(100, changed=100)), guard=ANY, chunk=10, scratch=tmp_path)
    assert len(await anext(run)) == 10
    assert _left(tmp_path) != []
    await run.aclose()  # type: ignore[attr-defined]
    assert _left(tmp_path) == []


async def test_progress_counts_lines_places_and_differences() -> None:
    seen: list[Progress] = []
    rows = [("A", "", "", "1"), ("A", "", "", "1"), ("B", "", "", "2"), ("C", "", "", "3")]
    await compare(rows, [("A", "", "", "2"), ("B", "", "", "9")], progress=seen.append, chunk=1)
    assert [state.phase for state in seen if state.phase != "reading"] == ["comparing", "comparing", "comparing", "done"]
    assert seen[-1] == Progress("done", 4, 2, 3, 2, 3, 2, 2)
    assert [state.left_lines for state in seen] == sorted(state.left_lines for state in seen)
