"""The supplier's answer to the order: held against it line by line; within tolerance it counts, beyond it a buyer decides."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from crossdock.canonical.order_response import OrderResponse
from crossdock.core.errors import DecisionNeeded
from crossdock.core.process import Happened
from crossdock.processes.frame.states import Json
from crossdock.processes.procurement_to_receipt.documents import (
    ZERO,
    days_between,
    digest,
    find_line,
    item_name,
    line_date,
    lines_of,
    material,
    number_of,
    plain,
    unit_price,
)
from crossdock.processes.procurement_to_receipt.states import Answer
from crossdock.processes.procurement_to_receipt.work import Work
from crossdock.processes.values import replace

_KEPT = 10


def answered(w: Work, fact: Happened) -> None:
    """`purchase_order.answered`: confirmed, changed or refused; or only that it is being looked at."""
    if not isinstance(fact.event.data, OrderResponse):
        return
    document = fact.document()
    if w.agreed is None or w.telling is not None:
        if len(w.early) < _KEPT:
            w.early.append({"type": "purchase_order.answered", "data": document, "source": fact.event.source})
            w.note("the answer came before the order is known to have reached the supplier; it is kept")
        return
    take(w, document, fact.event.source)


def retry_early(w: Work) -> None:
    """Judge the newest answer that came while the order was on its way; the ones it replaces take no effect."""
    if w.agreed is None or w.telling is not None:
        return
    kept = [one for one in w.early if one["type"] == "purchase_order.answered"]
    if not kept:
        return
    w.early = [one for one in w.early if one not in kept]
    newest = max(range(len(kept)), key=lambda n: (_version(kept[n]["data"]), n))
    for n, entry in enumerate(kept):
        document = entry["data"]
        if n != newest and digest(document) != digest(kept[newest]["data"]):
            sequence = document["sequence"] or 0
            w.put(
                Answer(len(w.answers) + 1, document["number"], digest(document), document["answered_at"], sequence, "superseded")
            )
            w.note(f"answer {document['number']} was replaced before it could be judged")
    take(w, kept[newest]["data"], kept[newest]["source"])


def _version(document: Json) -> tuple[bool, int, str]:
    return document["verdict"] != "acknowledged", document["sequence"] or 0, document["answered_at"]


def take(w: Work, document: Json, source: str) -> None:
    """An answer to what the supplier has."""
    mark = digest(document)
    at, sequence = document["answered_at"], document["sequence"] or 0
    if any(one.number == document["number"] and one.digest == mark for one in w.answers):
        w.note(f"answer {document['number']} is known")
        return
    if document["supplier_order_number"]:
        w.refer(f"{source}:order", document["supplier_order_number"])
    if w.closed == "cancelled" or w.withdrawn_order():
        _to_a_cancelled_order(w, document)
        return
    answer = Answer(len(w.answers) + 1, document["number"], mark, at, sequence)
    revision = document["order_revision"]
    if revision is not None and revision < w.revision:
        w.put(replace(answer, standing="superseded"))
        w.note(
            f"answer {answer.number} is to version {revision} of the order, which version {w.revision} replaced: it changes nothing"
        )
        return
    newest = next((one for one in reversed(w.answers) if one.standing in {"held", "in_force", "refused"}), None)
    if newest is not None and (sequence, at) < (newest.sequence if sequence else 0, newest.at):
        w.put(replace(answer, standing="superseded"))
        w.note(f"answer {answer.number} is older than {newest.number}, which replaced it: it changes nothing")
        return
    if document["verdict"] == "acknowledged":
        w.put(replace(answer, standing="withdrawn"))
        w.note("the supplier has the order and looks at it")
        return
    _replace(w, newest, answer)
    w.reach("answered", at)
    issues, values = judge(w, document)
    if issues:
        w.put(replace(answer, standing="held", document=document))
        words = "; ".join(one["words"] for one in issues)
        error = DecisionNeeded(
            f"the supplier's answer differs from the order: {words}", answer=answer.number, order=w.number, differences=issues
        )
        w.park("answer", error, "buyer", ("accept", "insist", "cancel"))
        w.came("answered")
        return
    w.put(replace(answer, standing="in_force"))
    apply(w, document, values)


def _replace(w: Work, newest: Answer | None, answer: Answer) -> None:
    if newest is None:
        return
    if newest.standing == "held":
        w.put(replace(newest, standing="superseded", document=None))
        w.unpark("answer")
        w.note(f"answer {answer.number} replaces {newest.number}, on which nobody had decided")
    elif newest.standing == "in_force":
        w.put(replace(newest, standing="superseded"))
        w.note(f"answer {answer.number} replaces {newest.number}")


def _to_a_cancelled_order(w: Work, document: Json) -> None:
    if document["verdict"] == "refused" and w.closed == "cancelled":
        error = DecisionNeeded(
            f"the supplier does not accept that the order is cancelled: {document['reason'] or document['note']}"
        )
        w.park("late_cancel", error, "buyer", ("acknowledge",))
    else:
        w.note("the supplier answers an order that is being cancelled: nothing follows")


# --- judging ------------------------------------------------------------------------------------------------------------


Values = dict[str, Json | None]
"""What a line is another than ordered after the answer: {quantity, unit_price, price_base, delivery_date, status}; None: as it was agreed."""


def judge(w: Work, document: Json) -> tuple[list[Json], Values]:
    """What a buyer must decide (with the arithmetic), and what each answered line is now."""
    order = w.ordered or w.document()
    lines = lines_of(order)
    told: dict[str, list[Json]] = {}
    issues: list[Json] = []
    for raw in document["lines"]:
        found = find_line(lines, raw)
        if not found.line:
            issues.append(_issue("", "unknown", f"{item_name(raw)} is not in the order"))
        else:
            if found.fault == "item" or raw["replaces"]:
                words = f"line {found.line}: {item_name(raw)} instead of {item_name(lines[found.line])}"
                issues.append(_issue(found.line, "item", words))
            elif found.fault == "unit":
                words = f"line {found.line}: in {raw['quantity']['unit']} instead of {lines[found.line]['quantity']['unit']}"
                issues.append(_issue(found.line, "unit", words))
            told.setdefault(found.line, []).append(raw)
    values: Values = {}
    for number, line in lines.items():
        if line["status"] != "open":
            continue
        if number not in told:
            _unmentioned(w, order, document, line, issues, values)
        elif all(one["answer"] == "refused" for one in told[number]) or document["verdict"] == "refused":
            reason = told[number][0]["reason"] or document["reason"]
            issues.append(
                _issue(number, "refused", f"line {number} ({item_name(line)}) is refused{': ' + reason if reason else ''}")
            )
            values[number] = {"status": "cancelled"}
        else:
            values[number] = _line(w, order, line, told[number], issues)
    if document["verdict"] == "changed" and not document["lines"]:
        issues.append(_issue("", "empty", "the supplier changes the order and does not say how"))
    if document["currency"] and document["currency"] != order["currency"]:
        issues.append(_issue("", "currency", f"prices in {document['currency']} instead of {order['currency']}"))
    return issues, values


def _unmentioned(w: Work, order: Json, document: Json, line: Json, issues: list[Json], values: Values) -> None:
    number = line["number"]
    if document["verdict"] == "refused":
        reason = document["reason"] or document["note"]
        issues.append(_issue(number, "refused", f"line {number} ({item_name(line)}) is refused{': ' + reason if reason else ''}"))
        values[number] = {"status": "cancelled"}
    elif document["delivery_date"]:
        values[number] = _line(w, order, line, [{**_AS_ORDERED, "delivery_date": document["delivery_date"]}], issues)
    elif document["verdict"] == "accepted":
        values[number] = {}
    elif w.settings.answers.unmentioned == "accepted":
        values[number] = None


_AS_ORDERED: Json = {
    "answer": "accepted",
    "quantity": None,
    "unit_price": None,
    "price_base": None,
    "delivery_date": None,
    "reason": "",
}


def _line(w: Work, order: Json, line: Json, told: list[Json], issues: list[Json]) -> Json:
    rules, number = w.settings.answers, line["number"]
    ordered, price, day = number_of(line["quantity"]), unit_price(line), line_date(order, line)
    kept = [one for one in told if one["answer"] != "refused"]
    quantity = sum((number_of(one["quantity"]) if one["quantity"] else ordered for one in kept), ZERO)
    if len(kept) > 1 and all(one["quantity"] is None for one in kept):
        quantity = ordered
    prices = [unit_price(one) for one in kept if one["unit_price"] is not None]
    dates = [one["delivery_date"] for one in kept if one["delivery_date"]]
    value: Json = {}
    if quantity != ordered:
        allowed = ordered * (rules.less_percent if quantity < ordered else rules.more_percent) / 100
        value["quantity"] = {**line["quantity"], "value": plain(quantity)}
        if abs(quantity - ordered) > allowed:
            words = (
                f"line {number}: {plain(quantity)} instead of {plain(ordered)}, "
                f"{plain(abs(quantity - ordered))} {'less' if quantity < ordered else 'more'} (tolerated {plain(allowed)})"
            )
            issues.append(_issue(number, "quantity", words, ordered, quantity, allowed))
    dearest = max(prices, default=price)
    if prices and dearest != price:
        allowed = max(price * rules.price_percent / 100, rules.price_amount)
        value["unit_price"] = {"amount": plain(dearest), "currency": order["currency"]}
        value["price_base"] = None
        if dearest - price > allowed:
            share = f", {plain(round((dearest - price) * 100 / price, 2))} %" if price else ""
            words = (
                f"line {number}: price {plain(dearest)} instead of {plain(price)}, "
                f"{plain(dearest - price)} more{share} (tolerated {plain(allowed)})"
            )
            issues.append(_issue(number, "price", words, price, dearest, allowed))
    if dates:
        value |= _day(w, number, day, dates, issues)
    if any(one["answer"] == "backordered" for one in kept) and not dates:
        issues.append(_issue(number, "backordered", f"line {number} ({item_name(line)}) is back-ordered without a day"))
    return value


def _day(w: Work, number: str, day: str, dates: list[str], issues: list[Json]) -> Json:
    rules, last = w.settings.answers, max(dates)
    if not day or last == day:
        return {} if last == day else {"delivery_date": last}
    apart = days_between(day, last)
    if apart > rules.days_late or -apart > rules.days_early:
        allowed = rules.days_late if apart > 0 else rules.days_early
        words = f"line {number}: delivery {last} instead of {day}, {abs(apart)} days {'late' if apart > 0 else 'early'} (tolerated {allowed})"
        issues.append(_issue(number, "date", words, day, last, allowed))
    return {"delivery_date": last}


def _issue(line: str, kind: str, words: str, ordered: Any = "", answered: Any = "", tolerated: Any = "") -> Json:
    values = {"ordered": ordered, "answered": answered, "tolerated": tolerated}
    written = {name: plain(value) if isinstance(value, Decimal) else str(value) for name, value in values.items()}
    return {"line": line, "kind": kind, "words": words, **{name: value for name, value in written.items() if value}}


# --- taking effect --------------------------------------------------------------------------------------------------------


def apply(w: Work, document: Json, values: Values) -> None:
    """What the supplier confirmed is what both sides agree on from now on; the ERP is told what is new in it."""
    agreed, ordered = w.document(), lines_of(w.ordered)
    before = lines_of(agreed)
    lines: list[Json] = []
    written: list[str] = []
    for number, line in before.items():
        value = values.get(number)
        now = line if value is None else {**ordered.get(number, line), **value}
        lines.append(now)
        if _terms(agreed, now) != _terms(agreed, line):
            written.append(number)
    supplier_number = document["supplier_order_number"]
    w.agreed = {**agreed, "lines": lines, "supplier_order_number": supplier_number or agreed["supplier_order_number"]}
    w.answered = all(line["status"] != "open" or number in values for number, line in before.items())
    if w.answered:
        w.came("answered")
    if w.wanted is not None and material(w.wanted) == material(w.agreed):
        w.nothing_new()
    if w.settings.write_confirmation and (written or supplier_number not in {"", agreed["supplier_order_number"]}):
        w.updates += 1
        known = {line["number"] for line in agreed["lines"] if line["status"] == "open"}
        data = {"erp_id": w.erp_id, "order_number": w.number, "purchase_order": _only(w.agreed, known)}
        w.issue("purchase_order.update", w.source, str(w.updates), {**data, "previous_purchase_order": _only(agreed, known)})
    w.await_goods()


def _terms(order: Json, line: Json) -> tuple[Any, ...]:
    return number_of(line["quantity"]), unit_price(line), line_date(order, line), line["status"]


def _only(order: Json, numbers: set[str]) -> Json:
    """The order with these lines: one that was taken back before is in the ERP no more. All of them when none is left."""
    lines = [line for line in order["lines"] if line["number"] in numbers]
    return {**order, "lines": lines or order["lines"]}
