"""The demo landscape as a folder of its own, as fast as simulated parcels travel; knows no running hub."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime, timedelta
from importlib.resources import as_file, files
from pathlib import Path
from zoneinfo import ZoneInfo

CLEAR = timedelta(hours=2)
"""No cut-off of a copied landscape falls within this time of its copying."""


def copy_landscape(folder: Path, now: datetime | None = None) -> None:
    """The demo landscape as shipped, with polls and rates as fast as simulated parcels travel.

    A cut-off that comes within two hours of `now` (this moment, unless given) counts as just gone: a run that happens to cross it
    would rightly give people what failed once in the last minutes, and say something else than the same run at another time of day.
    """
    with as_file(files("crossdock.landscape") / "demo") as source:
        shutil.copytree(source, folder, dirs_exist_ok=True)
    head = folder / "crossdock.yaml"
    text = re.sub(r"\bpause: \d+s", "pause: 1s", head.read_text())
    head.write_text(re.sub(r"max_pause: \d+\w", "max_pause: 5s", text))
    for path in (folder / "systems").glob("*.yaml"):
        text = re.sub(r"every: \d+s", "every: 1s", path.read_text())
        text = re.sub(r"rate: (\d+)", lambda m: f"rate: {int(m[1]) * 50}", text)
        text = re.sub(r"burst: (\d+)", lambda m: f"burst: {int(m[1]) * 10}", text)
        path.write_text(text)
    comparison = folder / "flows/inventory-snapshot.yaml"
    comparison.write_text(re.sub(r"settle: PT\w+", "settle: PT2S", comparison.read_text()))
    calendars = folder / "calendars.yaml"
    calendars.write_text(_clear_of_cutoffs(calendars.read_text(), now or datetime.now(UTC)))


def _clear_of_cutoffs(text: str, now: datetime) -> str:
    """The calendars with every cut-off that is near moved to a minute ago."""
    zone = re.search(r"zone: (\S+)", text)
    local = now.astimezone(ZoneInfo(zone[1])) if zone else now

    def moved(found: re.Match[str]) -> str:
        hour, minute = int(found[2]), int(found[3])
        wait = local.replace(hour=hour, minute=minute, second=0, microsecond=0) - local
        if not timedelta(0) <= wait < CLEAR:
            return found[0]
        return f'{found[1]}: "{local - timedelta(minutes=1):%H:%M}"'

    return re.sub(r'(\w+): "(\d\d):(\d\d)"', moved, text)
