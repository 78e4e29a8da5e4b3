"""The Adyen connector: receives signed notifications, fetches settlement reports, captures, cancels and refunds."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar, Final

from crossdock.canonical.events import Event
from crossdock.connectors.adyen import settlement
from crossdock.connectors.adyen.amounts import minor
from crossdock.connectors.adyen.api import Api
from crossdock.connectors.adyen.mapping import HANDLED, PROVIDER, Mapper
from crossdock.connectors.adyen.options import AdyenOptions
from crossdock.connectors.adyen.references import key_of, reference_of
from crossdock.connectors.adyen.signature import signed_text, verify
from crossdock.connectors.document import read_json
from crossdock.connectors.exact_json import read_exact
from crossdock.connectors.gateway import GatewayConnector, money_json, movement
from crossdock.connectors.protocol import (
    Capabilities,
    ConnectorContext,
    Inbound,
    InboundRequest,
    Intaken,
    PollResult,
    Probe,
    Reply,
    StoredMessage,
)
from crossdock.connectors.rotation import Rotation
from crossdock.core.commands import Command
from crossdock.core.errors import (
    AnswerLost,
    ContractBroken,
    CrossdockError,
    DocumentUnknown,
    EffectUnknown,
    PayloadMalformed,
    SchemaInvalid,
    Unauthenticated,
)
from crossdock.core.outcomes import Accepted, Effect, EffectAbsent, EffectUnclear, Outcome

SETTLEMENTS: Final = "settlements"
OTHER_WEBHOOKS: Final = ("balancePlatform.", "recurring.token.")
"""Webhooks of Adyen's platform products; they tell nothing about a shop's payments."""
ACCEPTED: Final = Reply(200, {"content-type": "text/plain"}, b"[accepted]")


class AdyenConnector(GatewayConnector):
    """One Adyen merchant account."""

    kind: ClassVar[str] = "adyen"
    title: ClassVar[str] = "Adyen"
    mapping_version: ClassVar[str] = "1"
    capabilities: ClassVar[Capabilities] = Capabilities(
        commands=frozenset({"payment.capture", "payment.cancel", "payment.refund"}),
        repeatable=frozenset({"payment.capture", "payment.cancel", "payment.refund"}),
        topics=HANDLED | {settlement.TOPIC},
        receives=True,
        polls=True,
    )
    Options: ClassVar[type[Any]] = AdyenOptions
    rotations: ClassVar[Mapping[str, Rotation]] = {
        "api_key": Rotation(
            "person", "Made in the Customer Area (Developers > API credentials); the old one lives on for 24 hours."
        ),
        "hmac_key": Rotation("person", "Made in the Customer Area (Developers > Webhooks > HMAC key)."),
        "webhook_password": Rotation("person", "Changed in the Customer Area with the webhook."),
        "report_password": Rotation("person", "Changed in the Customer Area with the report user."),
    }

    def __init__(self, context: ConnectorContext) -> None:
        super().__init__(context)
        self._options: AdyenOptions = context.options
        self._api = Api(context)
        self._mapper = Mapper(context.system, self._options)

    @classmethod
    def credential_purposes(cls, options: AdyenOptions) -> frozenset[str]:
        needed = {"api_key", "hmac_key"}
        needed |= {"webhook_password"} if options.webhook_user else set()
        return frozenset(needed | ({"report_user", "report_password"} if options.reports_endpoint else set()))

    @classmethod
    def poll_channels(cls, options: AdyenOptions) -> frozenset[str]:
        return frozenset({SETTLEMENTS}) if options.reports_endpoint else frozenset()

    # Inbound ----------------------------------------------------------------------------------------------------

    def receive(self, request: InboundRequest) -> Sequence[Inbound]:
        """The items of a standard notification, one message each; all of them are rightly signed or none is taken."""
        self._check_sender(request.headers.get("authorization", ""))
        value = read_exact(request.body)
        if not isinstance(value, dict):
            raise PayloadMalformed("not a notification of Adyen")
        secrets = self.secrets_of("hmac_key")
        if "notificationItems" not in value:
            return (self._other(value, request, secrets),)
        entries = value["notificationItems"]
        items = [entry.get("NotificationRequestItem") if isinstance(entry, dict) else None for entry in _listed(entries)]
        if not items or not all(isinstance(item, dict) for item in items):
            raise PayloadMalformed("a notification needs items, each a NotificationRequestItem")
        return [self._item(item, str(value.get("live")).lower(), secrets) for item in items if isinstance(item, dict)]

    def _item(self, item: dict[str, Any], live: str, secrets: Sequence[str]) -> Inbound:
        psp, code = str(item.get("pspReference"))[:80], str(item.get("eventCode"))[:100]
        more = item.get("additionalData")
        given = more.get("hmacSignature") if isinstance(more, dict) else None
        verify(given, secrets, signed_text(item).encode("utf-8", "surrogatepass"), f"the item {code} {psp}")
        account = str(item.get("merchantAccountCode"))
        if account != self._options.merchant_account:
            raise Unauthenticated(
                f"this item is of {account[:80]!r}, not of {self._options.merchant_account!r}", account=account[:80]
            )
        if self._options.live is not None and live != str(self._options.live).lower():
            raise Unauthenticated(f"this notification is of the {'live' if live == 'true' else 'test'} platform")
        body = json.dumps(item, ensure_ascii=False, separators=(",", ":"), default=str).encode()
        digest = hashlib.sha256(body).hexdigest()[:16]
        return Inbound(code, f"item/{psp}/{code}/{item.get('success')}/{digest}", body)

    def _other(self, value: Mapping[str, Any], request: InboundRequest, secrets: Sequence[str]) -> Inbound:
        """A webhook of another product, signed as a whole."""
        kind = value.get("type")
        verify(request.headers.get("hmacsignature"), secrets, request.body, "the webhook")
        if not isinstance(kind, str) or not kind.startswith(OTHER_WEBHOOKS):
            raise DocumentUnknown("not a standard notification: notificationItems is missing", topic=str(kind)[:100])
        return Inbound(kind[:200], f"webhook/{hashlib.sha256(request.body).hexdigest()}", request.body)

    def _check_sender(self, authorization: str) -> None:
        """Basic authentication, where the options name a user. Raises `Unauthenticated`."""
        if not self._options.webhook_user:
            return
        scheme, _, encoded = authorization.strip().partition(" ")
        try:
            given = base64.b64decode(encoded.strip(), validate=True) if scheme.lower() == "basic" else b""
        except (binascii.Error, ValueError):
            given = b""
        passwords = self.secrets_of("webhook_password")
        matches = [hmac.compare_digest(given, f"{self._options.webhook_user}:{one}".encode()) for one in passwords if one]
        if not any(matches):
            raise Unauthenticated("basic authentication is missing or wrong", header="Authorization")

    def reply(
        self, request: InboundRequest, messages: Sequence[Inbound], result: Sequence[Intaken] | CrossdockError
    ) -> Reply | None:
        """`[accepted]` once the items are stored; anything else makes Adyen send them again."""
        return None if isinstance(result, CrossdockError) else ACCEPTED

    def normalize(self, message: StoredMessage) -> Sequence[Event]:
        """`payment.*`, `refund.*`, `chargeback.*`, and from reports `payout.received`; what moves no money gives no event."""
        if message.topic == settlement.TOPIC:
            return settlement.payout_events(self.context.system, self._options.merchant_account, message.body)
        value = read_json(message.body)
        return () if message.topic.startswith(OTHER_WEBHOOKS) else self._mapper.events(message.topic, value)

    async def poll(self, channel: str, cursor: Mapping[str, Any]) -> PollResult:
        """`settlements`: the report of the next batch, as soon as there is one. Cursor: `batch`, the next number."""
        if channel != SETTLEMENTS:
            raise DocumentUnknown(f"{self.title} has no channel {channel!r} to poll", channel=channel)
        batch = int(cursor.get("batch") or self._options.first_batch)
        body = await self._api.settlement_report(batch)
        if body is None:
            return PollResult((), {"batch": batch})
        try:
            settlement.rows_of(body)
        except PayloadMalformed as error:
            raise ContractBroken(f"settlement report {batch}: {error.message}", batch=batch) from None
        digest = hashlib.sha256(body).hexdigest()[:16]
        message = Inbound(settlement.TOPIC, f"settlement/{batch}/{digest}", body, "text/csv")
        return PollResult((message,), {"batch": batch + 1}, more=True)

    # Outbound ---------------------------------------------------------------------------------------------------

    async def _capture(self, command: Command) -> Outcome:
        return await self._modify(command, "captures")

    async def _cancel(self, command: Command) -> Outcome:
        return await self._modify(command, "cancels")

    async def _refund(self, command: Command) -> Outcome:
        return await self._modify(command, "refunds")

    async def _modify(self, command: Command, kind: str) -> Outcome:
        """Ask for a modification. `received` is not done: a notification tells what it came to."""
        want = movement(command)
        body: dict[str, Any] = {"reference": reference_of(command.id)}
        if kind != "cancels":
            if want.amount is None:
                problem = {"path": "amount", "message": "is missing: Adyen asks how much", "kind": "mapping"}
                raise SchemaInvalid(f"{command.name}: the amount is missing", problems=[problem])
            body["amount"] = {"value": minor(want.amount), "currency": want.amount.currency}
        if await self._too_old(command):
            raise EffectUnknown(f"first asked more than {self._options.key_days} days ago: Adyen may have forgotten the key")
        answer = await self._api.post(f"/payments/{want.payment}/{kind}", body, key_of(command.id))
        psp = answer.get("pspReference")
        if not isinstance(psp, str) or not psp or answer.get("status") != "received":
            raise AnswerLost("sent, but the answer is not that it was received")
        names = [[f"payment:{PROVIDER}", want.payment], *([[f"refund:{PROVIDER}", psp]] if kind == "refunds" else [])]
        ack: dict[str, Any] = {"reference": psp, "status": "pending", "references": names}
        return Accepted({**ack, "amount": money_json(want.amount)} if want.amount is not None else ack)

    async def _too_old(self, command: Command) -> bool:
        """Whether the command was first sent so long ago that its key protects from doubling no more."""
        if self.context.numbers is None:
            return False
        given = await self.context.numbers.give(f"{self.context.system}/idempotency", command.id)
        return self.context.clock.now() - given.at > timedelta(days=self._options.key_days)

    async def find_effect(self, command: Command) -> Effect:
        """Adyen cannot be asked. Within the life of its key a command may be sent again; after that a person looks."""
        if command.name not in self.deliveries:
            return await super().find_effect(command)
        if await self._too_old(command):
            return EffectUnclear(
                f"Adyen keeps no key longer than {self._options.key_days} days; look at the payment in its pages"
            )
        found = self.settling.absent(command.id)
        return found if isinstance(found, EffectUnclear) else EffectAbsent()

    async def probe(self) -> Probe:
        """Reachable, the key valid and for this merchant account."""
        try:
            await self._api.post("/paymentMethods", {})
        except CrossdockError as error:
            return Probe(False, f"{error.code}: {error.message}")
        return Probe(True, self._options.merchant_account, self._options.api_version)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
