"""How long a conformance test waits for its target: shortly where the target keeps silent on purpose, unhurried everywhere else."""

from __future__ import annotations

import pytest

from crossdock.simulators.faults import Fault

UNHURRIED = 30.0
"""Seconds to wait for a target that answers: a busy machine is not taken for a silent target."""


def patience_for(request: pytest.FixtureRequest, short: float) -> float:
    """The time-out for this test, in seconds: `short` where its parameter `fault` makes the target keep silent."""
    fault = getattr(getattr(request.node, "callspec", None), "params", {}).get("fault")
    return short if fault in (Fault.TIMEOUT_BEFORE, Fault.TIMEOUT_AFTER) else max(short, UNHURRIED)
