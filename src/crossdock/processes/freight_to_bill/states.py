"""What the freight-to-bill process remembers of one invoice of a carrier: its charges, who was asked about them, and its bill; knows no rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from crossdock.processes.frame.states import Asked, Closed, Json, StateForm, Step


@dataclass(frozen=True, slots=True)
class Claim:
    """Charges for one consignment (`n` counts them): the numbers of their lines, and what the order they are about makes of them."""

    n: int
    reference: str
    lines: tuple[str, ...]
    answer: Json | None = None


@dataclass(frozen=True, slots=True)
class State:
    """The whole of one invoice of a carrier. `cause` is the event that brought it, `approved_by` the person who allowed what differs.
    `overdue` says that orders had their time to answer. `turn` counts the invoices under this number: a correction of one that was refused may
    carry the same.
    """

    key: str
    source: str = ""
    document: Json | None = None
    cause: str = ""
    claims: tuple[Claim, ...] = ()
    standing: Literal["open", "held", "approved", "refused"] = "open"
    overdue: bool = False
    approved_by: str = ""
    bill: Step = ""
    bill_id: str = ""
    landed: Step = ""
    charged: Mapping[str, str] = field(default_factory=dict)
    turn: int = 1
    asked: Mapping[str, Asked] = field(default_factory=dict)
    parked: tuple[str, ...] = ()
    expected: tuple[str, ...] = ()
    refs: Mapping[str, str] = field(default_factory=dict)
    reached: Mapping[str, str] = field(default_factory=dict)
    closed: Closed = ""


FORM: Final = StateForm(State, {"claims": Claim}, {})
dump = FORM.dump
load = FORM.load
