"""What both simulated carriers share: consignments, their way through the network by time or on command, and the count of effects."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import orjson
from aiohttp import web

from crossdock.simulators.faults import FaultPlan
from crossdock.simulators.server import Simulator, json_response

WAY = ("booked", "picked_up", "departed", "arrived", "out_for_delivery", "delivered")
ASIDE = ("attempted", "exception", "customs_held", "customs_cleared", "returned")


@dataclass(slots=True)
class Consignment:
    """One booked shipment; `scans` are (step, seconds since the epoch), oldest first."""

    waybill: str
    references: tuple[str, ...]
    booked_at: float
    label_format: str
    cost: tuple[str, str]
    pieces: tuple[str, ...] = ()
    scans: list[tuple[str, float]] = field(default_factory=list)
    void: bool = False

    @property
    def handed_over(self) -> bool:
        """Whether the carrier has the goods."""
        return len(self.scans) > 1


class Carrier(Simulator):
    """Base of the simulated carriers. `step_seconds` moves every consignment one step further in so many seconds; None waits for
    `POST /_sim/advance {"tracking_number": "...", "steps": 1}` or `{"to": "delivered"}` (without a number: all)."""

    keepalive = True
    currency: ClassVar[str] = "EUR"

    def __init__(self, faults: FaultPlan | None = None, *, step_seconds: float | None = None) -> None:
        super().__init__(faults)
        self.step_seconds = step_seconds
        self.reset()

    def reset(self) -> None:
        self.consignments: dict[str, Consignment] = {}
        self.by_reference: dict[str, list[str]] = {}

    def routes(self, app: web.Application) -> None:
        app.router.add_post("/_sim/advance", self._advance)

    def state(self) -> Mapping[str, Any]:
        booked = Counter(effect.key for effect in self.effects if effect.kind == "shipment_booked")
        last = Counter(self.scanned(one)[-1][0] for one in self.consignments.values())
        return {
            "booked": sum(booked.values()),
            "double_bookings": sum(count - 1 for count in booked.values()),
            "cancelled": sum(one.void for one in self.consignments.values()),
            "stages": dict(last),
        }

    # What a carrier uses ---------------------------------------------------------------------------

    def book(self, waybill: str, references: list[str], label_format: str, cost: str, pieces: list[str]) -> Consignment:
        """A new consignment; its first reference is the client's identity of the booking, by which doubles are counted."""
        now = time.time()
        one = Consignment(waybill, tuple(references), now, label_format, (cost, self.currency), tuple(pieces), [("booked", now)])
        self.consignments[waybill] = one
        for reference in references:
            self.by_reference.setdefault(reference, []).append(waybill)
        key = references[0] if references else waybill
        self.record("shipment_booked", key, {"waybill": waybill, "references": references}, idempotency_key=key)
        return one

    def cancel(self, one: Consignment) -> None:
        """Make a consignment void."""
        one.void = True
        self.record("shipment_cancelled", one.waybill, idempotency_key=one.references[0] if one.references else "")

    def scanned(self, one: Consignment) -> list[tuple[str, float]]:
        """The scans so far, after time has done its part."""
        if self.step_seconds is not None and not one.void:
            done = min(len(WAY) - 1, int((time.time() - one.booked_at) / self.step_seconds))
            for number in range(len(one.scans), done + 1):
                one.scans.append((WAY[number], one.booked_at + number * self.step_seconds))
        return one.scans

    def advance(self, waybill: str = "", steps: int = 1, to: str = "") -> int:
        """Move one consignment, or all, further along the way or to a step beside it; returns how many were moved."""
        moved = 0
        for one in [self.consignments[waybill]] if waybill else list(self.consignments.values()):
            if one.void:
                continue
            for step in [to] if to in ASIDE else self._ahead(one, steps, to):
                one.scans.append((step, max(time.time(), one.scans[-1][1] + 1)))
            moved += 1
        return moved

    def _ahead(self, one: Consignment, steps: int, to: str) -> tuple[str, ...]:
        reached = max(WAY.index(step) for step, _ in one.scans if step in WAY)
        end = WAY.index(to) if to else min(reached + steps, len(WAY) - 1)
        return WAY[reached + 1 : end + 1]

    async def _advance(self, request: web.Request) -> web.Response:
        wanted = orjson.loads(await request.read() or b"{}")
        waybill, to = wanted.get("tracking_number", ""), wanted.get("to", "")
        if (waybill and waybill not in self.consignments) or (to and to not in (*WAY, *ASIDE)):
            return json_response({"error": f"no such consignment or step; steps: {', '.join((*WAY, *ASIDE))}"}, 400)
        return json_response({"moved": self.advance(waybill, int(wanted.get("steps", 1)), to)})
