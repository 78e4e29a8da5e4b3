"""Returns that are asked for: the policy's verdict by line, who has to approve, and the customer who keeps the goods after all."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from crossdock.canonical.returns import ReturnCancellation, ReturnRequest
from crossdock.core.errors import DecisionNeeded, NotStoppable, ReturnApprovalNeeded, ReturnOutsidePolicy
from crossdock.core.process import Happened
from crossdock.processes.frame.numbers import numbered
from crossdock.processes.frame.states import ZERO, Json
from crossdock.processes.returns import eligibility
from crossdock.processes.returns.ordering import shipped_of
from crossdock.processes.returns.pricing import part_of, plain, rounded
from crossdock.processes.returns.settings import SELLERS_DOING
from crossdock.processes.returns.states import Return
from crossdock.processes.returns.work import GONE, Work
from crossdock.processes.values import replace


def requested(w: Work, fact: Happened) -> None:
    """`return.requested`: a customer wants to give something back. Asked twice under one number, it is one return."""
    if not isinstance(fact.event.data, ReturnRequest):
        return
    begin(w, fact.event.id, fact.event.source, fact.document())


def begin(w: Work, event: str, source: str, document: Json) -> None:
    """Take a request, or keep it until the order itself is known."""
    number = document["number"]
    if any(one.request == number and one.source == source for one in w.returns) or any(
        one["document"]["number"] == number and one["source"] == source for one in w.early
    ):
        w.note(f"request {number} is known")
        return
    if not w.known:
        w.early.append({"event": event, "source": source, "document": document})
        error = DecisionNeeded(f"{source} asks for return {number} of an order nobody told of", request=number)
        w.park("order", error, "service", ("acknowledge",))
        return
    n = len(w.returns) + 1
    made = Return(
        n, numbered("RT", w.state.key, n), document["requested_at"], event, source, number,
        lines=tuple(_line(w, one) for one in document["lines"]), ship_from=document["ship_from"], reason=document["note"],
    )  # fmt: skip
    w.put(made)
    w.refer("return", made.number)
    w.refer(f"{source}:return", number)
    w.reach("requested", made.at)
    w.await_stage("return_authorised", n, f"return {made.number} is authorised or refused")
    w.await_stage("return_completed", n, f"return {made.number} is over")


def retry_early(w: Work) -> None:
    """Requests that came before the order."""
    if not w.known or not w.early:
        return
    early, w.early = w.early, []
    if "order" in w.parked:
        w.unpark("order")
    for one in early:
        begin(w, one["event"], one["source"], one["document"])


def _line(w: Work, asked: Json) -> Json:
    number = asked["order_line"] or place(w, asked["sku"])
    kept = {name: asked[name] for name in ("number", "sku", "reason", "wanted", "exchange_sku", "note", "photos") if asked[name]}
    return {**kept, "order_line": number, "asked": asked["quantity"]["value"], "unit": asked["quantity"]["unit"]}


def place(w: Work, sku: str) -> str:
    """The order line of an article: the one of which most may still come back; empty when there is none."""
    found = [number for number, line in w.lines.items() if line["sku"] == sku]
    return max(found, key=lambda number: (shipped_of(w, number) - w.claimed(number)[0], number), default="")


# --- judging --------------------------------------------------------------------------------------------------------------


def pursue(w: Work) -> None:
    """Judge what was asked for and not judged yet."""
    for one in list(w.returns):
        if one.standing == "requested":
            judge(w, one)


def judge(w: Work, one: Return, *, anyway: bool = False) -> None:
    """Hold a return against the policy: refused, put before a person, or authorised. `anyway`: a person allowed what the policy does not."""
    slot = f"return:{one.n}"
    if slot in w.parked:
        w.unpark(slot)
    lines, against = _verdicts(w, one, anyway)
    one = replace(one, lines=lines)
    possible = [line for line in lines if line["verdict"] == "authorised"]
    if not possible and not against:
        refuse(w, one, "; ".join(dict.fromkeys(line["why"] for line in lines)))
        return
    if against and w.settings.eligibility.outside == "refuse":
        lines = tuple(
            {**line, "verdict": "refused", "quantity": "0", "value": "0", "amount": "0"} if line.get("against") else line
            for line in lines
        )
        one = replace(one, lines=lines)
        if all(line["verdict"] == "refused" for line in lines):
            refuse(w, one, "; ".join(dict.fromkeys(line["why"] for line in lines)))
            return
    elif against:
        w.put(replace(one, standing="held"))
        error = ReturnOutsidePolicy(f"return {one.number}: {'; '.join(against)}", number=one.number, lines=_told(one))
        w.park(slot, error, "service", ("allow", "refuse"))
        return
    _approve(w, one)


def _verdicts(w: Work, one: Return, anyway: bool) -> tuple[tuple[Json, ...], list[str]]:
    since = w.delivered_at or w.shipped_at
    delivered = datetime.fromisoformat(since) if since else None
    at = datetime.fromisoformat(one.at.replace("Z", "+00:00"))
    lines: list[Json] = []
    against: list[str] = []
    here: dict[str, tuple[Decimal, Decimal]] = {}
    for line in one.lines:
        number = line["order_line"]
        order_line = w.lines.get(number)
        before, paid = w.claimed(number, but=one.n)
        mine = here.get(number, (ZERO, ZERO))
        asked = {
            "sku": line["sku"], "quantity": {"value": line["asked"], "unit": line["unit"]}, "reason": line.get("reason", "other"),
            "wanted": line.get("wanted", "refund"), "exchange_sku": line.get("exchange_sku", ""),
        }  # fmt: skip
        if order_line is not None and order_line["sku"] != line["sku"] and not one.unannounced:
            order_line = None
        found = eligibility.judge(w.plan, asked, order_line, shipped_of(w, number), before + mine[0], delivered, at)
        words = "" if anyway else found.against
        if found.impossible or found.quantity <= 0:
            lines.append({**line, "quantity": "0", "value": "0", "amount": "0", "verdict": "refused", "why": found.impossible})
            continue
        gross, ordered = Decimal(w.lines[number]["gross"]), Decimal(w.lines[number]["quantity"])
        part = part_of(gross, ordered, before + mine[0], paid + mine[1], found.quantity, w.currency)
        here[number] = (mine[0] + found.quantity, mine[1] + part)
        amount = part - _fee(w, order_line, asked["reason"], part)
        made = {**line, "quantity": plain(found.quantity), "value": plain(part), "amount": plain(amount), "verdict": "authorised"}
        made.pop("against", None)
        made.pop("why", None)
        if words:
            made |= {"why": words, "against": True}
            against.append(f"{line['sku']}: {words}")
        lines.append(made)
    without = sum((Decimal(each["amount"]) for each in lines if each.get("wanted") == "refund_without_return"), ZERO)
    limit = w.settings.eligibility.without_return_up_to
    if without > limit and not anyway:
        against.append(f"{plain(without)} {w.currency} without the goods, {plain(limit)} are allowed")
        for place_, each in enumerate(lines):
            if each.get("wanted") == "refund_without_return" and each["verdict"] == "authorised":
                lines[place_] = {**each, "against": True, "why": each.get("why") or "its value is too high to leave the goods"}
    return tuple(lines), against


def _fee(w: Work, line: Json | None, reason: str, amount: Decimal) -> Decimal:
    category = w.plan.category(line["sku"]) if line is not None else None
    if category is None or reason in SELLERS_DOING:
        return ZERO
    return rounded(amount * category.fee_percent / 100, w.currency)


def value(one: Return) -> Decimal:
    """What the whole return comes to."""
    goods = sum((Decimal(line["amount"]) for line in one.lines if line.get("wanted") != "exchange"), ZERO)
    return goods + Decimal(one.shipping or "0")


def worth(one: Return) -> Decimal:
    """What goods and money of the return are worth: an exchange costs as much as a refund."""
    return sum((Decimal(line["amount"]) for line in one.lines), ZERO) + Decimal(one.shipping or "0")


def _approve(w: Work, one: Return) -> None:
    """Authorise, or ask for the word of one or two people first."""
    one = replace(one, shipping=plain(_shipping(w, one)))
    rules, amount = w.settings.approval, worth(one)
    needed = 0
    if rules.person_above is not None and amount > rules.person_above:
        needed = 1
    if rules.two_above is not None and amount > rules.two_above:
        needed = 2
    if len(one.approvers) < needed:
        w.put(replace(one, standing="held"))
        words = f"return {one.number} of {plain(amount)} {w.currency} needs {'a person' if needed == 1 else 'two people'}"
        if one.approvers:
            words += f"; {one.approvers[0]} approved it, somebody else must too"
        error = ReturnApprovalNeeded(
            words, number=one.number, amount=plain(amount), lines=_told(one), approved_by=list(one.approvers)
        )
        w.park(f"approval:{one.n}", error, "service", ("approve", "refuse"))
        return
    authorise(w, replace(one, approved_by=", ".join(one.approvers) or w.plan.policy()))


def _shipping(w: Work, one: Return) -> Decimal:
    """What was paid for shipping goes back once, when with this return everything that was ordered came back."""
    if w.settings.refund_shipping == "never" or any(
        Decimal(each.shipping or "0") for each in w.returns if each.standing not in GONE
    ):
        return ZERO
    for number, line in w.lines.items():
        mine = sum((Decimal(each["quantity"]) for each in one.lines if each["order_line"] == number), ZERO)
        if w.claimed(number, but=one.n)[0] + mine < Decimal(line["quantity"]):
            return ZERO
    return Decimal(w.shipping or "0")


def authorise(w: Work, one: Return) -> None:
    """The goods may come back."""
    w.put(replace(one, standing="authorised"))
    w.reach("authorised")
    w.came("return_authorised", one.n)
    w.note(f"return {one.number} of {plain(worth(one))} {w.currency} is authorised by {one.approved_by}")
    if comes_back(one) and not one.unannounced:
        w.await_stage("return_received", one.n, f"the goods of return {one.number} are received")


def comes_back(one: Return) -> bool:
    """Whether goods of this return are to be sent."""
    return any(line["verdict"] == "authorised" and line.get("wanted") != "refund_without_return" for line in one.lines)


def refuse(w: Work, one: Return, why: str) -> None:
    """Nothing comes back, nothing is paid."""
    lines = tuple(
        {**line, "verdict": "refused", "quantity": "0", "value": "0", "amount": "0", "why": line.get("why") or why}
        for line in one.lines
    )
    w.put(replace(one, standing="refused", lines=lines, shipping="", reason=why))
    over(w, one.n)
    w.note(f"return {one.number} is refused: {why}")


def over(w: Work, n: int) -> None:
    """Nothing is expected of a return any more."""
    for stage in ("return_authorised", "return_received", "refunded", "return_completed"):
        w.forget(stage, n)


def _told(one: Return) -> list[dict[str, Any]]:
    return [
        {
            "sku": line["sku"], "asked": line["asked"], "reason": line.get("reason", "other"), "wanted": line.get("wanted", "refund"),
            "amount": line.get("amount", ""), "words": f"{line['sku']}: {line['asked']} for {line.get('reason', 'other')}"
            + (f"; {line['why']}" if line.get("why") else ""),
        }
        for line in one.lines
    ]  # fmt: skip


# --- keeping the goods ----------------------------------------------------------------------------------------------------


def cancelled(w: Work, fact: Happened) -> None:
    """`return.cancelled`: the customer keeps the goods; too late when they came or money went back."""
    data = fact.event.data
    if not isinstance(data, ReturnCancellation):
        return
    w.early = [one for one in w.early if (one["document"]["number"], one["source"]) != (data.number, fact.event.source)]
    one = next((each for each in w.returns if each.request == data.number and each.source == fact.event.source), None)
    if one is None or one.standing in GONE:
        w.note(f"request {data.number} is cancelled; there is nothing to stop")
        return
    if one.standing in {"settled", "completed"} or w.receipts_of(one.n):
        error = NotStoppable(f"return {one.number} is cancelled after goods came or money went back", number=one.number)
        w.park(f"late_cancel:{one.n}", error, "service", ("acknowledge",))
        return
    for slot in (f"return:{one.n}", f"approval:{one.n}", f"overdue:{one.n}"):
        if slot in w.parked:
            w.unpark(slot)
    w.put(
        replace(
            one, standing="cancelled", recall="" if one.expect in {"done", "asked", "failed"} else "skipped", reason=data.reason
        )
    )
    over(w, one.n)
    w.note(f"the customer keeps the goods of return {one.number}{': ' + data.reason if data.reason else ''}")
