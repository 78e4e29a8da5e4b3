"""What the freight-tender process remembers of one order: its loads and who was offered each; knows no rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from crossdock.processes.frame.states import Asked, Closed, Json, StateForm

Standing = Literal["open", "offering", "offered", "accepted", "nobody", "left", "cancelled"]


@dataclass(frozen=True, slots=True)
class Load:
    """A consignment that is offered (`n` counts them). `choice` is the place of the carrier in the guide whose turn it is, `tried` counts the
    offers made. `refused` are the carriers that did not take it, each with its reason.
    """

    n: int
    shipment: str
    cause: str
    weight_kg: str = ""
    packages: int = 0
    standing: Standing = "open"
    choice: int = 0
    tried: int = 0
    refused: tuple[str, ...] = ()
    carrier_reference: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """The loads of one order."""

    key: str
    order: Json | None = None
    loads: tuple[Load, ...] = ()
    over: bool = False
    asked: Mapping[str, Asked] = field(default_factory=dict)
    parked: tuple[str, ...] = ()
    expected: tuple[str, ...] = ()
    refs: Mapping[str, str] = field(default_factory=dict)
    reached: Mapping[str, str] = field(default_factory=dict)
    closed: Closed = ""


FORM: Final = StateForm(State, {"loads": Load}, {})
dump = FORM.dump
load = FORM.load
