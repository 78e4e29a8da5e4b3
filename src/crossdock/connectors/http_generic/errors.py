"""How a configured target's answers become outcomes; knows statuses and the words of the target, not the command."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from crossdock.connectors.http import HttpAnswer, raise_for_transport_status
from crossdock.core.errors import AnswerLost, EndpointGone, TargetRefused, TargetUnavailable
from crossdock.overlay.mapper import Test
from crossdock.overlay.paths import Reader, Scope
from crossdock.overlay.steps import text


def raise_for_answer(answer: HttpAnswer, refused: frozenset[int], words: str, now: datetime, *, safe: bool) -> None:
    """Raise what an answer outside the successes means.

    Statuses in `refused` are `TargetRefused` with the target's words. 429 and 503 had no effect. Another 5xx may have had one, so it is
    uncertain unless the request asked for nothing to be done (`safe`). 401, 403 and other 404 are the configuration's fault.
    """
    status = answer.status
    if status in refused:
        raise TargetRefused(words or f"HTTP {status}", status=status, answer=answer.body[:2000].decode("utf-8", "replace"))
    if status >= 500 and status != 503:
        if safe:
            raise TargetUnavailable(f"HTTP {status}", status=status)
        raise AnswerLost(f"HTTP {status} after the request was sent", status=status)
    raise_for_transport_status(answer, now)
    raise EndpointGone(f"HTTP {status} is not among the successes", status=status)


def refuse_unless(holds: Test | None, message: Reader | None, document: Any, scope: Scope) -> None:
    """Some targets say "no" in a 200. Raises `TargetRefused` with their words when `holds` does not hold."""
    if holds is not None and not holds(document, scope):
        raise TargetRefused(
            words_of(message, document, scope) or "the target answered a success that says no", answer=str(document)[:2000]
        )


def words_of(message: Reader | None, document: Any, scope: Scope) -> str:
    """The target's own words at the configured path, empty without one."""
    if message is None:
        return ""
    value = message(document, scope)
    if value is None:
        return ""
    return str(value)[:500] if isinstance(value, dict | list) else text(value)[:500]
