"""The AS2 transport: sends with a receipt that is checked, receives with a receipt that is given only for what is stored."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Final

import orjson

from crossdock.connectors.http import HttpAnswer
from crossdock.connectors.protocol import InboundRequest, Intaken, Probe, Reply
from crossdock.connectors.rotation import Rotation
from crossdock.core.errors import (
    AnswerLost,
    CrossdockError,
    EndpointGone,
    Misconfigured,
    PayloadMalformed,
    Rejected,
    TargetUnavailable,
    Unauthenticated,
)
from crossdock.core.outcomes import Effect, EffectAbsent, EffectUnclear
from crossdock.edi.as2.digests import digest_named, read_mic
from crossdock.edi.as2.headers import Wish, wish
from crossdock.edi.as2.reading import addressed_to, read
from crossdock.edi.as2.receipt_reading import Status
from crossdock.edi.as2.receipt_writing import Verdict, write_receipt
from crossdock.edi.as2.refusal import Refused
from crossdock.edi.as2.writing import Document, Prepared, Written, prepare, write
from crossdock.transports.as2.besides import Besides
from crossdock.transports.as2.identity import own_id, vouched, wire_id
from crossdock.transports.as2.inbound import incoming, modifier_of, owed, refusal, same_place
from crossdock.transports.as2.judging import by_status, judged
from crossdock.transports.as2.keyring import KEY, THEIRS, Keys
from crossdock.transports.as2.options import As2Options
from crossdock.transports.base import BaseTransport
from crossdock.transports.protocol import Incoming, Outgoing, Receipt, Sent, TransportCapabilities, TransportContext
from crossdock.transports.tls import TlsHttp

STATUS: Final[dict[str, Status]] = {each: each for each in ("accepted", "accepted_with_errors", "rejected")}


class As2Transport(BaseTransport[As2Options]):
    """AS2 (RFC 4130) with one partner."""

    kind: ClassVar[str] = "as2"
    title: ClassVar[str] = "AS2"
    capabilities: ClassVar[TransportCapabilities] = TransportCapabilities(sends=True, receives=True, receipts=True)
    Options: ClassVar[type[Any]] = As2Options
    rotations: ClassVar[Mapping[str, Rotation]] = {
        "key": Rotation(
            "handover", "Send the new certificate to the partner, agree on the day, then change over.", "as2_identity"
        ),
        "partner_certificate": Rotation(
            "person", "The partner sends its next certificate: store it as partner_certificate_next."
        ),
    }

    def __init__(self, context: TransportContext) -> None:
        super().__init__(context)
        self._agreement = self._options.agreement()
        self._keys = Keys(context, self._options)
        self._http = TlsHttp(context, self._options, float(self._options.timeout))
        self._besides = Besides(self._http, float(self._options.timeout))

    @classmethod
    def credential_purposes(cls, options: As2Options) -> frozenset[str]:
        return frozenset({KEY, THEIRS} | ({"http_password"} if options.user else set())) | options.tls_purposes()

    async def start(self) -> None:
        self._besides.start()

    async def close(self) -> None:
        await self._besides.close()
        await self._http.close()

    # Out -----------------------------------------------------------------------------------------------------

    async def send(self, envelope: Outgoing) -> Sent:
        now = self.context.clock.now()
        if self._options.encrypt is None and not self.context.endpoint.startswith("https://"):
            raise Misconfigured("what is not encrypted may only be sent to an https endpoint")
        prepared, wire, written = await asyncio.to_thread(self._written, envelope, now)
        answer = await (await self._http.client()).request(
            "POST",
            self.context.endpoint,
            headers=dict(written.headers) | self._credentials(),
            body=written.body,
            timeout=self._options.timeout,
        )
        return self._answered(answer, wire, prepared)

    def _written(self, envelope: Outgoing, now: datetime) -> tuple[Prepared, str, Written]:
        """The message, its Message-ID and what its receipt must vouch for. Compressing and enciphering take their time: not on the event loop."""
        agreement = self._agreement
        try:
            document = Document(envelope.body, envelope.content_type, envelope.file_name, envelope.headers)
            prepared = prepare(document, agreement)
            wire = wire_id(envelope.message_id, prepared.mic(agreement.receipt_digest), agreement.our_name)
            return prepared, wire, write(prepared, agreement, self._keys.at(now), wire, now, _line(envelope.subject))
        except Refused as refused:
            raise Misconfigured(f"AS2: {refused.words}") from None

    def _credentials(self) -> dict[str, str]:
        if not self._options.user:
            return {}
        pair = f"{self._options.user}:{self.context.secret('http_password')}"
        return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}

    def _answered(self, answer: HttpAnswer, wire: str, prepared: Prepared) -> Sent:
        """Judge the partner's answer; only a receipt that proves it makes a message sent."""
        if self._agreement.receipt == "sync" and answer.content_type.startswith(("multipart/", "application/pkcs7")):
            return self._receipted(answer, wire, prepared)
        by_status(answer, self.context.clock.now())
        if self._agreement.receipt == "sync":
            raise AnswerLost(f"the partner answered HTTP {answer.status} without the receipt", message_id=wire)
        awaiting = self._agreement.receipt == "async"
        return Sent({"http": answer.status, "message_id": wire}, wire, awaiting=awaiting)

    def _receipted(self, answer: HttpAnswer, wire: str, prepared: Prepared) -> Sent:
        now = self.context.clock.now()
        received = read(answer.headers, answer.body, self._agreement, self._keys.at(now), now)
        receipt = received.receipt
        if receipt is None:
            words = received.refused.words if received.refused else "it is no receipt"
            raise AnswerLost(f"the partner's answer proves nothing: {words}", message_id=wire, http=answer.status)
        if receipt.message_id and receipt.message_id != wire:
            raise AnswerLost("the partner's receipt is about another message", message_id=wire, about=receipt.message_id)
        digest = digest_named(receipt.mic.algorithm) if receipt.mic else None
        expected = prepared.mic(digest) if digest else None
        agrees = bool(receipt.mic and expected and expected.agrees(receipt.mic))
        judged(receipt, agrees=agrees, wire=wire, signed=self._agreement.sign is not None)
        proof = base64.b64encode(answer.body[:32_768]).decode()
        return Sent(
            {
                "message_id": wire,
                "disposition": receipt.disposition,
                "text": receipt.text,
                "mic": str(receipt.mic or ""),
                "signer": received.signer,
                "receipt": proof,
                "receipt_type": answer.headers.get("content-type", ""),
            },
            wire,
        )

    async def find(self, message_id: str) -> Effect:
        """A partner cannot be asked for a message over AS2; one that recognises duplicates may be sent it again under the same id."""
        if self._options.recognises_duplicates:
            return EffectAbsent()
        return EffectUnclear("no receipt came; ask the partner for the message, or wait for its receipt", retry_after=300.0)

    # In ------------------------------------------------------------------------------------------------------

    def receive(self, request: InboundRequest) -> Sequence[Incoming]:
        received = read(request.headers, request.body, self._agreement, self._keys.at(request.received_at), request.received_at)
        if received.refused is not None:
            raise refusal(received.refused)
        if received.wish.refused:
            raise PayloadMalformed(f"AS2: the sender demands a receipt this side cannot give ({received.wish.refused})",
                                   disposition=received.wish.refused, failure=True)  # fmt: skip
        found = incoming(received, request.body, request.headers.get("content-type", ""))
        url = received.wish.url
        if url and received.receipt is None:
            if not same_place(url, (self.context.endpoint, *self._options.receipts_to)):
                raise Unauthenticated("AS2: the address for the receipt is not one of the partner's agreed ones", url=url[:200])
            found.append(owed(received, url, request.received_at))
        return found

    def reply(
        self, request: InboundRequest, messages: Sequence[Incoming], result: Sequence[Intaken] | CrossdockError
    ) -> Reply | None:
        wanted = wish(request.headers)
        if isinstance(result, CrossdockError):
            refusal = self._refusal(request, wanted, result) if wanted.wanted else None
            if refusal is not None and wanted.url:
                # the sender reads the refusal in the answer; the receipt besides it goes to an agreed address only, for anybody could have asked
                if same_place(wanted.url, (self.context.endpoint, *self._options.receipts_to)):
                    self._besides.post(wanted.url, refusal)
                return None
            return refusal
        if any(each.purpose == "acknowledgement" for each in messages):
            return Reply(200)
        if not wanted.wanted:
            return None
        if wanted.url:
            return Reply(202)
        # also of what came before or contradicts something: it is stored, and what it says is answered in words of its own standard
        return self._receipt(request, wanted, Verdict(), messages[0].headers.get("as2-mic", ""))

    def _refusal(self, request: InboundRequest, wanted: Wish, error: CrossdockError) -> Reply | None:
        if not isinstance(error, Rejected):
            return None
        failure = bool(error.detail.get("failure"))
        words = f"Your message was not taken: {error.message.removeprefix('AS2: ')}."
        return self._receipt(request, wanted, Verdict(modifier_of(error), failure=failure, words=words), "")

    def _receipt(self, request: InboundRequest, wanted: Wish, verdict: Verdict, mic: str) -> Reply:
        now = self.context.clock.now()
        message_id = addressed_to(request.headers).message_id
        written = write_receipt(message_id, verdict, mic, wanted, self._agreement, self._keys.at(now), now)
        return Reply(200, written.headers, written.body)

    async def acknowledge(self, owed: Incoming) -> Sent:
        facts = _facts(owed.body)
        url = str(facts.get("url") or "")
        if not same_place(url, (self.context.endpoint, *self._options.receipts_to)):
            raise Unauthenticated("AS2: the address for the receipt is not one of the partner's agreed ones", url=url[:200])
        now = self.context.clock.now()
        digests = tuple(found for each in facts.get("digests") or () if (found := digest_named(str(each))))
        wanted = Wish(wanted=True, signed=bool(facts.get("signed")), digests=digests)
        written: Written = write_receipt(
            str(facts.get("message_id") or ""),
            Verdict(),
            str(facts.get("mic") or ""),
            wanted,
            self._agreement,
            self._keys.at(now),
            now,
        )
        # the same receipt twice is one receipt: it may be sent again whenever the answer is missing
        answer = await (await self._http.client()).request(
            "POST", url, headers=dict(written.headers), body=written.body, timeout=self._options.timeout, safe=True
        )
        try:
            by_status(answer, now)
        except AnswerLost as error:
            raise TargetUnavailable(error.message) from None
        return Sent({"http": answer.status}, written.headers["Message-ID"])

    def receipt(self, message: Incoming) -> Receipt:
        facts = message.headers
        wire = facts.get("receipt-about", "")
        status = STATUS.get(facts.get("receipt-status", ""))
        if status is None:
            raise PayloadMalformed("this is no receipt")
        mic = read_mic(facts.get("receipt-mic", ""))
        code, text = facts.get("receipt-modifier", ""), facts.get("receipt-text", "")
        if status != "rejected" and self._agreement.sign is not None and not (mic and vouched(wire, mic)):
            status, code = "rejected", "mic-mismatch"
            text = f"The receipt vouches for other bytes than were sent. {text}".strip()
        return Receipt(
            own_id(wire),
            status,
            wire,
            text,
            code,
            bool(facts.get("receipt-signed")),
            {"disposition": facts.get("receipt-disposition", "")},
        )

    # Health --------------------------------------------------------------------------------------------------

    async def probe(self) -> Probe:
        now = self.context.clock.now()
        try:
            expires = self._keys.expires(now)
            if not self.context.endpoint.startswith(("http://", "https://")):
                raise EndpointGone("the endpoint must be an http or https address")
            answer = await (await self._http.client()).request("HEAD", self.context.endpoint, timeout=15)
        except CrossdockError as error:
            return Probe(healthy=False, message=error.message, detail={"code": error.code})
        return Probe(
            healthy=answer.status not in (404, 410, 502, 503, 504), credential_expires=expires, detail={"http": answer.status}
        )


def _line(text: str) -> str:
    """A header value: one line of ASCII."""
    return " ".join(text.encode("ascii", "replace").decode().split())[:200]


def _facts(body: bytes) -> Mapping[str, Any]:
    try:
        facts = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise PayloadMalformed("what is to be receipted cannot be read") from None
    if not isinstance(facts, dict):
        raise PayloadMalformed("what is to be receipted cannot be read")
    return facts
