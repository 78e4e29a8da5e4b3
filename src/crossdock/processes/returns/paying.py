"""What the gateway says of the order's payments, refunds and disputes, and what may still go back; issues no commands."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from crossdock.canonical.payment import Chargeback
from crossdock.canonical.payment import Payment as Told
from crossdock.canonical.payment import Refund as RefundTold
from crossdock.core.errors import PaymentDisputed, RefundBounced
from crossdock.core.process import Happened
from crossdock.processes.frame.states import ZERO
from crossdock.processes.returns.pricing import plain
from crossdock.processes.returns.states import COUNTING, Payment, Refund
from crossdock.processes.returns.work import Work
from crossdock.processes.values import replace


def captured(w: Work, fact: Happened) -> None:
    """`payment.captured`: money was taken. Told twice, or late, it counts once."""
    data = fact.event.data
    if not isinstance(data, Told):
        return
    known = next((one for one in w.payments if one.reference == data.payment), None)
    if known is None:
        known = Payment(len(w.payments) + 1, data.payment, data.provider, fact.event.source, data.amount.currency, data.method)
        w.refer(f"payment:{data.provider}", data.payment)
    if data.amount.currency != known.currency:
        w.put(replace(known, foreign=True))
        return
    captures = dict(known.captures)
    captures[data.reference] = plain(max(Decimal(captures.get(data.reference, "0")), data.amount.amount))
    told = max(Decimal(known.told or "0"), data.captured.amount) if data.captured is not None else Decimal(known.told or "0")
    back = max(Decimal(known.refunded or "0"), data.refunded.amount if data.refunded is not None else ZERO)
    w.put(replace(known, captures=captures, told=plain(told) if told else "", refunded=plain(back) if back else ""))


def refunded(w: Work, fact: Happened) -> None:
    """`refund.completed`: money went back, by the hub's command or by somebody in the gateway's pages."""
    data = fact.event.data
    if not isinstance(data, RefundTold):
        return
    mine = _mine(w, data)
    if mine is None:
        w.put(_others(w, data, fact.event.source, "done"))
        w.note(f"{data.amount.amount} {data.amount.currency} were refunded in {data.provider} itself")
    elif mine.status == "bounced":
        w.note(f"refund {mine.n} bounced after this")
    else:
        if mine.status == "given_up" and mine.ret:
            w.park(f"bounced:{mine.n}", RefundBounced(
                f"refund {mine.n} of {mine.amount} was made after it was given up", refund=data.reference, amount=mine.amount
            ), "finance", ("acknowledge",))  # fmt: skip
        w.put(replace(mine, status="done", reference=mine.reference or data.reference))
    _cumulated(w, data)


def failed(w: Work, fact: Happened) -> None:
    """`refund.failed`: the customer's bank did not take it; a person looks before anything is sent again."""
    data = fact.event.data
    if not isinstance(data, RefundTold):
        return
    mine = _mine(w, data)
    if mine is None:
        w.put(_others(w, data, fact.event.source, "bounced"))
        return
    if mine.status == "bounced":
        w.note(f"refund {mine.n} is known to have bounced")
        return
    command = next((made for made, one in w.asked.items() if made == mine.own and one.failed), "")
    if command:
        w.revoke(command)
    known = next((one for one in w.payments if one.reference == mine.payment), None)
    if known is not None and known.refunded and mine.status == "done":
        w.put(replace(known, refunded=plain(max(Decimal(known.refunded) - Decimal(mine.amount), ZERO))))
    w.put(replace(mine, status="bounced", reference=mine.reference or data.reference))
    if mine.ret:
        error = RefundBounced(
            f"refund {mine.n} of {mine.amount} {w.currency} did not arrive: {data.reason or 'no reason given'}",
            refund=data.reference, amount=mine.amount, reason=data.reason_code or data.reason,
        )  # fmt: skip
        w.park(f"bounced:{mine.n}", error, "finance", ("retry", "done", "close"))


def _mine(w: Work, data: RefundTold) -> Refund | None:
    """The refund the gateway speaks of: by its own id, or by the command it was made for."""
    for one in w.refunds:
        if one.reference == data.reference or (data.own_reference and one.own == data.own_reference):
            return one
    return None


def _others(w: Work, data: RefundTold, system: str, status: str) -> Refund:
    return Refund(
        len(w.refunds) + 1, 0, data.payment_reference, plain(data.amount.amount),
        status="done" if status == "done" else "bounced", reference=data.reference, system=system,
    )  # fmt: skip


def _cumulated(w: Work, data: RefundTold) -> None:
    known = next((one for one in w.payments if one.reference == data.payment_reference), None)
    if known is not None and data.refunded is not None and data.refunded.currency == known.currency:
        back = max(Decimal(known.refunded or "0"), data.refunded.amount)
        w.put(replace(known, refunded=plain(back)))


def disputed(w: Work, fact: Happened) -> None:
    """`chargeback.opened`: the payer's bank may take the payment back; nothing is refunded meanwhile."""
    data = fact.event.data
    if not isinstance(data, Chargeback):
        return
    known = w.disputes.get(data.reference)
    if known is not None and not known["open"]:
        w.note(f"dispute {data.reference} is over already")
        return
    w.disputes[data.reference] = {"payment": data.payment_reference, "amount": plain(data.amount.amount), "open": True}
    if known is None:
        error = PaymentDisputed(
            f"the customer's bank disputes {data.amount.amount} {data.amount.currency}: {data.reason or data.reason_code}",
            payment=data.payment_reference, dispute=data.reference, respond_by=str(data.respond_by or ""),
        )  # fmt: skip
        w.park("chargeback", error, "finance", ("acknowledge",))


def dispute_over(w: Work, fact: Happened) -> None:
    """`chargeback.closed`: won or withdrawn, the money is there; lost, it went back to the customer."""
    data = fact.event.data
    if not isinstance(data, Chargeback):
        return
    lost = data.outcome not in {"won", "withdrawn"}
    known = w.disputes.get(data.reference)
    if not lost and known is not None and not known["open"] and Decimal(known["amount"]):
        # an older word told again must not free money that is gone
        w.note(f"dispute {data.reference} was lost already; {data.outcome} changes nothing")
        return
    w.disputes[data.reference] = {
        "payment": data.payment_reference, "amount": plain(data.amount.amount) if lost else "0", "open": False,
    }  # fmt: skip
    w.note(f"dispute {data.reference} is over: {data.outcome or 'without a word how'}")
    if "chargeback" in w.parked and not any(one["open"] for one in w.disputes.values()):
        w.unpark("chargeback")


@dataclass(frozen=True, slots=True)
class Left:
    """What of one payment may still go back."""

    payment: Payment
    captured: Decimal
    refunded: Decimal
    disputed: Decimal

    @property
    def amount(self) -> Decimal:
        return max(self.captured - self.refunded - self.disputed, ZERO)


def left(w: Work) -> list[Left]:
    """What may still go back of each payment, the one with most first.

    Refunded counts what is known here, asked for, or said by the gateway in all, whichever is more: never may too much go back because one
    of them was heard later.
    """
    found: list[Left] = []
    for one in w.payments:
        taken = max(sum(map(Decimal, one.captures.values()), ZERO), Decimal(one.told or "0"))
        counted = [each for each in w.refunds if each.payment == one.reference and each.status in COUNTING]
        back = max(sum((Decimal(each.amount) for each in counted), ZERO), _told_back(one, counted))
        lost = sum((Decimal(each["amount"]) for each in w.disputes.values() if each["payment"] == one.reference), ZERO)
        found.append(Left(one, taken, back, lost))
    return sorted(found, key=lambda each: (-each.amount, each.payment.n))


def _told_back(payment: Payment, counted: list[Refund]) -> Decimal:
    """What the gateway says went back in all, and what is on its way of which it may not have known yet."""
    told = Decimal(payment.refunded or "0")
    under_way = [one for one in counted if one.status in {"asked", "failed"}]
    return told + sum((Decimal(one.amount) for one in under_way), ZERO) if told else ZERO


def by_bank(w: Work, payment: Payment) -> bool:
    """Whether a payment came by transfer: it goes back by transfer, to an account, and by no gateway."""
    return payment.method == "bank_transfer" or payment.system == w.plan.context.roles.get("bank")


def open_dispute(w: Work) -> bool:
    """Whether a chargeback is open on a payment of this order."""
    return any(one["open"] for one in w.disputes.values())
