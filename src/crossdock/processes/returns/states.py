"""What the returns process remembers of one order, and the JSON it is kept as; knows no rule.

Values are immutable: a decision makes new ones. Amounts are decimals written as text. A reader takes what it knows and gives a default
to what is missing, so that the state of one version is readable by the next and by the one before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from crossdock.processes.frame.states import Asked, Closed, Json, StateForm, Step

Standing = Literal["requested", "held", "refused", "authorised", "settled", "completed", "cancelled"]
RefundStatus = Literal["asked", "failed", "pending", "done", "bounced", "given_up"]
COUNTING: Final = frozenset({"asked", "failed", "pending", "done"})
"""Refunds that have, or may have, taken money: they count against what was captured."""


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment of the order (`n` counts them). `captures` are captures by the provider's id of each, `told` what the gateway said was
    captured in all; `refunded` what it said went back in all. `foreign` says that something was captured in another currency."""

    n: int
    reference: str
    provider: str
    system: str
    currency: str
    method: str = ""
    captures: Mapping[str, str] = field(default_factory=dict)
    told: str = ""
    refunded: str = ""
    foreign: bool = False


@dataclass(frozen=True, slots=True)
class Refund:
    """Money that goes back (`n` counts them). `ret` is the return it is for; 0: somebody refunded in the gateway's own pages.

    `own` is the id of the command, by which the gateway's word of it is recognised, `reference` the provider's id. `failed`: a person
    looks at it and it may still be retried; `bounced`: the provider says it did not arrive; `given_up`: a person said it is not retried.
    """

    n: int
    ret: int = 0
    payment: str = ""
    amount: str = "0"
    status: RefundStatus = "asked"
    own: str = ""
    reference: str = ""
    system: str = ""
    handled: bool = False


@dataclass(frozen=True, slots=True)
class Return:
    """One return (`n` counts them). `lines` are what was asked for: `number`, `order_line`, `sku`, `quantity` (what is allowed), `asked`,
    `reason`, `wanted`, `exchange_sku`, `value` (what was paid for the allowed quantity), `amount` (what goes back of it), `verdict`, `why`.

    `event` is the event that justifies what follows, `approved_by` who allowed it. `amount` is fixed once, when everything that comes has
    come (`settled`), and never changes but by a person; `due` is what it was
    fixed at, for the credit note; `shipping` is the part of it that was paid for shipping. `credit_open` is what of the credit note is not set off
    against the invoice. `uncredited`: a
    person left the credit note out. `told` are answers given.
    """

    n: int
    number: str
    at: str
    event: str
    source: str = ""
    request: str = ""
    standing: Standing = "requested"
    unannounced: bool = False
    lines: tuple[Json, ...] = ()
    shipping: str = ""
    ship_from: Json | None = None
    approvers: tuple[str, ...] = ()
    approved_by: str = ""
    label: Step = ""
    carrier: str = ""
    tracking: str = ""
    expect: Step = ""
    recall: Step = ""
    over: bool = False
    amount: str = ""
    due: str = ""
    exchange: Step = ""
    credit: Step = ""
    credit_id: str = ""
    credit_number: str = ""
    credit_open: str = ""
    uncredited: bool = False
    register: Step = ""
    told: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """One receipt of the warehouse (`n` counts them) for return `ret`; `lines` are `order_line`, `sku`, `quantity`, `grade`, `lot`, `fault`.

    `held`: a person decides what is paid; `open`: to be booked; `in_force`: the ERP has it, or needs not. `pay`: what is paid for.
    """

    n: int
    ret: int
    number: str
    at: str
    event: str
    sequence: int = 1
    standing: Literal["open", "held", "in_force", "refused"] = "open"
    transfer: Step = ""
    final: bool = True
    judged: bool = False
    pay: Literal["fitting", "all"] = "fitting"
    lines: tuple[Json, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """The whole of one order as far as returns need it.

    `lines` are the order's by number: `sku`, `name`, `quantity`, `unit`, `gross` and `net` (what the customer paid for the line, with and without tax); `shipping`
    what was paid besides. `picks` are confirmations of the warehouse that were counted, `shipped` what left by line. `invoices` are posted
    invoices, number -> the ERP's id, `billed` the pieces on them by order line. `disputes` are chargebacks by reference: payment, amount, open. `early` are facts that came before
    the order itself.
    """

    key: str
    number: str = ""
    source: str = ""
    currency: str = ""
    total: str = ""
    lines: Mapping[str, Json] = field(default_factory=dict)
    shipping: str = ""
    customer: Json | None = None
    ship_to: Json | None = None
    picks: tuple[str, ...] = ()
    shipped: Mapping[str, str] = field(default_factory=dict)
    shipped_at: str = ""
    delivered_at: str = ""
    invoices: Mapping[str, str] = field(default_factory=dict)
    billed: Mapping[str, str] = field(default_factory=dict)
    payments: tuple[Payment, ...] = ()
    refunds: tuple[Refund, ...] = ()
    disputes: Mapping[str, Json] = field(default_factory=dict)
    returns: tuple[Return, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    early: tuple[Json, ...] = ()
    asked: Mapping[str, Asked] = field(default_factory=dict)
    parked: tuple[str, ...] = ()
    expected: tuple[str, ...] = ()
    refs: Mapping[str, str] = field(default_factory=dict)
    reached: Mapping[str, str] = field(default_factory=dict)
    closed: Closed = ""


_FORM: Final = StateForm(State, {"payments": Payment, "refunds": Refund, "returns": Return, "receipts": Receipt}, {})
dump = _FORM.dump
load = _FORM.load
