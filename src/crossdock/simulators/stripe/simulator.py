"""A Stripe account on loopback: API v1, idempotency keys, signed webhooks, customers on command and an oracle of the money."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any, ClassVar, Final
from urllib.parse import parse_qsl

import orjson
from aiohttp import web

from crossdock.simulators.faults import Fault, FaultPlan
from crossdock.simulators.money_oracle import GatewayWords, counted, figures
from crossdock.simulators.server import Simulator, json_response
from crossdock.simulators.stripe.errors import Refused, missing
from crossdock.simulators.stripe.forms import nested, whole
from crossdock.simulators.stripe.keeping import Keeping
from crossdock.simulators.stripe.lists import Lists
from crossdock.simulators.stripe.objects import Json
from crossdock.simulators.stripe.store import Store
from crossdock.simulators.webhooks import RetryPolicy, Subscription, Webhook

Act = Callable[[web.Request, dict[str, Any], str], Any]

_WORDS: Final = GatewayWords(
    order=lambda data: str(data["metadata"].get("order_number", "")),
    command=lambda data: str(data["metadata"].get("crossdock_command", "")),
    refund=lambda data: data["metadata"],
)


class Stripe(Simulator):
    """One account in test mode. Stripe repeats a webhook for three days with growing pauses; `webhook_scale` shrinks them.

    `clock` gives seconds since the epoch, for signatures and objects alike. `fee_percent` of a charge and 25 minor units are Stripe's.
    """

    name: ClassVar[str] = "stripe"

    def __init__(
        self,
        faults: FaultPlan | None = None,
        *,
        secret_key: str = "sk_test_simulated_key",  # noqa: S107 - a simulator's secret
        webhook_secret: str = "whsec_simulated_stripe_secret",  # noqa: S107
        hub_url: str = "",
        topics: str = "*",
        slow_refunds: bool = False,
        fee_percent: int = 2,
        seed: str = "account",
        clock: Callable[[], float] = time.time,
        webhook_scale: float = 0.001,
    ) -> None:
        self.webhook_retry = RetryPolicy((60, 300, 1800, 7200, 18000, 36000), scale=webhook_scale, timeout=20.0)
        self.webhook_concurrency = 4
        super().__init__(faults)
        self.secret_key = secret_key
        self.webhook_secrets = [webhook_secret]
        """Those valid now: two while the secret is being rolled, and then every webhook carries two signatures."""
        self.endpoint_status = "enabled"
        """`disabled`, as Stripe does after days of failures; it goes on sending here."""
        self.clock = clock
        self._settings: dict[str, Any] = {"slow_refunds": slow_refunds, "fee_percent": fee_percent, "seed": seed}
        self._requests = itertools.count(1)
        if hub_url:
            self.webhooks.subscriptions = [Subscription(hub_url, topics)]
        self.reset()

    def _now(self) -> int:
        return int(self.clock())

    def reset(self) -> None:
        """An account without money."""
        self.store = Store(self._now, self._send, self.record, **self._settings)
        self.keeping = Keeping(self._now)
        self._sent: dict[str, list[Webhook]] = {}

    # Customers and banks -----------------------------------------------------------------------------------------

    def take_payment(
        self,
        order_number: str,
        amount: int,
        currency: str = "eur",
        *,
        capture: bool = True,
        brand: str = "visa",
        declined: str = "",
        **metadata: str,
    ) -> Json:
        """A customer pays a shop's order: `amount` in minor units, captured at once or (`capture=False`) authorised only.

        Returns the PaymentIntent; its metadata hold `order_number`, as a shop's plugin writes it. Sends the webhooks.
        """
        about = {"order_number": order_number, **metadata}
        return self.store.pay(amount, currency, capture=capture, metadata=about, brand=brand, declined=declined)

    def pay_out(self, currency: str = "eur", *, automatic: bool = True) -> Json:
        """The balance goes to the bank."""
        return self.store.pay_out(currency, automatic=automatic)

    # The oracle -------------------------------------------------------------------------------------------------

    def oracle(self) -> dict[str, dict[str, Any]]:
        """What really happened to each payment, counted from the effects and not from the objects."""
        return counted(self.effects, _WORDS)

    def state(self) -> Mapping[str, Any]:
        """Figures."""
        return figures(len(self.store.intents), self.oracle().values())

    # Webhooks ---------------------------------------------------------------------------------------------------

    def _send(self, event: Json) -> None:
        self.webhooks.send(event["type"], orjson.dumps(event))
        told = sum(fnmatchcase(event["type"], one.topics) for one in self.webhooks.subscriptions)
        self._sent[event["id"]] = [self.webhooks.log[-place] for place in range(1, told + 1)]

    def _pending(self, event_id: str) -> int:
        """To how many endpoints an event has not been delivered."""
        return sum(not hook.acknowledged for hook in self._sent.get(event_id, ()))

    def sign_webhook(self, delivery_id: str, topic: str, body: bytes) -> Mapping[str, str]:
        """Stripe-Signature: time, one v1 for every secret that is valid, and the v0 that only test mode has."""
        at = self._now()
        signed = f"{at}.".encode() + body
        proofs = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in self.webhook_secrets]
        value = ",".join([f"t={at}", *(f"v1={proof}" for proof in proofs), f"v0={hashlib.sha256(signed).hexdigest()}"])
        return {"Content-Type": "application/json; charset=utf-8", "User-Agent": "Stripe/1.0", "Stripe-Signature": value}

    # HTTP -------------------------------------------------------------------------------------------------------

    def routes(self, app: web.Application) -> None:
        """API v1 and the controls of this simulator."""
        add = app.router.add_route
        add("GET", "/v1/balance", self._guarded(self._balance))
        add("GET", "/v1/payment_intents/{id}", self._guarded(lambda request, _p, _k: self.store.intent(request.match_info["id"])))
        add("POST", "/v1/payment_intents/{id}/capture", self._guarded(self._capture))
        add("POST", "/v1/payment_intents/{id}/cancel", self._guarded(self._cancel))
        add("POST", "/v1/refunds", self._guarded(self._refund))
        add("GET", "/v1/refunds", self._guarded(self._listed("refunds")))
        add("GET", "/v1/refunds/{id}", self._guarded(self._get_refund))
        add("GET", "/v1/payouts", self._guarded(self._listed("payouts")))
        add("GET", "/v1/balance_transactions", self._guarded(self._listed("transactions")))
        add("GET", "/v1/events", self._guarded(self._listed("events")))
        add("GET", "/v1/webhook_endpoints", self._guarded(self._endpoints))
        add("POST", "/_sim/payments", self._on_command(lambda d: self.take_payment(**d)))
        add("POST", "/_sim/payouts", self._on_command(lambda d: self.pay_out(**d)))
        add("POST", "/_sim/refunds/{id}/settle", self._on_command(lambda d: self.store.settle_refund(d["id"])))
        add("POST", "/_sim/refunds/{id}/fail", self._on_command(lambda d: self.store.fail_refund(**d)))
        add("POST", "/_sim/payments/{id}/dispute", self._on_command(lambda d: self.store.dispute(d["id"])))
        add("GET", "/_sim/oracle", self._on_command(lambda _d: self.oracle()))
        add("*", "/{rest:.*}", self._guarded(self._no_route))

    def _guarded(self, act: Act) -> Callable[[web.Request], Any]:
        """A handler behind the secret key, with Stripe's errors and idempotency keys."""

        async def handle(request: web.Request) -> web.Response:
            number = {"Request-Id": f"req_{next(self._requests):014d}"}
            if not hmac.compare_digest(request.headers.get("Authorization", ""), f"Bearer {self.secret_key}"):
                return self._unauthorized()
            raw = (await request.read()).decode("utf-8", "replace") if request.method == "POST" else request.query_string
            key = request.headers.get("Idempotency-Key", "") if request.method == "POST" else ""
            asked = f"{request.path}?{raw}"
            try:
                kept = self.keeping.answer(key, asked) if key else None
                if kept is not None:
                    return json_response(
                        kept.body, kept.status, {**number, "Idempotency-Key": key, "Idempotent-Replayed": "true"}
                    )
                status, body = 200, act(request, nested(parse_qsl(raw, keep_blank_values=True)), key)
                self.keeping.keep(key, asked, status, orjson.loads(orjson.dumps(body)))
            except Refused as refused:
                status, body = refused.status, refused.body
                if refused.kept:
                    self.keeping.keep(key, asked, status, body)
            return json_response(body, status, {**number, **({"Idempotency-Key": key} if key else {})})

        return handle

    def _listed(self, what: str) -> Act:
        """A list; made anew for every request, because a reset makes a new account."""
        return lambda request, params, key: getattr(Lists(self.store, self._pending), what)(request, params, key)

    def _on_command(self, act: Callable[[dict[str, Any]], Any]) -> Callable[[web.Request], Any]:
        async def handle(request: web.Request) -> web.Response:
            try:
                return json_response(act({**orjson.loads(await request.read() or b"{}"), **request.match_info}))
            except (KeyError, TypeError, ValueError, Refused) as problem:
                return json_response({"error": str(problem)}, 400)

        return handle

    def _unauthorized(self) -> web.Response:
        words = "Invalid API Key provided: sk_test_**********"
        return json_response({"error": {"message": words, "type": "invalid_request_error"}}, 401)

    def _no_route(self, request: web.Request, _params: Any, _key: str) -> Any:
        words = f"Unrecognized request URL ({request.method}: {request.path}). Please see https://stripe.com/docs or we can help."
        raise Refused(404, words)

    def _balance(self, _request: web.Request, _params: Any, _key: str) -> Any:
        sums: defaultdict[str, int] = defaultdict(int)
        for one in self.store.transactions.values():
            sums[one["currency"]] += one["net"]
        available = [
            {"amount": amount, "currency": currency, "source_types": {"card": amount}} for currency, amount in sums.items()
        ]
        return {"object": "balance", "available": available, "livemode": False, "pending": []}

    def _endpoints(self, request: web.Request, _params: Any, _key: str) -> Any:
        found = [
            {
                "id": f"we_{place}",
                "object": "webhook_endpoint",
                "enabled_events": [one.topics],
                "status": self.endpoint_status,
                "url": one.url,
            }
            for place, one in enumerate(self.webhooks.subscriptions, 1)
        ]
        return {"object": "list", "data": found, "has_more": False, "url": request.path}

    def _capture(self, request: web.Request, params: dict[str, Any], key: str) -> Any:
        return self.store.capture(request.match_info["id"], whole(params, "amount_to_capture"), params.get("metadata") or {}, key)

    def _cancel(self, request: web.Request, params: dict[str, Any], key: str) -> Any:
        return self.store.cancel(request.match_info["id"], params.get("cancellation_reason"), key)

    def _refund(self, _request: web.Request, params: dict[str, Any], key: str) -> Any:
        return self.store.refund(params, whole(params, "amount"), key)

    def _get_refund(self, request: web.Request, _params: Any, _key: str) -> Any:
        id_ = request.match_info["id"]
        if id_ not in self.store.refunds:
            raise missing("refund", id_)
        return self.store.refunds[id_]

    def fault_response(self, fault: Fault, request: web.Request) -> web.StreamResponse:
        """Stripe's own words. What failed after it was executed is kept under its key as the failure it was answered with."""
        if fault is Fault.THROTTLE:
            words = "Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits."
            error = {"message": words, "code": "rate_limit", "type": "invalid_request_error"}
            headers = {"Retry-After": str(max(1, round(self.faults.retry_after))), "Stripe-Should-Retry": "true"}
            return json_response({"error": error}, 429, headers)
        if fault is Fault.EXPIRED:
            return self._unauthorized()
        words = "An unknown error occurred" if fault is not Fault.OUTAGE_503 else "Stripe is temporarily unavailable."
        body = {"error": {"message": words, "type": "api_error"}}
        kept = self.keeping.answers.get(request.headers.get("Idempotency-Key", ""))
        if fault is Fault.ERROR_500_AFTER and kept is not None:
            kept.status, kept.body = 500, body
        return json_response(body, 503 if fault is Fault.OUTAGE_503 else 500)
