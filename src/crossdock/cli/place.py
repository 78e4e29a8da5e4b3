"""Where a command works: finds the landscape and opens its ledger for reading or for instructions."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from crossdock.core.errors import LedgerUnavailable
from crossdock.ledger.database import LedgerLocation
from crossdock.ledger.payloads import Cipher, unlock_with
from crossdock.ledger.release import same_release
from crossdock.ledger.session import Session
from crossdock.ledger.store import Store

if TYPE_CHECKING:
    from crossdock.landscape.landscape import Landscape

T = TypeVar("T")

Place = Annotated[
    Path, typer.Option("--landscape", "-L", envvar="CROSSDOCK_LANDSCAPE", help="The landscape's folder.", show_default="here")
]
Env = Annotated[
    str | None, typer.Option("--env", envvar="CROSSDOCK_ENVIRONMENT", help="Environment; default: the landscape's own default.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
HERE = Path()


def landscape_at(path: Path, environment: str | None) -> Landscape:
    """Load the landscape that runs here: the promoted bundle where the environment has one, else the folder's own files.

    Raises `LandscapeInvalid` with all findings.
    """
    from crossdock.landscape.load import load

    here = load(path, environment)
    if here.environment.promotion is None:
        return here
    from crossdock.pipeline.location import ledger_location

    return standing(here, ledger_location(here))


def standing(here: Landscape, location: LedgerLocation) -> Landscape:
    """The promoted bundle with the bindings of `here`; `here` itself when nothing was promoted or there is no ledger yet."""
    from crossdock.governance.standing import promoted
    from crossdock.ledger.releases import there_are

    if here.environment.promotion is None or (location.path is not None and not location.path.exists()):
        return here
    store = Store(location)
    try:
        return promoted(here, store) if store.read.run(there_are) else here
    finally:
        store.close()


def location_of(path: Path, environment: str | None) -> LedgerLocation:
    """The ledger of a landscape; `CROSSDOCK_LEDGER` alone is enough when there is no landscape at hand."""
    from crossdock.pipeline.location import ledger_location

    given = os.environ.get("CROSSDOCK_LEDGER")
    if given and not (path / "crossdock.yaml").exists():
        return LedgerLocation.parse(given)
    return ledger_location(landscape_at(path, environment))


@contextmanager
def ledger(path: Path, environment: str | None) -> Iterator[Store]:
    """The opened ledger. Raises `LedgerUnavailable` when it does not exist yet, `LedgerOfAnotherRelease` when its tables are others."""
    location = location_of(path, environment)
    if location.path is not None and not location.path.exists():
        raise LedgerUnavailable(f"there is no ledger at {location.path} yet; start the hub first (`crossdock up`)")
    unlock(path, environment)
    store = Store(location)
    try:
        store.read.run(same_release)
        yield store
    finally:
        store.close()


def unlock(path: Path, environment: str | None) -> None:
    """Let this process read payloads that rest encrypted: the landscape is asked for the keys when the first is met."""

    def fetch() -> Iterable[Cipher]:
        from crossdock.pipeline.protection import keys_of

        return keys_of(landscape_at(path, environment))

    unlock_with(fetch)


def reading(path: Path, environment: str | None, work: Callable[[Session], T]) -> T:
    """Run one read on the ledger."""
    with ledger(path, environment) as store:
        return store.read.run(work)
