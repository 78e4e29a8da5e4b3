"""The warehouse itself: fulfilments, stock, what happens when; tells its events to a sink and its effects to an oracle. Knows no wire."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson

from crossdock.simulators.wms.behaviour import Behaviour
from crossdock.simulators.wms.picking import Pick, plan_picks

Recorder = Callable[[str, str, Mapping[str, Any], str], None]
Sink = Callable[[Mapping[str, Any], bytes], None]


class Refused(Exception):
    """The warehouse will not do it; `code` is one of the contract's."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(slots=True)
class Fulfilment:
    """One fulfilment as the warehouse keeps it."""

    order: Mapping[str, Any]
    idempotency_key: str
    reference: str
    status: str = "accepted"
    sequence: int = 0
    confirmations: int = 0
    cancellation: str = ""
    picks: list[Pick] = field(default_factory=list)

    @property
    def number(self) -> str:
        return str(self.order["number"])

    def as_json(self) -> dict[str, Any]:
        """The contract's Fulfilment."""
        shown: dict[str, Any] = {
            "number": self.number,
            "status": self.status,
            "warehouse_reference": self.reference,
            "idempotency_key": self.idempotency_key,
        }
        if self.cancellation:
            shown["cancellation"] = {"status": self.cancellation}
        return shown


class Warehouse:
    """`record(kind, key, data, idempotency_key)` is the oracle, `tell(event, body)` gets every event as it happens."""

    def __init__(self, behaviour: Behaviour, record: Recorder, tell: Sink) -> None:
        self.behaviour = behaviour
        self._record = record
        self._tell = tell
        self._timers: set[asyncio.TimerHandle] = set()
        self.idle = asyncio.Event()
        self.reset()

    def reset(self) -> None:
        """An empty warehouse; what was planned does not happen."""
        self.stop()
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
        self._record("fulfilment_released", number, facts, idempotency_key)
        fate = self.behaviour.fate(number)
        if fate.behaviour == "refuse":
            taken.status = "refused"
            self._status(taken, "refused", "no capacity")
            return taken, True
        self._status(taken, "accepted")
        taken.picks = plan_picks(order, fate, self.behaviour, self._sscc)
        if self.behaviour.pick_latency is not None:
            self._plan(self.behaviour.latency(number), lambda: self.pick(number))
        return taken, True

    def _again(self, known: Fulfilment, order: Mapping[str, Any], idempotency_key: str) -> Fulfilment:
        if known.idempotency_key != idempotency_key:
            self.violate("released_under_two_keys", known.number, first=known.idempotency_key, second=idempotency_key)
        if known.order != order:
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
            self._record("fulfilment_cancelled", number, {"status": known.cancellation}, idempotency_key)
        return known.cancellation

    def violate(self, rule: str, key: str, **data: Any) -> None:
        """Note that the sender broke a rule of the contract."""
        self.violations += 1
        self._record("violation", key, {"rule": rule, **data}, "")

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
        event = self._emit("picking.completed", data | {"picked_at": _now()}, known)
        self._record("picked", f"{number}/{event['sequence']}", data, "")
        self._take_from_stock(pick, number)
        if not pick.final and self.behaviour.pick_latency is not None:
            self._plan(self.behaviour.latency(number), lambda: self.pick(number))
        if self.behaviour.dispatch:
            self._plan(self.behaviour.dispatch_latency * self.behaviour.scale, lambda: self.dispatch(number, pick))

    def dispatch(self, number: str, pick: Pick) -> None:
        """Hand the packages of a pick to a carrier the warehouse booked itself."""
        known = self.fulfilments[number]
        tracking = f"WH{known.reference[1:]}{known.sequence:02d}"
        packages = [{**package, "tracking_number": tracking} for package in pick.packages]
        shipment = {
            "shipment": f"S-{known.reference}-{known.sequence + 1}",
            "order_number": known.order.get("order_number", ""),
            "carrier": known.order.get("carrier") or "house",
            "tracking_number": tracking,
            "ship_to": known.order["ship_to"],
            "lines": pick.lines,
            "packages": packages,
        }
        self._record("dispatched", tracking, {"fulfilment": number}, "")
        self._emit("shipment.dispatched", shipment, known)

    def count(self, sku: str, on_hand: Decimal, location: str = "A-01", lot: str = "", tell: bool = True) -> None:
        """Set the stock of a SKU, as an inventory count does."""
        self.store((sku, location, lot), on_hand)
        if tell:
            self._tell_stock({(sku, location, lot)}, "count", "")

    def store(self, place: tuple[str, str, str], on_hand: Decimal) -> None:
        """Set the stock of a SKU at a location in a lot without telling anybody."""
        self.stock[place] = on_hand
        self.skus.add(place[0])

    def _take_from_stock(self, pick: Pick, number: str) -> None:
        touched = set()
        for line in pick.lines:
            key = (line["sku"], "A-01", line.get("lot", ""))
            self.store(key, self.stock.get(key, Decimal(self.behaviour.initial)) - Decimal(line["quantity"]))
            touched.add(key)
        if touched and self.behaviour.stock_events:
            self._tell_stock(touched, "pick", number)

    def _tell_stock(self, keys: set[tuple[str, str, str]], reason: str, reference: str) -> None:
        levels = [
            {"sku": sku, "location": location, "lot": lot, "on_hand": str(self.stock[(sku, location, lot)])}
            for sku, location, lot in sorted(keys)
        ]
        self._emit("stock.changed", {"levels": levels, "reason": reason, "reference": reference})

    def _status(self, known: Fulfilment, status: str, reason: str = "") -> None:
        self._emit("fulfilment.status", {"status": status, "reason": reason, "warehouse_reference": known.reference}, known)

    def _emit(self, kind: str, data: Mapping[str, Any], of: Fulfilment | None = None) -> Mapping[str, Any]:
        seq = len(self.log) + 1
        event: dict[str, Any] = {"seq": seq, "id": f"evt-{seq}", "type": kind, "occurred_at": _now(), "data": data}
        if of is not None:
            of.sequence += 1
            event |= {"fulfilment": of.number, "sequence": of.sequence}
        body = orjson.dumps(event)
        self.log.append(body)
        self._tell(event, body)
        return event

    def _plan(self, delay: float, work: Callable[[], None]) -> None:
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
