"""What a return comes to, fixed once when everything is here, and what follows from it in order: exchange, credit note, refund, the books."""

from __future__ import annotations

from decimal import Decimal

from crossdock.processes.frame.states import OVER, ZERO, Json
from crossdock.processes.returns import crediting, exchanging, preparing, receiving, refunding
from crossdock.processes.returns.amounts import money
from crossdock.processes.returns.pricing import plain, rounded
from crossdock.processes.returns.requesting import comes_back, over
from crossdock.processes.returns.states import Return
from crossdock.processes.returns.work import Work
from crossdock.processes.values import replace


def pursue(w: Work) -> None:
    """Settle what has come, and finish what is settled."""
    for one in list(w.returns):
        if one.standing == "authorised" and receiving.settled_here(w, one):
            _settle(w, one)
    for one in list(w.returns):
        if one.standing == "completed" and crediting.billed_after_all(w, one):
            w.note(f"what came back with return {one.number} was invoiced all the same, so it is credited now")
            w.put(replace(one, standing="settled", credit="", register=""))
    for one in list(w.returns):
        if one.standing == "settled":
            _go_on(w, one)


def _settle(w: Work, one: Return) -> None:
    """Fix what goes back: for what came, or for what needs not come. From here on the amount does not change by itself."""
    here = receiving.counted(w, one)
    amount = ZERO
    lines: list[Json] = []
    for line in one.lines:
        quantity = Decimal(line["quantity"])
        if line["verdict"] != "authorised":
            lines.append(line)
            continue
        if line.get("wanted") != "refund_without_return":
            paid = min(quantity, here.get(line["order_line"], ZERO))
            here[line["order_line"]] = here.get(line["order_line"], ZERO) - paid
            if paid < quantity:
                share = {name: plain(rounded(Decimal(line[name]) * paid / quantity, w.currency)) for name in ("value", "amount")}
                line = {**line, **share, "quantity": plain(paid)}
        if line.get("wanted") != "exchange":
            amount += Decimal(line["amount"])
        lines.append(line)
    complete = all(Decimal(new["quantity"]) == Decimal(old["quantity"]) for new, old in zip(lines, one.lines, strict=True))
    shipping = one.shipping if complete and not _exchanged(one) else "0"
    amount += Decimal(shipping or "0")
    if not any(Decimal(line["quantity"]) for line in lines):
        w.put(replace(one, standing="cancelled", lines=tuple(lines), shipping="", recall="skipped", amount="0"))
        over(w, one.n)
        w.note(f"nothing of return {one.number} came that is paid for")
        return
    exchange = "" if any(line.get("wanted") == "exchange" and Decimal(line["quantity"]) for line in lines) else "skipped"
    w.put(
        replace(
            one,
            standing="settled",
            lines=tuple(lines),
            shipping=shipping,
            amount=plain(amount),
            due=plain(amount),
            exchange=exchange,
        )
    )
    w.reach("booked")
    w.note(f"return {one.number} comes to {plain(amount)} {w.currency}")
    if comes_back(one):
        preparing.tell(w, w.returns[one.n - 1], "received")
    if amount > 0:
        w.await_stage("refunded", one.n, f"the refund of return {one.number} is made")


def _exchanged(one: Return) -> bool:
    return any(line.get("wanted") == "exchange" and line["verdict"] == "authorised" for line in one.lines)


def _go_on(w: Work, one: Return) -> None:
    if not one.exchange:
        exchanging.exchange(w, one)
        one = w.returns[one.n - 1]
    if not one.credit:
        crediting.credit(w, one)
        one = w.returns[one.n - 1]
    if one.credit not in OVER:
        return
    if Decimal(one.amount) > 0:
        refunding.refund(w, one)
        if not refunding.paid_out(w, one):
            return
        w.reach("refunded")
        w.came("refunded", one.n)
        crediting.register(w, one)
        one = w.returns[one.n - 1]
        preparing.tell(w, one, "refunded", refund=money(w, Decimal(one.amount)))
    else:
        w.came("refunded", one.n)
        if one.exchange == "done":
            preparing.tell(w, one, "exchanged")
    one = w.returns[one.n - 1]
    if one.exchange in OVER and one.register in {*OVER, ""} and not w.parked_about(one.n):
        w.put(replace(one, standing="completed"))
        w.reach("completed")
        w.came("return_completed", one.n)
        w.note(f"return {one.number} is over")
