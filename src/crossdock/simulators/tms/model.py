"""The TMS itself: tenders and what carriers make of them, milestones, proofs, freight invoices; knows no wire."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

import orjson

from crossdock.simulators.contract import Refused

Recorder = Callable[[str, str, Mapping[str, Any], str], None]
Sink = Callable[[Mapping[str, Any], bytes], None]


@dataclass(slots=True)
class Behaviour:
    """`answer_latency` None: nobody answers until `Tms.office.answer`. `declines`: globs of tender numbers the carrier declines, each with its
    reason. `carriers`: those it knows; none: all."""

    answer_latency: float | None = 0.2
    declines: Mapping[str, str] = field(default_factory=dict)
    carriers: Sequence[str] = ()


@dataclass(slots=True)
class Offer:
    """One tender as the TMS keeps it."""

    document: Mapping[str, Any]
    idempotency_key: str
    reference: str
    status: str = "offered"
    sequence: int = 0
    cancellation: str = ""

    def as_json(self) -> dict[str, Any]:
        """The contract's TenderState."""
        shown: dict[str, Any] = {
            "number": self.document["number"],
            "status": self.status,
            "reference": self.reference,
            "idempotency_key": self.idempotency_key,
        }
        return {**shown, "cancellation": {"status": self.cancellation}} if self.cancellation else shown


class Office:
    """`record(kind, key, data, idempotency_key)` is the oracle, `tell(event, body)` gets every event as it happens."""

    def __init__(self, behaviour: Behaviour, record: Recorder, tell: Sink) -> None:
        self.behaviour, self._record, self._tell = behaviour, record, tell
        self._timers: set[asyncio.TimerHandle] = set()
        self.reset()

    def reset(self) -> None:
        """No tenders; what was planned does not happen."""
        self.stop()
        self.offers: dict[str, Offer] = {}
        self.log: list[bytes] = []
        self.scans: list[bytes] = []
        self.violations = 0

    def stop(self) -> None:
        """Forget what was planned."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    # Tenders -----------------------------------------------------------------------------------------------

    def offer(self, document: Mapping[str, Any], idempotency_key: str) -> tuple[Offer, bool]:
        """Take a tender or a change of it; the flag says whether it is new. Raises `Refused`."""
        number = str(document["number"])
        if len(document["stops"]) < 2:
            raise Refused("invalid", "a load is picked up and delivered")
        if self.behaviour.carriers and document.get("carrier") and document["carrier"] not in self.behaviour.carriers:
            raise Refused("unknown_carrier", f"carrier {document['carrier']!r} is not known")
        known = self.offers.get(number)
        if known is None:
            known = self.offers[number] = Offer(document, idempotency_key, f"L{len(self.offers) + 1:07d}")
            self._record("tendered", number, dict(document), idempotency_key)
            self._plan(number)
            return known, True
        if known.document == document:
            if known.idempotency_key != idempotency_key:
                self._violate("tendered_under_two_keys", number)
            return known, False
        if known.status == "cancelled":
            raise Refused("cancelled", f"{number} was taken back")
        if document.get("purpose") != "change":
            self._violate("tendered_with_other_content", number)
            raise Refused("conflict", f"{number} exists with other content")
        if known.status != "offered":
            raise Refused("answered", f"{number} is {known.status}")
        known.document, known.idempotency_key = document, idempotency_key
        self._record("tender_changed", number, dict(document), idempotency_key)
        return known, False

    def cancel(self, number: str, idempotency_key: str) -> str:
        """`cancelled` or `too_late`; the first answer stays. Raises `Refused` for an unknown number."""
        known = self.offers.get(number)
        if known is None:
            self._violate("cancelled_unknown", number)
            raise Refused("unknown_tender", f"{number} was never received")
        if not known.cancellation:
            known.cancellation = "cancelled" if known.status == "offered" else "too_late"
            known.status = "cancelled" if known.status == "offered" else known.status
            self._record("tender_cancelled", number, {"status": known.cancellation}, idempotency_key)
        return known.cancellation

    def answer(self, number: str) -> None:
        """The carrier takes the load, or not; does nothing when it was answered or taken back."""
        known = self.offers[number]
        if known.status != "offered":
            return
        reason = next((why for glob, why in self.behaviour.declines.items() if fnmatchcase(number, glob)), "")
        known.status, known.sequence = "declined" if reason else "accepted", known.sequence + 1
        data = {
            "answer": known.status,
            "reason": reason,
            "shipment_number": known.document["shipment_number"],
            "carrier": known.document.get("carrier") or "",
            "carrier_reference": "" if reason else f"PRO-{known.reference[1:]}",
            "rate": known.document.get("rate"),
        }
        self.emit("tender.answered", data, tender=number, sequence=known.sequence)

    def _plan(self, number: str) -> None:
        if self.behaviour.answer_latency is None:
            return

        def run() -> None:
            self._timers.discard(timer)
            self.answer(number)

        timer = asyncio.get_running_loop().call_later(self.behaviour.answer_latency, run)
        self._timers.add(timer)

    # What happens on the road ------------------------------------------------------------------------------

    def milestone(self, tracking_number: str, code: str, at: datetime, **more: Any) -> None:
        """Tell a milestone."""
        self.emit("shipment.milestone", {"tracking_number": tracking_number, "code": code, "at": at.isoformat(), **more})

    def scan(self, tracking_number: str, code: str, at: datetime, **more: Any) -> None:
        """A milestone that is told in bulk only."""
        line = {"seq": len(self.scans) + 1, "tracking_number": tracking_number, "code": code, "at": at.isoformat(), **more}
        self.scans.append(orjson.dumps(line))

    def scanned(self, after: int, limit: int) -> bytes:
        """A page of scans."""
        return b"".join(line + b"\n" for line in self.scans[after : after + limit])

    def proof(self, tracking_number: str, at: datetime, signed_by: str = "", document: bytes = b"", **more: Any) -> None:
        """Tell who took the goods, with the paper."""
        data = {"tracking_number": tracking_number, "at": at.isoformat(), "signed_by": signed_by, **more}
        if document:
            data |= {"document": base64.b64encode(document).decode(), "document_type": "application/pdf"}
        self.emit("shipment.pod", data)

    def bill(self, invoice: Mapping[str, Any]) -> None:
        """Pass a carrier's invoice on."""
        self.emit("freight_invoice.received", invoice)

    def emit(self, kind: str, data: Mapping[str, Any], **about: Any) -> None:
        """Tell an event to whoever listens, and keep it in the feed."""
        seq = len(self.log) + 1
        now = datetime.now(UTC).isoformat()
        event = {"seq": seq, "id": f"tms-{seq}", "type": kind, "occurred_at": now, "data": data, **about}
        body = orjson.dumps(event)
        self.log.append(body)
        self._record("told", f"{kind}/{seq}", {}, "")
        self._tell(event, body)

    def _violate(self, rule: str, key: str) -> None:
        self.violations += 1
        self._record("violation", key, {"rule": rule}, "")
