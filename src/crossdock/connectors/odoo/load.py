"""Creating records exactly once: `load` with external ids, a lost race repeated, everything else it says judged; knows no model.

`load` answers 200 whatever happens: `ids: false` with messages means that nothing was kept. It is the only call of Odoo that creates
a record and its external id in one transaction under a unique index.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from crossdock.connectors.odoo.client import OdooClient
from crossdock.core.errors import AnswerLost, Contended, TargetRefused

CONTEXT: Final = {"mode": "update", "noupdate": True}
"""Creates once; a repeat is a pure no-op that returns the id."""

_RACE: Final = ("could not serialize access", "deadlock detected")
"""PostgreSQL's words, not Odoo's: they are not translated with the user's language."""

_SUMMARY: Final = "Found more than 10 errors"

Pause = Callable[[int], Awaitable[None]]


async def jitter(attempt: int) -> None:
    """Wait a random moment that grows with the attempts (up to 2 s), so that two losers do not meet again."""
    await asyncio.sleep(random.uniform(0.02, min(2.0, 0.1 * 2**attempt)))  # noqa: S311 (no secret)


class Loader:
    """Loads records; `pause` waits between the repeats of a lost race."""

    def __init__(self, client: OdooClient, pause: Pause = jitter) -> None:
        self._client = client
        self._pause = pause

    async def load(self, model: str, fields: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[int]:
        """Create the records of `rows` unless they exist; returns their ids in order (continuation rows of lines give none).

        Raises `TargetRefused` (detail `rows`: those Odoo names, from 0), `Contended` when the race is lost again and again, and what
        `OdooClient.call` raises.
        """
        if not rows:
            return []
        attempt = 0
        while True:
            answer = await self._client.call(model, "load", fields=list(fields), data=list(rows), context=CONTEXT)
            if not isinstance(answer, dict) or "ids" not in answer:
                raise AnswerLost(f"the answer to {model}/load has another shape; it may have committed", call=f"{model}/load")
            messages = [message for message in answer.get("messages", ()) if isinstance(message, dict)]
            if answer["ids"] and not messages:
                return [int(id_) for id_ in answer["ids"]]
            if not _lost_race(answer, messages):
                raise _refusal(model, answer, messages)
            if attempt >= self._client.options.contention_repeats:
                raise Contended(f"{model}/load lost every race", call=f"{model}/load")
            await self._pause(attempt)
            attempt += 1


def _lost_race(answer: dict[str, Any], messages: Sequence[dict[str, Any]]) -> bool:
    errors = [message for message in messages if message.get("type") == "error"]
    return (
        not answer["ids"] and bool(errors) and all(any(words in str(error.get("message")) for words in _RACE) for error in errors)
    )


def _refusal(model: str, answer: dict[str, Any], messages: Sequence[dict[str, Any]]) -> TargetRefused:
    """Errors, and warnings too: a warning says that Odoo guessed a reference, and a guessed customer is a wrong one."""
    told = [m for m in messages if not str(m.get("message")).startswith(_SUMMARY)]
    texts = list(dict.fromkeys(str(message.get("message"))[:500] for message in told)) or ["no reason given"]
    rows = {m["rows"]["from"] for m in told if isinstance(m.get("rows"), dict) and isinstance(m["rows"].get("from"), int)}
    kept = answer["ids"] or []
    return TargetRefused(
        f"Odoo refuses {model}: {'; '.join(texts[:3])}",
        rows=sorted(rows),
        call=f"{model}/load",
        answer=texts[:20],
        fields=sorted({str(m["field"]) for m in told if m.get("field")}),
        kept=list(kept)[:20],
    )
