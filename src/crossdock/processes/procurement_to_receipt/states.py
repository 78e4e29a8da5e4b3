"""What the procurement-to-receipt process remembers of one purchase order, and the JSON it is kept as; knows no rule.

Values are immutable: a decision makes new ones. The JSON leaves out what is empty. A reader takes what it knows and gives a default to
what is missing, so that the state of one version is readable by the next and by the one before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import orjson

from crossdock.processes.frame.states import VERSION, Asked, Closed, Json, StateForm, Step

Standing = Literal["open", "held", "in_force", "superseded", "refused", "withdrawn"]


@dataclass(frozen=True, slots=True)
class Answer:
    """One version of the supplier's answer (`n` counts them). `held`: a buyer decides; `in_force`: it is what both sides agreed on."""

    n: int
    number: str
    digest: str
    at: str
    sequence: int = 0
    standing: Standing = "open"
    document: Json | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """One delivery on its way (`n` counts them, not their versions): the notice's newest version and how far the warehouse knows of it.

    `expected` is the number of the expected receipt, the same for all versions; `told` the version the warehouse was last told, `telling`
    the one it is being told. `over` says that a final receipt for it came. `lines` and `units` are of the version in force.
    """

    n: int
    number: str
    expected: str
    digest: str
    at: str
    version: int = 1
    sequence: int = 0
    standing: Standing = "open"
    lines: tuple[Json, ...] = ()
    units: tuple[Json, ...] = ()
    head: Mapping[str, Any] = field(default_factory=dict)
    told: int = 0
    telling: int = 0
    failed: bool = False
    recall: Step = ""
    over: bool = False
    earlier: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """One receipt of the warehouse (`n` counts them); `lines` name order lines, `good` only is validated in the ERP.

    `held`: a person decides; `open`: to be validated; `in_force`: the stock has it. `wait` says whether the rest is still waited for,
    `booked` that the ERP itself told it: it is in stock there already.
    """

    n: int
    number: str
    digest: str
    at: str
    expected: str = ""
    sequence: int = 1
    standing: Standing = "open"
    transfer: Step = ""
    final: bool = True
    wait: bool = True
    judged: bool = False
    booked: bool = False
    lines: tuple[Json, ...] = ()


@dataclass(frozen=True, slots=True)
class Invoice:
    """One invoice or credit note (`n` counts them, not their versions); `document` is kept until the ERP has its bill.

    `open`: waits for the goods or for its turn; `held`: a person decides; `in_force`: the ERP has its bill (`bill` done or skipped) or is
    making it (`asked`). `lines` are what counts as billed: order line, quantity. `approved`: a person said that it is paid as it is.
    """

    n: int
    number: str
    digest: str
    at: str
    credit: bool = False
    version: int = 1
    standing: Standing = "open"
    bill: Step = ""
    approved: bool = False
    late: bool = False
    said: str = ""
    lines: tuple[Json, ...] = ()
    document: Json | None = None
    earlier: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cancel:
    """A wish to cancel the whole order. `wanted`: as soon as it can be; `asked`: a person must say, goods are on their way or here;
    `rest`: what has not left the supplier is taken back, the rest goes on; `telling`, `told`: the supplier hears or heard it; `refused`: the
    order goes on.
    """

    source: str = ""
    reason: str = ""
    status: Literal["wanted", "asked", "telling", "told", "rest", "refused"] = "wanted"


@dataclass(frozen=True, slots=True)
class State:
    """The whole of one purchase order.

    `order` is what the ERP said last; `agreed` what the supplier was told last, with what it confirmed since and was accepted; `ordered` the
    same without what was only tolerated, against which the next answer is held; `wanted` a
    newer version the supplier has not been told, `telling` the one it is being told, `insist` that a person wants it told though goods left.
    `revision` counts the versions told after the first, `sends` the attempts to tell. `answered`: every line is answered. `controls` are the
    control numbers under which papers went out, with the command that sent them. `parked` are slots where a person decides; slots of
    failed commands are in `asked`.
    """

    key: str
    number: str = ""
    source: str = ""
    role: str = ""
    supplier: str = ""
    order: Json | None = None
    agreed: Json | None = None
    ordered: Json | None = None
    wanted: Json | None = None
    telling: Json | None = None
    insist: bool = False
    resend: bool = False
    answered: bool = False
    revision: int = 0
    sends: int = 0
    updates: int = 0
    cancel: Cancel | None = None
    answers: tuple[Answer, ...] = ()
    notices: tuple[Notice, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    invoices: tuple[Invoice, ...] = ()
    controls: Mapping[str, str] = field(default_factory=dict)
    early: tuple[Json, ...] = ()
    asked: Mapping[str, Asked] = field(default_factory=dict)
    parked: tuple[str, ...] = ()
    expected: tuple[str, ...] = ()
    refs: Mapping[str, str] = field(default_factory=dict)
    reached: Mapping[str, str] = field(default_factory=dict)
    closed: Closed = ""


_FORM: Final = StateForm(
    State, {"answers": Answer, "notices": Notice, "receipts": Receipt, "invoices": Invoice}, {"cancel": Cancel}
)


def dump(state: State) -> bytes:
    """The state as compact JSON. An order that is the same in several places is written once."""
    written = _FORM.written(state)
    for name, other in (("ordered", state.agreed), ("agreed", state.order)):
        if name in written and written[name] == other:
            written[name] = True
    return orjson.dumps({"v": VERSION, **written})


def load(data: bytes) -> State:
    """The inverse of `dump`; also reads what the next version of this process wrote, leaving out what it does not know."""
    known = _FORM.known(orjson.loads(data))
    for name, other in (("agreed", "order"), ("ordered", "agreed")):
        if known.get(name) is True:
            known[name] = known.get(other)
    return State(**known)
