"""The landscape that is to run: the newest promoted bundle with this machine's bindings, or the folder's own files; promotes nothing."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from crossdock.governance.bundle import proven, read_bundle
from crossdock.landscape.landscape import RELEASES, Landscape
from crossdock.landscape.load import load
from crossdock.ledger import releases
from crossdock.ledger.database import LedgerLocation
from crossdock.ledger.store import Store

DIGITS = 16
"""Digits of a bundle's id that name its folder, as in every message's record."""


def promoted(landscape: Landscape, store: Store) -> Landscape:
    """What is to run in the place of a landscape: the newest promotion's bundle, bound to the same environment; itself when there is none.

    Raises `LandscapeInvalid` when the bindings do not fit it any more, `BundleAltered` when the ledger's copy was changed.
    """
    if landscape.environment.promotion is None:
        return landscape
    found = store.read.run(releases.current)
    if found is None or found.bundle == landscape.bundle_id:
        return landscape
    return _load(landscape, store, found.bundle)


def earlier(landscape: Landscape, location: LedgerLocation) -> list[Landscape]:
    """The landscapes by which transactions under way began and are to finish, as far as they were promoted here."""
    promotion = landscape.environment.promotion
    if promotion is None or promotion.in_flight == "migrate":
        return []
    store = Store(location)
    try:
        under_way = store.read.run(releases.bundles_under_way)
        others = [each for each in under_way if not landscape.bundle_id.startswith(each)]
        kept = {each.bundle[:DIGITS] for each in store.read.run(releases.history)}
        return [_load(landscape, store, each) for each in others if each in kept]
    finally:
        store.close()


def _load(landscape: Landscape, store: Store, bundle: str) -> Landscape:
    place = unpacked(landscape.home, store, bundle)
    found = load(place, landscape.environment.name)
    if not found.bundle_id.startswith(bundle):  # somebody changed the files: the ledger's copy counts
        shutil.rmtree(place)
        found = load(unpacked(landscape.home, store, bundle), landscape.environment.name)
    return found


def unpacked(home: Path, store: Store, bundle: str) -> Path:
    """The folder of a promoted bundle below `home`, made when it is not there; the bindings in it are the home's of now."""
    file = store.read.run(lambda session: releases.file_of(session, bundle))
    if file is None:
        raise LookupError(bundle)
    place = home / RELEASES / bundle[:DIGITS]
    if not place.is_dir():
        place.parent.mkdir(exist_ok=True)
        making = Path(tempfile.mkdtemp(prefix=".", dir=place.parent))
        try:
            proven(read_bundle(file), making)
            making.rename(place)  # whole or not at all
        except OSError:
            if not place.is_dir():  # unless another worker was first
                raise
        finally:
            shutil.rmtree(making, ignore_errors=True)
    _bind(home / "environments", place / "environments")
    return place


def _bind(given: Path, bindings: Path) -> None:
    """Put the home's bindings of now beside the bundle's files; who reads meanwhile sees the old or the new."""
    bindings.mkdir(exist_ok=True)
    for each in given.glob("*.yaml"):
        new = bindings / f".{each.name}.{os.getpid()}"
        shutil.copyfile(each, new)
        new.replace(bindings / each.name)
