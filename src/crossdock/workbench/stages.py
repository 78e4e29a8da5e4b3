"""The stage strip of a business transaction: the milestones of its workflow with the time each was reached; reads only."""

from __future__ import annotations

import logging
from functools import cache
from typing import Any

from crossdock.ledger.session import Session
from crossdock.ledger.times import micros
from crossdock.ledger.work import instances_of

log = logging.getLogger("crossdock.workbench")


@cache
def _workflow(name: str) -> Any:
    """The workflow of this name, made once; None when this installation has none or it cannot be loaded."""
    from importlib.metadata import entry_points

    for point in entry_points(group="crossdock.processes", name=name):
        try:
            return point.load()()
        except Exception:  # code from outside: a page shows what else is known
            log.exception("the workflow %s cannot be loaded", name)
    return None


def stages(session: Session, key: str, flow: str = "") -> list[tuple[str, int | None]]:
    """Stages of a transaction in one flow (in its first when none is named) in order; None while one was not reached.

    Empty when nothing is known of it, its data was removed, or this installation does not have its workflow
    or cannot read its state.
    """
    for _number, _key, name, process, state, *_rest in instances_of(session, [key]):
        if flow and name != flow:
            continue
        workflow = _workflow(str(process).partition("/")[0])
        if workflow is None or not state:
            return []
        try:
            reached = workflow.milestones(workflow.load(state))
        except Exception:  # another version's, or damaged: what else is known of the transaction is shown all the same
            log.exception("the state of %s in %s cannot be read", key, name)
            return []
        return [(stage, None if at is None else micros(at)) for stage, at in reached]
    return []
