"""The transports of a system or a partner by name: which one carries a document, and what they bring in. Knows bytes only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crossdock.connectors.living import LivingCredentials
from crossdock.connectors.protocol import ConnectorContext
from crossdock.core.errors import LandscapeInvalid, UnknownSystem
from crossdock.transports.base import options_of, transport_kind
from crossdock.transports.protocol import Transport, TransportContext


class Carriage:
    """Transports by the names they have in a partner's file or in a system's options."""

    def __init__(self, context: ConnectorContext, transports: Mapping[str, Mapping[str, Any]]) -> None:
        self._system = context.system
        self.by_name: dict[str, Transport] = {}
        for name, given in transports.items():
            of = f"system {context.system!r}, transport {name!r}"
            kind = transport_kind(str(given["kind"]), of)
            options = options_of(kind, given.get("options") or {}, of)
            endpoint = str(given.get("endpoint") or context.endpoint)
            named = {**(given.get("credentials") or {}), **_own(name, context.credentials)}
            credentials = LivingCredentials(named, context.secrets)
            self.by_name[name] = kind(
                TransportContext(
                    context.system, name, endpoint, options, credentials, context.secrets, context.http, context.clock
                )
            )

    async def start(self) -> None:
        for each in self.by_name.values():
            await each.start()

    async def close(self) -> None:
        for each in self.by_name.values():
            await each.close()

    def sender(self, name: str) -> tuple[str, Transport]:
        """The transport a document goes out by: the one agreed, else the only one that sends. Raises `LandscapeInvalid`."""
        if name:
            if name not in self.by_name:
                raise LandscapeInvalid(f"system {self._system!r}: there is no transport {name!r}")
            return name, self.by_name[name]
        able = [(each, transport) for each, transport in self.by_name.items() if transport.capabilities.sends]
        if len(able) != 1:
            raise LandscapeInvalid(f"system {self._system!r}: {len(able)} transports send; one must be named")
        return able[0]

    def receiver(self, channel: str) -> tuple[str, Transport]:
        """The transport a request is for: the channel's, else the only one that receives. Raises `UnknownSystem`."""
        found = self.by_name.get(channel)
        if found is not None and found.capabilities.receives:
            return channel, found
        able = [(each, transport) for each, transport in self.by_name.items() if transport.capabilities.receives]
        if len(able) != 1:
            raise UnknownSystem(f"system {self._system!r} has no transport {channel!r} that receives")
        return able[0]

    def collector(self, channel: str) -> Transport:
        """The transport a poll is for. Raises `LandscapeInvalid`."""
        found = self.by_name.get(channel)
        if found is None or not found.capabilities.collects:
            raise LandscapeInvalid(f"system {self._system!r}: there is no transport {channel!r} to collect from")
        return found


def _own(name: str, credentials: Mapping[str, str]) -> dict[str, str]:
    """Credentials an environment gives to one transport: `<transport>-<purpose>` in the system's bindings."""
    return {key.removeprefix(f"{name}-"): value for key, value in credentials.items() if key.startswith(f"{name}-")}
