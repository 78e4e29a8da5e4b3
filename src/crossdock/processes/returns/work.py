"""One decision about the returns of an order in the making: the state being changed and what is there; knows no business rule."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final

from crossdock.processes.frame import work as frame
from crossdock.processes.frame.states import ZERO, Json
from crossdock.processes.returns.plan import Plan
from crossdock.processes.returns.settings import Stage
from crossdock.processes.returns.states import COUNTING, Payment, Receipt, Refund, Return, State

ROLE: Final = {
    "return.label": "carrier",
    "return.expect": "wms",
    "return.cancel": "wms",
    "return.transfer": "erp",
    "credit_note.create": "erp",
    "payment.register": "erp",
    "payment.refund": "gateway",
    "shop.refund": "shop",
    "refund.transfer": "finance",
    "return.answer": "shop",
}
"""Whose failure it is when a command does not succeed."""
_STAGE_ROLE: Final[dict[str, str]] = {
    "return_authorised": "service",
    "return_received": "wms",
    "refunded": "finance",
    "return_completed": "service",
}
GONE: Final = frozenset({"refused", "cancelled"})
"""Returns that claim nothing."""


class Work(frame.Work[State]):
    """The changing copy of an order's returns. Attributes named like those of `State` mean the same."""

    stage_roles = _STAGE_ROLE

    def __init__(self, state: State, at: datetime, plan: Plan) -> None:
        super().__init__(state, at, plan)
        self.plan = plan
        self.settings = plan.settings
        self.number = state.number
        self.source = state.source
        self.currency = state.currency
        self.total = state.total
        self.lines: dict[str, Json] = dict(state.lines)
        self.shipping = state.shipping
        self.customer = state.customer
        self.ship_to = state.ship_to
        self.picks: list[str] = list(state.picks)
        self.shipped: dict[str, str] = dict(state.shipped)
        self.shipped_at = state.shipped_at
        self.delivered_at = state.delivered_at
        self.invoices: dict[str, str] = dict(state.invoices)
        self.billed: dict[str, str] = dict(state.billed)
        self.payments: list[Payment] = list(state.payments)
        self.refunds: list[Refund] = list(state.refunds)
        self.disputes: dict[str, Json] = dict(state.disputes)
        self.returns: list[Return] = list(state.returns)
        self.receipts: list[Receipt] = list(state.receipts)
        self.early: list[Json] = list(state.early)
        self.papers = {Payment: self.payments, Refund: self.refunds, Return: self.returns, Receipt: self.receipts}

    # --- what is there ------------------------------------------------------------------------------------------------

    @property
    def known(self) -> bool:
        """Whether the order itself was told."""
        return bool(self.number)

    @property
    def erp_id(self) -> str:
        """The order's technical id in the ERP, as far as it is known; the ERP finds the order by the hub's own name for it too."""
        return self.refs.get(f"{self.plan.system('erp')}:order_id", "")

    def claimed(self, line: str, but: int = 0) -> tuple[Decimal, Decimal]:
        """Quantity and value (before fees) of an order line that returns speak for (without return `but`), whether the goods are here or not."""
        quantity = money = ZERO
        for one in self.returns:
            if one.standing in GONE or one.n == but:
                continue
            for each in one.lines:
                if each.get("order_line") == line:
                    quantity += Decimal(each.get("quantity", "0"))
                    money += Decimal(each.get("value", "0"))
        return quantity, money

    def refunding(self, ret: int) -> Decimal:
        """What went back, or is on its way back, for a return."""
        return sum((Decimal(one.amount) for one in self.refunds if one.ret == ret and one.status in COUNTING), ZERO)

    def receipts_of(self, ret: int) -> list[Receipt]:
        """The receipts of a return that count."""
        return [one for one in self.receipts if one.ret == ret and one.standing != "refused"]

    def parked_about(self, ret: int) -> bool:
        """Whether a person has still to say something about the money of a return, or about goods wanted for it."""
        slots = {f"credit:{ret}", f"refund:{ret}", f"exchange:{ret}"}
        slots |= {f"bounced:{one.n}" for one in self.refunds if one.ret == ret}
        return any(slot in self.parked for slot in slots)

    # --- what changes -------------------------------------------------------------------------------------------------

    def await_stage(self, stage: Stage, n: int, description: str) -> None:
        """Expect a stage of return `n` from now on."""
        self.expect_stage(stage, n, self.at, description, not_before=self.at)

    def kept(self) -> State:
        return State(
            self.state.key, self.number, self.source, self.currency, self.total, self.lines, self.shipping, self.customer, self.ship_to,
            tuple(self.picks), self.shipped, self.shipped_at, self.delivered_at, self.invoices, self.billed, tuple(self.payments), tuple(self.refunds),
            self.disputes, tuple(self.returns), tuple(self.receipts), tuple(self.early), self.asked, tuple(self.parked), tuple(self.expected),
            self.refs, self.reached, self.closed,
        )  # fmt: skip
