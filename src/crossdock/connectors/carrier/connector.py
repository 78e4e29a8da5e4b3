"""The carrier connector: commands, poll, rates and health of one account with one carrier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from crossdock.canonical.events import Event
from crossdock.connectors.base import BaseConnector
from crossdock.connectors.carrier import errors, mapping, request
from crossdock.connectors.carrier.account import Account
from crossdock.connectors.carrier.booking import Booking
from crossdock.connectors.carrier.options import Options
from crossdock.connectors.carrier.process import CarrierProcess
from crossdock.connectors.carrier.tracking import Tracking
from crossdock.connectors.http import raise_for_transport_status
from crossdock.connectors.protocol import Capabilities, ConnectorContext, PollResult, Probe, Question, StoredMessage
from crossdock.connectors.wrong_fields import refusal
from crossdock.core.commands import Command
from crossdock.core.errors import CallNotAllowed, CrossdockError, DocumentUnknown
from crossdock.core.outcomes import Accepted, Effect, Outcome

CHANNEL = "tracking"


class CarrierConnector(BaseConnector):
    """Parcel and express carriers through karrio: book with label, cancel, track, ask for rates.

    No carrier takes an idempotency key. A booking carries a reference made of the command's id, by which a lost answer is searched.
    """

    kind = "carrier"
    title = "Carriers (karrio)"
    mapping_version = "1"
    Options: ClassVar[type[Any]] = Options
    capabilities = Capabilities(
        commands=frozenset({"shipment.book", "shipment.cancel", "shipment.track", "return.label"}),
        repeatable=frozenset({"shipment.cancel", "shipment.track"}),
        topics=frozenset({mapping.TOPIC}),
        questions=frozenset({"rates"}),
        follows={"shipment.track": CHANNEL, "shipment.cancel": CHANNEL},
        polls=True,
        consequences={"tracking": 1},
    )

    def __init__(self, context: ConnectorContext, process: CarrierProcess | None = None) -> None:
        super().__init__(context)
        self.account = Account(context, process)
        self.tracking = Tracking(self.account)
        self.booking = Booking(self.account, self.tracking)
        self.deliveries = {
            "shipment.book": self.booking.book,
            # the way back is a consignment like any other: from the customer to the warehouse, on the account of who asks for it
            "return.label": self.booking.book,
            "shipment.cancel": self.booking.cancel,
            "shipment.track": self._track,
        }

    async def _track(self, command: Command) -> Outcome:
        if not command.data.get("tracking_number"):
            raise refusal("there is no tracking number to follow", "tracking_number", "is missing", "missing")
        return Accepted({})

    async def find_effect(self, command: Command) -> Effect:
        if command.name in {"shipment.book", "return.label"}:
            return await self.booking.find(command)
        return await super().find_effect(command)

    def follow(self, cursor: Mapping[str, Any], command: Command) -> Mapping[str, Any]:
        """See `mapping.follow`; a cancelled booking is followed no more."""
        if command.name == "shipment.cancel":
            return mapping.unfollow(cursor, str(command.data.get("tracking_number") or ""))
        return mapping.follow(cursor, command)

    @classmethod
    def poll_channels(cls, options: Any) -> frozenset[str]:
        return frozenset({CHANNEL})

    async def poll(self, channel: str, cursor: Mapping[str, Any]) -> PollResult:
        if channel != CHANNEL:
            raise DocumentUnknown(f"{self.kind} has no channel {channel!r}", channel=channel)
        return await self.tracking.poll(cursor)

    def normalize(self, message: StoredMessage) -> Sequence[Event]:
        if message.topic != mapping.TOPIC:
            raise DocumentUnknown(f"{self.kind} has no mapping for {message.topic!r}", topic=message.topic)
        options = self.account.options
        made = mapping.milestone_event(
            self.context.system, options.carrier, self.account.dialect, options.milestones, message.body
        )
        return [made]

    async def ask(self, question: Question) -> Mapping[str, Any]:
        if question.name != "rates":
            raise CallNotAllowed(f"{self.kind} cannot answer {question.name!r}", question=question.name)
        payload = request.rating(request.shipment_of(question.data), self.account.options)
        done = await self.account.do({"op": "rates", "payload": payload}, effect=False)
        try:
            rates = self.account.dialect.rates(done.answered)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise errors.unreadable(effect=False) from None
        return {"rates": mapping.karrio_rates(done.result) if rates is None else rates}

    async def probe(self) -> Probe:
        """Ask the carrier itself, without the carrier process: health checks must not keep that alive."""
        asked = self.account.dialect.probe(self.account.settings())
        if asked is None or not self.context.endpoint:
            return Probe(healthy=True, message="this carrier has nothing harmless to ask")
        url = f"{self.context.endpoint.rstrip('/')}{asked['path']}"
        try:
            answer = await self.context.http.request(
                asked["method"], url, headers=asked["headers"], body=asked["body"].encode(), safe=True
            )
            raise_for_transport_status(answer, self.context.clock.now())
        except CrossdockError as error:
            return Probe(healthy=False, message=f"{error.code}: {error.message}")
        return Probe(healthy=True)
