"""Regions as the ledger of this hub knows them; reports nothing."""

from __future__ import annotations

from typing import Any

from crossdock.coordination.overview import overview as look
from crossdock.ledger.stakes import major_units
from crossdock.ledger.times import moment
from crossdock.workbench.place import place
from crossdock.workbench.regions.shapes import (
    ReconciledOut,
    RegionCase,
    RegionDrill,
    RegionMoney,
    RegionOut,
    RegionsOut,
    ReportingOut,
)


def overview() -> RegionsOut:
    """As it is now. Raises `LedgerUnavailable`."""
    here = place()
    found = here.read(lambda session: look(session, here.landscape, here.now()))
    reporting = found["reporting"]
    return RegionsOut(
        region=found["region"],
        coordinator=found["coordinator"],
        reporting=None
        if reporting is None
        else ReportingOut(**{**reporting, "reconciled": _reconciled(reporting["reconciled"])}),
        regions=[_region(each) for each in found["regions"]],
    )


def _region(told: dict[str, Any]) -> RegionOut:
    return RegionOut(
        **{
            **told,
            "reconciled": _reconciled(told["reconciled"]),
            "money": _money(told["money"]),
            "stuck": [RegionCase(**{**each, "money": _money(each.get("money", ()))}) for each in told["stuck"]],
            "drills": [
                RegionDrill(
                    drill=each["drill"], flow=each["flow"], partner=each["partner"], held_at=moment(each["held_at"]),
                    passed_at=moment(each["passed_at"]) if each["passed_at"] else None,
                )
                for each in told["drills"]
            ],
        }
    )  # fmt: skip


def _money(totals: Any) -> list[RegionMoney]:
    return [RegionMoney(currency=each["currency"], amount=major_units(each["minor"], each["currency"])) for each in totals]


def _reconciled(told: dict[str, Any]) -> ReconciledOut | None:
    if not told:
        return None
    names = ("compared", "late", "differed", "equal")
    return ReconciledOut(at=moment(told["at"]), **{name: told[name] for name in names})
