"""The go-live checklist and the register of drills of this ledger; holds no drill."""

from __future__ import annotations

from crossdock.core.drill_plan import Due
from crossdock.governance.drills import standing
from crossdock.ledger import drills
from crossdock.ledger.drills import KeptDrill
from crossdock.ledger.ids import read, written
from crossdock.ledger.session import Session
from crossdock.ledger.times import moment
from crossdock.workbench.drills.shapes import DrillOut, DrillsOut, RequiredOut
from crossdock.workbench.place import place

MOST = 100


def checklist() -> DrillsOut:
    """As it is now. Raises `LedgerUnavailable`."""
    here = place()
    now = here.clock.now()

    def look(session: Session) -> tuple[list[Due], list[KeptDrill]]:
        kept = drills.history(session, MOST) if drills.there_are(session) else []
        return standing(here.landscape, session, now), kept

    dues, kept = here.read(look)
    return DrillsOut(
        ready=not any(each.open for each in dues),
        required=[_required(each) for each in dues],
        drills=[_drill(each) for each in kept],
    )


def one(number: str) -> tuple[DrillOut, DrillOut | None] | None:
    """A drill by its written number, and the one before it of the same kind; None when there is none. Raises `LedgerUnavailable`."""
    try:
        wanted = read(number)
    except ValueError:
        return None
    if not 0 < wanted < 2**63:
        return None

    def look(session: Session) -> tuple[KeptDrill | None, KeptDrill | None]:
        found = drills.one(session, wanted)
        return found, None if found is None else drills.last(session, found.name, found.id, found.partner, found.flow)

    found, before = place().read(look)
    if found is None:
        return None
    return _drill(found), None if before is None else _drill(before)


def _required(each: Due) -> RequiredOut:
    wanted = each.required
    return RequiredOut(
        drill=wanted.name, partner=wanted.partner, flow=wanted.flow, owner=wanted.owner, every_days=wanted.every.days,
        standing=each.standing, open=each.open, due=each.due, last=each.last,
    )  # fmt: skip


def _drill(each: KeptDrill) -> DrillOut:
    return DrillOut(
        number=written(each.id), drill=each.name, partner=each.partner, flow=each.flow, began=moment(each.began_at),
        passed=each.passed, author=each.author, figures=each.figures,
    )  # fmt: skip
