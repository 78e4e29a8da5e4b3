"""What a connector and a transport have in common: settings, credentials, a life and a health; knows no system and no document."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from crossdock.connectors.protocol import Probe
from crossdock.connectors.rotation import Renewed, Rotation
from crossdock.core.errors import CallNotAllowed

C = TypeVar("C")


class Options(BaseModel):
    """The base of every `options:` block; unknown settings are refused so that typing errors are found."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Endpoint(Generic[C]):
    """Our side of somebody else's system or of a way to a partner. `context` is what the hub gives it."""

    kind: ClassVar[str] = ""
    title: ClassVar[str] = ""
    Options: ClassVar[type[Any]] = Options
    rotations: ClassVar[Mapping[str, Rotation]] = {}
    """How each credential is changed, by its purpose; what is not named here a person changes."""

    def __init__(self, context: C) -> None:
        self.context = context

    @classmethod
    def credential_purposes(cls, options: Any) -> frozenset[str]:
        """The credentials it cannot work without, given its options; `crossdock check` looks for them in the system's file."""
        return frozenset()

    async def start(self) -> None:
        """Open what needs opening; called once on the hub's event loop."""

    async def close(self) -> None:
        """Close what was opened."""

    async def renew(self, purpose: str, name: str, now: datetime, until: datetime) -> Renewed:
        raise CallNotAllowed(f"{self.kind} makes no new {purpose!r}", purpose=purpose)

    async def install(self, purpose: str, value: str) -> None:
        raise CallNotAllowed(f"{self.kind} takes no new {purpose!r}", purpose=purpose)

    async def retire(self, purpose: str, value: str) -> None:
        """Nothing is kept at the other side that could be ended, unless a connector says so."""

    async def probe(self) -> Probe:
        return Probe(healthy=True)
