"""Ship notices: what is on its way, held against the order; versions of one notice replace each other, and the warehouse is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from crossdock.canonical.despatch import DespatchAdvice
from crossdock.core.errors import DecisionNeeded, NotStoppable
from crossdock.core.process import Happened
from crossdock.processes.frame.states import OVER, Json
from crossdock.processes.procurement_to_receipt.documents import (
    ZERO,
    digest,
    expected_number,
    find_line,
    item_name,
    lines_of,
    number_of,
    plain,
    shipped_difference,
    summed,
)
from crossdock.processes.procurement_to_receipt.states import Notice, Standing
from crossdock.processes.procurement_to_receipt.work import Work
from crossdock.processes.values import replace

_HEAD = ("number", "expected_at", "carrier", "waybill", "tracking_number", "note", "supplier", "ship_to")
_LINE = ("number", "sku", "supplier_sku", "gtin", "name", "quantity", "lot", "expiry", "best_before", "serials", "package")


def noticed(w: Work, fact: Happened) -> None:
    """`ship_notice.received`: goods left the supplier, or what was said of them is corrected or taken back."""
    if not isinstance(fact.event.data, DespatchAdvice):
        return
    document = fact.document()
    mark = digest(document)
    number, replaces = document["number"], document["replaces"] or document["number"]
    # a paper that was refused or taken back is still a paper: what comes again under its number is a version of it
    known = next((one for one in reversed(w.notices) if one.number == number), None) or next(
        (one for one in reversed(w.notices) if one.number == replaces), None
    )
    if known is not None and (known.digest == mark or mark in known.earlier) and document["purpose"] != "cancellation":
        w.note(f"ship notice {number} is known" + ("" if known.digest == mark else " and was replaced since: it changes nothing"))
        return
    if document["purpose"] == "cancellation":
        _withdrawn(w, known, document)
        return
    w.refer(f"{fact.event.source}:despatch", number)
    for unit in document["units"]:
        if unit["sscc"]:
            w.refer("sscc", unit["sscc"])
    if w.closed or w.withdrawn_order():
        n = len(w.notices) + 1
        w.put(_notice(w, n, document, mark, "refused"))
        error = DecisionNeeded(
            f"the supplier ships {number} for an order that is {w.closed or 'being cancelled'}",
            notice=number,
            lines=document["lines"],
        )
        w.park(f"late_notice:{n}", error, "buyer", ("acknowledge",))
        return
    if known is None:
        _take(w, _notice(w, len(w.notices) + 1, document, mark, "open"))
        return
    _corrected(w, known, document, mark)


def _notice(w: Work, n: int, document: Json, mark: str, standing: Standing) -> Notice:
    ordered = lines_of(w.document())
    lines: list[Json] = []
    for raw in document["lines"]:
        found = find_line(ordered, raw)
        line = {name: raw[name] for name in _LINE if raw[name]}
        lines.append({**line, "order_line": found.line, **({"fault": found.fault} if found.fault else {})})
    return Notice(
        n, document["number"], expected_number(w.state.key, n), mark, document["issued_at"], 1, document["sequence"] or 0,
        standing, tuple(lines), tuple({name: value for name, value in unit.items() if value} for unit in document["units"]),
        {name: document[name] for name in _HEAD if document[name]},
    )  # fmt: skip


def _corrected(w: Work, known: Notice, document: Json, mark: str) -> None:
    """A newer version of a notice, unless it is an older one that comes late."""
    older = (document["sequence"] or 0, document["issued_at"]) < (known.sequence if document["sequence"] else 0, known.at)
    if older:
        w.put(replace(known, earlier=(*known.earlier, mark)))
        w.note(f"this version of ship notice {known.number} is older than the one in force: it changes nothing")
        return
    changed = shipped_difference(known.lines, _notice(w, known.n, document, mark, "open").lines)
    if known.over or any(one.expected == known.expected for one in w.receipts):
        w.put(replace(known, earlier=(*known.earlier, mark)))
        error = NotStoppable(
            f"the supplier corrects ship notice {known.number} after its goods were received: {changed}",
            notice=document["number"],
            changed=changed,
        )
        w.park(f"late_notice:{known.n}", error, "buyer", ("acknowledge",))
        return
    w.note(f"ship notice {document['number']} replaces the earlier version: {changed}")
    made = _notice(w, known.n, document, mark, "open")
    made = replace(
        made, version=known.version + 1, told=known.told, telling=known.telling, failed=known.failed,
        recall="" if known.recall in OVER else known.recall, earlier=(*known.earlier, known.digest),
    )  # fmt: skip
    if f"notice:{known.n}" in w.parked:
        w.unpark(f"notice:{known.n}")
    _take(w, made)


def _withdrawn(w: Work, known: Notice | None, document: Json) -> None:
    if known is None or known.standing in {"withdrawn", "refused", "superseded"}:
        w.note(f"the supplier takes back ship notice {document['number']}, which is not in force")
        return
    if known.over or any(one.expected == known.expected for one in w.receipts):
        error = NotStoppable(
            f"the supplier takes back ship notice {known.number} after its goods were received", notice=known.number
        )
        w.park(f"late_notice:{known.n}", error, "buyer", ("acknowledge",))
        return
    if f"notice:{known.n}" in w.parked:
        w.unpark(f"notice:{known.n}")
    w.put(replace(known, standing="withdrawn", at=max(known.at, document["issued_at"])))
    w.forget("received", known.n)
    w.note(f"the supplier takes back ship notice {known.number}")
    w.await_goods()


def _take(w: Work, notice: Notice) -> None:
    """Judge a notice; what fits takes effect."""
    w.reach("announced", notice.at)
    if not w.answered and w.partner().answers and "answer" not in w.parked:
        w.came("answered")
        w.note("goods were shipped before the order was answered: the supplier has it")
    issues = judge(w, notice)
    if issues:
        w.put(replace(notice, standing="held"))
        words = "; ".join(one["words"] for one in issues)
        error = DecisionNeeded(
            f"ship notice {notice.number} does not fit the order: {words}", notice=notice.number, differences=issues
        )
        over = all(one["kind"] == "over" for one in issues)
        actions = ("accept", "expect_ordered", "refuse") if over else ("accept", "refuse")
        w.park(f"notice:{notice.n}", error, "buyer", actions)
    else:
        enforce(w, notice)
    w.await_goods()


def enforce(w: Work, notice: Notice) -> None:
    """A notice takes effect: its goods are expected."""
    w.put(replace(notice, standing="in_force"))
    since = w.at
    head = notice.head
    if head.get("expected_at"):
        since = max(since, type(w.at).fromisoformat(head["expected_at"]))
    w.await_stage("received", notice.n, f"goods of ship notice {notice.number} are received", since)


def judge(w: Work, notice: Notice) -> list[Json]:
    """What a person must decide about a notice, with the arithmetic."""
    order = w.document()
    lines, issues = lines_of(order), []
    for one in notice.lines:
        if one.get("fault") == "unknown":
            issues.append(_issue("", "unknown", f"{item_name(one)} is not in the order"))
        elif one.get("fault") == "item":
            expected = item_name(lines[one["order_line"]])
            issues.append(_issue(one["order_line"], "item", f"line {one['order_line']}: {item_name(one)} instead of {expected}"))
        elif one.get("fault") == "unit":
            words = f"line {one['order_line']}: in {one['quantity']['unit']} instead of {lines[one['order_line']]['quantity']['unit']}"
            issues.append(_issue(one["order_line"], "unit", words))
    elsewhere = w.spoken_for(but=notice.n)
    for number, quantity in summed(notice.lines).items():
        line = lines[number]
        ordered, spoken = number_of(line["quantity"]), elsewhere.get(number, ZERO)
        if line["status"] != "open":
            issues.append(
                _issue(
                    number, "closed", f"line {number} ({item_name(line)}) is {line['status']}, and {plain(quantity)} are shipped"
                )
            )
            continue
        allowed = ordered * w.settings.notices.over_percent / 100
        over = spoken + quantity - ordered
        if over > allowed:
            words = (
                f"line {number}: {plain(ordered)} ordered, {plain(spoken)} announced or received before, {plain(quantity)} shipped now: "
                f"{plain(over)} too many (tolerated {plain(allowed)})"
            )
            issues.append(_issue(number, "over", words))
    known = {
        unit["sscc"]: one.number
        for one in w.notices
        if one.n != notice.n and one.standing in {"in_force", "held"}
        for unit in one.units
        if unit.get("sscc")
    }
    issues += [
        _issue("", "sscc", f"package {unit['sscc']} is in ship notice {known[unit['sscc']]} already")
        for unit in notice.units
        if unit.get("sscc") in known
    ]
    return issues


def expect_ordered(w: Work, notice: Notice) -> Notice:
    """The notice with no more than what is still open of each line."""
    elsewhere = w.spoken_for(but=notice.n)
    lines = lines_of(w.document())
    room = {number: number_of(line["quantity"]) - elsewhere.get(number, ZERO) for number, line in lines.items()}
    kept: list[Json] = []
    for one in notice.lines:
        quantity = min(number_of(one["quantity"]), room.get(one["order_line"], ZERO))
        if quantity > 0:
            room[one["order_line"]] -= quantity
            kept.append({**one, "quantity": {**one["quantity"], "value": plain(quantity)}})
    return replace(notice, lines=tuple(kept))


def _issue(line: str, kind: str, words: str) -> Json:
    return {"line": line, "kind": kind, "words": words}


# --- the warehouse --------------------------------------------------------------------------------------------------------


def pursue(w: Work) -> None:
    """Tell the warehouse what to expect, and what not any more."""
    if w.settings.received_by != "wms" or "wms" not in w.plan.context.roles:
        return
    for notice in list(w.notices):
        if w.running("receipt.expect", notice.n) or w.running("receipt.cancel", notice.n):
            continue
        gone = notice.standing in {"withdrawn", "refused"}
        if notice.standing == "in_force" and not notice.over and notice.telling < notice.version and notice.lines:
            _expect(w, notice)
        elif gone and not notice.recall and (notice.told or notice.failed):
            _recall(w, notice)


def _expect(w: Work, notice: Notice) -> None:
    failed = w.failed("receipt.expect", notice.n)
    if failed:
        w.revoke(failed)
        w.note(f"the warehouse did not take the earlier version of {notice.number}; the newer one is sent")
    w.put(replace(notice, telling=notice.version, failed=False))
    head, ordered = notice.head, lines_of(w.document())
    document = {
        "number": notice.expected,
        "version": notice.version,
        "order_number": w.number,
        "despatch_number": notice.number,
        "warehouse": w.document()["warehouse"],
        "supplier": head.get("supplier") or w.document()["supplier"],
        "ship_to": head.get("ship_to") or w.document()["ship_to"],
        "expected_at": head.get("expected_at"),
        **{name: head.get(name, "") for name in ("carrier", "waybill", "tracking_number", "note")},
        "units": list(notice.units),
        "lines": [_expected_line(ordered, one, place) for place, one in enumerate(notice.lines, 1)],
    }
    w.refer("receipt", notice.expected)
    w.issue("receipt.expect", w.plan.system("wms"), f"{notice.n}.{notice.version}", {"expected_receipt": document})


def _expected_line(ordered: Mapping[str, Json], line: Json, place: int) -> Json:
    """A line for the warehouse, which knows our item numbers and not the supplier's."""
    ours = ordered.get(line["order_line"], {})
    named = {name: ours[name] for name in ("sku", "gtin", "name") if ours.get(name)} if line.get("fault") != "item" else {}
    return {**{name: value for name, value in line.items() if name != "fault"}, **named, "number": str(place)}


def _recall(w: Work, notice: Notice) -> None:
    failed = w.failed("receipt.expect", notice.n)
    if failed:
        w.revoke(failed)
    if not notice.told:
        w.put(replace(notice, recall="done", failed=False))
        return
    w.put(replace(notice, recall="asked"))
    data = {"receipt_number": notice.expected, "order_number": w.number, "reason": "the supplier took the ship notice back"}
    w.issue("receipt.cancel", w.plan.system("wms"), f"{notice.n}.{notice.version}", data)


def told(w: Work, notice: Notice, version: int) -> None:
    """The warehouse knows this version."""
    w.put(replace(notice, told=max(notice.told, version), failed=False))


def received(w: Work, expected: str, final: bool) -> Notice | None:
    """Goods of an expected receipt are here; with the final receipt nothing more comes under its number."""
    notice = next((one for one in w.notices if one.expected == expected), None)
    if notice is None:
        return None
    failed = w.failed("receipt.expect", notice.n)
    if failed:
        w.revoke(failed)
        notice = replace(notice, failed=False)
    if final and not notice.over:
        notice = replace(notice, over=True)
        w.came("received", notice.n)
    w.put(notice)
    return notice


def single_lots(notices: Iterable[Notice], expected: str) -> dict[str, Json]:
    """The line of a notice that says the lot of an order line, for those that have just one lot."""
    found = next((one for one in notices if one.expected == expected), None)
    lots: dict[str, list[Json]] = {}
    for line in found.lines if found is not None else ():
        if line.get("lot"):
            lots.setdefault(line["order_line"], []).append(line)
    return {number: lines[0] for number, lines in lots.items() if len({line["lot"] for line in lines}) == 1}
