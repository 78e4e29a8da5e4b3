"""The Stripe connector: receives signed webhooks, polls for missed ones and for payouts, captures, cancels and refunds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from crossdock.canonical.events import Event
from crossdock.connectors.document import read_json
from crossdock.connectors.exact_json import read_fast
from crossdock.connectors.gateway import GatewayConnector
from crossdock.connectors.protocol import (
    Capabilities,
    ConnectorContext,
    Inbound,
    InboundRequest,
    PollResult,
    Probe,
    StoredMessage,
)
from crossdock.connectors.rotation import Rotation
from crossdock.connectors.stripe import backfill, mapping, payouts
from crossdock.connectors.stripe.api import Api
from crossdock.connectors.stripe.moving import Moving
from crossdock.connectors.stripe.options import StripeOptions
from crossdock.connectors.stripe.signature import verify
from crossdock.core.commands import Command
from crossdock.core.errors import (
    CrossdockError,
    DocumentUnknown,
    PayloadMalformed,
    PaymentStateRefused,
    PermissionRefused,
    TargetRefused,
    Unauthenticated,
)
from crossdock.core.outcomes import Effect, EffectFound, EffectUnclear, Outcome

EVENTS: Final = "events"
PAYOUTS: Final = "payouts"


class StripeConnector(GatewayConnector):
    """One Stripe account."""

    kind: ClassVar[str] = "stripe"
    title: ClassVar[str] = "Stripe"
    mapping_version: ClassVar[str] = "1"
    capabilities: ClassVar[Capabilities] = Capabilities(
        commands=frozenset({"payment.capture", "payment.cancel", "payment.refund"}),
        topics=frozenset({*mapping.HANDLED, payouts.TOPIC}) - {"payout.failed"},
        receives=True,
        polls=True,
        consequences={"events": 1},
    )
    Options: ClassVar[type[Any]] = StripeOptions
    rotations: ClassVar[Mapping[str, Rotation]] = {
        "secret_key": Rotation(
            "person", "Stripe rolls keys in its dashboard only (Developers > API keys); the old one may live on for days."
        ),
        "webhook_secret": Rotation("person", "Stripe rolls it in its dashboard only (Webhooks > Roll secret)."),
    }

    def __init__(self, context: ConnectorContext) -> None:
        super().__init__(context)
        self._options: StripeOptions = context.options
        self._api = Api(context)
        self._mapper = mapping.Mapper(context.system, self._options)
        self._moving = Moving(self._api)

    @classmethod
    def credential_purposes(cls, options: StripeOptions) -> frozenset[str]:
        return frozenset({"secret_key", "webhook_secret"})

    @classmethod
    def poll_channels(cls, options: StripeOptions) -> frozenset[str]:
        return frozenset({EVENTS, PAYOUTS})

    # Inbound ----------------------------------------------------------------------------------------------------

    def receive(self, request: InboundRequest) -> Sequence[Inbound]:
        """One webhook. Stripe signs every attempt anew, so an old signature is never Stripe's repetition."""
        secrets = self.secrets_of("webhook_secret")
        verify(
            request.headers.get("stripe-signature", ""),
            secrets,
            request.body,
            request.received_at,
            self._options.tolerance_seconds,
        )
        value = read_fast(request.body)
        if not isinstance(value, dict) or not all(
            isinstance(value.get(key), str) and value[key] for key in ("id", "type", "object")
        ):
            raise PayloadMalformed("not an event of Stripe: id, type and object are needed")
        if value["object"] != "event":
            raise DocumentUnknown(
                f"{value['object'][:100]} is no snapshot event; subscribe to snapshot payloads", object=value["object"][:100]
            )
        self._check_account(value)
        return (backfill.event_message(request.body, value["type"][:200], value["id"][:255]),)

    def _check_account(self, event: Mapping[str, Any]) -> None:
        options, account = self._options, str(event.get("account") or "")
        if options.live is not None and event.get("livemode") is not options.live:
            wanted, other = ("live", "test") if options.live else ("test", "live")
            raise Unauthenticated(f"this event is of {other} mode, not of {wanted} mode")
        if account != options.account and (options.account or account):
            raise Unauthenticated(
                f"this event is of account {account[:100] or 'none'!r}, not of {options.account or 'the own'!r}"
            )

    def normalize(self, message: StoredMessage) -> Sequence[Event]:
        """`payment.*`, `refund.*`, `chargeback.*`, and from the poll `payout.received`; what changes nothing gives no event."""
        if message.topic == payouts.TOPIC:
            return (payouts.payout_event(self.context.system, self._options, read_json(message.body)),)
        event = self._mapper.event(message.topic, read_json(message.body))
        return (event,) if event is not None else ()

    async def poll(self, channel: str, cursor: Mapping[str, Any]) -> PollResult:
        """`events`: what webhooks missed (Stripe keeps them for 30 days); `payouts`: paid payouts with all their movements."""
        if channel == EVENTS:
            return await backfill.missed_events(self._api, self._options, cursor, self.context.clock.now())
        if channel == PAYOUTS:
            return await backfill.paid_payouts(self._api, self._options, cursor, self.context.clock.now())
        raise DocumentUnknown(f"{self.title} has no channel {channel!r} to poll", channel=channel)

    # Outbound ---------------------------------------------------------------------------------------------------

    async def _capture(self, command: Command) -> Outcome:
        return await self._moving.capture(command)

    async def _cancel(self, command: Command) -> Outcome:
        return await self._moving.cancel(command)

    async def _refund(self, command: Command) -> Outcome:
        return await self._moving.refund(command)

    async def find_effect(self, command: Command) -> Effect:
        """Found when the payment, or one of its refunds, shows it. Its absence proves nothing while a lost request may be under way."""
        find = {
            "payment.capture": self._moving.find_capture,
            "payment.cancel": self._moving.find_cancellation,
            "payment.refund": self._moving.find_refund,
        }.get(command.name)
        if find is None:
            return await super().find_effect(command)
        try:
            ack = await find(command)
        except PaymentStateRefused:
            ack = None  # captured by somebody else, another amount: not by this command
        except TargetRefused as error:  # the payment that was there is not to be seen: this key sees another account
            return EffectUnclear(error.message)
        return EffectFound(ack) if ack is not None else self.settling.absent(command.id)

    async def probe(self) -> Probe:
        """Reachable, the key valid and of the right mode; names webhook endpoints that Stripe has switched off after days of failures."""
        try:
            balance = await self._api.get("/v1/balance")
            off = await self._switched_off()
        except CrossdockError as error:
            return Probe(False, f"{error.code}: {error.message}")
        live = balance.get("livemode") is True
        if self._options.live is not None and live is not self._options.live:
            return Probe(False, f"the key is of {'live' if live else 'test'} mode", self._options.api_version)
        note = f"; webhooks switched off by Stripe: {', '.join(off)}" if off else ""
        return Probe(True, f"{'live' if live else 'test'} mode{note}", self._options.api_version, detail={"webhooks_off": off})

    async def _switched_off(self) -> list[str]:
        """Addresses of webhook endpoints that are switched off; none where the key may not see them."""
        try:
            endpoints, _ = await self._api.page("/v1/webhook_endpoints", {})
        except PermissionRefused:
            return []
        return sorted(str(one.get("url")) for one in endpoints if one.get("status") != "enabled")
