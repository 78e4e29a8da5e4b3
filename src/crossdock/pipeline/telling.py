"""No failure without a word: a log line for everything a committed micro-batch opened, parked or unparked; never a payload or a value of one."""

from __future__ import annotations

import logging

from crossdock.core.errors import all_errors
from crossdock.ledger.batch import EXCEPTION_COLUMNS, Batch
from crossdock.ledger.ids import written
from crossdock.ledger.states import ExceptionState

log = logging.getLogger("crossdock.exceptions")

_AT = {name: place for place, name in enumerate(EXCEPTION_COLUMNS)}


def tell(batch: Batch) -> None:
    """Say at WARNING what people have to look at since this batch: code, key, owner and what to do, with the correlation of each."""
    for row in batch.exceptions.values():
        if row[_AT["state"]] != ExceptionState.OPEN:
            continue
        code, key, owner, system = (row[_AT[name]] for name in ("code", "key", "owner", "system"))
        facts = {
            "code": code, "key": key, "owner": owner, "system": system, "flow": row[_AT["flow"]], "step": row[_AT["step"]],
            "exception": written(row[_AT["id"]]), "hint": _hint(code), "correlation": row[_AT["correlation"]],
        }  # fmt: skip
        about = key or system or facts["flow"]
        log.warning("%s: %s, for %s. %s", code, about, owner or "nobody", facts["hint"], extra={"facts": facts})
    for system, parked, _reason, _since in batch.systems.values():
        facts = {"system": system, "parked": parked}
        if parked:
            log.warning("%s is parked: its owner has to mend it; what is for it waits", system, extra={"facts": facts})
        else:
            log.info("%s is unparked: what waited for it goes out", system, extra={"facts": facts})


_hints: dict[str, str] = {}


def _hint(code: str) -> str:
    """What the class of an error says to do; never what an instance adds, which may hold values."""
    if code not in _hints:  # connectors bring classes of their own when they are loaded
        _hints.update({kind.code: kind.hint for kind in all_errors()})
        _hints.setdefault(code, "")
    return _hints[code]
