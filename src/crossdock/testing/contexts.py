"""What a connector is given, made for a test: secrets, clock, value maps and HTTP of its own; knows no hub."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from crossdock.connectors.base import Options
from crossdock.connectors.http import HttpClient
from crossdock.connectors.protocol import ConnectorContext, ControlNumbers, PartnerFile
from crossdock.core.clock import Clock
from crossdock.core.errors import SecretMissing, ValueMapMissing


class ManualClock:
    """A clock that stands still until it is moved; starts now, or at `at`."""

    def __init__(self, at: datetime | None = None) -> None:
        self._now = (at or datetime.now(UTC)).astimezone(UTC)

    def now(self) -> datetime:
        return self._now

    def advance(self, seconds: float = 0.0, **more: float) -> datetime:
        """Move forward by seconds and whatever `timedelta` takes (`hours=3`)."""
        self._now += timedelta(seconds=seconds, **more)
        return self._now

    def set(self, at: datetime) -> None:
        """Jump to a point in time, forward or back."""
        self._now = at.astimezone(UTC)


class FakeSecrets:
    """A vault in memory; its repr shows names only. `rotate` changes a value while the connector runs."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)

    def get(self, reference: str) -> str:
        if reference not in self._values:
            raise SecretMissing(f"no secret {reference!r} in this test", reference=reference)
        return self._values[reference]

    def rotate(self, reference: str, value: str) -> None:
        """Replace a secret, as an operator does."""
        self._values[reference] = value

    def values(self) -> tuple[str, ...]:
        """All values, for the search for leaks."""
        return tuple(self._values.values())

    def __repr__(self) -> str:
        return f"FakeSecrets({sorted(self._values)})"


class DictValueMaps:
    """Value maps from nested dictionaries: map name -> partner's code -> canonical value."""

    def __init__(self, maps: Mapping[str, Mapping[str, str]] | None = None) -> None:
        self._maps = {name: dict(entries) for name, entries in (maps or {}).items()}

    def translate(self, name: str, value: str) -> str:
        try:
            return self._maps[name][value]
        except KeyError:
            raise ValueMapMissing(f"map {name!r} has no entry for {value!r}", map=name, value=value) from None

    def reverse(self, name: str, value: str) -> str:
        for code, canonical in self._maps.get(name, {}).items():
            if canonical == value:
                return code
        raise ValueMapMissing(f"map {name!r} has no code for {value!r}", map=name, value=value)


def reference_of(system: str, purpose: str) -> str:
    """The vault reference `make_context` uses for a purpose."""
    return f"vault:{system}/{purpose}"


def make_context(
    connector: Any = None,
    *,
    system: str = "target",
    endpoint: str = "http://127.0.0.1:9",
    options: Any = None,
    secrets: Mapping[str, str] | None = None,
    value_maps: Mapping[str, Mapping[str, str]] | None = None,
    clock: Clock | None = None,
    http: HttpClient | None = None,
    timeout: float = 5.0,
    allow: frozenset[str] = frozenset(),
    partner: PartnerFile | None = None,
    numbers: ControlNumbers | None = None,
) -> ConnectorContext:
    """A `ConnectorContext` as the hub would build it from a landscape.

    `connector` is the connector's class; its `Options` validate `options` (a mapping, or a ready instance). `secrets` maps a
    purpose to its value. Close `context.http` at the end. Raises pydantic's ValidationError for options that do not fit.
    """
    schema = connector.Options if connector is not None else Options
    ready = options if isinstance(options, schema) else schema.model_validate(dict(options or {}))
    given = dict(secrets or {})
    return ConnectorContext(
        system=system,
        endpoint=endpoint,
        options=ready,
        credentials={purpose: reference_of(system, purpose) for purpose in given},
        secrets=FakeSecrets({reference_of(system, purpose): value for purpose, value in given.items()}),
        http=http or HttpClient(timeout=timeout, connect_timeout=2.0),
        clock=clock or ManualClock(),
        value_maps=DictValueMaps(value_maps),
        allow=allow,
        partner=partner,
        numbers=numbers,
    )
