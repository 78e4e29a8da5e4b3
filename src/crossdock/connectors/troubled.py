"""HTTP on behalf of one system that a drill may let fail on purpose; only a hub that was started for it, and none in production, has it.

The trouble is a file `<system>.json` in the drills' folder: `{"fault", "share", "until"}`. It ends by itself, so that a drill whose command
dies leaves no trouble behind. What was done is counted beside it, for the drill to know whether anything was tried at all.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import orjson

from crossdock.connectors.http import SAFE_METHODS, HttpAnswer, HttpClient
from crossdock.core.errors import AnswerLost, TargetUnavailable

LONGEST: Final = 900.0
"""Seconds trouble may last at most; a file that says more is not obeyed."""
LOOK: Final = 0.2
"""Seconds between two looks at the file."""
FAULTS: Final = ("outage", "throttle", "expired", "answer_lost", "overtaken")
WAIT: Final = 1
"""Seconds a throttled call is asked to wait; an overtaken one is held back for up to twice as long."""

PRODUCTION: Final = re.compile(r"(^|[-_.])(prod|production|productive|live)($|[-_.\d])")


def productive(environment: str) -> bool:
    """Whether an environment is production's by its name: `production`, `prod-eu`, `live`."""
    return bool(PRODUCTION.search(environment.lower()))


def drills_folder_of(environment: str, variables: Mapping[str, str] = os.environ) -> Path | None:
    """The folder of `CROSSDOCK_DRILLS`; None in production whatever the variable says, and where it says nothing."""
    folder = variables.get("CROSSDOCK_DRILLS", "")
    return Path(folder) if folder and not productive(environment) else None


class TroubledHttp(HttpClient):
    """`HttpClient` that obeys the drill's file of `system` in `folder`."""

    def __init__(self, system: str, folder: Path, **more: Any) -> None:
        super().__init__(**more)
        self._file = folder / f"{system}.json"
        self._made = folder / f"{system}.{os.getpid()}.made"
        self._count = 0
        self._looked = 0.0
        self._trouble: dict[str, Any] = {}
        self._chance = random.Random()  # noqa: S311  (trouble, not a secret)

    async def request(self, method: str, url: str, **more: Any) -> HttpAnswer:
        """As `HttpClient.request`; the fault of the drill comes before it or, where an answer is lost, after it."""
        fault = self._fault()
        if fault == "outage":
            raise TargetUnavailable("cannot connect: a drill keeps this system away")
        if fault == "throttle":
            return HttpAnswer(429, {"retry-after": str(WAIT)}, b"")
        if fault == "expired":
            return HttpAnswer(401, {"content-type": "text/plain"}, b"a drill let the credential expire")
        if fault == "overtaken":
            await asyncio.sleep(self._chance.uniform(0, 2 * WAIT))
        answer = await super().request(method, url, **more)
        if fault == "answer_lost":
            safe = more.get("safe")
            if method in SAFE_METHODS if safe is None else safe:
                raise TargetUnavailable("no complete answer: a drill lost it")
            raise AnswerLost("sent, but no complete answer: a drill lost it")
        return answer

    def _fault(self) -> str:
        """What happens to this call; empty when nothing does."""
        now = time.time()
        if now - self._looked >= LOOK:
            self._looked = now
            try:
                self._trouble = orjson.loads(self._file.read_bytes())
            except (OSError, orjson.JSONDecodeError):
                self._trouble = {}
        until = self._trouble.get("until", 0)
        if not isinstance(until, int | float) or not now < until <= now + LONGEST:
            return ""
        if self._trouble.get("fault") not in FAULTS or self._chance.random() >= float(self._trouble.get("share", 1)):
            return ""
        self._count += 1
        self._made.write_text(str(self._count))
        return str(self._trouble["fault"])
