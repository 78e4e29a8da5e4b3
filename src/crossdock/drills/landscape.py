"""The demo landscape as a folder of its own, as fast as simulated parcels travel; knows no running hub."""

from __future__ import annotations

import re
import shutil
from importlib.resources import as_file, files
from pathlib import Path


def copy_landscape(folder: Path) -> None:
    """The demo landscape as shipped, with polls and rates as fast as simulated parcels travel."""
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
