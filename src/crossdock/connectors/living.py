"""A system's credentials by purpose, two of each while one is being changed; holds references, never a value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from crossdock.connectors.protocol import Secrets

SECOND: Final = ("_previous", "_next")
"""Endings of the purpose under which connectors and transports look for a second value."""


class LivingCredentials(Mapping[str, str]):
    """A system's credentials by purpose. While one is being changed there are two of it: beside `webhook_secret`, `webhook_secret_previous`
    (and for `key`, `key_next`) exist as long as the vault holds a second value."""

    __slots__ = ("_given", "_secrets")

    def __init__(self, given: Mapping[str, str], secrets: Secrets) -> None:
        self._given = given
        self._secrets = secrets

    def __repr__(self) -> str:
        return f"LivingCredentials({dict(self._given)!r})"

    def __getitem__(self, purpose: str) -> str:
        if purpose in self._given:
            return self._given[purpose]
        found = self._second(purpose)
        if found is None:
            raise KeyError(purpose)
        return found

    def __contains__(self, purpose: object) -> bool:
        return purpose in self._given or (isinstance(purpose, str) and self._second(purpose) is not None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._given)

    def __len__(self) -> int:
        return len(self._given)

    def _second(self, purpose: str) -> str | None:
        for suffix in SECOND:
            base = purpose.removesuffix(suffix)
            if base != purpose and (reference := self._given.get(base, "")).startswith("vault:"):
                second = getattr(self._secrets, "second", None)
                return second(reference) if second is not None else None
        return None
