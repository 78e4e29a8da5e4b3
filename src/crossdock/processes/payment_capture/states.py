"""What the payment-capture process remembers of one order: what was authorised, what left, what was taken; knows no rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from crossdock.processes.frame.states import Asked, Closed, Json, StateForm, Step


@dataclass(frozen=True, slots=True)
class Authorization:
    """A payment at a gateway (`n` counts them): what may be taken, what was as far as the gateway said, and whether it was given up.

    `seen` are the events of captures that were counted. `void` is how far giving it up is, `gone` that nothing can be taken of it any more.
    """

    n: int
    system: str
    payment: str
    amount: str
    currency: str
    captured: str = "0"
    seen: tuple[str, ...] = ()
    void: Step = ""
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Take:
    """One capture (`n` counts them) of authorisation `of`. Whatever became of it, its amount is never asked for again by the machine."""

    n: int
    of: int
    amount: str
    cause: str
    step: Step = ""


@dataclass(frozen=True, slots=True)
class State:
    """The payments of one order. `left` is what left by order line, `complete` says that nothing more will; `cause` is the event of the last
    consignment."""

    key: str
    order: Json | None = None
    consignments: tuple[str, ...] = ()
    left: Mapping[str, str] = field(default_factory=dict)
    complete: bool = False
    cause: str = ""
    authorizations: tuple[Authorization, ...] = ()
    takes: tuple[Take, ...] = ()
    asked: Mapping[str, Asked] = field(default_factory=dict)
    parked: tuple[str, ...] = ()
    expected: tuple[str, ...] = ()
    refs: Mapping[str, str] = field(default_factory=dict)
    reached: Mapping[str, str] = field(default_factory=dict)
    closed: Closed = ""


FORM: Final = StateForm(State, {"authorizations": Authorization, "takes": Take}, {})
dump = FORM.dump
load = FORM.load
