"""What pages work on: the landscape, connections to the ledger, and numbers for instructions; one per process, opened at its start."""

from __future__ import annotations

import queue
import secrets
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from crossdock.core.clock import SystemClock
from crossdock.ledger.ids import Numbers
from crossdock.ledger.session import Session
from crossdock.ledger.store import Lane, Store
from crossdock.ledger.times import micros
from crossdock.pipeline.protection import protect_as
from crossdock.security.content_filter import ContentFilter
from crossdock.security.entitlement import filter_for
from crossdock.security.scope import Facts

if TYPE_CHECKING:
    from crossdock.landscape.landscape import Landscape
    from crossdock.workbench.start import Start

T = TypeVar("T")
READERS = 6
"""Connections that read at the same time."""
NODES = range(896, 1023)
"""Nodes of the numbers workbench processes give to instructions, one of them by chance; hubs use the lower ones, the command line 1023."""


class Place:
    """The ledger and the landscape of this process."""

    def __init__(self, start: Start, landscape: Landscape) -> None:
        self.start = start
        self.clock = SystemClock()
        self.landscape = landscape
        self.facts = Facts({name: system.region or "" for name, system in self.landscape.systems.items()})
        self._content: dict[str, ContentFilter] = {}
        self._store = Store(start.location)
        self._numbers = Numbers(self.clock, secrets.choice(NODES))
        self._writing = threading.Lock()
        self._numbering = threading.Lock()
        self._readers: queue.SimpleQueue[Lane] = queue.SimpleQueue()
        for number in range(READERS):
            self._readers.put(self._store.another_reader(number))

    def content(self, system: str) -> ContentFilter:
        """What people of a receiver must not be shown."""
        if system not in self._content:
            self._content[system] = filter_for(self.landscape, system)
        return self._content[system]

    def number(self) -> int:
        """A number for an instruction."""
        with self._numbering:
            return self._numbers.next()

    def now(self) -> int:
        """Microseconds since 1970."""
        return micros(self.clock.now())

    def read(self, work: Callable[[Session], T]) -> T:
        """Run one read on the ledger, on the calling thread. Raises `LedgerUnavailable`."""
        lane = self._readers.get()
        try:
            return lane.run(work)
        finally:
            self._readers.put(lane)

    def write(self, work: Callable[[Session, Numbers, int], T]) -> T:
        """Run one unit of work that writes (instructions, never the hub's own tables): gets numbers and the time in microseconds."""
        with self._writing, self._numbering:
            return self._store.work.run(lambda session: work(session, self._numbers, micros(self.clock.now())))


_here: list[Place] = []


def open_at(start: Start, landscape: Landscape) -> None:
    """Open the ledger for a loaded landscape. Raises `LedgerUnavailable`."""
    protect_as(landscape)
    _here[:] = [Place(start, landscape)]


def place() -> Place:
    """The place of this process."""
    return _here[0]


def option(name: str, default: Any = None) -> Any:
    """What this process was told beside ledger and landscape."""
    return place().start.options.get(name, default)
