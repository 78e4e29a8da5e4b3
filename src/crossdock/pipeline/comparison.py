"""The run of an inventory comparison: reads both stocks, believes only differences that stay, and tells those, in chunks; adjusts nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from hashlib import blake2b
from typing import Any, Final

import orjson

from crossdock.connectors.protocol import Connector
from crossdock.core.clock import Clock
from crossdock.core.commands import Command
from crossdock.core.errors import LandscapeInvalid
from crossdock.ledger import runs
from crossdock.ledger.payloads import unpack
from crossdock.ledger.people import deliveries_by_identity
from crossdock.ledger.session import Session
from crossdock.ledger.store import Store
from crossdock.ledger.times import micros
from crossdock.pipeline.counted import COUNTED
from crossdock.pipeline.decide import command_identity
from crossdock.pipeline.delivery import from_row
from crossdock.pipeline.ongoing import Ongoing
from crossdock.pipeline.runtime import Flow, Runtime
from crossdock.pipeline.snapshot import Difference, Guard, Lines, Progress, reconcile
from crossdock.processes.inventory_snapshot import Settings

BELIEVE: Final = Guard(min_lines=1, min_share=Decimal(0), max_differing=Decimal(1))
"""What a person may ask for, for one run, when a large difference is real."""


@dataclass(frozen=True, slots=True)
class Sides:
    """The two systems of a comparison."""

    counted: str
    book: str


class InventoryComparison:
    """Work of a flow with `workflow: inventory_snapshot` (`pipeline.schedule.Work`)."""

    def __init__(self, flow: Flow, runtime: Runtime, store: Store, clock: Clock) -> None:
        self._flow = flow.name
        self._settings = Settings.model_validate(dict(flow.context.settings))
        roles = flow.context.roles
        self._sides = Sides(
            roles.get(self._settings.counted, self._settings.counted), roles.get(self._settings.book, self._settings.book)
        )
        for system in (self._sides.counted, self._sides.book):
            if system not in runtime.participants:
                raise LandscapeInvalid(f"flow {flow.name!r} compares the stock of {system!r}, which is no system", flow=flow.name)
        self._connectors = {name: runtime.participants[name].connector for name in (self._sides.counted, self._sides.book)}
        self._store = store
        self._clock = clock

    async def __call__(self, ongoing: Ongoing) -> Mapping[str, Any]:
        """Compare, wait, compare again, tell. Raises what the guard or the systems refuse; nothing was told then."""
        believe = bool(ongoing.run.progress.get("believe"))
        guard = BELIEVE if believe else Guard(**self._settings.guard.model_dump())
        settle = self._settings.settle.total_seconds()
        seen: set[bytes] | None = None
        if settle:
            seen = set()
            async for part in self._read(ongoing, guard, "first reading"):
                seen.update(map(_digest, part))
            if not seen:
                return _result(ongoing, told=0, moving=0, in_motion=0)
            ongoing.note(phase="waiting", moving=0)
            await asyncio.sleep(settle)
        return await self._tell(ongoing, guard, seen)

    async def _tell(self, ongoing: Ongoing, guard: Guard, seen: set[bytes] | None) -> Mapping[str, Any]:
        began, counted_at = ongoing.number(), self._clock.now()
        told = moving = held = 0
        busy: frozenset[str] | None = None
        async for part in self._read(ongoing, guard, "second reading" if seen is not None else "reading"):
            staying = part if seen is None else [each for each in part if _digest(each) in seen]
            moving += len(part) - len(staying)
            if busy is None:
                busy = await self._store.read.do(self._busy)
            keys = list({self._key(each.sku) for each in staying})
            moved = await self._store.read.do(lambda s, keys=keys: runs.told_since(s, keys, began))  # type: ignore[misc]
            free = [each for each in staying if self._key(each.sku) not in moved and busy.isdisjoint(self._names(each.sku))]
            held += len(staying) - len(free)
            if free:
                lines = [[d.sku, d.location, d.lot, _text(d.left), _text(d.right)] for d in free]
                content = {"counted_at": micros(counted_at), "lines": lines}
                await ongoing.tell(self._sides.counted, COUNTED, content, len(free))
            told += len(free)
            ongoing.note(phase="telling", told=told, moving=moving, in_motion=held)
        return _result(ongoing, told=told, moving=moving, in_motion=held)

    # --- reading ------------------------------------------------------------------------------------------

    def _read(self, ongoing: Ongoing, guard: Guard, phase: str) -> AsyncIterator[Sequence[Difference]]:
        def progress(state: Progress) -> None:
            shown = phase if state.phase == "reading" else "comparing"
            ongoing.note(
                phase=shown,
                counted_lines=state.left_lines,
                book_lines=state.right_lines,
                places=state.places,
                differing=state.differing,
            )

        settings = self._settings
        places = set(settings.book_locations) or (set(settings.locations.values()) if "*" in settings.locations else None)
        sides = _Reading(settings.place, places)
        return reconcile(
            sides.counted(self._connectors[self._sides.counted]),
            sides.book(self._connectors[self._sides.book]),
            guard=guard,
            tolerance=settings.tolerance,
            by_lot=settings.by_lot,
            chunk=settings.chunk,
            progress=progress,
        )

    # --- what is on its way -------------------------------------------------------------------------------

    def _busy(self, session: Session) -> frozenset[str]:
        """What commands to the corrected system still to be carried out will write there: their effect is not in its books yet."""
        connector, system = self._connectors[self._sides.book], self._sides.book
        found: set[str] = set()
        for command_id, name, key, data, flow in runs.in_motion(session, system):
            if flow != self._flow:
                found.update(connector.serial(Command(command_id, name, system, key, orjson.loads(unpack(data)), flow)))
        parked = [command_identity(each) for each in runs.parked_commands(session)]
        for row in deliveries_by_identity(session, parked):
            command = from_row(row).command
            if command.system == system and command.flow != self._flow:
                found.update(connector.serial(command))
        return frozenset(found)

    def _names(self, sku: str) -> Sequence[str]:
        command = Command("", "stock.adjust", self._sides.book, self._key(sku), {"levels": [{"sku": sku}]})
        return self._connectors[self._sides.book].serial(command)

    def _key(self, sku: str) -> str:
        return f"stock/{self._sides.counted}/{sku}"


class _Reading:
    """One reading of both sides. The corrected side is limited to the places the counting side speaks of, or to those given."""

    def __init__(self, place: Callable[[str], str], places: set[str] | None) -> None:
        self._place = place
        self._given = places
        self._named: set[str] = set()
        self._whole = asyncio.Event()

    async def counted(self, connector: Connector) -> Lines:
        async for part in connector.snapshot():
            lines = [replace(line, location=self._place(line.location)) for line in part]
            if self._given is None:
                self._named.update(line.location for line in lines)
            yield lines
        self._whole.set()

    async def book(self, connector: Connector) -> Lines:
        if self._given is None:
            await self._whole.wait()
        places = self._named if self._given is None else self._given
        async for part in connector.snapshot():
            yield [line for line in part if line.location in places]


def _digest(difference: Difference) -> bytes:
    text = orjson.dumps([difference.sku, difference.location, difference.lot, _text(difference.left), _text(difference.right)])
    return blake2b(text, digest_size=16).digest()


def _text(quantity: Decimal | None) -> str:
    return "0" if quantity is None else format(quantity, "f")


def _result(ongoing: Ongoing, **counts: int) -> dict[str, int]:
    ongoing.note(**counts)
    progress = ongoing.run.progress
    figures = ("counted_lines", "book_lines", "places", "differing")
    return {**{name: int(progress.get(name, 0)) for name in figures}, **counts}
