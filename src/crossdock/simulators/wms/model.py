"""The warehouse itself: fulfilments, stock, what happens when; tells its events to a sink and its effects to an oracle. Knows no wire."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar

import orjson

from crossdock.simulators.contract import Refused
from crossdock.simulators.wms.behaviour import Behaviour
from crossdock.simulators.wms.picking import Pick, plan_picks
from crossdock.simulators.wms.receiving import Dock
from crossdock.simulators.wms.returning import ReturnsDesk
from crossdock.simulators.wms.tasks import Task

__all__ = ["Fulfilment", "Refused", "Warehouse"]

Recorder = Callable[[str, str, Mapping[str, Any], str], None]
Sink = Callable[[Mapping[str, Any], bytes], None]


@dataclass(slots=True)
class Fulfilment(Task):
    """One fulfilment as the warehouse keeps it."""

    status: str = "accepted"
    confirmations: int = 0
    picks: list[Pick] = field(default_factory=list)

    what: ClassVar[str] = "fulfilment"

    @property
    def order(self) -> Mapping[str, Any]:
        """What is to be picked, as it was released."""
        return self.document


class Warehouse:
    """`record(kind, key, data, idempotency_key)` is the oracle, `tell(event, body)` gets every event as it happens."""

    def __init__(self, behaviour: Behaviour, record: Recorder, tell: Sink) -> None:
        self.behaviour = behaviour
        self.record = record
        self._tell = tell
        self.dock = Dock(self)
        self.returns = ReturnsDesk(self)
        self._timers: set[asyncio.TimerHandle] = set()
        self.idle = asyncio.Event()
        self.reset()

    def reset(self) -> None:
        """An empty warehouse; what was planned does not happen."""
        self.stop()
        self.dock.reset()
        self.returns.reset()
        self.fulfilments: dict[str, Fulfilment] = {}
        self.log: list[bytes] = []
        self.stock: dict[tuple[str, str, str], Decimal] = {}
        self.skus: set[str] = set()
        self.violations = 0
        self._sscc = itertools.count(1)
        self.idle.set()

    def stop(self) -> None:
        """Forget what was planned."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    # Instructions ------------------------------------------------------------------------------------------

    def release(self, order: Mapping[str, Any], idempotency_key: str) -> tuple[Fulfilment, bool]:
        """Take a fulfilment; the flag says whether it is new. Raises `Refused`."""
        number = order["number"]
        known = self.fulfilments.get(number)
        if known is not None:
            return self._again(known, order, idempotency_key), False
        self._check(order)
        taken = Fulfilment(order, idempotency_key, f"W{len(self.fulfilments) + 1:07d}")
        self.fulfilments[number] = taken
        facts = {"order_number": order.get("order_number", ""), "lines": order["lines"]}
        self.record("fulfilment_released", number, facts, idempotency_key)
        fate = self.behaviour.fate(number)
        if fate.behaviour == "refuse":
            taken.status = "refused"
            self._status(taken, "refused", "no capacity")
            return taken, True
        self._status(taken, "accepted")
        taken.picks = plan_picks(order, fate, self.behaviour, self._sscc)
        if self.behaviour.pick_latency is not None:
            self.plan(self.behaviour.latency(number), lambda: self.pick(number))
        return taken, True

    def _again(self, known: Fulfilment, order: Mapping[str, Any], idempotency_key: str) -> Fulfilment:
        if known.idempotency_key != idempotency_key:
            self.violate("released_under_two_keys", known.number, first=known.idempotency_key, second=idempotency_key)
        if known.document != order:
            self.violate("released_with_other_content", known.number)
            raise Refused("conflict", f"{known.number} exists with other content")
        if known.cancellation == "cancelled" and known.idempotency_key != idempotency_key:
            self.violate("released_after_cancellation", known.number)
            raise Refused("cancelled", f"{known.number} was cancelled")
        return known

    def _check(self, order: Mapping[str, Any]) -> None:
        lines = order.get("lines")
        if not lines or any(Decimal(line["quantity"]) <= 0 for line in lines):
            raise Refused("invalid", "at least one line, and every quantity above zero")
        for line in lines:
            if line["sku"] in self.skus:
                continue
            if self.behaviour.strict:
                raise Refused("unknown_sku", f"SKU {line['sku']!r} is not stored here")
            self.store((line["sku"], "A-01", ""), Decimal(self.behaviour.initial))

    def cancel(self, number: str, idempotency_key: str) -> str:
        """`cancelled` or `too_late`; the first answer stays. Raises `Refused` for an unknown number."""
        known = self.fulfilments.get(number)
        if known is None:
            self.violate("cancelled_unknown", number)
            raise Refused("unknown_fulfilment", f"{number} was never received")
        if not known.cancellation:
            if known.status == "accepted":
                known.cancellation, known.status = "cancelled", "cancelled"
                self._status(known, "cancelled")
            else:
                known.cancellation = "too_late"
            self.record("fulfilment_cancelled", number, {"status": known.cancellation}, idempotency_key)
        return known.cancellation

    def violate(self, rule: str, key: str, **data: Any) -> None:
        """Note that the sender broke a rule of the contract."""
        self.violations += 1
        self.record("violation", key, {"rule": rule, **data}, "")

    # Work --------------------------------------------------------------------------------------------------

    def pick(self, number: str) -> None:
        """Confirm the next pick of a fulfilment; does nothing when it is cancelled, refused or complete."""
        known = self.fulfilments[number]
        if known.status not in ("accepted", "picking") or not known.picks:
            return
        pick = known.picks.pop(0)
        known.status = "completed" if pick.final else "picking"
        known.confirmations += 1
        data = {
            "confirmation": known.confirmations,
            "final": pick.final,
            "warehouse_reference": known.reference,
            "lines": pick.lines,
            "packages": pick.packages,
        }
        event = self.emit("picking.completed", data | {"picked_at": _now()}, known)
        self.record("picked", f"{number}/{event['sequence']}", data, "")
        self._take_from_stock(pick, number)
        if not pick.final and self.behaviour.pick_latency is not None:
            self.plan(self.behaviour.latency(number), lambda: self.pick(number))
        if self.behaviour.dispatch:
            self.plan(self.behaviour.dispatch_latency * self.behaviour.scale, lambda: self.dispatch(number, pick))

    def dispatch(self, number: str, pick: Pick) -> None:
        """Hand the packages of a pick to a carrier the warehouse booked itself."""
        known = self.fulfilments[number]
        tracking = f"WH{known.reference[1:]}{known.sequence:02d}"
        packages = [{**package, "tracking_number": tracking} for package in pick.packages]
        shipment = {
            "shipment": f"S-{known.reference}-{known.sequence + 1}",
            "order_number": known.document.get("order_number", ""),
            "carrier": known.document.get("carrier") or "house",
            "tracking_number": tracking,
            "ship_to": known.document["ship_to"],
            "lines": pick.lines,
            "packages": packages,
        }
        self.record("dispatched", tracking, {"fulfilment": number}, "")
        self.emit("shipment.dispatched", shipment, known)

    def count(self, sku: str, on_hand: Decimal, location: str = "A-01", lot: str = "", tell: bool = True) -> None:
        """Set the stock of a SKU, as an inventory count does."""
        place = (sku, location, lot)
        change = on_hand - self.stock.get(place, Decimal(0))
        self.store(place, on_hand)
        if tell:
            self.tell_stock({place: change}, "count", "")

    def adjust(self, sku: str, change: Decimal, reason: str, location: str = "A-01", lot: str = "") -> None:
        """Goods are damaged, lost or found: so many more, or fewer, lie in a bin."""
        place = (sku, location, lot)
        self.store(place, self.stock.get(place, Decimal(0)) + change)
        self.record("stock_adjusted", sku, {"change": str(change), "reason": reason, "location": location, "lot": lot}, "")
        self.tell_stock({place: change}, reason, "")

    def relocate(self, sku: str, quantity: Decimal, origin: str, target: str, lot: str = "") -> None:
        """Goods go from one bin to another."""
        moved = {(sku, origin, lot): -quantity, (sku, target, lot): quantity}
        for place, change in moved.items():
            self.store(place, self.stock.get(place, Decimal(0)) + change)
        self.tell_stock(moved, "transfer", "")

    def held(self, sku: str) -> Decimal:
        """What there is of a SKU in all bins and lots."""
        return sum((quantity for place, quantity in self.stock.items() if place[0] == sku), Decimal(0))

    def store(self, place: tuple[str, str, str], on_hand: Decimal) -> None:
        """Set the stock of a SKU at a location in a lot without telling anybody."""
        self.stock[place] = on_hand
        self.skus.add(place[0])

    def _take_from_stock(self, pick: Pick, number: str) -> None:
        touched: dict[tuple[str, str, str], Decimal] = {}
        for line in pick.lines:
            key = (line["sku"], "A-01", line.get("lot", ""))
            self.store(key, self.stock.get(key, Decimal(self.behaviour.initial)) - Decimal(line["quantity"]))
            touched[key] = touched.get(key, Decimal(0)) - Decimal(line["quantity"])
        if touched and self.behaviour.stock_events:
            self.tell_stock(touched, "pick", number)

    def tell_stock(self, changes: Mapping[tuple[str, str, str], Decimal], reason: str, reference: str) -> None:
        """Tell the levels of bins that changed, and by how much."""
        levels = [
            {
                "sku": sku,
                "location": location,
                "lot": lot,
                "on_hand": str(self.stock[(sku, location, lot)]),
                "change": str(change),
            }
            for (sku, location, lot), change in sorted(changes.items())
        ]
        self.emit("stock.changed", {"levels": levels, "reason": reason, "reference": reference})

    def _status(self, known: Fulfilment, status: str, reason: str = "") -> None:
        self.emit("fulfilment.status", {"status": status, "reason": reason, "warehouse_reference": known.reference}, known)

    def emit(self, kind: str, data: Mapping[str, Any], of: Task | None = None) -> Mapping[str, Any]:
        """Tell an event, counted among those of the fulfilment or receipt it is about."""
        seq = len(self.log) + 1
        event: dict[str, Any] = {"seq": seq, "id": f"evt-{seq}", "type": kind, "occurred_at": _now(), "data": data}
        if of is not None:
            of.sequence += 1
            event |= {of.what: of.number, "sequence": of.sequence}
        body = orjson.dumps(event)
        self.log.append(body)
        self._tell(event, body)
        return event

    def now(self) -> str:
        """The time as it is told."""
        return _now()

    def plan(self, delay: float, work: Callable[[], None]) -> None:
        """Do something later."""

        def run() -> None:
            self._timers.discard(timer)
            work()
            if not self._timers:
                self.idle.set()

        timer = asyncio.get_running_loop().call_later(delay, run)
        self._timers.add(timer)
        self.idle.clear()


def _now() -> str:
    return datetime.now(UTC).isoformat()
