"""How exceptions and what became of a wish are told over the API; knows no operation."""

from __future__ import annotations

from typing import Any, Final

from ninja import Status

from crossdock.ledger.ids import written
from crossdock.ledger.inbox import Money as Sum
from crossdock.ledger.people import OpenException
from crossdock.ledger.stakes import major_units
from crossdock.ledger.times import moment
from crossdock.workbench.api_problem import Problem
from crossdock.workbench.exceptions import service, summary
from crossdock.workbench.exceptions.api_shapes import (
    AnswerOut,
)
from crossdock.workbench.exceptions.views import clock_of, row


def told(each: OpenException, at: int) -> dict[str, Any]:
    """An exception as the API tells it."""
    due = clock_of(each)
    risk = (
        None
        if each.amount is None or not each.currency
        else {"amount": f"{major_units(each.amount, each.currency):f}", "currency": each.currency}
    )
    return {
        "number": written(each.id), "state": row(each, at)["state"], "code": each.code, "family": each.family, "message": each.message,
        "step": each.step, "system": each.system, "flow": each.flow, "key": each.key, "owner": each.owner, "assignee": each.assignee,
        "at_risk": risk, "occurrences": each.occurrences, "opened_at": iso(each.created_at), "changed_at": iso(each.updated_at),
        "due_at": None if due is None else iso(due), "fingerprint": each.fingerprint, "resolution": each.resolution, "note": each.note,
        "resolved_by": each.resolved_by, "version": each.updated_at,
    }  # fmt: skip


def iso(at: int) -> str:
    """A time as ISO 8601."""
    return moment(at).isoformat()


def worth(sums: list[Sum]) -> list[dict[str, str]]:
    """Sums of money, exact."""
    return [{"amount": f"{major_units(one.minor, one.currency):f}", "currency": one.currency} for one in sums]


def answered(found: service.Answer) -> Any:
    """200 when it is done, 202 when it will be, else a problem."""
    summary.forget()
    if found.done:
        return Status(200, {"done": True, "result": found.result})
    if found.pending:
        return Status(202, {"done": False, "pending": True})
    if found.result.get("problems"):
        wrong = [{"path": p["path"], "message": p["message"], "code": p["kind"]} for p in found.result["problems"]]
        raise Problem(
            422,
            "correction.invalid",
            "The correction is not right; nothing was sent.",
            "Each field is named in `errors`.",
            errors=wrong,
        )
    if found.stale:
        raise Problem(
            409,
            found.code,
            "It changed meanwhile; nothing was done.",
            "Look at `now`, then ask again.",
            now=found.result.get("now"),
        )
    raise Problem(409, "exceptions.refused", found.why or "It was not done.", "The reason is in the title.")


ANSWERS: Final = {200: AnswerOut, 202: AnswerOut}
