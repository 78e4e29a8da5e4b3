"""What the order-to-fulfilment process remembers of one order, and the JSON it is kept as; knows no rule.

Values are immutable: a decision makes new ones. The JSON leaves out what is empty. A reader takes what it knows and gives a default to
what is missing, so that the state of one version is readable by the next and by the one before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, Literal

import orjson

from crossdock.processes.frame.states import VERSION, ZERO, Asked, Closed, Json, Step

ErpStatus = Literal["", "creating", "created", "confirming", "confirmed", "cancelling", "cancelled"]
FulfilmentStatus = Literal["sent", "failed", "live", "recalling", "cancelled", "refused", "short", "done"]
ShipmentStatus = Literal["open", "booking", "failed", "booked", "cancelling", "cancelled", "dispatched", "delivered", "returned"]
CancelStatus = Literal["wanted", "asked", "agreed", "rest", "refused", "done"]

COMMITTED: Final = frozenset({"sent", "failed", "live", "recalling", "refused", "short"})
"""Fulfilment orders whose whole quantity is spoken for; of the others only what was picked is."""
WITHDRAWN: Final = frozenset({"wanted", "asked", "agreed", "done"})
"""States of a wish to cancel in which nothing more is released, booked or shipped."""
MOVING: Final = frozenset({"dispatched", "delivered", "returned"})
"""Shipments that left the warehouse."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the order. `dropped` is what nobody will ship any more."""

    number: str
    sku: str
    ordered: Decimal
    dropped: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class PickLine:
    """One line of a fulfilment order: asked for and picked so far."""

    number: str
    asked: Decimal
    picked: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Fulfilment:
    """One fulfilment order (`n` counts them). `sequence` is the last confirmation applied; `early` are later ones that wait for it;
    `kept` are confirmations collected for one shipment. `recalls` counts how often the warehouse was asked to stop, `late` says that it
    could not any more.
    """

    n: int
    number: str
    status: FulfilmentStatus
    lines: tuple[PickLine, ...]
    system: str = ""
    sequence: int = 0
    ship_by: str = ""
    recalls: int = 0
    late: bool = False
    early: tuple[Json, ...] = ()
    kept: tuple[Json, ...] = ()


@dataclass(frozen=True, slots=True)
class Shipment:
    """One consignment (`n` counts them), made from a pick confirmation; `lines` and `packages` as the warehouse confirmed them.

    `held` are slots a person must settle before it is booked. `bookings` counts how often it was booked, by whomever. `told_shop`, `told_erp` count the milestones already passed on.
    `cost` is what the carrier asks, `shipped` is the waybill and tracking number other workflows were told when the goods left the stock.
    """

    n: int
    number: str
    fulfilment: str
    status: ShipmentStatus = "open"
    lines: tuple[Json, ...] = ()
    packages: tuple[Json, ...] = ()
    picked_at: str = ""
    sequence: int = 1
    final: bool = True
    close_short: bool = False
    held: tuple[str, ...] = ()
    carrier: str = ""
    system: str = ""
    bookings: int = 0
    waybill: str = ""
    tracking: str = ""
    tracking_url: str = ""
    late: bool = False
    transfer: Step = ""
    transfer_id: str = ""
    shop: Step = ""
    track: Step = ""
    milestones: tuple[Json, ...] = ()
    told_shop: int = 0
    told_erp: int = 0
    cost: Json | None = None
    shipped: str = ""


@dataclass(frozen=True, slots=True)
class Cancel:
    """A wish to cancel the whole order: by whom, why, and how far it got.

    `wanted`: the machine tries; `asked`: a person must say; `agreed`: the person said that it is to be; `rest`: what had not left is
    cancelled and what left goes on; `refused`: the order goes on; `done`: cancelled everywhere.
    """

    source: str = ""
    reason: str = ""
    status: CancelStatus = "wanted"
    erp: Step = ""
    shop: Step = ""


@dataclass(frozen=True, slots=True)
class State:
    """The whole of one order. `order` is the version in force, `wanted` a newer one that is not in force yet, `applying` the one the
    ERP is asked to apply; `insist` is what a person said about a change that came late. `customs` are facts by SKU as
    the ERP acknowledged or a person supplied them. `said` is what the shop stated last, where the order in force is another one because a
    rule, a person or the ERP decided so: the shop repeats it with every update, and that is no wish. `parked` are slots where a person decides; slots of failed commands are in `asked`.
    `complete` are the shipments other workflows were told to be all there will be; None while they were not.
    """

    key: str
    number: str = ""
    source: str = ""
    shop: str = ""
    order: Json | None = None
    wanted: Json | None = None
    wanted_by: str = ""
    applying: Json | None = None
    insist: Literal["", "recall", "apply"] = ""
    changes: int = 0
    erp: ErpStatus = ""
    erp_system: str = ""
    erp_id: str = ""
    erp_number: str = ""
    erp_lines: Mapping[str, str] = field(default_factory=dict)
    creations: int = 0
    released: bool = False
    not_before: str = ""
    lines: tuple[Line, ...] = ()
    fulfilments: tuple[Fulfilment, ...] = ()
    shipments: tuple[Shipment, ...] = ()
    cancel: Cancel | None = None
    asked: Mapping[str, Asked] = field(default_factory=dict)
    parked: tuple[str, ...] = ()
    expected: tuple[str, ...] = ()
    early: tuple[Json, ...] = ()
    customs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    refs: Mapping[str, str] = field(default_factory=dict)
    reached: Mapping[str, str] = field(default_factory=dict)
    closed: Closed = ""
    said: Json | None = None
    complete: tuple[str, ...] | None = None


def dump(state: State) -> bytes:
    """The state as compact JSON."""
    return orjson.dumps(
        {
            "v": VERSION,
            **_kept(state, _STATE),
            "lines": [_line(one) for one in state.lines],
            "fulfilments": [
                {
                    **_kept(one, _FULFILMENT),
                    "lines": [[line.number, str(line.asked), str(line.picked)] for line in one.lines],
                }
                for one in state.fulfilments
            ],
            "shipments": [_kept(one, _SHIPMENT) for one in state.shipments],
            "asked": {name: [one.name, one.suffix, one.failed] for name, one in state.asked.items()},
            "cancel": _kept(state.cancel, _CANCEL) if state.cancel else None,
        }
    )


def load(data: bytes) -> State:
    """The inverse of `dump`; also reads what the next version of this process wrote, leaving out what it does not know."""
    raw = orjson.loads(data)
    got = raw.get
    known: Json = {name: raw[name] for name in _STATE if name in raw}
    for name in ("parked", "expected", "early"):
        if name in known:
            known[name] = tuple(known[name])
    if known.get("complete") is not None:
        known["complete"] = tuple(known["complete"])
    cancel = got("cancel")
    return State(
        **known,
        lines=tuple(
            [Line(one["n"], one["s"], Decimal(one["o"]), Decimal(one["d"]) if "d" in one else ZERO) for one in got("lines", ())]
        ),
        fulfilments=tuple([_fulfilment(one) for one in got("fulfilments", ())]),
        shipments=tuple([_shipment(one) for one in got("shipments", ())]),
        asked={name: Asked(*one[:3]) for name, one in got("asked", {}).items()},
        cancel=Cancel(**{name: cancel[name] for name in _CANCEL if name in cancel}) if cancel else None,
    )


_STATE: Final = (
    "key", "number", "source", "shop", "order", "wanted", "wanted_by", "applying", "insist", "changes", "erp", "erp_system", "erp_id",
    "erp_number", "erp_lines", "creations", "released", "not_before", "parked", "expected", "early", "customs", "refs", "reached", "closed",
    "said", "complete",
)  # fmt: skip
_FULFILMENT: Final = ("n", "number", "status", "system", "sequence", "ship_by", "recalls", "late", "early", "kept")
_SHIPMENT: Final = (
    "n", "number", "fulfilment", "status", "lines", "packages", "picked_at", "sequence", "final", "close_short", "held", "carrier",
    "system", "bookings", "waybill", "tracking", "tracking_url", "late", "transfer", "transfer_id", "shop", "track", "milestones",
    "told_shop", "told_erp", "cost", "shipped",
)  # fmt: skip
_CANCEL: Final = ("source", "reason", "status", "erp", "shop")
_TUPLES: Final = ("lines", "packages", "held", "milestones", "early", "kept")


def _kept(value: Any, names: tuple[str, ...]) -> Json:
    """The named members that are not empty; False is written where the default is True."""
    found: Json = {}
    for name in names:
        member = getattr(value, name)
        if member or name == "final" or (name == "complete" and member is not None):
            found[name] = member
    return found


def _line(line: Line) -> Json:
    written: Json = {"n": line.number, "s": line.sku, "o": str(line.ordered)}
    if line.dropped:
        written["d"] = str(line.dropped)
    return written


def _fulfilment(raw: Json) -> Fulfilment:
    known: Json = {name: raw[name] for name in _FULFILMENT if name in raw}
    known["lines"] = tuple([PickLine(number, Decimal(asked), Decimal(picked)) for number, asked, picked, *_ in raw["lines"]])
    for name in ("early", "kept"):
        if name in known:
            known[name] = tuple(known[name])
    return Fulfilment(**known)


def _shipment(raw: Json) -> Shipment:
    known: Json = {name: raw[name] for name in _SHIPMENT if name in raw}
    for name in _TUPLES:
        if name in known:
            known[name] = tuple(known[name])
    return Shipment(**known)
