"""What the invoice-collection process remembers of one customer's day: shares of orders, and the invoices they are on; knows no rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from crossdock.processes.frame.states import Asked, Closed, Json, StateForm, Step


@dataclass(frozen=True, slots=True)
class Share:
    """What one order wants on the invoice (`n` counts them): its request, the order's key and id in the ERP, and the paper it is on.

    `cause` is the event that handed it over; `paper` is 0 while it is on none.
    """

    n: int
    request: Json
    order: str
    erp_id: str
    cause: str
    paper: int = 0


@dataclass(frozen=True, slots=True)
class Paper:
    """One invoice (`n` counts them) with some shares. `number` is the hub's own id of the request, `posts` how often posting was asked,
    `approved_by` the person who allowed it where the policy asks for one.
    """

    n: int
    number: str
    shares: tuple[int, ...]
    standing: Literal["open", "posted", "given_up"] = "open"
    create: Step = ""
    post: Step = ""
    posts: int = 0
    approved_by: str = ""
    issue_date: str = ""
    invoice_id: str = ""
    invoice_number: str = ""
    total: str = ""
    payment: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """The whole of one customer's day, in one currency. `erp` is the system with the orders."""

    key: str
    erp: str = ""
    currency: str = ""
    shares: tuple[Share, ...] = ()
    papers: tuple[Paper, ...] = ()
    asked: Mapping[str, Asked] = field(default_factory=dict)
    parked: tuple[str, ...] = ()
    expected: tuple[str, ...] = ()
    refs: Mapping[str, str] = field(default_factory=dict)
    reached: Mapping[str, str] = field(default_factory=dict)
    closed: Closed = ""


FORM: Final = StateForm(State, {"shares": Share, "papers": Paper}, {})
dump = FORM.dump
load = FORM.load
