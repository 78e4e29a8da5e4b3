"""The sentences of alerts: written in English where they are found, and recognised again so that pages say them in another language."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final

CASES: Final = "%(summary)s (%(where)s: %(n)s cases)"
CASE: Final = "%(summary)s (%(where)s: %(key)s)"
NEAR: Final = "%(flow)s: %(n)s transactions will be late: %(words)s"
NEAR_ONE: Final = "%(flow)s: %(key)s will be late: %(words)s"
NEAR_WHEN: Final = "The first is due in %(minutes)s min (%(time)s UTC)."
SILENT: Final = "Nothing from %(channel)s for %(span)s"
SILENT_AGREED: Final = "Up to %(span)s is agreed. Ask %(system)s whether it still sends; look at its poll and its credential."
SILENT_USUAL: Final = (
    "Up to %(span)s is usual at this hour. Ask %(system)s whether it still sends; look at its poll and its credential."
)
SLOW: Final = "%(channel)s sent %(n)s messages in the last hour instead of about %(usual)s"
SLOW_ASK: Final = "Ask the sender whether something holds its messages back."
FAILING: Final = "%(system)s degrades: %(share)s of %(calls)s calls failed in the last %(minutes)s min"
LATENT: Final = "%(system)s degrades: 95 of 100 calls take up to %(seconds)s s (%(allowed)s s allowed)"
BOTH: Final = (
    "%(system)s degrades: %(share)s of %(calls)s calls failed in the last %(minutes)s min and 95 of 100 calls take up to %(seconds)s s "
    "(%(allowed)s s allowed)"
)
DEGRADED_MEANS: Final = "Deliveries to it wait and are tried again within their budgets; its owner should know."
CREDENTIAL_DUE: Final = "%(purpose)s of %(whose)s is to be renewed by %(day)s"
CREDENTIAL_EXPIRES: Final = "%(purpose)s of %(whose)s expires on %(day)s"
CREDENTIAL_FAILED: Final = "%(purpose)s of %(whose)s could not be renewed"
AWAY: Final = "the hub cannot use its ledger"

DRILL_NEAR: Final = "Drill %(drill)s with %(whom)s has to be held by %(day)s"
DRILL_OLD: Final = "Drill %(drill)s with %(whom)s is overdue since %(day)s"
DRILL_FAILED: Final = "Drill %(drill)s with %(whom)s failed and was not held again"
DRILL_MISSING: Final = "Drill %(drill)s with %(whom)s was never held"
DRILL_HOW: Final = "Hold it with `crossdock drill %(drill)s`; `crossdock golive` refuses until then."
DRILL_WHOLE: Final = "the whole landscape"

REGION_SILENT: Final = "Nothing is heard of region %(region)s"
REGION_SILENT_MEANS: Final = (
    "The coordinator last heard of it at %(time)s UTC. Its hub goes on working by itself; look at the network between them and at its "
    "own workbench."
)

PHRASES: Final = (
    REGION_SILENT, REGION_SILENT_MEANS,
    DRILL_NEAR, DRILL_OLD, DRILL_FAILED, DRILL_MISSING, DRILL_HOW,
    NEAR, NEAR_ONE, NEAR_WHEN, SILENT, SILENT_AGREED, SILENT_USUAL, SLOW, SLOW_ASK, BOTH, FAILING, LATENT, DEGRADED_MEANS, CREDENTIAL_DUE, CREDENTIAL_EXPIRES, CREDENTIAL_FAILED, AWAY, CASES, CASE,
)  # fmt: skip
"""In the order in which they are tried: the more a sentence says itself, the earlier."""


def recognised(text: str) -> tuple[str, dict[str, Any]] | None:
    """The phrase a sentence was made of, and what was put into it; None for words of others (a landscape's, an error's)."""
    for phrase in PHRASES:
        found = _pattern(phrase).fullmatch(text)
        if found is not None:
            return phrase, found.groupdict()
    return None


@cache
def _pattern(phrase: str) -> re.Pattern[str]:
    parts = re.split(r"%\((\w+)\)s", phrase)
    # only an error's summary and a landscape's words may hold brackets themselves
    found = (
        re.escape(part) if place % 2 == 0 else f"(?P<{part}>{'.+?' if part in ('summary', 'words') else '[^()]+?'})"
        for place, part in enumerate(parts)
    )
    return re.compile("".join(found), re.DOTALL)
