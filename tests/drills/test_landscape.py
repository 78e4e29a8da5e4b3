"""The copied demo landscape says the same at every time of day: no cut-off falls into the run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crossdock.core.calendar import cutoff_moment
from crossdock.drills.landscape import CLEAR, copy_landscape
from crossdock.landscape.load import load

MORNING = datetime(2026, 11, 24, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize("cutoff", ["dhl", "ups", "last"])
@pytest.mark.parametrize("before", [timedelta(minutes=1), timedelta(minutes=12), timedelta(minutes=119)])
def test_a_cutoff_that_is_near_counts_as_gone(tmp_path: Path, cutoff: str, before: timedelta) -> None:
    copy_landscape(tmp_path / "far", MORNING)
    far = _cutoff(tmp_path / "far", cutoff, MORNING)

    copy_landscape(tmp_path / "near", far - before)

    assert _cutoff(tmp_path / "near", cutoff, far - before) >= far + timedelta(hours=20)


def test_a_cutoff_that_is_far_stays_as_shipped(tmp_path: Path) -> None:
    copy_landscape(tmp_path / "far", MORNING)
    assert _cutoff(tmp_path / "far", "dhl", MORNING) == datetime(2026, 11, 24, 14, 30, tzinfo=UTC)

    at = datetime(2026, 11, 24, 14, 30, tzinfo=UTC) - CLEAR
    copy_landscape(tmp_path / "edge", at)
    assert _cutoff(tmp_path / "edge", "dhl", at) == datetime(2026, 11, 24, 14, 30, tzinfo=UTC)


def _cutoff(folder: Path, name: str, now: datetime) -> datetime:
    return cutoff_moment(load(folder, "demo").calendars, f"warehouse-north/{name}", now)
