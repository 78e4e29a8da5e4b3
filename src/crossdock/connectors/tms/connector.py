"""The transport management system: tenders out, answers, quotes, milestones, proofs and carriers' invoices in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import quote

from crossdock.canonical.events import Event
from crossdock.canonical.freight import Tender
from crossdock.connectors.contracts.connector import ContractConnector
from crossdock.connectors.document import parse
from crossdock.connectors.protocol import (
    Capabilities,
    ConnectorContext,
    Inbound,
    PollResult,
    StoredMessage,
)
from crossdock.connectors.tms import batches, mapping
from crossdock.connectors.tms.errors import ANSWERS
from crossdock.connectors.tms.options import TmsOptions
from crossdock.core.commands import Command
from crossdock.core.outcomes import Accepted, Effect, EffectAbsent, EffectFound


class TmsConnector(ContractConnector):
    """A transport management system, a freight forwarder or a load board that offers `openapi.yaml`."""

    kind: ClassVar[str] = "tms"
    title: ClassVar[str] = "Transport management (REST)"
    mapping_version: ClassVar[str] = "tms/1"
    capabilities: ClassVar[Capabilities] = Capabilities(
        commands=frozenset({"tender.send", "tender.cancel"}),
        topics=mapping.TOPICS | {batches.TOPIC, batches.BAD_LINE},
        bulk=frozenset({batches.TOPIC}),
        receives=True,
        polls=True,
    )
    Options: ClassVar[type[Any]] = TmsOptions
    answers = ANSWERS

    def __init__(self, context: ConnectorContext) -> None:
        super().__init__(context)
        self._options: TmsOptions = context.options
        self._terms = mapping.Terms(context.value_maps, self._options.milestone_map, self._options.carrier_map)
        self.deliveries = {"tender.send": self._send, "tender.cancel": self._cancel}

    # In ------------------------------------------------------------------------------------------------------

    def normalize(self, message: StoredMessage) -> Sequence[Event]:
        if message.topic == mapping.PICTURE:
            return ()
        if message.topic == batches.TOPIC:
            return batches.events(message.body, message.system, self._terms)
        if message.topic == batches.BAD_LINE:
            return batches.refuse(message.body, message.system, self._terms)
        return mapping.events(message.body, message.system, self._terms)

    def split(self, message: StoredMessage) -> Sequence[Inbound]:
        if message.topic == batches.TOPIC:
            return batches.bad_lines(message.body, message.system, self._terms)
        return () if message.topic in (mapping.PICTURE, batches.BAD_LINE) else mapping.documents(message.body)

    @classmethod
    def poll_channels(cls, options: Any) -> frozenset[str]:
        return frozenset({"events", batches.CHANNEL})

    async def poll(self, channel: str, cursor: Mapping[str, Any]) -> PollResult:
        if channel == batches.CHANNEL:
            return await batches.poll(self._api, self._options.milestone_path, cursor, self._options.milestone_page)
        return await super().poll(channel, cursor)

    # Out -----------------------------------------------------------------------------------------------------

    async def _send(self, command: Command) -> Accepted:
        tender = _tender(command)
        found, before = await self.put(self._path(tender), mapping.tender_body(tender, self._terms), command)
        return Accepted(_ack(found), repeated=before and found.get("idempotency_key") != command.id)

    async def _cancel(self, command: Command) -> Accepted:
        return await self.withdraw(self._path(_tender(command)), command)

    async def find_effect(self, command: Command) -> Effect:
        """The TMS is asked for the tender. "Absent" is safe even when the first request is still on its way: PUT creates once."""
        found = await self.held(self._path(_tender(command)), "unknown_tender")
        if found is None:
            return EffectAbsent()
        if command.name == "tender.cancel":
            cancellation = found.get("cancellation")
            return EffectFound(self.cancelled(cancellation)) if isinstance(cancellation, dict) else EffectAbsent()
        # Another key may mean other content: sending again gets the TMS's own judgement, 200 or 409.
        return EffectFound(_ack(found)) if found.get("idempotency_key") == command.id else EffectAbsent()

    def _path(self, tender: Tender) -> str:
        return f"{self._options.tender_path}/{quote(tender.number, safe='')}"


def _tender(command: Command) -> Tender:
    return parse(Tender, command.data.get("tender"), "tender")


def _ack(found: Mapping[str, Any]) -> dict[str, Any]:
    reference = str(found.get("reference") or "")
    return {"reference": reference, "references": [["tender", str(found["number"])]]}
