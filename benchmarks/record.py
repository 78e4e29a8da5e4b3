"""Writes and shows benchmark results: `benchmarks/results/<name>.json`, one figure each."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def machine() -> str:
    """What this ran on, in words."""
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor() or platform.machine(),
    )
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}"


def commit() -> str:
    """The commit that was measured; `+` when the tree had changes."""
    folder = Path(__file__).parent
    revision = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=folder, capture_output=True, text=True, check=False)
    changed = subprocess.run(
        ["git", "status", "--porcelain", "-uno", "--", "../src"], cwd=folder, capture_output=True, text=True, check=False
    )
    return (revision.stdout.strip() or "unknown") + ("+" if changed.stdout.strip() else "")


def record(
    name: str,
    value: float,
    unit: str,
    *,
    baseline: float | None = None,
    goal: float,
    higher: bool = True,
    on: str = "value",
    **extra: Any,
) -> dict[str, Any]:
    """Keep one figure. `goal` is compared with `value`, or with `ratio` (value / baseline) when `on` says so."""
    ratio = None if not baseline else value / baseline
    compared = ratio if on == "ratio" and ratio is not None else value
    result = {
        "name": name,
        "value": round(value, 4),
        "unit": unit,
        "baseline": None if baseline is None else round(baseline, 4),
        "ratio": None if ratio is None else round(ratio, 4),
        "goal": f"{on} {'>=' if higher else '<='} {goal:g}",
        "met": compared >= goal if higher else compared <= goal,
        "commit": commit(),
        "machine": machine(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        **extra,
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=2) + "\n")
    print(
        f"{name}: {result['value']} {unit}, ratio {result['ratio']}, goal {result['goal']}, {'met' if result['met'] else 'NOT met'}"
    )
    return result
