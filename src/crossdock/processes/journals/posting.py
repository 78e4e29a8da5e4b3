"""The way of a journal: handed to the finance system once, waited for until it says posted; decides nothing about accounts."""

from __future__ import annotations

from crossdock.processes.frame.money import policy
from crossdock.processes.frame.states import OVER, Json
from crossdock.processes.journals.states import Entry
from crossdock.processes.journals.work import Work
from crossdock.processes.values import replace


def pursue(w: Work) -> None:
    """Hand over what is due, in order; what takes a journal back waits until that one is settled."""
    for n in range(len(w.entries)):
        entry = w.entries[n]
        if entry.step:
            continue
        if entry.takes_back:
            first = w.entries[entry.takes_back - 1]
            if first.step == "skipped":
                w.put(replace(entry, step="skipped"))
                w.note(f"{w.number(first)} was never posted: nothing has to be taken back")
                continue
            if first.step != "done" or first.verdict != "posted":
                continue
        _post(w, entry)
    _finish(w)


def journal(w: Work, entry: Entry) -> Json:
    """The journal as the command carries it."""
    return {
        "number": w.number(entry),
        "company": w.settings.company,
        "book": w.settings.book,
        "document": entry.document,
        "document_number": entry.document_number,
        "order_number": entry.order_number,
        "posting_date": entry.day,
        "currency": entry.currency,
        "lines": list(entry.lines),
        "reverses": w.number(w.entries[entry.takes_back - 1]) if entry.takes_back else "",
        "justified_by": entry.cause,
        "description": entry.description,
    }


def _post(w: Work, entry: Entry) -> None:
    w.put(replace(entry, step="asked"))
    flow = w.plan.context.flow
    data: Json = {
        "journal": journal(w, entry),
        "justified_by": entry.cause,
        "approved_by": policy(flow, entry.document),
    }
    # several finance systems may post the papers of one transaction: the flow is in the suffix
    w.issue("journal.post", w.plan.system("finance"), f"{entry.n}.{flow}.{entry.turn}", data)


def _finish(w: Work) -> None:
    if w.closed or w.asked or w.parked or not w.entries:
        return
    if all(one.step in OVER and (one.step == "skipped" or one.verdict == "posted") for one in w.entries):
        w.closed = "finished"
        w.forget_all()
        w.note("everything is in the books")
