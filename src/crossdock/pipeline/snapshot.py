"""Compares two inventories of any size in bounded memory and tells only what differs; knows no system, schedule or remedy."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from decimal import Context, Decimal, Inexact, InvalidOperation
from pathlib import Path
from typing import Final, Literal, TypeVar

from crossdock.connectors.protocol import StockLine
from crossdock.core.errors import PayloadMalformed, SnapshotImplausible, SnapshotIncomplete

T = TypeVar("T")
Side = Literal["left", "right"]
Lines = AsyncIterator[Sequence[StockLine]]

EXACT: Final = Context(prec=60, traps=[Inexact, InvalidOperation])
SAMPLE: Final = 5
SCHEMA: Final = """
CREATE TABLE place (
    sku TEXT NOT NULL, location TEXT NOT NULL, lot TEXT NOT NULL, "left" TEXT, "right" TEXT, PRIMARY KEY (sku, location, lot)
) WITHOUT ROWID
"""
DIFFERS: Final = """coalesce("left", '0') <> coalesce("right", '0') AND apart(coalesce("left", '0'), coalesce("right", '0'))"""


@dataclass(frozen=True, slots=True)
class Difference:
    """One place whose stock the two sides state differently; None where a side does not list it, which counts as zero."""

    sku: str
    location: str
    lot: str
    left: Decimal | None
    right: Decimal | None


@dataclass(frozen=True, slots=True)
class Guard:
    """When a comparison is not to be believed, because acting on it would zero or invent stock.

    `min_lines`: each side must have as many. `min_share`: the smaller side must list at least this share of the places of the larger
    one. `max_differing`: at most this share of all places may differ; up to `always_allowed` places may differ whatever the share.
    """

    min_lines: int = 1
    min_share: Decimal = Decimal("0.5")
    max_differing: Decimal = Decimal("0.2")
    always_allowed: int = 20


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a comparison is. Lines as read; places are distinct (sku, location, lot); `differing` is known after reading."""

    phase: Literal["reading", "comparing", "done"] = "reading"
    left_lines: int = 0
    right_lines: int = 0
    left_places: int = 0
    right_places: int = 0
    places: int = 0
    differing: int = 0
    told: int = 0


async def reconcile(
    left: Lines,
    right: Lines,
    *,
    guard: Guard | None = None,
    tolerance: Decimal = Decimal(0),
    by_location: bool = True,
    by_lot: bool = True,
    chunk: int = 1_000,
    progress: Callable[[Progress], None] | None = None,
    scratch: Path | None = None,
) -> AsyncIterator[Sequence[Difference]]:
    """The differences between two inventories, in chunks, ordered by sku, location and lot.

    Both sides are staged in a scratch SQLite file (in `scratch` or the temporary directory), so that memory does not grow with them;
    nothing is told before both were read whole and the guard is satisfied. Lines of one place are added up. Without `by_location` or
    `by_lot` stock is added up over locations or lots. Quantities that differ by at most `tolerance` are equal.

    Raises `SnapshotIncomplete`, `SnapshotImplausible`, `PayloadMalformed` for a quantity that is no decimal, and what the sides raise.
    """
    report = progress or (lambda _: None)
    with _Scratch(tolerance, scratch) as store:
        reading = _Reading(store, by_location, by_lot, report)
        await _both(reading.stage("left", left), reading.stage("right", right))
        state = await store.run(store.count, reading.state)
        report(state)
        await store.run(store.check, state, guard or Guard())
        async for part in store.differences(chunk):
            state = replace(state, told=state.told + len(part))
            report(state)
            yield part
        report(replace(state, phase="done"))


@dataclass(slots=True)
class _Reading:
    """Stages both sides and keeps count."""

    store: _Scratch
    by_location: bool
    by_lot: bool
    report: Callable[[Progress], None]
    state: Progress = field(default_factory=Progress)

    async def stage(self, side: Side, lines: Lines) -> None:
        try:
            async for part in lines:
                if not part:
                    continue
                await self.store.run(self.store.stage, side, part, self.by_location, self.by_lot)
                count = len(part)
                if side == "left":
                    self.state = replace(self.state, left_lines=self.state.left_lines + count)
                else:
                    self.state = replace(self.state, right_lines=self.state.right_lines + count)
                self.report(self.state)
        finally:
            close = getattr(lines, "aclose", None)
            if close is not None:
                await close()


async def _both(one: Awaitable[None], other: Awaitable[None]) -> None:
    """Run both; when one fails the other is cancelled and the failure is raised as it is."""
    tasks = [asyncio.ensure_future(one), asyncio.ensure_future(other)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Scratch:
    """The staging table, used by one thread of its own so that the event loop never waits for the disk."""

    def __init__(self, tolerance: Decimal, directory: Path | None) -> None:
        self._tolerance = tolerance
        self._folder = tempfile.TemporaryDirectory(prefix="crossdock-snapshot-", dir=directory)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="snapshot")
        self._database: sqlite3.Connection | None = None

    def __enter__(self) -> _Scratch:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._thread.submit(self._close).result()
        self._thread.shutdown()
        self._folder.cleanup()

    def _close(self) -> None:
        if self._database is not None:
            self._database.close()

    async def run(self, work: Callable[..., T], *arguments: object) -> T:
        """`work` in the scratch file's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: work(*arguments))

    @property
    def _sql(self) -> sqlite3.Connection:
        if self._database is None:
            database = sqlite3.connect(Path(self._folder.name) / "places.sqlite3", isolation_level=None)
            # The file is worth nothing after a crash, so it is neither journaled nor synced.
            for pragma in ("journal_mode=OFF", "synchronous=OFF", "locking_mode=EXCLUSIVE", "cache_size=-24000"):
                database.execute(f"PRAGMA {pragma}")
            database.create_function("added", 2, _added, deterministic=True)
            database.create_function("apart", 2, self._apart, deterministic=True)
            database.execute(SCHEMA)
            database.execute("BEGIN")
            self._database = database
        return self._database

    def _apart(self, left: str, right: str) -> bool:
        return not self._tolerance or abs(EXACT.subtract(Decimal(left), Decimal(right))) > self._tolerance

    def stage(self, side: Side, lines: Sequence[StockLine], by_location: bool, by_lot: bool) -> None:
        """Add lines to a side."""
        rows = (
            (line.sku, line.location if by_location else "", line.lot if by_lot else "", _plain(line, side)) for line in lines
        )
        self._sql.executemany(
            f"""INSERT INTO place (sku, location, lot, "{side}") VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE
                SET "{side}" = CASE WHEN "{side}" IS NULL THEN excluded."{side}" ELSE added("{side}", excluded."{side}") END""",  # noqa: S608
            rows,
        )

    def count(self, state: Progress) -> Progress:
        """Places of each side, and how many differ."""
        query = f'SELECT count("left"), count("right"), count(*), coalesce(sum({DIFFERS}), 0) FROM place'  # noqa: S608
        left, right, places, differing = self._sql.execute(query).fetchone()
        counted = {"left_places": left, "right_places": right, "places": places, "differing": differing}
        return replace(state, phase="comparing", **counted)

    def check(self, state: Progress, guard: Guard) -> None:
        """Raise what the guard does not allow."""
        counts = {"left_lines": state.left_lines, "right_lines": state.right_lines}
        for side, lines in (("left", state.left_lines), ("right", state.right_lines)):
            if lines < guard.min_lines:
                raise SnapshotIncomplete(f"the {side} side has {lines} lines, at least {guard.min_lines} are expected", **counts)
        smaller, larger = sorted((state.left_places, state.right_places))
        if Decimal(smaller) < guard.min_share * larger:
            places = {"left_places": state.left_places, "right_places": state.right_places, "min_share": str(guard.min_share)}
            raise SnapshotIncomplete(f"one side lists {smaller} places, the other {larger}", **counts, **places)
        if state.differing > max(Decimal(guard.always_allowed), guard.max_differing * state.places):
            sample = [f"{d.sku} {d.location} {d.lot}: {d.left} / {d.right}" for d in self._page(0, SAMPLE)]
            words = f"{state.differing} of {state.places} places differ, at most {guard.max_differing * 100:f} % are believed"
            raise SnapshotImplausible(words, **counts, differing=state.differing, places=state.places, sample=sample)

    async def differences(self, chunk: int) -> AsyncIterator[list[Difference]]:
        """The differing places in order."""
        rows = self._rows()
        while part := await self.run(lambda: list(_taken(rows, chunk))):
            yield part

    def _page(self, start: int, count: int) -> list[Difference]:
        return list(_taken(self._rows(), count))[start:]

    def _rows(self) -> Iterator[Difference]:
        query = f'SELECT sku, location, lot, "left", "right" FROM place WHERE {DIFFERS} ORDER BY sku, location, lot'  # noqa: S608
        for sku, location, lot, left, right in self._sql.execute(query):
            yield Difference(
                sku, location, lot, None if left is None else Decimal(left), None if right is None else Decimal(right)
            )


def _taken(rows: Iterator[Difference], count: int) -> Iterator[Difference]:
    with contextlib.suppress(StopIteration):
        for _ in range(count):
            yield next(rows)


def _plain(line: StockLine, side: Side) -> str:
    """The quantity in the one spelling equal amounts share: no exponent, no needless zeros, no negative zero."""
    quantity = line.quantity
    if quantity.isdecimal() and quantity.isascii() and (quantity[0] != "0" or quantity == "0"):
        return quantity
    try:
        number = Decimal(quantity)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        detail = {"side": side, "sku": line.sku, "location": line.location, "lot": line.lot}
        raise PayloadMalformed(f"{side}: the quantity {quantity[:40]!r} of {line.sku!r} is no decimal", **detail)
    return _spelled(number)


def _spelled(number: Decimal) -> str:
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text.lstrip("+")


def _added(one: str, other: str) -> str:
    return _spelled(EXACT.add(Decimal(one), Decimal(other)))
