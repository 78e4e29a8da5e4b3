"""An Adyen merchant account on loopback: Checkout API modifications, signed notification items in batches, reports, customers on command."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

import orjson
from aiohttp import web

from crossdock.simulators.adyen.reports import settlement_report
from crossdock.simulators.adyen.store import Json, Payment, Refused, Store
from crossdock.simulators.faults import Fault, FaultPlan
from crossdock.simulators.money_oracle import GatewayWords, counted, figures
from crossdock.simulators.server import Simulator, json_response
from crossdock.simulators.webhooks import RetryPolicy, Subscription

API = "/v71"
KEPT_SECONDS = 7 * 24 * 3600
"""How long an idempotency key is kept, at least."""
SIGNED = ("pspReference", "originalReference", "merchantAccountCode", "merchantReference")

_WORDS: Final = GatewayWords(
    order=lambda data: data["reference"],
    command=lambda data: data["reference"],
    refund=lambda data: {"reference": data["reference"]},
)


class Adyen(Simulator):
    """One merchant account on the test platform. Adyen repeats a webhook until it is answered; `webhook_scale` shrinks its pauses.

    `batch` notifications travel in one webhook at most; call `flush` for those that still wait. `slow` leaves modifications undecided.
    """

    name: ClassVar[str] = "adyen"

    def __init__(
        self,
        faults: FaultPlan | None = None,
        *,
        merchant: str = "HarbourPineECOM",
        api_key: str = "AQE-simulated-api-key",
        hmac_key: str = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056",
        user: str = "adyen-webhooks",
        password: str = "simulated-webhook-password",  # noqa: S107 - a simulator's secret
        report_user: str = "report@Company.HarbourPine",
        report_password: str = "simulated-report-password",  # noqa: S107
        hub_url: str = "",
        slow: bool = False,
        batch: int = 1,
        clock: Callable[[], float] = time.time,
        webhook_scale: float = 0.001,
    ) -> None:
        self.webhook_retry = RetryPolicy((120, 300, 600, 900, 1800, 3600), scale=webhook_scale, timeout=10.0)
        self.webhook_concurrency = 4
        super().__init__(faults)
        self.merchant = merchant
        self.api_key = api_key
        self.hmac_key = hmac_key
        self.user, self.password = user, password
        self.report_user, self.report_password = report_user, report_password
        self.slow = slow
        self.batch = batch
        self.clock = clock
        if hub_url:
            self.webhooks.subscriptions = [Subscription(hub_url)]
        self.reset()

    def reset(self) -> None:
        """An account without money."""
        self.store = Store(self.merchant, self.clock, self._notify, self.record, self.slow)
        self.kept: dict[str, tuple[float, str, int, Any]] = {}
        self.reports: dict[int, bytes] = {}
        self._waiting: list[Json] = []

    # Customers and banks ----------------------------------------------------------------------------------------

    def take_payment(
        self,
        order_number: str,
        amount: int,
        currency: str = "EUR",
        *,
        capture: bool = True,
        method: str = "visa",
        refused: str = "",
    ) -> Payment:
        """A customer pays a shop's order: `amount` in minor units; the order's number is the payment's merchant reference."""
        return self.store.pay(order_number, amount, currency, method, capture=capture, refused=refused)

    def settle(self, currency: str = "EUR") -> int:
        """Close a batch: its report can be downloaded, and REPORT_AVAILABLE is told. Returns the batch number."""
        number = self.store.settle()
        now = datetime.fromtimestamp(int(self.clock()), UTC)
        self.reports[number] = settlement_report(self.merchant, number, self.store.batches[number], currency, now)
        name = f"settlement_detail_report_batch_{number}.csv"
        item: Json = {
            "additionalData": {},
            "amount": {"currency": currency, "value": 0},
            "eventCode": "REPORT_AVAILABLE",
            "eventDate": now.isoformat(),
            "merchantAccountCode": self.merchant,
            "merchantReference": "",
            "pspReference": name,
            "reason": f"{self.url}/reports/download/MerchantAccount/{self.merchant}/{name}",
            "success": "true",
        }
        self._notify(item)
        return number

    # The oracle -------------------------------------------------------------------------------------------------

    def oracle(self) -> dict[str, dict[str, Any]]:
        """What really happened to each payment, counted from the effects and not from the objects."""
        return counted(self.effects, _WORDS)

    def state(self) -> Mapping[str, Any]:
        """Figures."""
        return figures(len(self.store.payments), self.oracle().values())

    # Webhooks ---------------------------------------------------------------------------------------------------

    def _notify(self, item: Json) -> None:
        item["additionalData"] = {**item["additionalData"], "hmacSignature": self.signature(item)}
        self._waiting.append(item)
        if len(self._waiting) >= self.batch:
            self.flush()

    def flush(self) -> None:
        """Send what waits for its batch to fill."""
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            self.send(waiting)

    def send(self, items: Sequence[Json]) -> None:
        """Send notification items in one webhook, as they are."""
        body = {"live": "false", "notificationItems": [{"NotificationRequestItem": item} for item in items]}
        self.webhooks.send("+".join(str(item["eventCode"]) for item in items), orjson.dumps(body))

    def signature(self, item: Json) -> str:
        """The HMAC of an item over its eight fields."""
        fields = [str(item.get(name, "")) for name in SIGNED]
        fields += [str(item["amount"]["value"]), item["amount"]["currency"], item["eventCode"], item["success"]]
        digest = hmac.new(bytes.fromhex(self.hmac_key), ":".join(fields).encode(), hashlib.sha256).digest()
        return base64.b64encode(digest).decode()

    def sign_webhook(self, delivery_id: str, topic: str, body: bytes) -> Mapping[str, str]:
        """Basic authentication; the signatures are in the items."""
        return {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Adyen HttpClient 1.0",
            "Authorization": basic(self.user, self.password),
        }

    # HTTP -------------------------------------------------------------------------------------------------------

    def routes(self, app: web.Application) -> None:
        """Modifications, reports and the controls of this simulator."""
        add = app.router.add_route
        for kind in ("captures", "refunds", "cancels"):
            add("POST", f"{API}/payments/{{psp}}/{kind}", self._guarded(self._modify))
        add("POST", f"{API}/paymentMethods", self._guarded(self._methods))
        add("GET", "/reports/download/MerchantAccount/{merchant}/{name}", self._report)
        add("POST", "/_sim/payments", self._on_command(lambda d: {"pspReference": self.take_payment(**d).psp}))
        add("POST", "/_sim/process", self._on_command(lambda _d: {"decided": self.store.process()}))
        add("POST", "/_sim/settle", self._on_command(lambda _d: {"batch": self.settle()}))
        add("GET", "/_sim/oracle", self._on_command(lambda _d: self.oracle()))

    def _guarded(self, act: Callable[[web.Request, Json, str], tuple[int, Any]]) -> Callable[[web.Request], Any]:
        """A handler behind the API key, with Adyen's errors and idempotency keys."""

        async def handle(request: web.Request) -> web.Response:
            if not hmac.compare_digest(request.headers.get("X-API-Key", ""), self.api_key):
                return self._unauthorized()
            raw, key = await request.read(), request.headers.get("Idempotency-Key", "")
            headers = {"pspReference": self.store.new_psp(), **({"Idempotency-Key": key} if key else {})}
            try:
                if len(key) > 64:
                    raise Refused(422, "703", "idempotency key is too long")
                asked = f"{request.path} {hashlib.sha256(raw).hexdigest()}"
                kept = self.kept.get(key)
                if kept is not None and self.clock() - kept[0] < KEPT_SECONDS:
                    if kept[1] != asked:
                        raise Refused(422, "704", "request already processed or in progress")
                    return json_response(kept[3], kept[2], headers)
                body = orjson.loads(raw or b"{}")
                if body.get("merchantAccount") != self.merchant:
                    raise Refused(403, "901", "Invalid Merchant Account", "security")
                status, answer = act(request, body, key)
                if key:
                    self.kept[key] = (self.clock(), asked, status, answer)
            except Refused as refused:
                return json_response({**refused.body, "pspReference": headers["pspReference"]}, refused.status, headers)
            except (orjson.JSONDecodeError, AttributeError, TypeError):
                body = {"status": 400, "errorCode": "702", "message": "Unexpected input", "errorType": "validation"}
                return json_response(body, 400, headers)
            return json_response(answer, status, headers)

        return handle

    def _on_command(self, act: Callable[[dict[str, Any]], Any]) -> Callable[[web.Request], Any]:
        async def handle(request: web.Request) -> web.Response:
            try:
                return json_response(act(orjson.loads(await request.read() or b"{}")))
            except (KeyError, TypeError, ValueError) as problem:
                return json_response({"error": str(problem)}, 400)

        return handle

    def _modify(self, request: web.Request, body: Json, key: str) -> tuple[int, Any]:
        kind, amount = request.path.rpartition("/")[2], body.get("amount") or {}
        reference = str(body.get("reference") or "")
        if len(reference) > 80:
            raise Refused(422, "102", "Reference too long")
        found = self.store.modify(kind, request.match_info["psp"], amount.get("value"), amount.get("currency"), reference, key)
        answer: Json = {"merchantAccount": self.merchant, "paymentPspReference": found.payment.psp, "pspReference": found.psp}
        answer |= {"reference": reference, "status": "received", **({"amount": amount} if amount else {})}
        return 201, answer

    def _methods(self, _request: web.Request, _body: Json, _key: str) -> tuple[int, Any]:
        return 200, {"paymentMethods": [{"brands": ["visa", "mc"], "name": "Cards", "type": "scheme"}]}

    async def _report(self, request: web.Request) -> web.Response:
        if not hmac.compare_digest(request.headers.get("Authorization", ""), basic(self.report_user, self.report_password)):
            return web.Response(status=401, headers={"WWW-Authenticate": "Basic"})
        name = request.match_info["name"]
        number = name.removeprefix("settlement_detail_report_batch_").removesuffix(".csv")
        found = self.reports.get(int(number)) if number.isdigit() and request.match_info["merchant"] == self.merchant else None
        if found is None:
            return web.Response(status=404, text="File not found")
        return web.Response(body=found, content_type="text/csv", charset="utf-8")

    def _unauthorized(self) -> web.Response:
        body = {"status": 401, "errorCode": "000", "message": "HTTP Status Response - Unauthorized", "errorType": "security"}
        return json_response(body, 401)

    def fault_response(self, fault: Fault, request: web.Request) -> web.StreamResponse:
        """Adyen's own shape of failures."""
        if fault is Fault.THROTTLE:
            body = {"status": 429, "errorCode": "029", "message": "Too many requests", "errorType": "configuration"}
            return json_response(body, 429, {"Retry-After": str(max(1, round(self.faults.retry_after)))})
        if fault is Fault.EXPIRED:
            return self._unauthorized()
        if fault is Fault.OUTAGE_503:
            body = {"status": 503, "errorCode": "000", "message": "Service temporarily unavailable", "errorType": "internal"}
            return json_response(body, 503, {"transient-error": "true"})
        return json_response(
            {"status": 500, "errorCode": "905", "message": "An internal error occurred", "errorType": "internal"}, 500
        )

    def malform(self, response: web.StreamResponse) -> web.StreamResponse:
        """A body cut in the middle; a report loses its end."""
        body = response.body if isinstance(response, web.Response) and isinstance(response.body, bytes) else b"{"
        return web.Response(body=body[: len(body) // 2], content_type=response.content_type)


def basic(user: str, password: str) -> str:
    """The Authorization header of HTTP Basic."""
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"
