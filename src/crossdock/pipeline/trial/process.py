"""Asks a process of its own for the evidence of a bundle; trusts what it answers no further than that it is JSON."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import orjson

from crossdock.governance.review.errors import EvidenceFailed
from crossdock.ledger.database import LedgerLocation

PATIENCE: Final = 600.0
"""Seconds a trial may take."""


def evidence(data: bytes, home: Path, environment: str, location: LedgerLocation, patience: float = PATIENCE) -> dict[str, Any]:
    """Evidence for a bundle file against what runs at `home`. Raises `EvidenceFailed`."""
    given = asked(home, environment, location) + data
    try:
        done = subprocess.run(
            [sys.executable, "-m", "crossdock.pipeline.trial"], input=given, capture_output=True, timeout=patience, check=False
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise EvidenceFailed(f"the trial did not end within {patience:.0f} s") from None
    return answered(done.stdout, done.returncode)


def asked(home: Path, environment: str, location: LedgerLocation) -> bytes:
    """The line that tells a trial where it works; the bundle's bytes follow it."""
    return (
        orjson.dumps({"home": str(home.absolute()), "environment": environment, "location": asdict(location)}, default=str)
        + b"\n"
    )


def answered(answer: bytes, code: int) -> dict[str, Any]:
    """The evidence a trial wrote. Raises `EvidenceFailed`."""
    try:
        found = orjson.loads(answer)
    except orjson.JSONDecodeError:
        raise EvidenceFailed(f"the trial ended with {code} and said nothing") from None
    if "error" in found:
        said = found["error"]
        raise EvidenceFailed(f"{said.get('message', '')} ({said.get('code', '')})", cause=said.get("code", ""))
    return dict(found)
