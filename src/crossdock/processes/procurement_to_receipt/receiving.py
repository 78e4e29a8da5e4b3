"""Receipts: what the warehouse really took in, held against order and notice, and validated in the ERP with its lots."""

from __future__ import annotations

from decimal import Decimal

from crossdock.canonical.receipt import ReceiptAdvice
from crossdock.core.errors import DecisionNeeded
from crossdock.core.process import Happened
from crossdock.processes.frame.states import OVER, Json
from crossdock.processes.procurement_to_receipt import noticing
from crossdock.processes.procurement_to_receipt.documents import (
    ZERO,
    digest,
    find_line,
    item_name,
    lines_of,
    number_of,
    plain,
    shipped_difference,
    summed,
)
from crossdock.processes.procurement_to_receipt.states import Notice, Receipt
from crossdock.processes.procurement_to_receipt.work import Work
from crossdock.processes.values import replace

_LINE = (
    "number", "sku", "supplier_sku", "gtin", "name", "quantity", "condition", "lot", "expiry", "best_before", "serials", "package", "reason",
)  # fmt: skip


def completed(w: Work, fact: Happened) -> None:
    """`receipt.completed`: goods were received, all or some, good or damaged."""
    if not isinstance(fact.event.data, ReceiptAdvice):
        return
    document = fact.document()
    mark = digest(document)
    same = [one for one in w.receipts if one.number == document["number"] and one.sequence == document["sequence"]]
    if any(one.digest == mark for one in same):
        w.note(f"receipt {document['number']} is known")
        return
    known = next((one for one in reversed(same) if one.standing in {"open", "held", "in_force"}), None)
    n = len(w.receipts) + 1
    receipt = _receipt(w, n, document, mark)
    if fact.event.source == w.source:
        receipt = replace(receipt, booked=True)
    if known is not None and not _corrected(w, known, receipt):
        w.put(replace(receipt, standing="superseded"))
        return
    if w.closed == "cancelled" or (w.cancel is not None and w.cancel.status in {"telling", "told"}):
        w.put(replace(receipt, standing="refused"))
        error = DecisionNeeded(
            f"the warehouse received {receipt.number} for an order that is cancelled: the goods have no order",
            receipt=receipt.number,
            lines=document["lines"],
        )
        w.park(f"late_receipt:{n}", error, "buyer", ("acknowledge",))
        return
    w.refer(f"{fact.event.source}:receipt", receipt.number)
    w.reach("received", receipt.at)
    notice = noticing.received(w, receipt.expected, receipt.final)
    w.put(receipt)
    issues = judge(w, receipt, notice)
    if issues:
        w.put(replace(receipt, standing="held"))
        words = "; ".join(one["words"] for one in issues)
        error = DecisionNeeded(
            f"receipt {receipt.number} does not fit the order: {words}", receipt=receipt.number, differences=issues
        )
        w.park(f"receipt:{n}", error, "wms", ("accept",) if receipt.booked else ("accept", "receive_ordered"))
    _damage(w, receipt)
    w.await_goods()


def _receipt(w: Work, n: int, document: Json, mark: str) -> Receipt:
    ordered = lines_of(w.document())
    lots = noticing.single_lots(w.notices, document["expected_number"]) if w.settings.receipts.lots_from_notice else {}
    lines: list[Json] = []
    for raw in document["lines"]:
        if number_of(raw["quantity"]) <= 0:
            continue
        found = find_line(ordered, raw)
        line = {name: raw[name] for name in _LINE if raw[name]}
        line |= {"order_line": found.line, "condition": raw["condition"]}
        if found.fault:
            line["fault"] = found.fault
        lot = lots.get(found.line)
        if lot is not None and not raw["lot"] and not raw["serials"]:
            line |= {name: lot[name] for name in ("lot", "expiry", "best_before") if lot.get(name)}
        lines.append(line)
    return Receipt(
        n, document["number"], mark, document["received_at"], document["expected_number"], document["sequence"],
        final=document["final"], lines=tuple(lines),
    )  # fmt: skip


def _corrected(w: Work, known: Receipt, receipt: Receipt) -> bool:
    """Whether a receipt with a number that is known may take the place of the earlier one."""
    changed = shipped_difference(known.lines, receipt.lines)
    if known.transfer not in {"", "failed"}:
        error = DecisionNeeded(
            f"the warehouse corrects receipt {known.number} after it was validated in the ERP: {changed}",
            receipt=known.number,
            changed=changed,
        )
        w.park(f"late_receipt:{known.n}", error, "wms", ("acknowledge",))
        return False
    failed = w.failed("receipt.validate", known.n)
    if failed:
        w.revoke(failed)
    for slot in (f"receipt:{known.n}", f"damaged:{known.n}", f"short:{known.n}"):
        if slot in w.parked:
            w.unpark(slot)
    w.put(replace(known, standing="superseded", transfer=""))
    w.note(f"receipt {receipt.number} replaces the earlier version: {changed}")
    return True


def judge(w: Work, receipt: Receipt, notice: Notice | None) -> list[Json]:
    """What a person must decide about a receipt, with the arithmetic."""
    lines = lines_of(w.document())
    issues: list[Json] = []
    for one in receipt.lines:
        number = one["order_line"]
        if one.get("fault") == "unknown":
            issues.append(
                _issue("", "unknown", f"{plain(number_of(one['quantity']))} of {item_name(one)}, which is not in the order")
            )
        elif one.get("fault") == "item":
            issues.append(_issue(number, "item", f"line {number}: {item_name(one)} instead of {item_name(lines[number])}"))
        elif one.get("fault") == "unit":
            words = f"line {number}: in {one['quantity']['unit']} instead of {lines[number]['quantity']['unit']}"
            issues.append(_issue(number, "unit", words))
    before = w.arrived(but=receipt.n)
    for number, quantity in summed(receipt.lines, "good").items():
        line = lines[number]
        ordered = number_of(line["quantity"]) if line["status"] != "cancelled" else ZERO
        allowed = ordered * w.settings.receipts.over_percent / 100
        over = before.get(number, ZERO) + quantity - ordered
        if over > allowed:
            words = (
                f"line {number}: {plain(ordered)} ordered, {plain(before.get(number, ZERO))} received before, {plain(quantity)} now: "
                f"{plain(over)} too many (tolerated {plain(allowed)})"
            )
            issues.append(_issue(number, "over", words))
    if notice is None and w.partner().notices and w.settings.receipts.unannounced == "ask":
        issues.append(_issue("", "unannounced", "no ship notice announced the goods"))
    return issues


def _issue(line: str, kind: str, words: str) -> Json:
    return {"line": line, "kind": kind, "words": words}


def _damage(w: Work, receipt: Receipt) -> None:
    bad = [one for one in receipt.lines if one["condition"] != "good"]
    if not bad:
        return
    words = "; ".join(
        f"line {one['order_line'] or '?'}: {plain(number_of(one['quantity']))} of {item_name(one)} {one['condition']}"
        + (f" ({one['reason']})" if one.get("reason") else "")
        for one in bad
    )
    if w.settings.receipts.damaged == "note":
        w.note(f"receipt {receipt.number}: {words}")
        return
    error = DecisionNeeded(
        f"receipt {receipt.number}: {words}; only good goods enter the stock", receipt=receipt.number, lines=bad
    )
    w.park(f"damaged:{receipt.n}", error, "buyer", ("acknowledge",))


def ordered_only(w: Work, receipt: Receipt) -> Receipt:
    """The receipt with nothing that was not ordered, and no more than was."""
    before, lines = w.arrived(but=receipt.n), lines_of(w.document())
    room = {
        number: (number_of(line["quantity"]) if line["status"] != "cancelled" else ZERO) - before.get(number, ZERO)
        for number, line in lines.items()
    }
    kept: list[Json] = []
    for one in receipt.lines:
        if one["condition"] != "good":
            kept.append(one)
            continue
        quantity = ZERO if one.get("fault") else min(number_of(one["quantity"]), room.get(one["order_line"], ZERO))
        if quantity > 0:
            room[one["order_line"]] -= quantity
            kept.append({**one, "quantity": {**one["quantity"], "value": plain(quantity)}})
    return replace(receipt, lines=tuple(kept))


# --- validating -----------------------------------------------------------------------------------------------------------


def pursue(w: Work) -> None:
    """Validate receipts in the ERP, one after the other."""
    for receipt in list(w.receipts):
        if receipt.standing != "open":
            continue
        if receipt.final and not receipt.judged:
            receipt = replace(receipt, judged=True)
            w.put(receipt)
            _short(w, receipt)
            receipt = w.receipts[receipt.n - 1]
        if receipt.transfer or f"short:{receipt.n}" in w.parked:
            continue
        if receipt.booked or w.settings.received_by == "erp":
            w.put(replace(receipt, transfer="done", standing="in_force"))
            continue
        if any(one.transfer in {"asked", "failed"} for one in w.receipts):
            continue
        booked = _bookable(receipt)
        if not booked:
            w.put(replace(receipt, transfer="skipped", standing="in_force"))
            continue
        w.put(replace(receipt, transfer="asked"))
        document = {
            "number": receipt.number,
            "expected_number": receipt.expected,
            "order_number": w.number,
            "sequence": receipt.sequence,
            "received_at": receipt.at,
            "warehouse": w.document()["warehouse"],
            "lines": booked,
            "final": receipt.final,
        }
        data = {"erp_id": w.erp_id, "order_number": w.number, "receipt": document, "close": _nothing_more(w)}
        w.issue("receipt.validate", w.source, str(receipt.n), data)


def _bookable(receipt: Receipt) -> list[Json]:
    """Goods of order lines that stay, damaged ones too; what is not in the order cannot be in its transfer."""
    ours = (
        "number",
        "order_line",
        "sku",
        "gtin",
        "name",
        "quantity",
        "condition",
        "lot",
        "expiry",
        "best_before",
        "serials",
        "package",
    )
    return [
        {name: one[name] for name in ours if name in one}
        for one in receipt.lines
        if one["condition"] != "rejected" and one["order_line"] and one.get("fault") not in {"unknown", "unit"}
    ]


def _nothing_more(w: Work) -> bool:
    """Whether the ERP is to wait for nothing more: what is missing of a line was given up."""
    closed = any(line["status"] == "closed" for line in w.document()["lines"])
    return closed and not w.open_lines() and w.wanted is None and w.telling is None


def _short(w: Work, receipt: Receipt) -> None:
    """The last receipt of a delivery came: what was announced and is not here."""
    notice = next((one for one in w.notices if one.expected == receipt.expected), None)
    if notice is None:
        return
    here = w.came_with(receipt.expected)
    still = w.open_lines()
    missing: dict[str, Decimal] = {}
    for number, quantity in summed(notice.lines).items():
        lacking = quantity - here.get(number, ZERO)
        if lacking > 0 and number in still:
            missing[number] = lacking
            w.note(
                f"line {number}: {plain(quantity)} announced, {plain(here.get(number, ZERO))} received, {plain(lacking)} missing"
            )
    if not missing:
        return
    rule = w.settings.receipts.short
    if rule == "close":
        close(w, receipt)
    elif rule == "ask":
        words = "; ".join(f"line {number}: {plain(quantity)} missing" for number, quantity in missing.items())
        error = DecisionNeeded(
            f"receipt {receipt.number} is short of ship notice {notice.number}: {words}", receipt=receipt.number
        )
        w.park(f"short:{receipt.n}", error, "buyer", ("wait", "close"))


def close(w: Work, receipt: Receipt) -> None:
    """Wait no longer for what is missing of the lines of a delivery."""
    notice = next((one for one in w.notices if one.expected == receipt.expected), None)
    numbers = set(summed(notice.lines if notice is not None else receipt.lines)) & set(w.open_lines())
    w.put(replace(receipt, wait=False))
    if w.agreed is None or not numbers:
        return

    def closed(order: Json) -> Json:
        lines = [{**line, "status": "closed"} if line["number"] in numbers else line for line in order["lines"]]
        return {**order, "lines": lines}

    w.agreed = closed(w.agreed)
    if w.ordered is not None:
        w.ordered = closed(w.ordered)
    w.note(f"nothing more is waited for of line {', '.join(sorted(numbers))}")


def validated(w: Work, receipt: Receipt) -> None:
    """The ERP has the goods in stock."""
    w.put(replace(receipt, transfer="done", standing="in_force"))


def all_settled(w: Work) -> bool:
    """Whether nothing is left to be validated."""
    return all(one.transfer in OVER or one.standing in {"superseded", "refused"} for one in w.receipts)
