"""Which drills this landscape has to hold, and how it stands with them: what going live and onboarding ask; holds none."""

from __future__ import annotations

from datetime import datetime

from crossdock.core.drill_plan import DRILL_NAMES, Due, Required, due
from crossdock.landscape.landscape import Landscape
from crossdock.ledger.drills import held, there_are
from crossdock.ledger.session import Session

EACH = "*"


def required(landscape: Landscape, *, partner: str = "") -> list[Required]:
    """Every drill the landscape asks for, with partners and flows by name; where it says nothing, every drill with the whole landscape.

    `*` stands for every live partner, and for `partner` whatever its state: it is not live before its drills were held.
    """
    stated = landscape.policies.drills
    if not stated:
        return [Required(name) for name in DRILL_NAMES]
    found: dict[tuple[str, str, str], Required] = {}
    for each in stated:
        partners = [name for name, one in landscape.partners.items() if one.state == "live" or name == partner]
        flows = [name for name, one in landscape.flows.items() if one.enabled]
        for whom in partners if each.partner == EACH else [each.partner]:
            for flow in flows if each.flow == EACH else [each.flow]:
                owner = each.owner or _owner(landscape, whom, flow)
                found.setdefault((each.drill, whom, flow), Required(each.drill, whom, flow, each.every, each.warn, owner))
    return list(found.values())


def standing(landscape: Landscape, session: Session, now: datetime, *, partner: str = "") -> list[Due]:
    """How it stands with every required drill. Raises `LedgerUnavailable`."""
    return due(required(landscape, partner=partner), held(session) if there_are(session) else [], now)


def missing(landscape: Landscape, session: Session, now: datetime, *, partner: str = "", flow: str = "") -> list[Due]:
    """Required drills that are missing, failed or old: all, or those required with this partner or with this flow.

    Empty: nothing stands in the way. Raises `LedgerUnavailable`.
    """
    open_ = [each for each in standing(landscape, session, now, partner=partner) if each.open]
    if partner or flow:
        open_ = [
            each for each in open_ if (partner and each.required.partner == partner) or (flow and each.required.flow == flow)
        ]
    return open_


def _owner(landscape: Landscape, partner: str, flow: str) -> str:
    if partner in landscape.partners and landscape.partners[partner].owner:
        return str(landscape.partners[partner].owner)
    if flow in landscape.flows:
        return str(landscape.flows[flow].exception_owner or "")
    return ""
