"""Money on its way back: by the means it came by, never more than was captured, never twice; else a person hears why nothing was sent."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from hashlib import blake2b
from typing import Any, Final

from crossdock.canonical.bank import CreditTransfer
from crossdock.core.errors import DecisionNeeded, PaymentDisputed, RefundAboveCapture, RefundBounced, RefundForeign
from crossdock.processes.command_ids import command_id
from crossdock.processes.frame.states import ZERO
from crossdock.processes.returns import paying
from crossdock.processes.returns.amounts import money, why
from crossdock.processes.returns.pricing import plain
from crossdock.processes.returns.states import Refund, Return
from crossdock.processes.returns.work import Work
from crossdock.processes.values import replace

LONGEST_REFERENCE: Final = 35


def paid_out(w: Work, one: Return) -> bool:
    """Whether everything a return comes to has gone back."""
    done = sum((Decimal(each.amount) for each in w.refunds if each.ret == one.n and each.status == "done"), ZERO)
    return done >= Decimal(one.amount)


def refund(w: Work, one: Return) -> None:
    """Ask for what is still to go back, when it may; else a person hears why, and nothing is sent."""
    due = Decimal(one.amount) - w.refunding(one.n)
    slot = f"refund:{one.n}"
    if due <= 0 or _waits_for_person(w, one):
        if due <= 0 and slot in w.parked:
            w.unpark(slot)
        return
    error = hindrance(w, one, due)
    if error is not None:
        if slot not in w.parked:
            w.park(slot, error, "finance", (*_other_means(w), "refund_rest", "done", "close"))
        return
    if slot in w.parked:
        w.unpark(slot)
    for place in paying.left(w):
        if paying.by_bank(w, place.payment):
            continue
        part = min(due, place.amount)
        if part > 0 and place.payment.currency == w.currency:
            _ask(w, one, place, part)
            due -= part


def _waits_for_person(w: Work, one: Return) -> bool:
    """Whether a refund of this return failed or bounced and nobody has said yet what becomes of it."""
    return any(each.ret == one.n and each.status == "bounced" and not each.handled for each in w.refunds)


def hindrance(w: Work, one: Return, due: Decimal) -> Any:
    """Why nothing may be refunded now; None when it may."""
    if paying.open_dispute(w):
        return PaymentDisputed(
            f"return {one.number}: a chargeback is open, so {plain(due)} {w.currency} are not refunded", number=one.number
        )
    places = [each for each in paying.left(w) if not paying.by_bank(w, each.payment)]
    if not places and w.payments:
        return DecisionNeeded(
            f"return {one.number}: {plain(due)} {w.currency} were paid by bank transfer; they go back to an account",
            number=one.number,
            amount=plain(due),
        )
    if any(each.payment.foreign for each in places) or (places and all(each.payment.currency != w.currency for each in places)):
        taken = (
            ", ".join(sorted({each.payment.currency for each in places if each.payment.currency != w.currency}))
            or "another currency"
        )
        return RefundForeign(
            f"return {one.number} comes to {plain(due)} {w.currency}, and {taken} was captured",
            number=one.number,
            amount=plain(due),
        )
    here = [each for each in places if each.payment.currency == w.currency]
    room = sum((each.amount for each in here), ZERO)
    if room < due:
        taken_, back = sum((each.captured for each in here), ZERO), sum((each.refunded + each.disputed for each in here), ZERO)
        return RefundAboveCapture(
            f"return {one.number}: {plain(due)} {w.currency} are due, {plain(taken_)} were captured, {plain(back)} went back: "
            f"{plain(room)} are left",
            number=one.number, due=plain(due), captured=plain(taken_), refunded=plain(back), left=plain(room),
        )  # fmt: skip
    return None


def _ask(w: Work, one: Return, place: paying.Left, amount: Decimal) -> None:
    n = len(w.refunds) + 1
    name = "shop.refund" if w.settings.refund_by == "shop" else "payment.refund"
    suffix = str(n)
    made = command_id(w.state.key, name, suffix)
    system = place.payment.system
    w.put(Refund(n, one.n, place.payment.reference, plain(amount), own=made, system=system))
    data = {
        "payment_reference": place.payment.reference,
        "amount": money(w, amount),
        "order_number": w.number,
        "return_number": one.number,
        "reason": one.reason or f"return {one.number}",
        **why(one),
    }
    if name == "shop.refund":
        data["lines"] = [
            {"order_line": line["order_line"], "sku": line["sku"], "quantity": line["quantity"]}
            for line in one.lines
            if Decimal(line["quantity"]) > 0
        ]
    w.issue(name, system, suffix, data)


def made(w: Work, refund: Refund, ack: Mapping[str, Any]) -> None:
    """The gateway took the refund; `pending` waits until it says how it ended."""
    reference = str(ack.get("reference") or refund.reference)
    twin = next(
        (one for one in w.refunds if reference and one.reference == reference and one.n != refund.n and one.ret == 0), None
    )
    if refund.status == "bounced":
        w.put(replace(refund, reference=reference))
        return
    done = ack.get("status") not in {"pending", "sent"} or refund.status == "done"
    if twin is not None:
        # the gateway told of it before it answered: it is one refund, not two
        w.put(replace(twin, status="given_up", reference="", own=""))
        done = done or twin.status == "done"
        if twin.status == "bounced":
            _bounced(w, replace(refund, reference=reference))
            return
    w.put(replace(refund, status="done" if done else "pending", reference=reference))


def _bounced(w: Work, refund: Refund) -> None:
    w.put(replace(refund, status="bounced"))
    error = RefundBounced(f"refund {refund.n} of {refund.amount} {w.currency} did not arrive", refund=refund.reference)
    w.park(f"bounced:{refund.n}", error, "finance", ("retry", "done", "close"))


def _other_means(w: Work) -> tuple[str, ...]:
    """Whether a person may send the money to an account: only when no gateway took any, and the flow has a bank."""
    gateways = [one for one in w.payments if not paying.by_bank(w, one)]
    return ("transfer",) if not gateways and "bank" in w.plan.context.roles else ()


def transfer(w: Work, one: Return, who: str, name: str, iban: str) -> bool:
    """A person says to which account the money goes that no gateway took. False when that is no account."""
    due = Decimal(one.amount) - w.refunding(one.n)
    if not _other_means(w) or due <= 0 or not name.strip():
        return False
    taken = next(
        (each.payment.reference for each in paying.left(w) if each.amount >= due and each.payment.currency == w.currency), ""
    )
    if w.payments and not taken:
        return False
    n = len(w.refunds) + 1
    # unique for ever, and short enough for every bank (ISO 20022 Max35Text)
    reference = f"{one.number}-{n}"
    if len(reference) > LONGEST_REFERENCE:
        reference = f"RT-{blake2b(w.state.key.encode(), digest_size=10).hexdigest()}-{n}"
    wish = {
        "end_to_end_id": reference,
        "amount": money(w, due),
        "creditor_name": name.strip()[:70],
        "creditor_iban": iban,
        "remittance": f"{w.number} {one.number}"[:140],
        "order_number": w.number,
        "return_number": one.number,
    }
    try:
        document = CreditTransfer.model_validate(wish).model_dump(mode="json")
    except ValueError:
        return False
    w.put(
        Refund(
            n,
            one.n,
            taken,
            plain(due),
            own=command_id(w.state.key, "refund.transfer", str(n)),
            reference=reference,
            system="bank",
        )
    )
    data = {
        "credit_transfer": document,
        "payment_reference": taken,
        "reason": one.reason or f"return {one.number}",
        "justified_by": one.event,
        "approved_by": ", ".join(dict.fromkeys((*one.approvers, who))),
    }
    w.issue("refund.transfer", w.plan.system("bank"), str(n), data)
    return True


def by_hand(w: Work, one: Return, reference: str) -> None:
    """A person says that what is still due went back by other means."""
    due = Decimal(one.amount) - w.refunding(one.n)
    if due > 0:
        n = len(w.refunds) + 1
        w.put(Refund(n, one.n, "", plain(due), status="done", reference=reference or f"by hand {one.number}", system=""))
        w.note(
            f"{plain(due)} {w.currency} of return {one.number} went back by other means{': ' + reference if reference else ''}"
        )


def reduce(w: Work, one: Return, to: Decimal) -> None:
    """A person says that less goes back than was fixed."""
    if ZERO <= to < Decimal(one.amount):
        w.put(replace(one, amount=plain(to)))
        w.note(f"return {one.number} comes to {plain(to)} {w.currency} instead of {one.amount}, as a person decided")


def rest(w: Work, one: Return) -> Decimal:
    """What may still go back for a return now, besides what went back already."""
    if paying.open_dispute(w):
        return w.refunding(one.n)
    gateways = [each for each in paying.left(w) if not paying.by_bank(w, each.payment) and not each.payment.foreign]
    here = sum((each.amount for each in gateways if each.payment.currency == w.currency), ZERO)
    return w.refunding(one.n) + here
