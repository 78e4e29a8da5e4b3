"""One decision about a purchase order in the making: the state being changed and what is there; knows no business rule."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from crossdock.processes.frame import work as frame
from crossdock.processes.frame.states import OVER, ZERO, Json
from crossdock.processes.procurement_to_receipt.documents import begins, is_service, line_date, lines_of, number_of, summed
from crossdock.processes.procurement_to_receipt.plan import Plan
from crossdock.processes.procurement_to_receipt.settings import Stage, Supplier
from crossdock.processes.procurement_to_receipt.states import Answer, Cancel, Invoice, Notice, Receipt, State

ROLE: Final = {
    "purchase_order.send": "supplier",
    "purchase_order.change": "supplier",
    "purchase_order.cancel": "supplier",
    "purchase_order.update": "erp",
    "receipt.expect": "wms",
    "receipt.cancel": "wms",
    "receipt.validate": "erp",
    "bill.create": "accounting",
}
"""Whose failure it is when a command does not succeed."""
_STAGE_ROLE: Final[dict[str, str]] = {
    "acknowledged": "supplier",
    "answered": "buyer",
    "noticed": "buyer",
    "received": "wms",
    "invoiced": "accounting",
    "matched": "accounting",
}
UNDATED: Final = timedelta(days=14)
"""Goods without any delivery day are asked for after so long."""


class Work(frame.Work[State]):
    """The changing copy of a purchase order's state. Attributes named like those of `State` mean the same."""

    stage_roles = _STAGE_ROLE

    def __init__(self, state: State, at: datetime, plan: Plan) -> None:
        super().__init__(state, at, plan)
        self.plan = plan
        self.settings = plan.settings
        self.number = state.number
        self.source = state.source
        self.role = state.role
        self.supplier = state.supplier
        self.order = state.order
        self.agreed = state.agreed
        self.ordered = state.ordered
        self.wanted = state.wanted
        self.telling = state.telling
        self.insist = state.insist
        self.resend = state.resend
        self.answered = state.answered
        self.revision = state.revision
        self.sends = state.sends
        self.updates = state.updates
        self.cancel: Cancel | None = state.cancel
        self.answers: list[Answer] = list(state.answers)
        self.notices: list[Notice] = list(state.notices)
        self.receipts: list[Receipt] = list(state.receipts)
        self.invoices: list[Invoice] = list(state.invoices)
        self.controls: dict[str, str] = dict(state.controls)
        self.early: list[Json] = list(state.early)
        self.papers = {Answer: self.answers, Notice: self.notices, Receipt: self.receipts, Invoice: self.invoices}

    # --- what is there ------------------------------------------------------------------------------------------------

    def document(self) -> Json:
        """The order as both sides have it, else as the ERP said it last. Only called once there is one."""
        found = self.agreed or self.telling or self.order
        if found is None:
            raise LookupError("there is no purchase order yet")
        return found

    def partner(self) -> Supplier:
        """What the flow says of this order's supplier."""
        return self.plan.supplier(self.role)

    @property
    def erp_id(self) -> str:
        """The order's technical id in the ERP."""
        return self.refs.get(f"{self.source}:purchase_order_id", "")

    def withdrawn_order(self) -> bool:
        """Whether nothing is told, expected or received any more because the order is being cancelled."""
        return self.cancel is not None and self.cancel.status in {"wanted", "asked", "telling", "told"}

    def spoken_for(self, but: int = 0) -> dict[str, Decimal]:
        """What has left the supplier, by order line (without notice `but`): announced, or received without being announced.

        Of a delivery that is over counts what came in good condition, not what was announced: the rest is still owed.
        """
        total: dict[str, Decimal] = {}
        announced: set[str] = set()
        for one in self.notices:
            if one.standing not in {"in_force", "held"}:
                continue
            announced.add(one.expected)
            if one.n == but:
                continue
            here = self.came_with(one.expected, "good" if one.over else "")
            said = {} if one.over else summed(one.lines)
            for number in {**said, **here}:
                total[number] = total.get(number, ZERO) + max(said.get(number, ZERO), here.get(number, ZERO))
        for receipt in self.receipts:
            if receipt.standing in {"open", "held", "in_force"} and receipt.expected not in announced:
                for number, quantity in summed(receipt.lines, "good").items():
                    total[number] = total.get(number, ZERO) + quantity
        return total

    def came_with(self, expected: str, condition: str = "") -> dict[str, Decimal]:
        """What was received under the number of an expected receipt (in one condition)."""
        counted = {"open", "held", "in_force"}
        receipts = (one for one in self.receipts if one.expected == expected and one.standing in counted)
        return summed((line for one in receipts for line in one.lines), condition)

    def arrived(self, but: int = 0) -> dict[str, Decimal]:
        """What the warehouse says to have received in good condition by order line (without receipt `but`), also what is still held."""
        counted = {"open", "held", "in_force"}
        return summed((line for one in self.receipts if one.n != but and one.standing in counted for line in one.lines), "good")

    def received(self) -> dict[str, Decimal]:
        """What the ERP has in stock of this order by line: what invoices are held against. Services count as ordered: nobody receives them."""
        found = summed((line for one in self.receipts if one.transfer in OVER for line in one.lines), "good")
        lines = lines_of(self.document())
        return found | {
            n: number_of(line["quantity"]) for n, line in lines.items() if is_service(line) and line["status"] == "open"
        }

    def billed(self, but: int = 0) -> dict[str, Decimal]:
        """What was billed by order line, without what was credited (and without invoice `but`)."""
        total: dict[str, Decimal] = {}
        for one in self.invoices:
            if one.n != but and one.standing == "in_force":
                for number, quantity in summed(one.lines).items():
                    total[number] = total.get(number, ZERO) + (-quantity if one.credit else quantity)
        return total

    def unbilled(self) -> bool:
        """Whether something is in stock that no invoice was billed for; what was credited afterwards was billed."""
        total: dict[str, Decimal] = {}
        for one in self.invoices:
            if one.standing == "in_force" and not one.credit:
                for number, quantity in summed(one.lines).items():
                    total[number] = total.get(number, ZERO) + quantity
        return any(quantity > total.get(number, ZERO) for number, quantity in self.received().items())

    def open_lines(self) -> dict[str, Decimal]:
        """What of the order is still to come: line number -> quantity."""
        arrived = self.arrived()
        return {
            number: left
            for number, line in lines_of(self.document()).items()
            if line["status"] == "open"
            and not is_service(line)
            and (left := number_of(line["quantity"]) - arrived.get(number, ZERO)) > 0
        }

    def left(self) -> bool:
        """Whether goods have left the supplier."""
        return bool(self.receipts) or any(one.standing in {"in_force", "held"} for one in self.notices)

    # --- what changes -------------------------------------------------------------------------------------------------

    def nothing_new(self) -> None:
        """The supplier is to be told nothing it does not know."""
        self.wanted, self.insist = None, False
        if "change" in self.parked:
            self.unpark("change")

    def await_stage(self, stage: Stage, n: int = 0, description: str = "", since: datetime | None = None) -> None:
        """Expect a stage (`n` of a paper) from now on, or count from `since`. Never due in the past: it warns at once then."""
        self.expect_stage(stage, n, since or self.at, description, not_before=self.at)

    def await_goods(self) -> None:
        """Expect the next ship notice by the earliest day on which something not announced yet is to be there, or the goods themselves from
        a supplier that announces nothing; nothing when all is spoken for.
        """
        stage: Stage = "noticed" if self.partner().notices else "received"
        if self.withdrawn_order() or self.closed or self.agreed is None:
            return
        order, spoken = self.document(), self.spoken_for()
        days = [
            line_date(order, line)
            for number, line in lines_of(order).items()
            if line["status"] == "open" and not is_service(line) and number_of(line["quantity"]) > spoken.get(number, ZERO)
        ]
        if not days:
            self.came(stage)
            return
        known = sorted(day for day in days if day)
        # what is ordered for today is not late at once
        since = max(self.at, begins(known[0], str(order["delivery_zone"]))) if known else self.at + UNDATED
        when = f" due on {known[0]}" if known else ""
        self.await_stage(stage, 0, f"goods of {self.number}{when} are {'announced' if stage == 'noticed' else 'received'}", since)

    def kept(self) -> State:
        return State(
            self.state.key, self.number, self.source, self.role, self.supplier, self.order, self.agreed, self.ordered, self.wanted, self.telling,
            self.insist, self.resend, self.answered, self.revision, self.sends, self.updates, self.cancel, tuple(self.answers),
            tuple(self.notices), tuple(self.receipts), tuple(self.invoices), self.controls, tuple(self.early), self.asked,
            tuple(self.parked), tuple(self.expected), self.refs, self.reached, self.closed,
        )  # fmt: skip
