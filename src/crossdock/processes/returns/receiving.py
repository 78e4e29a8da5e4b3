"""What came back: receipts of the warehouse held against what was authorised, booked in the ERP by grade, and judged for money."""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal
from typing import Final

from crossdock.canonical.returns import ReturnReceipt
from crossdock.core.errors import ReturnDiffers, ReturnOverdue, ReturnUnauthorised
from crossdock.core.process import Happened
from crossdock.processes.frame.numbers import numbered
from crossdock.processes.frame.states import OVER, ZERO, Json
from crossdock.processes.returns import requesting
from crossdock.processes.returns.pricing import plain
from crossdock.processes.returns.settings import SELLERS_DOING
from crossdock.processes.returns.states import Receipt, Return
from crossdock.processes.returns.work import Work
from crossdock.processes.values import replace

DESTINATION: Final = {"resaleable": "stock", "quarantine": "quarantine", "scrap": "scrap"}
"""Where goods of a grade go in the books; what is missing or is another article goes nowhere."""


def received(w: Work, fact: Happened) -> None:
    """`return.received`: goods came back, all or some, in some condition, announced or not."""
    data = fact.event.data
    if not isinstance(data, ReturnReceipt):
        return
    if any(one.number == data.number and one.sequence == data.sequence for one in w.receipts):
        w.note(f"receipt {data.number} is known")
        return
    w.refer(f"{fact.event.source}:return_receipt", data.number)
    document = fact.document()
    at = data.received_at.astimezone(UTC).isoformat()
    ret = _of(w, data)
    n = len(w.receipts) + 1
    if ret is None:
        ret = _unannounced(w, document, fact.event.id, at)
    lines = tuple(_line(ret, one) for one in document["lines"])
    w.put(Receipt(n, ret.n, data.number, at, fact.event.id, data.sequence, final=data.final, lines=lines))
    w.reach("received", at)
    if ret.standing == "authorised":
        w.came("return_received", ret.n)
        if f"overdue:{ret.n}" in w.parked:
            w.unpark(f"overdue:{ret.n}")


def _of(w: Work, data: ReturnReceipt) -> Return | None:
    """The return a receipt is for: the one it names, or the only one that is waited for, when the customer lost its number."""
    waited = [one for one in w.returns if one.standing == "authorised" and not one.over and requesting.comes_back(one)]
    if data.return_number:
        return next((one for one in waited if one.number == data.return_number), None)
    if data.tracking_number:
        found = [one for one in waited if one.tracking == data.tracking_number]
        if found:
            return found[0]
    skus = {line.instead_of or line.sku for line in data.lines}
    fitting = [one for one in waited if skus <= {line["sku"] for line in one.lines} and not w.receipts_of(one.n)]
    return fitting[0] if len(fitting) == 1 else None


def _unannounced(w: Work, document: Json, event: str, at: str) -> Return:
    """A return nobody authorised: a person decides before anything is booked or paid."""
    n = len(w.returns) + 1
    here: dict[tuple[str, str], Decimal] = {}
    for one in document["lines"]:
        if one["grade"] in DESTINATION:
            place = one["order_line"] or requesting.place(w, one["sku"])
            at_place = (place, one["sku"])
            here[at_place] = here.get(at_place, ZERO) + Decimal(one["quantity"]["value"])
    lines = tuple(
        {
            "number": str(i),
            "sku": sku,
            "order_line": place,
            "asked": plain(quantity),
            "unit": "C62",
            "verdict": "refused",
            "quantity": "0",
        }
        for i, ((place, sku), quantity) in enumerate(here.items(), 1)
    )
    made = Return(
        n,
        numbered("RT", w.state.key, n),
        at,
        event,
        standing="held",
        unannounced=True,
        lines=lines,
        label="skipped",
        expect="skipped",
    )
    w.put(made)
    named = document["return_number"]
    words = f"receipt {document['number']}: goods came back that nobody expects" + (f" (for {named})" if named else "")
    told = [
        {"sku": sku, "quantity": plain(quantity), "words": f"{plain(quantity)} of {sku}"} for (_, sku), quantity in here.items()
    ]
    error = ReturnUnauthorised(words, receipt=document["number"], named=named, lines=told)
    w.park(f"unauthorised:{n}", error, "service", ("accept", "refuse"))
    return made


def _line(ret: Return, raw: Json) -> Json:
    """A line of a receipt with the line of the return it belongs to, or why there is none."""
    kept = {name: raw[name] for name in ("number", "sku", "grade", "lot", "serials", "note", "instead_of") if raw[name]}
    kept |= {"quantity": raw["quantity"]["value"], "unit": raw["quantity"]["unit"]}
    wanted = raw["instead_of"] or raw["sku"]
    found = [one for one in ret.lines if raw["order_line"] in {"", one["order_line"]} and one["sku"] == wanted]
    if raw["grade"] == "wrong_item" or not found or found[0]["unit"] != kept["unit"]:
        return {**kept, "order_line": "", "fault": "wrong_item" if raw["grade"] != "missing" else "missing"}
    return {**kept, "order_line": found[0]["order_line"]}


def overdue(w: Work, n: int) -> None:
    """Goods that were authorised have not come in time."""
    one = w.returns[n - 1]
    if one.standing == "authorised" and not one.over:
        error = ReturnOverdue(f"the goods of return {one.number} have not come", number=one.number, tracking=one.tracking)
        w.park(f"overdue:{n}", error, "service", ("wait", "close"))


# --- booking and judging --------------------------------------------------------------------------------------------------


def pursue(w: Work) -> None:
    """Book what came, and judge what is paid for it."""
    for receipt in list(w.receipts):
        ret = w.returns[receipt.ret - 1]
        if receipt.standing == "refused" or ret.standing not in {"authorised", "settled"}:
            continue
        if not receipt.transfer:
            _book(w, ret, receipt)
            receipt = w.receipts[receipt.n - 1]
        if not receipt.judged:
            _judge(w, ret, replace(receipt, judged=True))
    for ret in list(w.returns):
        if ret.standing == "authorised" and not ret.over and any(one.final for one in w.receipts_of(ret.n)):
            w.put(replace(ret, over=True))


def _book(w: Work, ret: Return, receipt: Receipt) -> None:
    lines = [
        {
            "number": str(place),
            "order_line": line["order_line"],
            "sku": line["sku"],
            "quantity": {"value": line["quantity"], "unit": line["unit"]},
            "destination": DESTINATION[line["grade"]],
            "lot": line.get("lot", ""),
            "serials": line.get("serials", []),
        }
        for place, line in enumerate(receipt.lines, 1)
        if line["grade"] in DESTINATION and not line.get("fault")
    ]
    if not lines or not w.settings.transfer:
        w.put(replace(receipt, transfer="skipped"))
        return
    w.put(replace(receipt, transfer="asked"))
    document = {
        "return_number": ret.number,
        "receipt_number": receipt.number if receipt.sequence == 1 else f"{receipt.number}.{receipt.sequence}",
        "order_number": w.number,
        "received_at": receipt.at,
        "warehouse": w.settings.way.location,
        "lines": lines,
    }
    data = {"erp_id": w.erp_id, "order_number": w.number, "return_transfer": document, "transfers": []}
    w.issue("return.transfer", w.plan.system("erp"), str(receipt.n), data)


def _judge(w: Work, ret: Return, receipt: Receipt) -> None:
    """Whether a person must say what is paid for."""
    allowed = _allowed(ret)
    before = counted(w, ret, but=receipt.n)
    wrong = [line for line in receipt.lines if line.get("fault") == "wrong_item"]
    issues = [f"{line['quantity']} of {line['sku']} came, which is not what was authorised" for line in wrong]
    for place, quantity in _sum(receipt).items():
        over = before.get(place, ZERO) + quantity - allowed.get(place, ZERO)
        if over > 0:
            issues.append(f"line {place}: {plain(over)} more than authorised")
    missing = [line for line in receipt.lines if line["grade"] == "missing"]
    issues += [f"{line['quantity']} of {line['sku']} were not in the parcel" for line in missing]
    if w.settings.bad_condition == "ask":
        reasons = {line["order_line"]: line.get("reason", "other") for line in ret.lines}
        issues += [
            f"{line['quantity']} of {line['sku']} cannot be sold again ({line['grade']}), though the reason is {reasons[line['order_line']]}"
            for line in receipt.lines
            if line["grade"] in {"quarantine", "scrap"}
            and not line.get("fault")
            and reasons[line["order_line"]] not in SELLERS_DOING
        ]
    w.put(replace(receipt, standing="held" if issues else "in_force"))
    if issues:
        error = ReturnDiffers(
            f"return {ret.number}: {'; '.join(issues)}", number=ret.number, receipt=receipt.number,
            differences=[{"words": one} for one in issues],
        )  # fmt: skip
        w.park(f"graded:{receipt.n}", error, "service", ("only_fitting", "all_authorised"))


def _allowed(ret: Return) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for line in ret.lines:
        if line["verdict"] == "authorised" and line.get("wanted") != "refund_without_return":
            found[line["order_line"]] = found.get(line["order_line"], ZERO) + Decimal(line["quantity"])
    return found


def _sum(receipt: Receipt, bad: bool = True) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for line in receipt.lines:
        if line.get("fault") or line["grade"] not in DESTINATION or (not bad and line["grade"] != "resaleable"):
            continue
        found[line["order_line"]] = found.get(line["order_line"], ZERO) + Decimal(line["quantity"])
    return found


def counted(w: Work, ret: Return, but: int = 0) -> dict[str, Decimal]:
    """What of a return came back and is paid for, by order line; never more than was authorised."""
    allowed = _allowed(ret)
    found: dict[str, Decimal] = {}
    for receipt in w.receipts_of(ret.n):
        if receipt.n == but:
            continue
        if receipt.pay == "all" and not but:
            return allowed
        bad = w.settings.bad_condition == "pay" or receipt.standing != "in_force" or receipt.pay == "all"
        reasons = {line["order_line"]: line.get("reason", "other") for line in ret.lines}
        good, every = _sum(receipt, bad=False), _sum(receipt)
        for place, quantity in every.items():
            counts = quantity if bad or reasons.get(place, "other") in SELLERS_DOING else good.get(place, ZERO)
            found[place] = found.get(place, ZERO) + counts
    return {place: min(quantity, allowed.get(place, ZERO)) for place, quantity in found.items()}


def settled_here(w: Work, ret: Return) -> bool:
    """Whether everything that comes of a return has come, is booked and judged."""
    receipts = w.receipts_of(ret.n)
    return ret.over and all(one.standing == "in_force" and one.transfer in OVER for one in receipts)
