"""Which request of a simulated system goes wrong, and how; knows nothing of HTTP or of any system.

Two sources of trouble are combined. *Scripted* faults hit the next requests that match them, for a test
that needs one certain fault in one certain place. *Rules* hit a share of the requests, for demo and chaos
runs. Under one seed the n-th request of a (method, path) always meets the same fate, however requests to
other paths are interleaved with it: that is why decisions come from a hash and not from a shared generator.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any


class Fault(StrEnum):
    """What can go wrong, seen from the client of the simulated system."""

    TIMEOUT_BEFORE = "timeout_before"  # no effect, no answer within the client's patience
    TIMEOUT_AFTER = "timeout_after"  # effect done, no answer within the client's patience
    RESET_BEFORE = "reset_before"  # connection closed without an answer, no effect
    RESET_AFTER = "reset_after"  # connection closed without an answer, effect done
    RESET_LATER = "reset_later"  # connection closed without an answer, and the effect is done a moment later nevertheless
    THROTTLE = "throttle"  # 429 with Retry-After, no effect
    ERROR_500 = "error_500"  # 500, no effect
    ERROR_500_AFTER = "error_500_after"  # 500 although the effect is done
    OUTAGE_503 = "outage_503"  # 503, no effect
    MALFORMED = "malformed"  # effect done, 200 with a body cut in the middle
    LATE = "late"  # effect done, right answer after a delay
    EXPIRED = "expired"  # 401, no effect
    DUPLICATE = "duplicate"  # webhook sent twice
    REORDER = "reorder"  # webhook overtaken by the next one
    DROP = "drop"  # webhook never sent


WEBHOOK_FAULTS = frozenset({Fault.DUPLICATE, Fault.REORDER, Fault.DROP})
REQUEST_FAULTS = frozenset(Fault) - WEBHOOK_FAULTS


@dataclass(frozen=True, slots=True)
class Rule:
    """A share of the matching requests (or webhook topics) gets `fault`; `rate` is 0..1."""

    fault: Fault
    rate: float
    path: str = "*"
    method: str = "*"

    def __post_init__(self) -> None:
        if not 0 <= self.rate <= 1:
            raise ValueError(f"rate of {self.fault} must be between 0 and 1, not {self.rate}")


@dataclass(slots=True)
class Script:
    """The next `count` matching requests, or all within `seconds` of the first look, get `fault`.

    `contains` restricts to requests whose body holds that text. `skip` lets that many matching requests pass first.
    """

    fault: Fault
    count: int = 1
    path: str = "*"
    method: str = "*"
    seconds: float | None = None
    contains: str = ""
    skip: int = 0
    until: float = 0.0

    def matches(self, method: str, path: str, body: bytes) -> bool:
        """Whether this request is one the script waits for."""
        return (
            (self.method == "*" or self.method.upper() == method)
            and (self.path == "*" or fnmatchcase(path, self.path))
            and (not self.contains or self.contains.encode() in body)
        )


@dataclass(slots=True)
class FaultPlan:
    """Decides the fate of every request and every webhook; delays are seconds."""

    rules: list[Rule] = field(default_factory=list)
    scripts: list[Script] = field(default_factory=list)
    seed: int = 0
    on: bool = True
    timeout_delay: float = 0.3
    late_delay: float = 0.1
    linger_delay: float = 0.5
    reorder_delay: float = 0.2
    retry_after: float = 1.0
    latency: tuple[float, float] = (0.0, 0.0)
    clock: Callable[[], float] = time.monotonic
    injected: Counter[str] = field(default_factory=Counter)
    _seen: Counter[tuple[str, str]] = field(default_factory=Counter)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> FaultPlan:
        """A plan from JSON: `rates` (fault -> share, for all paths), `rules`, `script`, `seed`, `on` and the delays.

        Raises ValueError for a name or a rate that does not exist.
        """
        scalars = {"seed", "on", "timeout_delay", "late_delay", "linger_delay", "reorder_delay", "retry_after"}
        unknown = set(data) - scalars - {"rates", "rules", "script", "latency"}
        if unknown:
            raise ValueError(f"unknown keys in the fault plan: {', '.join(sorted(unknown))}")
        rules = [Rule(Fault(name), float(rate)) for name, rate in data.get("rates", {}).items()]
        rules += [
            Rule(
                _named(rule),
                float(rule["rate"]),
                rule.get("path", "*"),
                rule.get("method", "*").upper(),
            )
            for rule in data.get("rules", [])
        ]
        latency = data.get("latency", (0.0, 0.0))
        plan = cls(rules=rules, scripts=scripts_of(data.get("script", [])), latency=(latency[0], latency[1]))
        for name in scalars & set(data):
            setattr(plan, name, data[name])
        return plan

    def script(self, fault: Fault | str, count: int = 1, path: str = "*", **more: Any) -> None:
        """The next `count` requests to `path` get `fault` (see Script for more conditions)."""
        self.scripts.append(Script(Fault(fault), count, path, **more))

    @property
    def reads_bodies(self) -> bool:
        """Whether a waiting script must see the body to decide."""
        return any(script.contains for script in self.scripts)

    def for_request(self, method: str, path: str, body: bytes = b"") -> Fault | None:
        """The fault this request gets, if any; counts the request."""
        return self._decide(REQUEST_FAULTS, method, path, body)

    def for_webhook(self, topic: str, body: bytes = b"") -> Fault | None:
        """The fault this outgoing webhook gets, if any; rules and scripts match on its topic."""
        return self._decide(WEBHOOK_FAULTS, "WEBHOOK", topic, body)

    def delay(self, method: str, path: str) -> float:
        """The ordinary latency of this request, seconds, without any fault."""
        low, high = self.latency
        return low + (high - low) * self._share("latency", method, path) if high else low

    def _decide(self, faults: frozenset[Fault], method: str, path: str, body: bytes) -> Fault | None:
        if not self.on or not (self.rules or self.scripts):
            return None
        fault = self._scripted(faults, method, path, body) if self.scripts else None
        if fault is None and self.rules:
            self._seen[(method, path)] += 1
            fault = self._ruled(faults, method, path)
        if fault is not None:
            self.injected[fault.value] += 1
        return fault

    def _scripted(self, faults: frozenset[Fault], method: str, path: str, body: bytes) -> Fault | None:
        for script in self.scripts:
            if script.fault not in faults or not script.matches(method, path, body):
                continue
            if script.skip > 0:
                script.skip -= 1
                continue
            if script.seconds is not None:
                now = self.clock()
                script.until = script.until or now + script.seconds
                if now < script.until:
                    return script.fault
                self.scripts.remove(script)
                return self._scripted(faults, method, path, body)
            script.count -= 1
            if script.count <= 0:
                self.scripts.remove(script)
            return script.fault
        return None

    def _ruled(self, faults: frozenset[Fault], method: str, path: str) -> Fault | None:
        for number, rule in enumerate(self.rules):
            if rule.fault not in faults or rule.method not in ("*", method):
                continue
            if rule.path != "*" and not fnmatchcase(path, rule.path):
                continue
            if self._share(str(number), method, path) < rule.rate:
                return rule.fault
        return None

    def _share(self, salt: str, method: str, path: str) -> float:
        nth = self._seen[(method, path)]
        text = f"{self.seed}|{salt}|{method}|{path}|{nth}".encode()
        return int.from_bytes(hashlib.blake2b(text, digest_size=7).digest(), "big") / (1 << 56)


def scripts_of(data: Mapping[str, Any] | Iterable[Mapping[str, Any]]) -> list[Script]:
    """Scripts from JSON: one object or a list; `kind` is accepted for `fault`."""
    items = [data] if isinstance(data, Mapping) else list(data)
    scripts = []
    for item in items:
        more = {key: value for key, value in item.items() if key not in ("fault", "kind")}
        scripts.append(Script(_named(item), **more))
    return scripts


def _named(item: Mapping[str, Any]) -> Fault:
    return Fault(str(item.get("fault") or item.get("kind")))
