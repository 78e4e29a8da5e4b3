"""Reads secrets for use: from memory while they are fresh, asked anew behind the caller's back, and refused once older than the stated limit."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from dataclasses import dataclass
from time import monotonic
from typing import Final

from crossdock.core.errors import CrossdockError, SecretMissing
from crossdock.security.vault.errors import VaultUnavailable
from crossdock.security.vault.protocol import PENDING, PREVIOUS, Document, Vault, parsed

FRESH: Final = 2.0
"""Seconds after which a value is asked anew, while the one at hand goes on being used."""
LOOP_WAITS: Final = 0.5
"""Seconds an event loop is held up at most for a value nobody has read yet; other callers wait `CALLER_WAITS`."""
CALLER_WAITS: Final = 15.0
AGAIN: Final = 2.0
"""Seconds between two questions to a vault that does not answer."""


@dataclass(slots=True)
class _Held:
    document: Document
    at: float


class Reader:
    """A vault as credentials are resolved by: `reader("path#field")`. `limit` is how many seconds a value may be used without the vault."""

    def __init__(self, vault: Vault, limit: float, now: Callable[[], float] = monotonic) -> None:
        self.vault = vault
        self._limit = limit
        self._now = now
        self._held: dict[str, _Held] = {}
        self._asking: dict[str, Future[None]] = {}
        self._failed: dict[str, tuple[CrossdockError, float]] = {}
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="vault")

    def __repr__(self) -> str:
        return f"Reader({self.vault!r})"

    def __call__(self, rest: str) -> str:
        """The secret. Raises `SecretMissing`, `VaultUnavailable`, `VaultRefused` and what the vault raises."""
        path, name = parsed(rest)
        fields = self.document(path).fields
        if name not in fields:
            raise SecretMissing(f"nothing is stored under vault:{rest}", reference=f"vault:{rest}")
        return fields[name]

    def second(self, rest: str) -> str | None:
        """The reference of another value that counts beside the current one while it is being changed: the next, or the one before."""
        path, name = parsed(rest)
        try:
            fields = self.document(path).fields
        except CrossdockError:
            return None
        for suffix in (PENDING, PREVIOUS):
            if f"{name}{suffix}" in fields:
                return f"vault:{path}#{name}{suffix}"
        return None

    def document(self, path: str) -> Document:
        """What is stored at a path, at most `limit` seconds old."""
        held, now = self._held.get(path), self._now()
        if held is not None and now - held.at <= self._limit:
            if now - held.at > FRESH:
                self._ask(path)
            return held.document
        asked = self._ask(path)
        if asked is not None:
            try:
                asked.result(LOOP_WAITS if _on_loop() else CALLER_WAITS)
            except TooLate:
                raise VaultUnavailable("the vault has not answered yet") from None
        held = self._held.get(path)
        if held is not None and self._now() - held.at <= self._limit:
            return held.document
        error = self._failed.get(path)
        raise _again(error[0]) if error is not None else VaultUnavailable()

    def forget(self) -> None:
        """Somebody changed something: ask anew at the next use. What is held counts on while the vault does not answer."""
        with self._lock:
            for each in self._held.values():
                each.at = min(each.at, self._now() - FRESH - 0.001)
            self._failed.clear()
            known = list(self._held)
        for path in known:
            self._ask(path)

    def settle(self, seconds: float = CALLER_WAITS) -> None:
        """Wait until questions under way are answered."""
        for each in list(self._asking.values()):
            each.result(seconds)

    def close(self) -> None:
        """Forget everything and close the vault."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._held.clear()
        self.vault.close()

    def _ask(self, path: str) -> Future[None] | None:
        """Ask the vault in a thread; None when it failed a moment ago."""
        with self._lock:
            under_way = self._asking.get(path)
            if under_way is not None:
                return under_way
            failed = self._failed.get(path)
            if failed is not None and isinstance(failed[0], VaultUnavailable) and self._now() - failed[1] < AGAIN:
                return None
            self._asking[path] = asked = self._threads.submit(self._look, path)
            return asked

    def _look(self, path: str) -> None:
        began = self._now()
        try:
            found = self.vault.read(path)
        except CrossdockError as error:
            self._failed[path] = (error, self._now())
            if not isinstance(error, VaultUnavailable):
                held = self._held.get(path)  # a vault that answers "no" is believed at once, one that is away is not
                if held is not None and error.code != "vault.master_key_mismatch":
                    self._held.pop(path, None)
        else:
            self._failed.pop(path, None)
            self._held[path] = _Held(found, began)
        finally:
            with self._lock:
                self._asking.pop(path, None)


def _again(error: CrossdockError) -> CrossdockError:
    return type(error)(error.message, **error.detail)


def _on_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
