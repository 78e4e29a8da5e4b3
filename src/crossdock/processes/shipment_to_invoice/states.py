"""What the shipment-to-invoice process remembers of one order: its consignments, their way, its invoices; knows no rule.

Values are immutable: a decision makes new ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from crossdock.processes.frame.states import Asked, Closed, Json, StateForm, Step


@dataclass(frozen=True, slots=True)
class Consignment:
    """What left the stock in one piece (`n` counts them).

    `told` are its milestones and `proofs` the times of proofs of delivery, `cleared` the contradiction a person vouched for. `invoice` is the
    paper it is billed with, 0 while there is none; `left_out` says that none is to be made. `cause` is the event that told of it, `moved` the
    last one that moved it on. `country`, `postal_code`: where it goes. `issued_at` is when its goods left the stock. `cost` is what the carrier
    asked at the booking, `billed` what carriers billed for it so far.
    """

    n: int
    number: str
    fulfilment: str = ""
    carrier: str = ""
    service_level: str = ""
    waybill: str = ""
    tracking: tuple[str, ...] = ()
    lines: tuple[Json, ...] = ()
    transfer_id: str = ""
    weight_kg: str = ""
    shipped_at: str = ""
    dispatched: bool = False
    told: tuple[Json, ...] = ()
    proofs: tuple[str, ...] = ()
    cleared: str = ""
    invoice: int = 0
    left_out: bool = False
    cause: str = ""
    moved: str = ""
    cost: Json | None = None
    country: str = ""
    postal_code: str = ""
    issued_at: str = ""
    billed: tuple[Json, ...] = ()


@dataclass(frozen=True, slots=True)
class Booking:
    """What a consignment was booked for (`n` counts them): its price, by kind of charge where the carrier says so, and the rated zone and weight.

    `accrual` is how far the expected freight is in the books, `back` how far it is out of them again. `settled` says that it is expected no
    more, `gone` that the consignment was booked at another price since; `turn` counts the prices. `cause` is the event that told of it.
    """

    n: int
    number: str
    cost: Json
    cause: str
    carrier: str = ""
    charges: Json = field(default_factory=dict)
    zone: str = ""
    weight_kg: str = ""
    turn: int = 1
    accrual: Step = ""
    entry: str = ""
    back: Step = ""
    settled: bool = False
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Paper:
    """One invoice to the customer (`n` counts them) for some consignments.

    `number` is the hub's own id of the request. `extra` says that it bills the shipping as well. `planned_at` is when it was wanted, `ready`
    the event that made it ready, `waits` what it waits for until then, `posts` how often posting was asked. `approved_by` is the person who allowed it where the policy
    asks for one. `collected` is the key of the transaction that bills it together with other orders, empty when it is billed by itself.
    """

    n: int
    number: str
    consignments: tuple[int, ...]
    extra: bool = False
    standing: Literal["open", "posted", "cancelled", "left"] = "open"
    create: Step = ""
    post: Step = ""
    posts: int = 0
    planned_at: str = ""
    ready: str = ""
    waits: str = ""
    approved_by: str = ""
    issue_date: str = ""
    invoice_id: str = ""
    invoice_number: str = ""
    total: str = ""
    currency: str = ""
    residual: str = ""
    payment: str = ""
    collected: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """The whole of one order as finance sees it. `order` holds what invoicing needs of it; `complete` are the consignments that are all there
    will be, None while more may come. `foreign` are invoices that people made in the ERP themselves, by their id there, with what was decided
    about them.
    """

    key: str
    source: str = ""
    order: Json | None = None
    erp: str = ""
    erp_id: str = ""
    complete: tuple[str, ...] | None = None
    consignments: tuple[Consignment, ...] = ()
    papers: tuple[Paper, ...] = ()
    foreign: Mapping[str, str] = field(default_factory=dict)
    early: tuple[Json, ...] = ()
    bookings: tuple[Booking, ...] = ()
    asked: Mapping[str, Asked] = field(default_factory=dict)
    parked: tuple[str, ...] = ()
    expected: tuple[str, ...] = ()
    refs: Mapping[str, str] = field(default_factory=dict)
    reached: Mapping[str, str] = field(default_factory=dict)
    closed: Closed = ""


FORM: Final = StateForm(State, {"consignments": Consignment, "papers": Paper, "bookings": Booking}, {})
dump = FORM.dump
load = FORM.load
