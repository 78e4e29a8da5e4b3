"""Idempotency keys as Stripe keeps them: the first answer of an executed request is given again, whatever it was; knows no endpoint.

A key is forgotten after 24 hours. A request that was refused before anything was executed leaves nothing behind. The same key with
other parameters is an `idempotency_error`; while the first request is still under way, 409.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from crossdock.simulators.stripe.errors import Refused

KEPT_SECONDS: Final = 24 * 3600


@dataclass(slots=True)
class Kept:
    """An answer under its key."""

    at: int
    request: str
    status: int
    body: Any


@dataclass
class Keeping:
    """The kept answers of one account. `busy` are keys whose first request is still under way."""

    now: Callable[[], int]
    answers: dict[str, Kept] = field(default_factory=dict)
    busy: set[str] = field(default_factory=set)

    def answer(self, key: str, request: str) -> Kept | None:
        """What was answered under this key before. Raises `Refused`."""
        if key in self.busy:
            words = f"There is currently another in-progress request using this Idempotent Key ({key}). Please try again later."
            raise Refused(409, words, "idempotency_key_in_use", "idempotency_error")
        kept = self.answers.get(key)
        if kept is None or self.now() - kept.at >= KEPT_SECONDS:
            return None
        if kept.request != request:
            words = "Keys for idempotent requests can only be used with the same parameters they were first used with."
            words += f" Try using a key other than '{key}' if you meant to execute a different request."
            raise Refused(400, words, "", "idempotency_error")
        return kept

    def keep(self, key: str, request: str, status: int, body: Any) -> None:
        """Keep the answer of an executed request."""
        if key:
            self.answers[key] = Kept(self.now(), request, status, body)
