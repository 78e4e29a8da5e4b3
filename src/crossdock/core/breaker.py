"""Circuit breaker of one system: stops calling what is down, tries with care, opens again; pure, the clock is passed in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

Phase = Literal["closed", "open", "half_open", "parked"]


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """After `failures` failed calls in a row the system counts as down for `pause` seconds, doubling up to `max_pause`; then
    `probes` calls may try, and as many successes close the circuit again.
    """

    failures: int = 5
    pause: float = 15.0
    max_pause: float = 300.0
    probes: int = 1


@dataclass(frozen=True, slots=True)
class Breaker:
    """The state of one circuit. `parked` is open without an end: the system is misconfigured and waits for its owner."""

    phase: Phase = "closed"
    failures: int = 0
    pauses: int = 0
    until: datetime | None = None
    probing: int = 0
    passed: int = 0
    reason: str = ""

    def allows(self, now: datetime) -> bool:
        """Whether a call may be made now; call `started` when it is."""
        if self.phase == "closed":
            return True
        if self.phase == "half_open" and self.probing > 0:
            return True
        return self.until is not None and now >= self.until

    def started(self, now: datetime, policy: BreakerPolicy) -> Breaker:
        """The circuit after a call was let through."""
        if self.phase == "closed":
            return self
        if self.phase == "half_open" and self.probing > 0:
            return replace(self, probing=self.probing - 1)
        if self.until is not None and now >= self.until:
            # A probe whose end was never reported (its worker died) must not keep the circuit half open for ever.
            until = now + timedelta(seconds=policy.max_pause)
            return replace(self, phase="half_open", probing=policy.probes - 1, passed=0, until=until)
        return self

    def hastened(self, now: datetime) -> Breaker:
        """The circuit when somebody cannot wait until its pause is over: one trial call may be made at once."""
        return replace(self, until=now) if self.phase == "open" else self

    def withdrawn(self, policy: BreakerPolicy) -> Breaker:
        """The circuit after a call that was let through was not made, or told nothing of the system: another may try in its place."""
        return replace(self, probing=min(policy.probes, self.probing + 1)) if self.phase == "half_open" else self

    def succeeded(self, policy: BreakerPolicy) -> Breaker:
        """The circuit after the system answered (a business refusal is an answer too)."""
        if self.phase == "closed":
            return self if self.failures == 0 and self.pauses == 0 else CLOSED
        if self.phase == "half_open":
            passed = self.passed + 1
            return CLOSED if passed >= policy.probes else replace(self, passed=passed)
        return self

    def failed(self, now: datetime, policy: BreakerPolicy, retry_after: float | None = None) -> Breaker:
        """The circuit after the system did not answer properly (outage, throttling, time-out).

        `retry_after` seconds, when the system named them, pause it at least that long at once.
        """
        if self.phase == "parked":
            return self
        failures = self.failures + 1
        trips = self.phase == "half_open" or failures >= policy.failures
        if self.phase == "open" or not (trips or retry_after):
            return self._paused_until(now, retry_after, replace(self, failures=failures))
        pauses = self.pauses + 1 if trips else self.pauses
        seconds = max(min(policy.max_pause, policy.pause * 2.0 ** min(pauses - 1, 32)) if trips else 0.0, retry_after or 0.0)
        return Breaker("open", failures, pauses, now + timedelta(seconds=seconds))

    def misconfigured(self, reason: str) -> Breaker:
        """The circuit after the system refused the credential or has no such endpoint: nothing more is tried until `mended`."""
        return Breaker("parked", reason=reason)

    def mended(self) -> Breaker:
        """The circuit after its owner changed credential or configuration, or a probe found the system healthy: closed."""
        return CLOSED

    def next_allowed(self, now: datetime) -> datetime | None:
        """When the next call may be made; None when that depends on something other than time."""
        if self.allows(now):
            return now
        return self.until

    def _paused_until(self, now: datetime, retry_after: float | None, changed: Breaker) -> Breaker:
        if self.phase == "open" and retry_after and self.until is not None:
            return replace(changed, until=max(self.until, now + timedelta(seconds=retry_after)))
        return changed


CLOSED = Breaker()
"""The circuit of a healthy system."""
